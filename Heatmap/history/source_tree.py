"""The archive's files in a directory of the user's, which is only read."""

import os
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from Heatmap.errors import HistoryError
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import datasets_of
from Heatmap.history.days import days_between
from Heatmap.history.faults import Fault, FaultKind
from Heatmap.history.file_names import (
    ENDINGS,
    FileName,
    folders,
    market_of,
    parse_file_name,
    symbol_parents,
)

_MOST_SYMBOLS = 12


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that can be imported.

    Attributes
    ----------
    path
        Where it is.
    name
        What its name says.
    dataset, market
        What it is of.
    size_bytes
        As it lies there.
    days
        Which of its days are wanted.
    """

    path: Path
    name: FileName
    dataset: Dataset
    market: Market
    size_bytes: int
    days: tuple[date, ...]

    @property
    def symbol(self) -> str:
        """Whose."""
        return self.name.symbol


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A file of the archive that lies where it does not belong."""

    path: Path
    name: FileName
    dataset: Dataset
    fault: Fault


@dataclass(frozen=True, slots=True)
class SourceTree:
    """What was found.

    Attributes
    ----------
    files
        Those that can be imported: the first days first, of one day one.
    spares
        Others that have the same days, with those days: for what `files` turn out not to give.
    misplaced
        Those that are named for another folder.
    ignored
        Names in these folders that look like the archive's and are not, or are of no use.
    """

    files: tuple[SourceFile, ...]
    misplaced: tuple[Misplaced, ...]
    ignored: tuple[str, ...]
    spares: tuple[SourceFile, ...] = ()


def find_files(
    root: Path,
    symbol: str,
    market: Market,
    datasets: tuple[Dataset, ...] | None,
    first: date | None,
    last: date | None,
) -> SourceTree:
    """Find the files of a symbol.

    Parameters
    ----------
    root
        The archive's layout from any of its upper folders, or ``SYMBOL/dataset/``.
    symbol, market
        Whose.
    datasets
        Which; ``None``: all that lie there.
    first, last
        The days wanted, both included; ``None``: from the first, to the last.

    Raises
    ------
    HistoryError
        There is no such directory, nothing of this symbol in it, or it is of another market.
    """
    _require_directory(root)
    found: list[SourceFile] = []
    spares: list[SourceFile] = []
    misplaced: list[Misplaced] = []
    ignored: list[str] = []
    is_there = False
    for dataset in datasets_of(market) if datasets is None else datasets:
        names: list[tuple[Path, FileName]] = []
        for folder in _folders(root, dataset, market, symbol):
            listed = _listed(folder)
            if listed:
                _require_market(folder, market)
            for path in listed:
                name = parse_file_name(path.name)
                if _is_special(path):
                    ignored.append(f"{path} (no regular file)")
                elif name is None or (
                    name.word != dataset.file_word and _is_interval(name, dataset)
                ):
                    ignored.append(str(path))
                elif name.symbol != symbol or name.word != dataset.file_word:
                    is_there = True
                    if (last and name.first > last) or (first and name.last < first):
                        continue
                    misplaced.append(_misplaced(path, name, dataset, symbol))
                else:
                    names.append((path, name))
        is_there = is_there or bool(names)
        chosen, others = _chosen(names, dataset, market, first, last)
        found += chosen
        spares += others
    if not is_there:
        raise HistoryError(_nothing_there(root, symbol, market, datasets))
    return SourceTree(tuple(found), tuple(misplaced), tuple(ignored), tuple(spares))


def symbols_in(root: Path, market: Market, datasets: tuple[Dataset, ...] | None) -> list[str]:
    """Return the symbols that have a folder with files."""
    found: set[str] = set()
    for dataset in datasets_of(market) if datasets is None else datasets:
        for parent in symbol_parents(dataset, market):
            found.update(path.name for path in _listed(root / parent, directories=True))
    for path in _listed(root, directories=True):
        names = {one.name for one in _listed(path, directories=True)}
        if names & {one.archive for one in datasets_of(market)}:
            found.add(path.name)
    spans = {"daily", "monthly"}
    return sorted(one for one in found if one not in spans)


def _chosen(
    names: list[tuple[Path, FileName]],
    dataset: Dataset,
    market: Market,
    first: date | None,
    last: date | None,
) -> tuple[list[SourceFile], list[SourceFile]]:
    """Choose for each wanted day one file: a day's own before a month's, packed before plain.

    Returns also what was not chosen, in the order in which it would be.
    """
    taken: set[date] = set()
    chosen: list[SourceFile] = []
    spares: list[SourceFile] = []
    ordered = sorted(
        names, key=lambda one: (one[1].is_monthly, ENDINGS.index(one[1].ending), one[1].first)
    )
    for path, name in ordered:
        low = name.first if first is None else max(first, name.first)
        high = name.last if last is None else min(last, name.last)
        wanted = [] if high < low else list(days_between(low, high))
        for some, into in (
            (tuple(day for day in wanted if day not in taken), chosen),
            (tuple(day for day in wanted if day in taken), spares),
        ):
            if some:
                into.append(SourceFile(path, name, dataset, market, _size(path), some))
        taken.update(wanted)
    return sorted(chosen, key=lambda one: one.days), spares


def _folders(root: Path, dataset: Dataset, market: Market, symbol: str) -> list[Path]:
    below = [root / folder for folder in folders(dataset, market, symbol)]
    if symbol in (root.name, root.absolute().name, root.resolve().name):
        below += [root / dataset.archive, root / dataset.archive / dataset.interval]
    found: dict[str, Path] = {}
    for folder in below:
        if folder.is_dir():
            # The same folder by two ways, as through a symbolic link, has its files once.
            found.setdefault(os.path.realpath(folder), folder)
    return list(found.values())


def _listed(folder: Path, *, directories: bool = False) -> list[Path]:
    """Return what looks like a file of the archive in a folder, or the folders in it."""
    try:
        entries = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise HistoryError(
            f"the directory {folder} cannot be read ({error.strerror or error}); change "
            "its permissions"
        ) from error
    if directories:
        return [path for path in entries if path.is_dir()]
    return [path for path in entries if path.name.endswith(ENDINGS) and not path.is_dir()]


def _is_special(path: Path) -> bool:
    """Whether it is a pipe, a socket or a device: to open one may wait for ever."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False  # said of it where it is read


def _require_market(folder: Path, market: Market) -> None:
    """Refuse files whose folders say another market: their rows may look just alike."""
    for path in (folder.resolve(), folder.absolute()):
        said = market_of(path)
        if said is not None and said is not market:
            raise HistoryError(
                f"the folders in {folder} say --market {said.value}, but --market {market.value} "
                f"was asked for; choose --market {said.value}, or another --data-dir"
            )


def _is_interval(name: FileName, dataset: Dataset) -> bool:
    """Whether candles are of another interval than the one that is kept."""
    return bool(dataset.interval) and name.word[:1].isdigit()


def _misplaced(path: Path, name: FileName, dataset: Dataset, symbol: str) -> Misplaced:
    expected = f"{symbol}-{dataset.file_word}"
    values = {"expected": expected, "got": f"{name.symbol}-{name.word}"}
    return Misplaced(path, name, dataset, Fault(FaultKind.WRONG_FOLDER, values))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # said of it where it is read


def _require_directory(root: Path) -> None:
    if not root.exists():
        raise HistoryError(f"there is no directory {root}; expected one with the archive's files")
    if not root.is_dir():
        raise HistoryError(f"{root} is no directory; expected one with the archive's files")


def _nothing_there(
    root: Path, symbol: str, market: Market, datasets: tuple[Dataset, ...] | None
) -> str:
    what = "files" if datasets is None else " or ".join(one.archive for one in datasets)
    symbols = symbols_in(root, market, datasets)
    if symbols:
        shown = ", ".join(symbols[:_MOST_SYMBOLS])
        more = ", ..." if len(symbols) > _MOST_SYMBOLS else ""
        return f"there are no {what} of {symbol} in {root}; there are some of {shown}{more}"
    return (
        f"there are no {what} of {symbol} in {root}; expected data/{market.folder}/daily/"
        f"aggTrades/{symbol}/*.zip or {symbol}/aggTrades/*.zip in it: "
        "`history download` fetches them"
    )
