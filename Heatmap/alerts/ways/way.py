"""What a way is to `WaySet`: one receiver that takes messages, or says why not."""

from typing import Protocol

from Heatmap.alerts.ways.delivery_queue import Rate
from Heatmap.alerts.ways.messages import Message
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, HeatmapError


class WayError(HeatmapError):
    """A message did not arrive, as far as is known.

    Parameters
    ----------
    failure
        Why; it holds no address.
    is_final
        Sending the same again is no use.
    """

    def __init__(self, failure: Failure, *, is_final: bool = False) -> None:
        super().__init__(failure_text(failure), failure)
        self.is_final = is_final


class Way(Protocol):
    """One receiver.

    Attributes
    ----------
    name
        What the user calls it; each once.
    kind
        What it is, such as ``webhook``.
    rate
        How many messages it takes.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def rate(self) -> Rate: ...  # noqa: D102

    async def send(self, message: Message) -> None:
        """Send a message; it has arrived when this returns.

        Raises
        ------
        WayError
            It has not, as far as is known.
        """

    async def close(self) -> None:
        """Let go of connections; called in the loop in which it sent."""
