"""What a store has, as plain data for JSON. Loads no DuckDB."""

from dataclasses import asdict
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from Heatmap.history.datasets import IMPORTER_VERSION
from Heatmap.history.days import days_between, spans
from Heatmap.history.import_lock import who_imports
from Heatmap.history.manifest import ImportedDay, read_manifest
from Heatmap.history.store_layout import day_path, history_folder


def store_status(store: Path, symbol: str | None = None) -> dict[str, Any]:
    """Return what a store has, by dataset and symbol, and what was kept out.

    Parameters
    ----------
    store
        Its directory; it need not exist.
    symbol
        Of which only; ``None``: of all.

    Raises
    ------
    HistoryError
        Its manifest cannot be read.
    """
    days, faults = read_manifest(store)
    holder = who_imports(store)
    kept = [one for one in days if symbol in (None, one.symbol)]
    groups = groupby(kept, key=lambda one: (one.dataset, one.symbol))
    return {
        "store": str(history_folder(store)),
        "importer_version": IMPORTER_VERSION,
        "importing": None if holder is None else asdict(holder),
        "datasets": [_group(store, list(rows)) for _, rows in groups],
        "faults": [asdict(one) for one in faults if symbol in (None, one.symbol)],
    }


def _group(store: Path, rows: list[ImportedDay]) -> dict[str, Any]:
    first, last = rows[0], rows[-1]
    there = {date.fromisoformat(one.day) for one in rows}
    files = {
        day: day_path(store, first.dataset, first.symbol, day)
        for day in map(date.fromisoformat, (one.day for one in rows))
    }
    lost = [day for day, path in files.items() if not path.is_file()]
    absent = [day for day in days_between(min(there), max(there)) if day not in there]
    return {
        "dataset": first.dataset,
        "symbol": first.symbol,
        "market": first.market,
        "days": len(rows),
        "first_day": first.day,
        "last_day": last.day,
        "missing_days": _span_texts(absent),
        "lost_files": _span_texts(lost),
        "rows": sum(one.rows for one in rows),
        "holes": sum(one.holes or 0 for one in rows),
        "duplicates": sum(one.duplicates for one in rows),
        "bytes": sum(path.stat().st_size for path in files.values() if path.is_file()),
        "older_importer_days": sum(one.importer_version < IMPORTER_VERSION for one in rows),
    }


def _span_texts(days: list[date]) -> list[list[str]]:
    return [[str(low), str(high)] for low, high in spans(days)]
