"""What the commands of history read from their options alike: symbol, days, where the store is."""

import argparse
from datetime import date
from pathlib import Path

from Heatmap.domain.instruments import BINANCE_USDM, parse_instrument, parse_symbol
from Heatmap.errors import HistoryError, StorageError
from Heatmap.history.days import parse_day
from Heatmap.storage.store import open_store


def chosen_symbol(options: argparse.Namespace) -> str | None:
    """Return ``--symbol`` as the exchange writes it; ``None``: none was given.

    Raises
    ------
    HistoryError
        It is no symbol.
    """
    if options.symbol is None:
        return None
    try:
        if parse_instrument(options.symbol).venue != BINANCE_USDM:
            raise HistoryError(
                f"history is Binance's archive, and has nothing of {options.symbol[:40]!r}; "
                "expected a symbol such as BTCUSDT"
            )
        return parse_symbol(options.symbol)
    except ValueError as error:
        raise HistoryError(f"--symbol: {error}") from None


def chosen_days(options: argparse.Namespace) -> tuple[date | None, date | None]:
    """Return ``--start-date`` and ``--end-date``, both included; ``None``: open on that side.

    Raises
    ------
    HistoryError
        One of them is no day, or they are in the wrong order.
    """
    first = None if options.start_date is None else parse_day(options.start_date)
    last = None if options.end_date is None else parse_day(options.end_date)
    if first is not None and last is not None and last < first:
        raise HistoryError(
            f"expected an --end-date on or after the --start-date {first}, got {last}"
        )
    return first, last


def store_directory(options: argparse.Namespace) -> Path:
    """Return ``--store``; without it, the directory of the usual database.

    Raises
    ------
    StorageError
        The usual database is not in a directory.
    """
    if options.store is not None:
        return Path(options.store)
    address = open_store(None).address
    if isinstance(address, str):
        raise StorageError(f"expected --store with a directory, got the database {address}")
    return address.parent
