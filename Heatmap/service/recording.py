"""Wires a recorder to a store, for whoever records. Imports neither Qt nor numpy."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from Heatmap.domain.events import DataKind, StoredBatch
from Heatmap.errors import StorageError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.connection.supervisor import ConnectionMemory, ConnectionTimes
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig, RecorderStatus, SinkRole
from Heatmap.ingestion.venue import Venue
from Heatmap.ingestion.venues.table import BINANCE
from Heatmap.storage.store import StandbyCandles, Store


@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded from where, besides the settings.

    Attributes
    ----------
    store
        Where it is kept.
    kind
        What the data are; a store of another kind is refused when the recorder starts.
    ws_url, rest_url
        Bases of the exchange's addresses; ``None``: the venue's own.
    connection_times
        The connection's waiting times; ``None``: those that suit the real exchange.
    keeps_retention
        Whether the retentions that the store has go before the settings'.
    confirmed_deletions
        How many events a shorter retention may delete without being confirmed; ``None``: none.
    venue
        Whose the settings' symbols are.
    beside
        Where candles are held while another program writes; ``None``: none are fetched then.
    """

    store: Store
    kind: DataKind = DataKind.LIVE
    ws_url: str | None = None
    rest_url: str | None = None
    connection_times: ConnectionTimes | None = None
    keeps_retention: bool = False
    confirmed_deletions: int | None = None
    venue: Venue = BINANCE
    beside: StandbyCandles | None = None


def make_recorder(
    recording: Recording,
    settings: HeatmapSettings,
    *,
    on_stored: Callable[[StoredBatch], None] | None = None,
    memory: ConnectionMemory | None = None,
) -> Recorder:
    """Return a recorder that is not started yet.

    Parameters
    ----------
    recording
        What it records, and where to.
    settings
        Its symbols, its retentions, and whether raw messages are kept.
    on_stored, memory
        As for `Recorder`.
    """
    store, kind, venue = recording.store, recording.kind, recording.venue
    config = RecorderConfig(
        symbols=settings.symbols,
        ws_url=recording.ws_url or venue.ws_url,
        rest_url=recording.rest_url or venue.rest_url,
        venue=venue,
        retention_ms=_retention_ms(recording, settings),
        confirmed_deletions=recording.confirmed_deletions,
        keep_raw=settings.keep_raw,
        candle_retention_ms=settings.candle_retention_ms,
        keeps_candle_retention=recording.keeps_retention,
        # Simulated and replayed data belong to the window that makes them.
        allows_standby=kind is DataKind.LIVE,
        connection_times=recording.connection_times or ConnectionTimes(),
    )
    return Recorder(
        config,
        lambda: store.open_writer(kind),
        on_stored=on_stored,
        memory=memory,
        beside=recording.beside,
    )


def is_standby(status: RecorderStatus | None) -> bool:
    """Whether a recorder only stands by, because another one writes the store."""
    return status is not None and status.role is SinkRole.STANDBY


def _retention_ms(recording: Recording, settings: HeatmapSettings) -> int:
    if recording.keeps_retention:
        with suppress(StorageError):  # not there yet, or refused when the recorder opens it
            return recording.store.kept_retention_ms() or settings.retention_ms
    return settings.retention_ms
