"""Which time was recorded, and what proves it. Pure."""

from dataclasses import dataclass

from Heatmap.domain.instruments import BINANCE_USDM, Instrument

HEARTBEAT_GAP_MS = 10_000
"""Heartbeats further apart than this, in the exchange's time, leave a hole in the coverage."""
PROOF_MS = 1_800_000
"""For this long after a force order of any symbol the endpoint is known to deliver."""


@dataclass(frozen=True, slots=True)
class CoverageInterval:
    """A closed time interval in which the connection was alive by the exchange's heartbeats.

    `proven` means that some symbol's force order arrived within 30 minutes, so that the endpoint
    is known to deliver; otherwise only the heartbeat flowed. What one venue covers says nothing of
    another: `venue` is its stored name.
    """

    symbol: str
    start_ms: int
    end_ms: int
    proven: bool
    venue: str = BINANCE_USDM

    @property
    def instrument(self) -> Instrument:
        """Venue and symbol; the symbol may be ``ALL``."""
        return Instrument(self.venue, self.symbol)
