"""Imported days made by code: Parquet files as the store has them, and their manifest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

import numpy as np

from Heatmap.domain.candles import DAY_MS, OPEN_INTEREST_DELAY_MS, Candle
from Heatmap.history.engine import open_engine
from Heatmap.history.manifest import ImportedDay, Manifest
from Heatmap.history.store_layout import day_path

SYMBOL = "BTCUSDT"
_EPOCH = date(1970, 1, 1).toordinal()
COLUMNS: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        "klines_1m": (
            ("ts_ms", "BIGINT"),
            *((name, "DOUBLE") for name in ("open", "high", "low", "close")),
            *((name, "DOUBLE") for name in ("volume", "quote_volume")),
            ("trades", "BIGINT"),
            ("taker_buy_quote", "DOUBLE"),
        ),
        "agg_trades": (
            ("id", "BIGINT"),
            ("ts_ms", "BIGINT"),
            ("price", "DOUBLE"),
            ("qty", "DOUBLE"),
            ("buyer_is_maker", "BOOLEAN"),
        ),
        "metrics": (
            ("label_ms", "BIGINT"),
            ("known_ms", "BIGINT"),
            ("open_interest", "DOUBLE"),
            ("open_interest_usd", "DOUBLE"),
            ("top_account_ratio", "DOUBLE"),
            ("top_position_ratio", "DOUBLE"),
            ("account_ratio", "DOUBLE"),
            ("taker_ratio", "DOUBLE"),
        ),
        "funding": (("ts_ms", "BIGINT"), ("interval_h", "INTEGER"), ("rate", "DOUBLE")),
        "minute_profile": (
            ("ts_ms", "BIGINT"),
            ("price_bin", "FLOAT"),
            ("notional", "DOUBLE"),
            ("taker_buy", "DOUBLE"),
            ("trades", "BIGINT"),
        ),
    }
)
_SAME_COLUMNS = MappingProxyType({"trades": "agg_trades"})
Row = tuple[object, ...]


@dataclass
class HistoryFiles:
    """Writes days into a store's directory.

    Attributes
    ----------
    store
        The directory.
    market
        ``um`` or ``spot``.
    """

    store: Path
    market: str = "um"
    symbol: str = SYMBOL
    written: list[Path] = field(default_factory=list)

    def write(self, dataset: str, rows: Iterable[Row]) -> None:
        """Write rows of any days, in order of time; the days that they lie in are replaced."""
        columns = COLUMNS[_SAME_COLUMNS.get(dataset, dataset)]
        time_at = [name for name, _ in columns].index(
            "label_ms" if dataset == "metrics" else "ts_ms"
        )
        days: dict[int, list[Row]] = {}
        for row in rows:
            days.setdefault(int(str(row[time_at])) // DAY_MS, []).append(row)
        noted = []
        for number, some in days.items():
            day = date.fromordinal(_EPOCH + number)
            path = day_path(self.store, dataset, self.symbol, day)
            write_parquet(path, columns, some)
            self.written.append(path)
            times = [int(str(row[time_at])) for row in some]
            noted.append(
                ImportedDay(
                    dataset=dataset,
                    symbol=self.symbol,
                    day=day.isoformat(),
                    source_name=f"{self.symbol}-{dataset}-{day}.zip",
                    sha256="0" * 64,
                    published_sha256=None,
                    header=1,
                    rows=len(some),
                    rejected=0,
                    first_ms=min(times),
                    last_ms=max(times),
                    first_id=None,
                    last_id=None,
                    holes=0,
                    duplicates=0,
                    importer_version=1,
                    imported_ms=max(times),
                    market=self.market,
                )
            )
        if noted:
            with Manifest(self.store, writes=True) as manifest:
                manifest.put(noted)

    def write_market(self, candles: Sequence[Candle]) -> None:
        """Write candles, and open interest and funding as `stored_market.store_market` has them."""
        start_ms, end_ms = candles[0].open_ms, candles[-1].open_ms + 60_000
        self.write("klines_1m", kline_rows(candles))
        labels = range(-(-start_ms // 300_000) * 300_000, end_ms, 300_000)
        self.write("metrics", (metrics_row(at, 5e9) for at in labels))
        paid = range(-(-start_ms // 28_800_000) * 28_800_000, end_ms, 28_800_000)
        self.write("funding", ((at, 8, 0.0001) for at in paid))


def kline_rows(candles: Iterable[Candle]) -> Iterable[Row]:
    """Return candles as rows of ``klines_1m``."""
    return (
        (
            one.open_ms,
            one.open,
            one.high,
            one.low,
            one.close,
            one.quote_volume / one.close,
            one.quote_volume,
            one.trades,
            one.taker_buy_quote,
        )
        for one in candles
    )


def metrics_row(label_ms: int, usd: float | None) -> Row:
    """Return a row of ``metrics``; ``None``: blank."""
    return (label_ms, label_ms + OPEN_INTEREST_DELAY_MS, 1.0, usd, 1.0, 1.0, 1.0, 1.0)


def made_trades(
    start_ms: int, minutes: int, a_minute: int = 20, seed: int = 1
) -> list[tuple[int, int, float, float, bool]]:
    """Return rows of ``agg_trades`` at a wandering price, notionals of strongly different size."""
    rng = np.random.default_rng(seed)
    count = minutes * a_minute
    ts_ms = np.sort(rng.integers(start_ms, start_ms + minutes * 60_000, count))
    # As the exchange has them: one decimal, and thousandths of a coin.
    price = np.round(100_000 * np.exp(np.cumsum(rng.normal(0, 2e-4, count))), 1)
    qty = np.round(np.exp(rng.normal(-2, 1.5, count)), 3) + 0.001
    maker = rng.random(count) < 0.5
    return [
        (1_000 + n, int(ts_ms[n]), float(price[n]), float(qty[n]), bool(maker[n]))
        for n in range(count)
    ]


def write_parquet(path: Path, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Write rows into one file, in their order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {f"c{k}": list(column) for k, column in enumerate(zip(*rows, strict=True))}
    chosen = ", ".join(f"unnest($c{k})::{kind} AS {name}" for k, (name, kind) in enumerate(columns))
    connection = open_engine(threads=1)
    try:
        connection.execute(f"CREATE TABLE made AS SELECT {chosen}", values)
        target = str(path).replace("'", "''")
        connection.execute(f"COPY made TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    finally:
        connection.close()
