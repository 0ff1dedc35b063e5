"""How publishing fares, as facts. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from Heatmap.errors import Failure


class PublishState(StrEnum):
    """Whether Redis takes what is published."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    LIVE = "live"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """A snapshot.

    Attributes
    ----------
    address
        Where Redis is, without user and password.
    state
        See `PublishState`.
    failure
        Why it is away, or what it refused last; ``None``: nothing.
    published
        Liquidations since the start.
    refused
        Liquidations of which Redis refused a part, such as a key that is something else.
    waiting
        Rows that wait in the database, at most; ``None``: not known.
    reconnects
        How often it was there again after it had been away.
    """

    address: str
    state: PublishState = PublishState.STOPPED
    failure: Failure | None = None
    published: int = 0
    refused: int = 0
    waiting: int | None = None
    reconnects: int = 0
