"""What the tests of a picture share: events, what is asked for, and what to read out of it."""

from decimal import Decimal
from typing import Any

import numpy as np

from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import (
    CellQuery,
    CellReport,
    Heartbeats,
    PictureMessage,
    PictureRequest,
)
from Heatmap.sources.recorded_liquidations import RecordedLiquidations
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store
from Heatmap.tests.packed_cells import bytes_of

NOW_MS = 1_733_360_400_000
VIEW = Viewport(price_low=97_000, price_high=99_000, end_ms=None, width_px=920, height_px=500)
TICK = Decimal("0.1")


def event(ts_ms: int, price: float, notional: float, side: Liquidated) -> LiquidationEvent:
    qty = notional / price
    return LiquidationEvent(
        ts_ms, "BTCUSDT", side, price, qty, notional, "BINANCE_USDM", price, qty, ts_ms, ts_ms, ""
    )


def random_events(count: int, start_ms: int, end_ms: int, seed: int) -> list[LiquidationEvent]:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(start_ms, end_ms, count))
    sides = (Liquidated.SHORT, Liquidated.LONG)
    return [
        event(int(ts), float(price), float(usd), sides[int(side)])
        for ts, price, usd, side in zip(
            times,
            rng.uniform(96_500, 99_500, count).round(1),
            rng.lognormal(8, 2, count),
            rng.integers(0, 2, count),
            strict=True,
        )
    ]


def recorded_picture(tape: EventTape) -> HeatPicture:
    return HeatPicture(RecordedLiquidations(SourceContext(tape), "BTCUSDT"), "BTCUSDT")


def request(now_ms: int = NOW_MS, viewport: Viewport = VIEW, **settings: Any) -> PictureRequest:
    return PictureRequest(
        viewport=viewport,
        settings=HeatmapSettings(enabled=True, **settings),
        tick_size=TICK,
        now_ms=now_ms,
        heartbeats=Heartbeats(now_ms - 9_000_000, now_ms - 200, 15_000),
    )


def cells_of(message: PictureMessage) -> np.ndarray:
    shape = (message.meta["rows"], message.meta["cols"])
    return np.frombuffer(bytes_of(message), np.uint8).reshape(shape)


def whole(message: PictureMessage | None) -> PictureMessage:
    assert message is not None
    assert message.is_whole
    return message


def columns(message: PictureMessage | None) -> PictureMessage:
    assert message is not None
    assert not message.is_whole
    return message


def rebuilt(database: Store, asked: PictureRequest) -> PictureMessage:
    other = recorded_picture(EventTape(database))
    try:
        return whole(other.rebuild(asked))
    finally:
        other.close()


def place(meta: dict[str, Any], ts_ms: int, price: float) -> tuple[int, int]:
    """Row and column of the grid that `meta` belongs to."""
    row = round(price * 10) // round(meta["binUsd"] * 10)
    first_row = round(meta["priceLow"] / meta["binUsd"])
    return row - first_row, (ts_ms - meta["timeStartMs"]) // meta["binMs"]


def query(meta: dict[str, Any], ts_ms: int, price: float) -> CellQuery:
    """The edges of a cell, as the page tells them."""
    row, col = place(meta, ts_ms, price)
    low, start_ms = meta["priceLow"] + row * meta["binUsd"], meta["timeStartMs"]
    start_ms += col * meta["binMs"]
    return CellQuery(low, low + meta["binUsd"], start_ms, start_ms + meta["binMs"])


def line(report: CellReport | None, label: str) -> str:
    assert report is not None
    return dict(report.lines)[label]
