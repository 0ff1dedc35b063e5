"""The names of the archive's files, and where they lie. Pure.

The archive's layout is ``data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2025-01-31.zip``
(candles have a folder for their interval below the symbol); beside it a file ``.CHECKSUM``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath, PurePosixPath

from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.days import parse_period

#: How a file may be packed; of several files of one day the first one counts.
ENDINGS = (".zip", ".csv.gz", ".csv")
CHECKSUM_ENDING = ".CHECKSUM"
_NAME = re.compile(r"(.+)-([A-Za-z0-9]+)-(\d{4}-\d{2}(?:-\d{2})?)")
_CHECKSUM = re.compile(r"([0-9a-fA-F]{64})\s+\*?(\S+)\s*")


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of a file says.

    Attributes
    ----------
    symbol, word
        Whose, and what: a dataset of the archive, or the interval of candles.
    first, last
        The days of the file, both included; one day, or a month.
    stem, ending
        The name without, and only, how it is packed.
    """

    symbol: str
    word: str
    first: date
    last: date
    stem: str
    ending: str

    @property
    def is_monthly(self) -> bool:
        """Whether it is of a month."""
        return self.first != self.last


def parse_file_name(name: str) -> FileName | None:
    """Read the name of a file; ``None``: it is not one of the archive's."""
    ending = next((one for one in ENDINGS if name.endswith(one)), None)
    if ending is None:
        return None
    stem = name[: -len(ending)]
    found = _NAME.fullmatch(stem)
    period = parse_period(found[3]) if found else None
    if found is None or period is None:
        return None
    return FileName(found[1], found[2], *period, stem, ending)


def parse_checksum(text: str) -> tuple[str, str] | None:
    """Return the SHA-256 (lower case) and the name in a checksum file; ``None``: it is none."""
    found = _CHECKSUM.fullmatch(text)
    return (found[1].lower(), found[2]) if found else None


def archive_path(
    dataset: Dataset, market: Market, symbol: str, period: str, *, is_monthly: bool
) -> PurePosixPath:
    """Return where the archive has a file, from its root.

    Parameters
    ----------
    dataset, market, symbol
        What is wanted.
    period
        ``2025-01-31``, or ``2025-01`` of a monthly file.
    is_monthly
        Which of both.
    """
    span = "monthly" if is_monthly else "daily"
    folder = PurePosixPath("data", *market.folder.split("/"), span, dataset.archive, symbol)
    if dataset.interval:
        folder /= dataset.interval
    return folder / f"{symbol}-{dataset.file_word}-{period}.zip"


def folders(dataset: Dataset, market: Market, symbol: str) -> Iterator[PurePosixPath]:
    """Yield the folders below a data directory that may hold the files of a dataset.

    The archive's layout from any of its upper folders, or ``SYMBOL/dataset/``.
    """
    parts = ("data", *market.folder.split("/"))
    bare = [
        PurePosixPath(*parts[begin:], span, dataset.archive, symbol)
        for begin in range(len(parts) + 1)
        for span in ("daily", "monthly")
    ]
    bare.append(PurePosixPath(symbol, dataset.archive))
    for folder in bare:
        if dataset.interval:
            yield folder / dataset.interval
        yield folder


def market_of(path: PurePath) -> Market | None:
    """Return of which market the files in a folder are by its folders; ``None``: they do not say.

    The innermost one counts: ``spot``, ``futures/um`` or ``futures/cm``.
    """
    names = path.parts
    for at in range(len(names) - 1, -1, -1):
        if names[at] == Market.SPOT.value:
            return Market.SPOT
        for market in (Market.USD_M, Market.COIN_M):
            if names[max(at - 1, 0) : at + 1] == ("futures", market.value):
                return market
    return None


def symbol_parents(dataset: Dataset, market: Market) -> Iterator[PurePosixPath]:
    """Yield the folders of the archive's layout that have a folder for each symbol."""
    parts = ("data", *market.folder.split("/"))
    for begin in range(len(parts) + 1):
        for span in ("daily", "monthly"):
            yield PurePosixPath(*parts[begin:], span, dataset.archive)
