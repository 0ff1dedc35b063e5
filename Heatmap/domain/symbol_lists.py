"""Symbols to record, as a user names them: some, or all of them. Pure."""

from contextlib import suppress

from Heatmap.domain.instruments import ALL_SYMBOLS, canonical_symbol

MOST_SYMBOLS = 1000
"""So many symbols can be named; beyond it all of them can be recorded."""

SYMBOLS_ALLOWED = f"one or more like BTCUSDT with commas between, or {ALL_SYMBOLS} alone"
"""What is expected, in words."""


def parse_symbols(text: str) -> tuple[str, ...]:
    """Return the symbols that a text names, each once; what is no symbol stays, to be refused."""
    names = dict.fromkeys(part.strip() for part in text.split(",") if part.strip())
    return tuple(dict.fromkeys(map(_spelt, names)))


def wrong_symbols(symbols: object) -> str:
    """Return what was expected instead; empty: they can be recorded."""
    expected = f"one or more like BTCUSDT, each once, or {ALL_SYMBOLS} alone"
    if not isinstance(symbols, tuple) or not symbols:
        return expected
    if not all(symbol == ALL_SYMBOLS or _is_canonical(symbol) for symbol in symbols):
        return expected
    if len(symbols) > MOST_SYMBOLS:
        return f"at most {MOST_SYMBOLS} symbols by name, or {ALL_SYMBOLS} alone"
    is_once = len(set(symbols)) == len(symbols)
    return "" if is_once and (ALL_SYMBOLS not in symbols or len(symbols) == 1) else expected


def _spelt(name: str) -> str:
    """Return a symbol as it is written everywhere; what is none stays, to be refused by name."""
    with suppress(ValueError):
        return canonical_symbol(name)
    return name.upper()


def _is_canonical(symbol: object) -> bool:
    try:
        return canonical_symbol(symbol) == symbol
    except ValueError:
        return False
