"""Which instruments the symbol box offers, recorded ones first. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from Heatmap.heatmap_settings import ALL_SYMBOLS

MOST_ROWS = 200
"""More than these are never looked through by eye; a letter more leaves fewer."""


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """One line of the list.

    Attributes
    ----------
    symbol
        As ``BTCUSDT``; empty for a head.
    is_recorded
        Whether its liquidations are recorded; of a head: whether those below it are.
    """

    symbol: str
    is_recorded: bool

    @property
    def is_head(self) -> bool:
        """Whether it stands above others and is none itself."""
        return not self.symbol


def symbol_rows(
    words: str, recorded: Iterable[str], known: Collection[str], *, only: str = ""
) -> list[SymbolRow]:
    """Return what matches, with a head above the recorded ones and one above the others.

    Parameters
    ----------
    words
        What the user has typed: it may stand anywhere in the name, in capitals or not. Names that
        begin with it come first.
    recorded
        The symbols of the settings; ``ALL``: every known one.
    known
        What the exchange has, as far as is known.
    only
        The one symbol that a simulated or replayed market has; empty: it has many.
    """
    own: list[str] = [only]
    others: list[str] = []
    if not only:
        named = [one for one in recorded if one != ALL_SYMBOLS]
        rest = sorted(set(known) - set(named))
        is_all = ALL_SYMBOLS in recorded
        own, others = ([*named, *rest], []) if is_all else (named, rest)
    typed = words.strip().upper()
    rows: list[SymbolRow] = []
    for names, is_recorded in ((own, True), (others, False)):
        found = [name for name in names if typed in name]
        # Stable: among those that begin with it the order stays.
        found.sort(key=lambda name: not name.startswith(typed))
        if found:
            rows.append(SymbolRow("", is_recorded))
            rows += [SymbolRow(name, is_recorded) for name in found]
    return rows[:MOST_ROWS]
