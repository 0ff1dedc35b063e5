"""Thirty imported days to a predicted map, beside the same days fetched into a database.

Run as ``python Heatmap/tests/bench/bench_imported_levels.py [DAYS]``: one JSON object a line. The
two maps have to be equal. Times are the processor's, of all threads. DAYS, by default 3, is of how
many days trades are read, 1.43 million a day, as the exchange has them of BTCUSDT.
"""

import logging
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from Heatmap.domain.candles import DAY_MS
from Heatmap.feeds.level_market import LevelStore
from Heatmap.history.engine import open_engine
from Heatmap.history.market_history import MarketHistory
from Heatmap.levels.models import LevelModel, ModelOptions
from Heatmap.levels.notes import NoteKind
from Heatmap.levels.predict import predict
from Heatmap.levels.taker_selection import TakerMode, TakerRule
from Heatmap.storage.store import open_store
from Heatmap.tests.bench.measurements import at_most
from Heatmap.tests.history_files import SYMBOL, HistoryFiles
from Heatmap.tests.stored_market import made_candles, store_market

DAYS = 30
BEGIN_MS = 20_000 * DAY_MS
TRADES_A_DAY = 1_430_000
READ_LIMIT_S, MAP_LIMIT_S = 2.0, 20.0
# A day's trades: added up, and read for a rule.
TRADES_LIMIT_S, CHOSEN_LIMIT_S = 1.0, 2.0
TAKER_MAP_LIMIT_S = 2.0

_COPY_TRADES = """
COPY (
    SELECT range + 1 + $first AS id, $begin + range * 86400000 // $count AS ts_ms,
        round(95000 + 2000 * sin((range + $first) / 3e5) + 20 * random(), 1) AS price,
        round(0.001 + exp(
            1.6 * sqrt(-2 * ln(1 - random())) * cos(6.283185 * random()) - 4
        ), 3) AS qty,
        random() < 0.5 AS buyer_is_maker
    FROM range($count)
)
"""

Answer = TypeVar("Answer")


def timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return what a call gives, and the processor time of all threads that it took, seconds."""
    begun_s = time.process_time()
    return call(), time.process_time() - begun_s


def candles_of_days(folder: Path) -> bool:
    """Read thirty days and compute what stands, of a database and of imported days."""
    candles = made_candles(DAYS * 1440, start_ms=BEGIN_MS)
    fetched = folder / "fetched" / "heatmap.sqlite3"
    fetched.parent.mkdir()
    store_market(fetched, candles, [])
    HistoryFiles(folder / "imported").write_market(candles)
    imported = folder / "imported" / "heatmap.sqlite3"
    now_ms = BEGIN_MS + DAYS * DAY_MS
    read_s, levels = {}, {}
    for path in (fetched, imported):
        source = LevelStore.of(open_store(path), MarketHistory.beside(path))
        source.read(SYMBOL, now_ms, (DAYS + 1) * DAY_MS)  # loads DuckDB, warms the files
        found, read_s[path] = timed(
            lambda source=source: source.read(SYMBOL, now_ms, (DAYS + 1) * DAY_MS)
        )
        market = found.market
        made, map_s = timed(
            lambda market=market: [predict(market, now_ms, model) for model in LevelModel]
        )
        levels[path] = [one.levels for one in made]
        if path == imported and found.market.notes[0].count != DAYS * 1440:
            raise SystemExit(f"not all days were read: {found.market.notes}")
    if levels[fetched] != levels[imported] or len(levels[fetched][0]) < 50:
        raise SystemExit("levels of imported and of fetched candles differ")
    name = f"imported: {DAYS} days of candles read, beside the same ones in SQLite"
    return all(
        (
            at_most(name, read_s[imported], read_s[fetched], READ_LIMIT_S, "s"),
            at_most(
                f"imported: {DAYS} days to the levels of five models, equal", map_s, None, 60, "s"
            ),
        )
    )


def make_trades(files: HistoryFiles, days: int) -> None:
    """Write days of trades, by DuckDB itself; the manifest is told of them by their first rows."""
    rows = [
        (1 + day * TRADES_A_DAY, BEGIN_MS + day * DAY_MS + at, 95_000.0, 0.001, False)
        for day in range(days)
        for at in (0, DAY_MS - 1)
    ]
    files.write("agg_trades", rows)
    with closing(open_engine()) as connection:
        for day, path in enumerate(files.written):
            connection.execute(
                f"{_COPY_TRADES} TO '{path}' (FORMAT parquet, COMPRESSION zstd)",
                {
                    "first": day * TRADES_A_DAY,
                    "begin": BEGIN_MS + day * DAY_MS,
                    "count": TRADES_A_DAY,
                },
            )


def trades_of_days(folder: Path, days: int) -> bool:
    """Make candles of trades, and choose the largest by each rule."""
    files = HistoryFiles(folder / "trades")
    make_trades(files, days)
    history, until_ms = MarketHistory(files.store), BEGIN_MS + days * DAY_MS
    found, candles_s = timed(lambda: history.read(SYMBOL, BEGIN_MS, until_ms))
    if len(found.candles) != days * 1440 or not found.of_trades.all():
        raise SystemExit(f"expected {days * 1440} candles, got {len(found.candles)}")
    limit_s = TRADES_LIMIT_S * days
    results = [
        at_most(
            f"imported: trades of {days} days added up to candles", candles_s, None, limit_s, "s"
        )
    ]
    path = folder / "trades" / "heatmap.sqlite3"
    source = LevelStore.of(open_store(path), history)
    for mode in TakerMode:
        rule = TakerRule(mode)
        stored, read_s = timed(
            lambda rule=rule: source.read(SYMBOL, until_ms, days * DAY_MS, taker_rule=rule)
        )
        chosen = 0 if stored.market.trades is None else len(stored.market.trades.trades)
        options = ModelOptions(taker_rule=rule)
        levels, map_s = timed(
            lambda stored=stored, options=options: predict(
                stored.market, until_ms, LevelModel.PY_LIQUIDATION_MAP, options
            )
        )
        notes = {one.kind: one.count for one in levels.notes}
        if notes.get(NoteKind.SINGLE_TRADES) != days * TRADES_A_DAY:
            raise SystemExit(f"the map is not made of all trades: {notes}")
        name = f"imported: {mode.value}, {days} days, {chosen} trades read"
        results += [
            at_most(name, read_s, None, CHOSEN_LIMIT_S * days, "s"),
            at_most(f"{name}, the map of them", map_s, None, TAKER_MAP_LIMIT_S * days, "s"),
        ]
    return all(results)


def main(days: int) -> int:
    """Run all; 1 where one is worse than its goal."""
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = [candles_of_days(folder), trades_of_days(folder, days)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
