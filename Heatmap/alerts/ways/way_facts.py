"""How a way fares, as facts for the status. Pure."""

from dataclasses import dataclass

from Heatmap.errors import Failure


@dataclass(frozen=True, slots=True)
class WayFacts:
    """A snapshot; plain data by `runtime.plain.as_plain`. It holds no address and no key.

    Attributes
    ----------
    name
        What the user calls it.
    kind
        ``webhook``, ``apprise``, ``tray``, ``sound``.
    sent
        Alerts that arrived, since the start.
    repeated
        Messages that were sent again.
    dropped
        Alerts that had to make room while they waited, or came after the end.
    failed
        Alerts that were refused for good, or given up.
    waiting
        Alerts that have not arrived yet.
    last_sent_ms
        When something arrived last, this machine's clock, UTC ms; ``None``: nothing has.
    last_failure
        What went wrong last; ``None``: nothing has.
    last_failure_ms
        When that was, as `last_sent_ms`.
    is_failing
        Whether that came after what arrived last.
    """

    name: str
    kind: str
    sent: int = 0
    repeated: int = 0
    dropped: int = 0
    failed: int = 0
    waiting: int = 0
    last_sent_ms: int | None = None
    last_failure: Failure | None = None
    last_failure_ms: int | None = None
    is_failing: bool = False
