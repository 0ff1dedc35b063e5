"""Compares a database with what the exchange knows, and says what is right as JSON lines."""

import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from Heatmap.storage.sqlite.connections import database_uri
from Heatmap.tests.torture.hostile_candles import HostileCandles, candle_faults
from Heatmap.tests.torture.hostile_exchange import Beat, HostileExchange, Line
from Heatmap.tests.torture.order_source import Issued, Key

Span = tuple[int, int]

# How far the hole of an order that cannot be read may reach: where it names no time, from a
# second before the heartbeat before it to two after that, and the heartbeats themselves are late.
_UNREAD_MS = 5000
# How much later than written a message may be stamped: a held up process stamps late.
_LATEST_STAMP_MS = 30_000
# How much later than the trade an order may be pushed.
_PUSH_DELAY_MS = 1_000


# How much longer than their goals times may be, where a machine does other things beside.
_PATIENCE = float(os.environ.get("TORTURE_PATIENCE", "1"))


class Verdict:
    """Prints one assertion a line and remembers whether all held.

    A figure of seconds says so in its name, after a comma.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []

    def tell(self, name: str, **values: Any) -> None:
        """Print what is no assertion."""
        sys.stdout.write(json.dumps({"name": name, **values}) + "\n")
        sys.stdout.flush()

    def at_most(self, name: str, value: float, goal: float, **more: Any) -> None:
        """Assert that a figure does not exceed its goal."""
        if ", s" in name:
            goal *= _PATIENCE
        self._assert(name, value, goal, value <= goal, more)

    def at_least(self, name: str, value: float, goal: float, **more: Any) -> None:
        """Assert that a figure reaches its goal."""
        self._assert(name, value, goal, value >= goal, more)

    def _assert(self, name: str, value: float, goal: float, ok: bool, more: dict[str, Any]) -> None:
        if not ok:
            self.failed.append(name)
        shown = round(value, 3) if isinstance(value, float) else value
        self.tell(name, value=shown, goal=goal, ok=ok, **more)


class SceneVerdict(Verdict):
    """Says of each line which scene it belongs to."""

    def __init__(self, scene: str) -> None:
        super().__init__()
        self._scene = scene

    def tell(self, name: str, **values: Any) -> None:
        """Print what is no assertion."""
        super().tell(name, scene=self._scene, **values)


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of the database: what the messages say of it, when it came, the message itself."""

    values: tuple[Any, ...]
    receive_ms: int
    raw_json: str

    @property
    def key(self) -> Key:
        ts_ms, symbol, side, price, qty, _, _, limit_price, original_qty, _ = self.values
        return (symbol, ts_ms, side, limit_price, price, original_qty, qty)


def read_rows(database: Path) -> list[StoredRow]:
    """Read every event, past the code under test."""
    return _read_rows(database_uri(database, "mode=rwc"))


def _read_rows(uri: str) -> list[StoredRow]:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return [
            StoredRow(row[:10], row[10], row[11])
            for row in connection.execute(
                "SELECT ts_ms, symbol, side, price, qty, notional, source, limit_price, "
                "original_qty, push_ms, receive_ms, raw_json FROM liq_events"
            )
        ]


def read_rows_without_log(database: Path) -> list[StoredRow]:
    """Read every event that is in the file already; nothing of it is locked or changed."""
    return _read_rows(database_uri(database, "mode=ro&immutable=1"))


def read_spans(database: Path, symbol: str, *, proven: bool | None = None) -> list[Span]:
    """Read a symbol's coverage, of one sort or of both."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT start_ms, end_ms, proven FROM coverage WHERE symbol = ?", (symbol,)
        ).fetchall()
    return union((start, end) for start, end, sort in rows if proven in (None, bool(sort)))


def integrity(database: Path) -> str:
    """Return what ``PRAGMA integrity_check`` says."""
    with closing(sqlite3.connect(database)) as connection:
        return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))


def totals_fault(database: Path, besides: str = "") -> str | None:
    """Say what of the file's own totals does not fit its rows; ``None``: nothing.

    Parameters
    ----------
    database
        The file, from which nothing has been deleted.
    besides
        A symbol whose rows were there before anything was counted.
    """
    with closing(sqlite3.connect(database)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "counters" not in names:
            return None  # it is not made yet, or not brought up to date
        connection.execute("BEGIN")
        totals = dict(connection.execute("SELECT name, total FROM counters"))
        rows = connection.execute(
            "SELECT count(*) FROM liq_events WHERE symbol != ?", (besides,)
        ).fetchone()[0]
    received, stored, duplicates, overflowed = (
        totals.get(name, 0) for name in ("received", "stored", "duplicates", "overflowed")
    )
    if stored != rows:
        return f"{stored} counted as stored, {rows} rows"
    if received != stored + duplicates + overflowed:
        return f"{received} counted as received, {stored} + {duplicates} + {overflowed} accounted"
    return None


def why_wrong(row: StoredRow, issued: Issued | None, late_ms: int = 0) -> str | None:
    """Say what is wrong with a row, which may be stamped so much late; ``None``: nothing."""
    if issued is None or issued.written_ms is None:
        return f"nothing like it was sent: {row.values}"
    if row.values != issued.row:
        return f"expected {issued.row}, got {row.values}"
    if row.raw_json not in issued.texts():
        return f"not the message as it came: {row.raw_json:.200}"
    if not issued.written_ms <= row.receive_ms <= issued.written_ms + _LATEST_STAMP_MS + late_ms:
        return f"written at {issued.written_ms}, stamped {row.receive_ms}"
    return None


def missing_of(issued: Iterable[Issued], rows: Sequence[StoredRow]) -> list[Issued]:
    """Return the orders that reached the client and are not stored."""
    stored = {row.key for row in rows}
    return [
        one
        for one in issued
        if one.row is not None and one.reached_s is not None and one.key not in stored
    ]


def judge_rows(
    verdict: Verdict, exchange: HostileExchange, rows: Sequence[StoredRow], late_ms: int = 0
) -> None:
    """Assert that what was delivered is stored once, and nothing else.

    Parameters
    ----------
    verdict, exchange, rows
        Where to tell; what was sent; what is stored.
    late_ms
        For how long the recorder's process was held up, and could stamp nothing.
    """
    by_key = {one.key: one for one in exchange.issued}
    delivered = sum(one.row is not None and one.reached_s is not None for one in exchange.issued)
    missing = missing_of(exchange.issued, rows)
    twice = sum(count - 1 for count in Counter(row.key for row in rows).values())
    wrong = [words for row in rows if (words := why_wrong(row, by_key.get(row.key), late_ms))]
    verdict.at_least("delivered events", delivered, 1)
    verdict.at_most(
        "delivered events that are not stored", len(missing), 0, first=[m.row for m in missing[:3]]
    )
    verdict.at_most("events stored more than once", twice, 0)
    verdict.at_most("wrong rows", len(wrong), 0, first=wrong[:3], of=len(rows))


def union(spans: Iterable[Span]) -> list[Span]:
    """Merge closed spans that overlap or touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def without(spans: Sequence[Span], cuts: Sequence[Span]) -> list[Span]:
    """Return what of the spans lies in none of the cuts; instants are left out."""
    rest: list[Span] = []
    for start, end in spans:
        reached = start
        for cut_start, cut_end in cuts:
            if cut_end <= reached:
                continue
            if cut_start >= end:
                break
            if cut_start > reached:
                rest.append((reached, cut_start))
            reached = max(reached, cut_end)
        if reached < end:
            rest.append((reached, end))
    return rest


def beat_spans(lines: Sequence[Line], symbol: str, *, reached: bool) -> list[Span]:
    """Return the time that heartbeats prove, by the exchange's own log.

    Parameters
    ----------
    lines
        The connections.
    symbol
        Whose heartbeats.
    reached
        Count only those that are known to have been read, and no step to or from a heartbeat of a
        wrong time; otherwise every one that was written.
    """
    spans: list[Span] = []
    for line in lines:
        items = line.written[: line.reached] if reached else line.written
        beats = [item for item in items if isinstance(item, Beat) and item.symbol == symbol]
        if not reached:
            beats = [beat for beat in beats if not beat.wild]
        spans += [
            (earlier.ts_ms, later.ts_ms)
            for earlier, later in pairwise(beats)
            if not (earlier.wild or later.wild)
        ]
    return union(spans)


def complete(spans: Sequence[Span]) -> list[Span]:
    """Return what of the spans between heartbeats is complete: orders are pushed up to 1 s late."""
    return [(start, end - _PUSH_DELAY_MS) for start, end in spans if end - start > _PUSH_DELAY_MS]


def judge_coverage(
    verdict: Verdict, exchange: HostileExchange, database: Path, symbols: Sequence[str]
) -> None:
    """Assert that the database covers what was served, and nothing else.

    Around an order that nobody can read it need not: that time may count as not recorded.
    """
    unread = union((at - _UNREAD_MS, at + _UNREAD_MS) for at in exchange.unread_ms)
    for symbol in symbols:
        stored = read_spans(database, symbol)
        proven = read_spans(database, symbol, proven=True)
        served = union(
            (line.open_ms, line.end_ms)
            for line in exchange.lines
            if line.first_beat_s is not None and line.end_ms is not None
        )
        least = complete(beat_spans(exchange.lines, symbol, reached=True))
        most = complete(beat_spans(exchange.lines, symbol, reached=False))
        verdict.tell(
            f"coverage of {symbol}",
            served_s=_total_s(served),
            covered_s=_total_s(stored),
            intervals=len(stored),
        )
        verdict.at_most(
            f"longest stretch served but not covered, s, {symbol}",
            _longest_s(without(without(served, stored), unread)),
            2.0,
        )
        verdict.at_most(
            f"longest stretch covered but not served, s, {symbol}",
            _longest_s(without(stored, served)),
            2.0,
        )
        # A short outage could hide within those two seconds; against the heartbeats it cannot.
        verdict.at_most(
            f"covered but not by heartbeats of at least a second later, s in all, {symbol}",
            _total_s(without(stored, most)),
            0.0,
        )
        verdict.at_most(
            f"complete by the heartbeats read but not covered, s in all, {symbol}",
            _total_s(without(without(least, stored), unread)),
            0.0,
        )
        verdict.at_most(
            f"covered but not proven, s in all, {symbol}", _total_s(without(stored, proven)), 2.0
        )


def _total_s(spans: Iterable[Span]) -> float:
    return sum(end - start for start, end in spans) / 1000.0


def _longest_s(spans: Iterable[Span]) -> float:
    return max((end - start for start, end in spans), default=0) / 1000.0


def judge_candles(
    verdict: Verdict, exchange: HostileCandles, database: Path, symbols: tuple[str, ...]
) -> None:
    """Assert that what counts as fetched is there and true, whatever was answered."""
    faults, minutes = candle_faults(database, symbols)
    verdict.tell("answers for candles", **dict(sorted(exchange.answered.items())))
    verdict.at_least("minutes of candles fetched", minutes, 1)
    verdict.at_most("candles fetched and missing, or untrue", len(faults), 0, first=faults[:3])
