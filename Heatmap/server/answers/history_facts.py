"""What was imported of history, as the health says it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from Heatmap.domain.events import DataKind
from Heatmap.errors import HistoryError
from Heatmap.history.manifest import read_manifest
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.server import texts
from Heatmap.storage.store import Address


@dataclass(frozen=True, slots=True)
class ImportedData:
    """The days of one dataset of one symbol; days such as ``2026-11-29``."""

    dataset: str
    symbol: str
    days: int
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """What the history of whole days holds.

    Attributes
    ----------
    datasets
        What was imported, by dataset and symbol.
    days
        How many different days these are of.
    last_day
        The newest; ``None``: there is none.
    note
        Why what there is cannot be used; ``None``: it can, or there is none.
    """

    datasets: tuple[ImportedData, ...] = ()
    days: int = 0
    last_day: str | None = None
    note: str | None = None

    def as_plain(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {**asdict(self), "datasets": [asdict(one) for one in self.datasets]}


HistoryReader = Callable[[], HistoryFacts]


def history_beside(address: Address, kind: DataKind) -> HistoryReader:
    """Return what tells of the days that were imported beside a database; reads their manifest.

    History is of the real market: beside a simulated or a replayed one it counts for nothing.
    """
    if isinstance(address, str) or kind is not DataKind.LIVE:
        return HistoryFacts
    folder = address.parent
    return lambda: read_history_facts(folder)


def read_history_facts(store: Path) -> HistoryFacts:
    """Read what was imported into a directory; loads no DuckDB."""
    try:
        rows, _ = read_manifest(store)
    except HistoryError as error:
        return HistoryFacts(note=shown_text(str(error), LONGEST_MESSAGE_CHARS))
    if not rows:
        return HistoryFacts()
    rows.sort(key=lambda one: (one.dataset, one.symbol, one.day))
    groups = [
        (key, [one.day for one in found])
        for key, found in groupby(rows, key=lambda one: (one.dataset, one.symbol))
    ]
    days = {one.day for one in rows}
    return HistoryFacts(
        tuple(ImportedData(*key, len(found), found[0], found[-1]) for key, found in groups),
        len(days),
        max(days),
        None if find_spec("duckdb") else texts.NO_DUCKDB,
    )
