"""Instruments, which are a venue and a symbol of it; and tick sizes. Pure.

A venue has two names: the stored one (``BINANCE_USDM``), which the database and the status use, and
the one that people write before a symbol (``binance:BTCUSDT``). A symbol without one is Binance's.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from Heatmap.runtime.compat import override

BINANCE_USDM = "BINANCE_USDM"
"""Binance's USD-M futures: the stored name."""

# Where the written name is not the stored one in small letters.
_STORED_NAMES = MappingProxyType({"binance": BINANCE_USDM})
_WRITTEN_NAMES = MappingProxyType({stored: written for written, stored in _STORED_NAMES.items()})
_TITLES = MappingProxyType({BINANCE_USDM: "Binance USD-M", "OKX": "OKX", "HTX": "HTX"})
_VENUE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,29}")

ALL_SYMBOLS = "ALL"
"""Stands where a symbol would, for all of them; so no symbol is called this."""
LONGEST_SYMBOL_CHARS = 50

_USUAL_SYMBOL = re.compile(r"[A-Z0-9_]{1,50}")
_LETTER, _MARK, _DIGIT = "L", "M", "N"
_TICK_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:[eE][-+]?[0-9]{1,3})?")
_SMALLEST_TICK, _LARGEST_TICK, _MOST_TICK_DIGITS = Decimal("1e-12"), Decimal("1e6"), 20
_SHOWN_CHARS = 40
# What a chart calls an instrument may begin with where it comes from: bitunix:BTCUSDT.
_PREFIX = re.compile(r"[^/:\s]{1,30}:")
# A pair, and a perpetual contract that is settled in what it is quoted in.
_UNIFIED_SYMBOL = re.compile(r"([^/:\s]{1,20})/([^/:\s]{2,10})(?::\2)?")


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded: a symbol of a venue. The same symbol of two venues is two instruments.

    Attributes
    ----------
    venue
        The stored name, such as ``BINANCE_USDM``.
    symbol
        The venue's name of it, or ``ALL`` for all of the venue's.
    """

    venue: str
    symbol: str

    @override
    def __str__(self) -> str:
        """Return it as it is written: ``BTCUSDT``, with the venue before it unless Binance's."""
        if self.venue == BINANCE_USDM:
            return self.symbol
        return f"{written_venue(self.venue)}:{self.symbol}"


InstrumentName: TypeAlias = Instrument | str
"""An instrument, or how it is written; a plain symbol is Binance's."""


def venue_title(venue: str) -> str:
    """Return how a venue is called in a sentence: ``Binance USD-M``, ``Bybit``."""
    return _TITLES.get(venue, written_venue(venue).replace("_", " ").capitalize())


def stored_venue(name: str) -> str:
    """Return the stored name of a venue: ``BINANCE_USDM`` for ``binance``.

    Raises
    ------
    ValueError
        It is no name of a venue.
    """
    if _VENUE_NAME.fullmatch(name):
        return _STORED_NAMES.get(name.lower(), name.upper())
    raise ValueError(f"expected a venue such as binance, got {name[:_SHOWN_CHARS]!a}")


def written_venue(venue: str) -> str:
    """Return how a venue is written before a symbol: ``binance`` for ``BINANCE_USDM``."""
    return _WRITTEN_NAMES.get(venue, venue.lower())


def instrument_of(name: InstrumentName) -> Instrument:
    """Return the instrument that is meant, without asking whether there can be such a one.

    Parameters
    ----------
    name
        An instrument; or a text such as ``BTCUSDT``, ``bybit:BTCUSDT`` or ``ALL``, in capitals.
    """
    if isinstance(name, Instrument):
        return name
    prefix, colon, symbol = name.partition(":")
    return Instrument(stored_venue(prefix), symbol) if colon else Instrument(BINANCE_USDM, name)


def parse_instrument(name: object) -> Instrument:
    """Read an instrument as it is written: ``BTCUSDT``, ``binance:BTCUSDT``, ``bybit:BTC/USDT``.

    What stands before the colon is a venue, unlike in `parse_symbol`.

    Raises
    ------
    ValueError
        It is none.
    """
    if isinstance(name, Instrument):
        return name
    if isinstance(name, str) and (found := _PREFIX.match(name.strip())):
        return Instrument(stored_venue(found[0][:-1]), parse_symbol(name))
    return Instrument(BINANCE_USDM, parse_symbol(name))


def parse_instruments(names: Iterable[str], venues: Collection[str]) -> tuple[str, ...]:
    """Read what somebody asks for by name; return instruments as they are written, each once.

    Parameters
    ----------
    names
        As in `parse_instrument` where a venue of `venues` stands before the colon; else as in
        `parse_symbol`: what stands there is a chart's provider, and the symbol is Binance's.
    venues
        Stored names.

    Raises
    ------
    ValueError
        One of them is none.
    """
    return tuple(dict.fromkeys(str(_asked(name, venues)) for name in names))


def _asked(name: str, venues: Collection[str]) -> Instrument:
    found = _PREFIX.match(name.strip())
    if found and _VENUE_NAME.fullmatch(prefix := found[0][:-1]) and stored_venue(prefix) in venues:
        return Instrument(stored_venue(prefix), parse_symbol(name))
    return Instrument(BINANCE_USDM, parse_symbol(name))


def canonical_symbol(name: object) -> str:
    """Return a symbol as this program writes it: composed, in capitals.

    A symbol is the exchange's to name: letters and digits of any script and ``_``, such as
    ``BTCUSDT``, ``BTCUSDT_260327`` or a contract with a Chinese name.

    Raises
    ------
    ValueError
        It is none; the message shows it shortened and escaped.
    """
    if isinstance(name, str):
        if _USUAL_SYMBOL.fullmatch(name) and name != ALL_SYMBOLS:
            return name
        # The length first: composing a long text takes long.
        if 0 < len(name) <= 2 * LONGEST_SYMBOL_CHARS:
            symbol = _canonical(name)
            if symbol is not None:
                return symbol
    shown = ascii(name[:_SHOWN_CHARS]) if isinstance(name, str) else f"a {type(name).__name__}"
    raise ValueError(f"expected a symbol such as BTCUSDT, got {shown}")


@lru_cache(1024)
def _canonical(name: str) -> str | None:
    symbol = "".join(map(_capital, unicodedata.normalize("NFC", name)))
    symbol = unicodedata.normalize("NFC", symbol)
    is_symbol = (
        0 < len(symbol) <= LONGEST_SYMBOL_CHARS
        and symbol != ALL_SYMBOLS
        and all(
            char == "_" or unicodedata.category(char)[0] in (_LETTER, _MARK, _DIGIT)
            for char in symbol
        )
        and unicodedata.category(symbol[0])[0] != _MARK
    )
    return symbol if is_symbol else None


def _capital(char: str) -> str:
    # Some capitals are two letters or those of another letter; the name has to stay the same.
    upper = char.upper()
    return upper if len(upper) == 1 and upper.casefold() == char.casefold() else char


def parse_tick_size(text: object) -> Decimal:
    """Read a tick size, USD: 1e-12 to 1e6, of at most 20 digits.

    What lies far outside is refused before it is made a number of so many digits.

    Raises
    ------
    ValueError
        It is none; the message shows it shortened and escaped.
    """
    if (
        isinstance(text, str)
        and len(text) <= _SHOWN_CHARS
        and (found := _TICK_SIZE.fullmatch(text))
    ):
        tick_size = Decimal(text)
        digits = len(found[1].replace(".", ""))
        if digits <= _MOST_TICK_DIGITS and _SMALLEST_TICK <= tick_size <= _LARGEST_TICK:
            return tick_size
    shown = ascii(text[:_SHOWN_CHARS]) if isinstance(text, str) else f"a {type(text).__name__}"
    raise ValueError(
        f"expected a tick size from 1e-12 to 1e6 of at most {_MOST_TICK_DIGITS} digits, got {shown}"
    )


def parse_symbol(name: object) -> str:
    """Return the exchange's symbol, such as ``BTCUSDT``.

    Parameters
    ----------
    name
        ``BTCUSDT``, ``BTC/USDT`` or ``BTC/USDT:USDT``, in capitals or not, as charts and other
        libraries write it; what stands before a colon, as in ``bitunix:BTCUSDT``, is left out.

    Raises
    ------
    ValueError
        It is none of these.
    """
    if isinstance(name, str):
        text = name.strip()
        text = text[found.end() :] if (found := _PREFIX.match(text)) else text
        match = _UNIFIED_SYMBOL.fullmatch(text.upper())
        with suppress(ValueError):
            return canonical_symbol(match[1] + match[2] if match else text)
    raise ValueError(f"symbol must be one like BTCUSDT or BTC/USDT:USDT, got {name!r}")


def asked_symbol(name: InstrumentName) -> str:
    """Return what somebody asks for, as it is written.

    Parameters
    ----------
    name
        As in `parse_symbol`, a symbol of Binance's then; or an `Instrument`, for any venue's.

    Raises
    ------
    ValueError
        It is none of these, or stands for all symbols.
    """
    if isinstance(name, Instrument):
        return str(Instrument(name.venue, canonical_symbol(name.symbol)))
    return parse_symbol(name)


def shown_symbol(name: InstrumentName | None) -> str | None:
    """Return what a chart shows, as it is written; what is no symbol, such as a share, stays.

    Raises
    ------
    TypeError
        It is neither a text nor an instrument, nor ``None``.
    """
    if isinstance(name, Instrument):
        return str(name)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"symbol must be a text such as BTCUSDT, or None, got {name!r}")
    try:
        return None if name is None else parse_symbol(name)
    except ValueError:
        return name


def parse_symbols(names: object) -> tuple[str, ...]:
    """Return the exchange's symbols, each once, in the order given.

    Parameters
    ----------
    names
        As in `parse_symbol`, one or more; a single text is one.

    Raises
    ------
    ValueError
        There is none, or one of them is no symbol.
    """
    if isinstance(names, str):
        return (parse_symbol(names),)
    if not isinstance(names, Iterable):
        raise ValueError(  # noqa: TRY004 - one error for callers
            f"symbols must be one or more like BTCUSDT or BTC/USDT:USDT, got {names!r}"
        )
    parsed = tuple(dict.fromkeys(map(parse_symbol, names)))
    if not parsed:
        raise ValueError("symbols must be one or more like BTCUSDT or BTC/USDT:USDT, got none")
    return parsed
