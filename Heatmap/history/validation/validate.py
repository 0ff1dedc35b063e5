"""Goes through a store's days: each file by itself, from day to day, beside each other."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from Heatmap.errors import HistoryError
from Heatmap.history.datasets import (
    AGG_TRADES,
    IMPORTER_VERSION,
    KLINES,
    MINUTE_PROFILE,
)
from Heatmap.history.days import days_between, parse_day, spans
from Heatmap.history.engine import exact, open_engine
from Heatmap.history.faults import FaultKind
from Heatmap.history.manifest import ImportedDay, ImportFault, Manifest
from Heatmap.history.progress import Progress, ProgressBar
from Heatmap.history.store_layout import history_folder, manifest_path
from Heatmap.history.validation.day_checks import DayFacts, check_day
from Heatmap.history.validation.findings import (
    Check,
    Finding,
    Ledger,
    Place,
    Summary,
    Validation,
    Weight,
)
from Heatmap.history.validation.rules import PROFILE_SHARE, RULES, VOLUME_SHARE, Rules

if TYPE_CHECKING:
    import duckdb

_Group = tuple[str, str]
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be looked at.

    Attributes
    ----------
    symbol
        ``None``: all.
    datasets
        Names in the store; ``None``: all.
    first, last
        Days, both included; all of them are expected then. ``None``: as far as there are any.
    """

    symbol: str | None = None
    datasets: Collection[str] | None = None
    first: date | None = None
    last: date | None = None

    def has(self, day: date) -> bool:
        """Whether a day is asked for."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(slots=True)
class _Days:
    """What is there of one symbol of one dataset."""

    files: dict[date, Path] = field(default_factory=dict)
    noted: dict[date, ImportedDay] = field(default_factory=dict)
    # Days that a file of a month has no rows of: they are not missing.
    empty: set[date] = field(default_factory=set)
    faults: list[ImportFault] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def validate_store(store: Path, asked: Asked, *, terminal: TextIO | None = None) -> Validation:
    """Look at imported days.

    Parameters
    ----------
    store
        The store's directory; it is only read.
    asked
        Which days.
    terminal
        Where progress is shown, if it is one.

    Raises
    ------
    HistoryError
        duckdb is missing, the manifest cannot be read, or there is nothing of what is asked for.
    """
    groups = _find(store, asked)
    if not groups:
        raise HistoryError(_nothing(store, asked))
    summaries: list[Summary] = []
    findings: list[Finding] = []
    facts: dict[_Group, dict[date, DayFacts]] = {}
    sizes = {path: _size(path) for days in groups.values() for path in days.files.values()}
    progress = Progress(len(sizes), sum(sizes.values()))
    with ExitStack() as stack:
        connection = stack.enter_context(closing(open_engine()))
        if terminal is not None:
            stack.enter_context(ProgressBar(progress, terminal))
        for (dataset, symbol), days in sorted(groups.items()):
            ledger = Ledger(dataset, symbol)
            rules = RULES[dataset]
            found: dict[date, DayFacts] = {}
            for day, path in sorted(days.files.items()):
                one = check_day(connection, path, day, rules, ledger)
                if one is not None:
                    found[day] = one
                progress.end_file(sizes[path])
            facts[dataset, symbol] = found
            _compare_manifest(days, found, ledger)
            _look_across(days, found, rules, asked, ledger)
            _look_for_shared(connection, days, found, rules, ledger)
            _compare_sums(dataset, found, facts.get((AGG_TRADES.name, symbol), {}), ledger)
            summaries.append(_summary(dataset, symbol, days, found))
            findings += ledger.findings()
    findings.sort(key=lambda one: one.weight is not Weight.WRONG)
    return Validation(str(history_folder(store)), tuple(summaries), tuple(findings))


def _find(store: Path, asked: Asked) -> dict[_Group, _Days]:
    groups: dict[_Group, _Days] = {}
    for dataset in RULES:
        if asked.datasets is not None and dataset not in asked.datasets:
            continue
        for folder in sorted((history_folder(store) / dataset).glob("*")):
            if folder.is_dir() and asked.symbol in (None, folder.name):
                _find_files(folder, asked, groups.setdefault((dataset, folder.name), _Days()))
    if manifest_path(store).is_file():
        _read_manifest(store, asked, groups)
    return {
        group: days
        for group, days in groups.items()
        if days.files or days.noted or days.faults or days.unknown
    }


def _read_manifest(store: Path, asked: Asked, groups: dict[_Group, _Days]) -> None:
    with Manifest(store) as manifest:
        noted, faults, empty = manifest.days(), manifest.faults(), manifest.empty_days()
    for row in noted:
        if (days := _of(groups, asked, row.dataset, row.symbol, row.day)) is not None:
            days.noted[date.fromisoformat(row.day)] = row
    for fault in faults:
        if (days := _of(groups, asked, fault.dataset, fault.symbol, fault.day)) is not None:
            days.faults.append(fault)
    for one in empty:
        if (days := _of(groups, asked, one.dataset, one.symbol, one.day)) is not None:
            days.empty.add(date.fromisoformat(one.day))


def _find_files(folder: Path, asked: Asked, days: _Days) -> None:
    for path in sorted(folder.iterdir()):
        try:
            day = parse_day(path.stem) if path.suffix == ".parquet" else None
        except HistoryError:
            day = None
        if day is None:
            days.unknown.append(path.name)
        elif asked.has(day):
            days.files[day] = path


def _of(
    groups: dict[_Group, _Days], asked: Asked, dataset: str, symbol: str, period: str
) -> _Days | None:
    """Return where a row of the manifest belongs; ``None``: it is not asked for."""
    if dataset not in RULES or asked.symbol not in (None, symbol):
        return None
    if asked.datasets is not None and dataset not in asked.datasets:
        return None
    # A fault may be of a whole month.
    day = date.fromisoformat(period if period.count("-") > 1 else f"{period}-01")
    is_month = period.count("-") == 1
    if not asked.has(day) and not is_month:
        return None
    return groups.setdefault((dataset, symbol), _Days())


def _compare_manifest(days: _Days, found: Mapping[date, DayFacts], ledger: Ledger) -> None:
    ledger.add(
        Check.UNKNOWN_FILE,
        "",
        len(days.unknown),
        tuple(Place("", detail=name) for name in days.unknown),
    )
    for day in sorted(days.files.keys() - days.noted.keys()):
        ledger.add(Check.MANIFEST, str(day), expected="a row in the manifest", got="none")
    for day, row in sorted(days.noted.items()):
        name = str(day)
        if day not in days.files:
            ledger.add(Check.LOST_FILE, name)
        ledger.add(Check.REJECTED, name, row.rejected)
        if row.published_sha256 not in (None, row.sha256):
            ledger.add(Check.CHECKSUM, name, expected=row.published_sha256, got=row.sha256)
        if row.importer_version != IMPORTER_VERSION:
            got = row.importer_version
            ledger.add(Check.OLDER_IMPORTER, name, expected=IMPORTER_VERSION, got=got)
        if (one := found.get(day)) is not None:
            _compare_row(row, one, ledger)
    for fault in days.faults:
        # The holes between days are looked for here as well.
        if fault.kind != FaultKind.HOLE_BEFORE:
            place = Place(fault.day, detail=f"{fault.kind}: {fault.detail}")
            values = {"kind": fault.kind, "detail": fault.detail}
            ledger.add(Check.KEPT_OUT, fault.day, 1, (place,), **values)


def _compare_row(row: ImportedDay, facts: DayFacts, ledger: Ledger) -> None:
    # A profile's row has the times of its trades.
    is_profile = row.dataset == MINUTE_PROFILE
    pairs = (
        ("rows", row.rows, facts.rows),
        ("first time", row.first_ms, facts.first_ms),
        ("last time", row.last_ms, facts.last_ms),
        ("first id", row.first_id, facts.first_id),
        ("last id", row.last_id, facts.last_id),
    )
    for name, noted, is_there in pairs:
        if is_profile and name != "rows":
            return
        if noted is not None and noted != is_there:
            expected, got = f"{name} {noted}", f"{name} {is_there}"
            place = Place(row.day, detail=f"expected {expected}, got {got}")
            ledger.add(Check.MANIFEST, row.day, 1, (place,), expected=expected, got=got)
            return


def _look_across(
    days: _Days, found: Mapping[date, DayFacts], rules: Rules, asked: Asked, ledger: Ledger
) -> None:
    known = sorted({*days.files, *days.noted})
    if not known:
        return
    first, last = asked.first or known[0], asked.last or known[-1]
    missing = [
        day for day in days_between(first, last) if day not in days.files and day not in days.empty
    ]
    missing = [day for day in missing if day not in days.noted]  # those are lost files
    ledger.add(
        Check.MISSING_DAYS,
        str(missing[0]) if missing else "",
        len(missing),
        tuple(
            Place(str(low), detail=str(low) if low == high else f"{low} to {high}")
            for low, high in spans(missing)
        ),
    )
    in_order = [found[day] for day in sorted(found) if found[day].rows]
    _compare_ids(in_order, ledger)
    for before, after in pairwise(in_order):
        if after.day - before.day == timedelta(days=1):
            _compare_neighbours(before, after, rules, ledger)


def _compare_ids(in_order: Sequence[DayFacts], ledger: Ledger) -> None:
    """Say of each day which of its ids lie among those of a day before, however far before."""
    highest: DayFacts | None = None
    for after in in_order:
        if after.first_id is None or after.last_id is None:
            continue
        if highest is None or highest.last_id is None or after.first_id > highest.last_id:
            highest = after
            continue
        # The other day may lie within, or far before: what both span is told.
        others = [
            one
            for one in in_order
            if one.day < after.day
            and one.first_id is not None
            and one.last_id is not None
            and one.first_id <= after.last_id
            and one.last_id >= after.first_id
        ]
        for other in others:
            low = max(other.first_id or 0, after.first_id)
            high = min(other.last_id or 0, after.last_id)
            place = Place(str(after.day), detail=f"ids {low} to {high}, which {other.day} has too")
            ledger.add(Check.OVERLAPPING_IDS, str(after.day), high - low + 1, (place,))
        if after.last_id > highest.last_id:
            highest = after


def _look_for_shared(
    connection: "duckdb.DuckDBPyConnection",
    days: _Days,
    found: Mapping[date, DayFacts],
    rules: Rules,
    ledger: Ledger,
) -> None:
    """Say which rows the files of two days that follow each other both have."""
    if rules.has_ids or not rules.key or rules.key[0] != rules.time:
        return
    in_order = [found[day] for day in sorted(found) if found[day].rows]
    key = ", ".join(rules.key)
    for before, after in pairwise(in_order):
        if before.last_ms is None or after.first_ms is None or before.last_ms < after.first_ms:
            continue
        rows = connection.execute(
            f"SELECT count(*), min({rules.time}) FROM (SELECT {key} FROM read_parquet(?)) "
            f"JOIN (SELECT {key} FROM read_parquet(?)) USING ({key})",
            [exact(days.files[before.day]), exact(days.files[after.day])],
        ).fetchone()
        if rows is not None and rows[0]:
            name = str(after.day)
            ledger.add(Check.IN_TWO_DAYS, name, int(rows[0]), (Place(name, rows[1]),))


def _compare_neighbours(before: DayFacts, after: DayFacts, rules: Rules, ledger: Ledger) -> None:
    name = str(after.day)
    if before.last_ms is None or after.first_ms is None:
        return
    where = (before.last_ms, after.first_ms)
    if before.last_id is not None and after.first_id is not None:
        missing = after.first_id - before.last_id - 1
        detail = f"ids {before.last_id + 1} to {after.first_id - 1}"
        if missing > 0:
            ledger.add(Check.MISSING_IDS, name, missing, (Place(name, *where, detail),))
    if before.gap_ms is not None and where[1] - where[0] > before.gap_ms:
        ledger.add(Check.LONG_GAP, name, 1, (Place(name, *where),), limit_ms=before.gap_ms)
    old, new = before.last_price, after.first_price
    if rules.jump and old and new is not None and abs(new / old - 1) > rules.jump:
        place = Place(name, where[1], detail=f"{old} to {new}")
        ledger.add(Check.JUMP, name, 1, (place,), limit=rules.jump)


def _compare_sums(
    dataset: str,
    found: Mapping[date, DayFacts],
    trades: Mapping[date, DayFacts],
    ledger: Ledger,
) -> None:
    limits = {MINUTE_PROFILE: (Check.PROFILE_SUM, PROFILE_SHARE)}
    limits[KLINES.name] = (Check.VOLUME_DIFFERS, VOLUME_SHARE)
    if dataset not in limits:
        return
    check, share = limits[dataset]
    for day in sorted(found.keys() & trades.keys()):
        expected, got = trades[day].usd, found[day].usd
        if expected is None or got is None or abs(got - expected) <= share * abs(expected):
            continue
        values = {"expected": f"{expected:,.0f} USD", "got": f"{got:,.0f} USD"}
        detail = f"{values['got']}, the trades have {values['expected']}"
        ledger.add(check, str(day), 1, (Place(str(day), detail=detail),), **values)


def _summary(dataset: str, symbol: str, days: _Days, found: Mapping[date, DayFacts]) -> Summary:
    facts = [found[day] for day in sorted(found)]
    known = sorted({*days.files, *days.noted})
    return Summary(
        dataset,
        symbol,
        next((row.market for row in days.noted.values()), ""),
        len(facts),
        sum(one.rows for one in facts),
        sum(map(_size, days.files.values())),
        str(known[0]) if known else "",
        str(known[-1]) if known else "",
        _least(one.first_ms for one in facts),
        _most(one.last_ms for one in facts),
        _least(one.price_low for one in facts),
        _most(one.price_high for one in facts),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _least(values: Iterable[_Number | None]) -> _Number | None:
    return min((one for one in values if one is not None), default=None)


def _most(values: Iterable[_Number | None]) -> _Number | None:
    return max((one for one in values if one is not None), default=None)


def _nothing(store: Path, asked: Asked) -> str:
    what: Sequence[str] = [
        *([] if asked.datasets is None else [", ".join(sorted(asked.datasets))]),
        *([] if asked.symbol is None else [f"of {asked.symbol}"]),
        *([] if asked.first is None else [f"from {asked.first}"]),
        *([] if asked.last is None else [f"to {asked.last}"]),
    ]
    return (
        f"{' '.join(('expected imported days', *what))} in {history_folder(store)}, found none; "
        "import them first, or choose another --store"
    )
