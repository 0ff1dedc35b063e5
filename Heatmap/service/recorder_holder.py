"""The recorder of one service, and what its parts want to know of it.

- There is one recorder at a time, made for the symbols that are set at that moment. Whoever changes
  them stops it and has another one made; what else changes is told to the one that runs.
- It is known before it runs, so that what is set, stopped or cancelled meanwhile reaches it.
- What the exchange asked of the connection outlives it, and so does its last status.
"""

from collections.abc import Callable

from Heatmap.domain.candles import MOST_CANDLE_SYMBOLS, RunningMinute
from Heatmap.domain.events import StoredBatch
from Heatmap.domain.instruments import ALL_SYMBOLS, Instrument, instrument_of
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.connection.supervisor import ConnectionMemory, ConnectionState
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderStatus
from Heatmap.ingestion.recorder.recorder_glance import RecorderGlance
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.picture.messages import Heartbeats
from Heatmap.service.recording import Recording, make_recorder

# Coverage is written after its events, about once a second; a second recorder's is not waited for.
_COVERAGE_LAG_S = 15.0


class RecorderHolder:
    """Makes the recorder, keeps it, and tells how it fares. Belongs on the loop's thread.

    Parameters
    ----------
    recording
        What is recorded, and where.
    speed
        Data time per real time.
    on_stored
        Takes what was stored, in the recorder's thread.
    look_around
        Called whenever somebody asks how it fares: the service then notices another loop.

    Attributes
    ----------
    recorder
        ``None``: there is none.
    symbols
        What the last one was made for.
    """

    def __init__(
        self,
        recording: Recording,
        speed: float,
        on_stored: Callable[[StoredBatch], None],
        look_around: Callable[[], object],
    ) -> None:
        self.recorder: Recorder | None = None
        self.symbols: tuple[str, ...] = ()
        self._recording = recording
        self._speed = speed
        self._on_stored = on_stored
        self._look_around = look_around
        self._memory = ConnectionMemory()
        self._last_status: RecorderStatus | None = None
        # Whose candles are wanted beside those of recorded symbols, the latest first.
        self._shown: tuple[str, ...] = ()

    def make(self, settings: HeatmapSettings) -> Recorder:
        """Make a recorder for these settings, in the place of the one before."""
        self.symbols = settings.symbols
        self.recorder = make_recorder(
            self._recording, settings, on_stored=self._on_stored, memory=self._memory
        )
        self.recorder.want_candles(self._shown)
        return self.recorder

    @property
    def all_names(self) -> tuple[str, ...]:
        """How all symbols of the venue are written together."""
        return (str(Instrument(self._recording.venue.id, ALL_SYMBOLS)),)

    def want_candles(self, symbol: str) -> None:
        """Keep up a symbol's candles too, while it is among the latest that were asked for."""
        if symbol in self.symbols or self._shown[:1] == (symbol,):
            return
        others = [one for one in self._shown if one != symbol]
        self._shown = (symbol, *others)[:MOST_CANDLE_SYMBOLS]
        if self.recorder is not None:
            self.recorder.want_candles(self._shown)

    def forget(self, recorder: Recorder) -> None:
        """Keep the last status of one that was stopped, and nothing else."""
        self._last_status = recorder.status()
        self.recorder = None

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Tell the recorder what may change while it runs."""
        if self.recorder is not None:
            self.recorder.reconfigure(
                retention_ms=settings.retention_ms,
                keep_raw=settings.keep_raw,
                candle_retention_ms=settings.candle_retention_ms,
            )

    def confirm_retention(self) -> bool:
        """Apply the shorter retention that waits for it; whether one did."""
        return self.recorder is not None and self.recorder.confirm_retention()

    def status(self) -> RecorderStatus | None:
        """Return the recorder's own snapshot; ``None`` before the first one was made."""
        self._look_around()
        return self.seen_status()

    def seen_status(self) -> RecorderStatus | None:
        """Return the same to another thread, which only looks."""
        recorder = self.recorder
        return self._last_status if recorder is None else recorder.status()

    def glance(self, symbol: str = "") -> RecorderGlance | None:
        """Return what of it a picture of a symbol needs; ``""``: what is no symbol's."""
        self._look_around()
        return self.seen_glance(symbol)

    def seen_glance(self, symbol: str = "") -> RecorderGlance | None:
        """Return the same to another thread, which only looks."""
        recorder, last = self.recorder, self._last_status
        if recorder is not None:
            return recorder.glance(symbol)
        return None if last is None else last.glance(symbol)

    def is_running(self) -> bool:
        """Whether the recorder's thread lives."""
        self._look_around()
        return self.recorder is not None and self.recorder.is_running()

    def is_standby(self) -> bool:
        """Whether another recorder writes the database."""
        return _stands_by(self.glance())

    def is_written_elsewhere(self) -> bool:
        """Tell the same in a worker thread, which only looks."""
        return _stands_by(self.seen_glance())

    def is_live(self) -> bool:
        """Whether the exchange delivers heartbeats at this moment."""
        seen = self.glance()
        return seen is not None and seen.connection is ConnectionState.LIVE

    def mark_price(self, symbol: str) -> float | None:
        """Return a symbol's newest mark price, USD; ``None``: there is none."""
        seen = self.glance(symbol)
        return None if seen is None else seen.mark_price

    def running_minute(self, symbol: str) -> RunningMinute | None:
        """Return what a symbol's minute that is not over has reached; ``None``: not known."""
        seen = self.glance(symbol)
        return None if seen is None else seen.running_minute

    def newest_heartbeat(self) -> tuple[int, float] | None:
        """Return the newest heartbeat, as the exchange's clock takes it."""
        self._look_around()
        return self.seen_heartbeat()

    def seen_heartbeat(self) -> tuple[int, float] | None:
        """Return the same to another thread, which only looks."""
        seen = self.seen_glance()
        return None if seen is None else seen.newest_heartbeat

    def heartbeats(self, symbol: str) -> Heartbeats | None:
        """Return what the heartbeats of `symbol` prove beyond the written coverage."""
        self._look_around()
        return self.seen_heartbeats(symbol)

    def seen_heartbeats(self, symbol: str) -> Heartbeats | None:
        """Return the same to another thread, which only looks."""
        seen = self.seen_glance(symbol)
        if seen is None or seen.connection is not ConnectionState.LIVE or _stands_by(seen):
            return None
        if seen.has_storage_fault or seen.connected_since_ms is None:
            return None
        until_ms = seen.heartbeat_ms
        if until_ms is None:
            # Where all symbols are recorded, one heartbeat is that of all.
            of_all = self.seen_glance(str(Instrument(instrument_of(symbol).venue, ALL_SYMBOLS)))
            until_ms = None if of_all is None else of_all.heartbeat_ms
        if until_ms is None:
            return None
        lag_ms = int(_COVERAGE_LAG_S * self._speed * 1000)
        return Heartbeats(seen.connected_since_ms, until_ms, lag_ms)


def _stands_by(seen: RecorderGlance | None) -> bool:
    return seen is not None and seen.role is SinkRole.STANDBY
