"""What a connection brings beside the streams that its address names. Pure."""

from collections.abc import Callable, Sequence


class ExtraStreams:
    """Joins whoever wants streams to the connections; belongs to the recorder's loop.

    Attributes
    ----------
    on_open
        Messages that subscribe all of them, sent on each connection once it is open.
    """

    def __init__(self) -> None:
        self.on_open: tuple[str, ...] = ()
        self._send: Callable[[Sequence[str]], None] = lambda _texts: None

    def attach(self, send: Callable[[Sequence[str]], None]) -> None:
        """Have `send` take messages for the connections that are open."""
        self._send = send

    def change(self, on_open: Sequence[str], now: Sequence[str]) -> None:
        """Set what each connection to come is sent, and send `now` on those that are open."""
        self.on_open = tuple(on_open)
        if now:
            self._send(now)
