"""Symbols as programs write them. Pure."""

import re
from collections.abc import Iterable
from contextlib import suppress

from Heatmap.domain.events import canonical_symbol

# A perpetual contract that is settled in what it is quoted in.
_UNIFIED_SYMBOL = re.compile(r"([^/:\s]{1,20})/([^/:\s]{2,10}):\2")


def parse_symbol(name: object) -> str:
    """Return the exchange's symbol, such as ``BTCUSDT``.

    Parameters
    ----------
    name
        ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not.

    Raises
    ------
    ValueError
        It is neither.
    """
    if isinstance(name, str):
        text = name.strip()
        match = _UNIFIED_SYMBOL.fullmatch(text.upper())
        with suppress(ValueError):
            return canonical_symbol(match[1] + match[2] if match else text)
    raise ValueError(f"symbol must be one like BTCUSDT or BTC/USDT:USDT, got {name!r}")


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
