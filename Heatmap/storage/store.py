"""The door to what is stored: `open_store(address)`. Outside `storage` nobody opens an address.

A new engine is one folder and one row in `_ENGINES`. What it has to offer, and the
types that it imports: `storage.engine`; never this module, which imports all engines.
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError
from Heatmap.storage.as_of import store_as_of
from Heatmap.storage.candles_beside import StandbyCandles, store_beside
from Heatmap.storage.engine import (
    Address,
    CandleRow,
    DatabaseFacts,
    DayFacts,
    EventWindow,
    Gather,
    KnownRow,
    Row,
    Store,
    StoredEvent,
    StoreReader,
    StoreWriter,
    TimedRow,
)
from Heatmap.storage.location import default_database
from Heatmap.storage.sqlite.sqlite_engine import SqliteEngine

__all__ = [
    "Address",
    "CandleRow",
    "DatabaseFacts",
    "DayFacts",
    "EventWindow",
    "Gather",
    "KnownRow",
    "Row",
    "StandbyCandles",
    "Store",
    "StoreReader",
    "StoreWriter",
    "StoredEvent",
    "TimedRow",
    "address_beside",
    "file_beside",
    "folder_of",
    "numbered_address",
    "open_store",
    "parse_address",
    "register_engine",
    "store_as_of",
    "store_beside",
]

_SCHEME_END = "://"

_FILE = "a file"
# By the scheme of the address, which a file has not.
_ENGINES: dict[str, Callable[[Address], Store]] = {_FILE: SqliteEngine}


def open_store(address: Address | None, kind: DataKind = DataKind.LIVE) -> Store:
    """Return the store at an address, which need not exist yet; opens nothing.

    Parameters
    ----------
    address
        A file, or a text with the scheme of an engine; ``None``: the file of `kind` in the user's
        data directory.
    kind
        What the default is for.

    Raises
    ------
    StorageError
        No engine has that scheme, or the data directory cannot be made.
    """
    found = default_database(kind) if address is None else parse_address(address)
    scheme = found.partition(_SCHEME_END)[0] if isinstance(found, str) else _FILE
    if scheme not in _ENGINES:
        known = " or ".join(
            name if name == _FILE else name + _SCHEME_END for name in sorted(_ENGINES)
        )
        raise raised(StorageError, FailureKind.NO_ENGINE, address=address, known=known)
    return _ENGINES[scheme](found)


def parse_address(text: Address) -> Address:
    """Return a text with a scheme as it is, and anything else as a file."""
    if isinstance(text, str) and _SCHEME_END in text:
        return text
    return Path(text)


def folder_of(address: Address) -> Path | None:
    """Return the folder of a file, for the user to look into; ``None``: it is no file."""
    return None if isinstance(address, str) else address.absolute().parent


def address_beside(address: Address, kind: DataKind) -> Address:
    """Return the address of a store for data of `kind` beside another one."""
    if isinstance(address, str):
        return f"{address}-{kind}"
    return address.with_name(f"{address.stem}-{kind}{address.suffix}")


def file_beside(address: Address, end: str) -> Path:
    """Return the path of a small file that belongs to a store: beside a file, its name and `end`.

    Of a store that is no file it is in the user's data directory, named after the address.

    Raises
    ------
    StorageError
        The data directory cannot be made.
    """
    if isinstance(address, Path):
        # Where links lead to: two names of one file have one file beside it.
        found = address.absolute().resolve()
        return found.with_name(f"{found.name}{end}")
    name = blake2b(address.encode(), digest_size=8).hexdigest()
    return default_database(DataKind.LIVE).with_name(f"{name}{end}")


def numbered_address(address: Address, number: int) -> Address:
    """Return the address of one more store beside another one of the same kind."""
    if isinstance(address, str):
        return f"{address}-{number}"
    return address.with_name(f"{address.stem}-{number}{address.suffix}")


def register_engine(scheme: str, make: Callable[[Address], Store]) -> None:
    """Have `make` give the store of each address that begins with ``scheme://``."""
    _ENGINES[scheme] = make
