"""A database with candles and with liquidations that come as stated yields say: the known truth."""

import math
from contextlib import closing
from pathlib import Path

import numpy as np

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, Funding, OpenInterest, Series
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.levels.arrays import LONGS
from Heatmap.levels.consumption import consume
from Heatmap.levels.minutes import candles_from, prepare_minutes
from Heatmap.levels.price_rows import FIT_WIDTH, rows_over
from Heatmap.levels.shipped import shipped_yields
from Heatmap.levels.yields import Volume
from Heatmap.storage.store import open_store

START_MS = 1_790_000_040_000 // MINUTE_MS * MINUTE_MS
SYMBOL = "BTCUSDT"
MEAN_USD = 20_000.0


def made_candles(count: int, seed: int = 1, start_ms: int = START_MS) -> tuple[Candle, ...]:
    """Return minutes of a price that wanders, with volumes of strongly different size."""
    rng = np.random.default_rng(seed)
    close = 100_000 * np.exp(np.cumsum(rng.normal(0, 0.0009, count)))
    before = np.concatenate([[100_000.0], close[:-1]])
    reach = np.abs(rng.normal(0, 0.0006, (2, count)))
    high = np.maximum(close, before) * (1 + reach[0])
    low = np.minimum(close, before) * (1 - reach[1])
    volume = 2e7 * np.exp(rng.normal(0, 1.0, count))
    return tuple(
        Candle(
            start_ms + n * MINUTE_MS,
            *(float(one[n]) for one in (before, high, low, close)),
            float(volume[n]),
            float(volume[n]) / 2,
            1_000,
        )
        for n in range(count)
    )


def made_events(
    candles: tuple[Candle, ...], times_shipped: float, seed: int = 2
) -> list[LiquidationEvent]:
    """Return liquidations as the shipped yields say, multiplied."""
    rng = np.random.default_rng(seed)
    minutes = prepare_minutes(
        candles_from(
            [
                (one.open_ms, one.open, one.high, one.low, one.close, one.quote_volume, math.nan)
                for one in candles
            ]
        )
    )
    rows, _ = rows_over(minutes, FIT_WIDTH)
    reached = consume(minutes, minutes.volume_usd, rows).reached_usd
    table = shipped_yields().for_volume(Volume.FUTURES)
    mean = np.einsum("nsb,sb->ns", reached, table.messages_per_usd * times_shipped)
    found = []
    for n, one in enumerate(candles):
        for side in range(2):
            for k in range(int(rng.poisson(mean[n, side]))):
                is_long = side == LONGS
                ts_ms = one.open_ms + int(rng.integers(0, MINUTE_MS))
                price = one.low if is_long else one.high
                usd = MEAN_USD * float(np.exp(rng.normal(0, 0.5)))
                found.append(
                    LiquidationEvent(
                        ts_ms=ts_ms,
                        symbol=SYMBOL,
                        liquidated=Liquidated.LONG if is_long else Liquidated.SHORT,
                        price=price,
                        qty=usd / price,
                        notional=usd,
                        source="BINANCE_USDM",
                        limit_price=price * (0.996 if is_long else 1.004),
                        original_qty=usd / price + k,
                        push_ms=ts_ms,
                        receive_ms=ts_ms,
                        raw_json="",
                    )
                )
    return sorted(found, key=lambda event: event.ts_ms)


def store_market(
    path: Path,
    candles: tuple[Candle, ...],
    events: list[LiquidationEvent],
    kind: DataKind = DataKind.LIVE,
) -> None:
    """Write them, with open interest and funding, and with all of the time proven."""
    span = (candles[0].open_ms, candles[-1].open_ms + MINUTE_MS)
    interest = tuple(
        OpenInterest(at, 5e9) for at in range(-(-span[0] // 300_000) * 300_000, span[1], 300_000)
    )
    funding = tuple(
        Funding(at, 0.0001)
        for at in range(-(-span[0] // 28_800_000) * 28_800_000, span[1], 28_800_000)
    )
    with closing(open_store(path).open_writer(kind, is_recorder=False)) as writer:
        writer.save_fetched(SYMBOL, Fetched(Series.CANDLES, candles, (span,)))
        writer.save_fetched(SYMBOL, Fetched(Series.OPEN_INTEREST, interest, (span,)))
        writer.save_fetched(SYMBOL, Fetched(Series.FUNDING, funding, (span,)))
        for first in range(0, len(events), 500):
            writer.write(events[first : first + 500])
        if span[0] < span[1]:
            writer.extend_coverage(SYMBOL, *span, proven=True)
