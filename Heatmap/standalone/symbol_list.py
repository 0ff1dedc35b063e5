"""Which instruments the symbol box offers, recorded ones first. Pure."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from Heatmap.heatmap_settings import ALL_SYMBOLS

MOST_ROWS = 200
"""More than these are never looked through by eye; a letter more leaves fewer."""

# Where a chart says that it is from, as BINANCE:BTCUSDT.P does, and what kind of contract it is.
_PREFIX = re.compile(r"^[^/:\s]{1,30}:")
_CONTRACT = re.compile(r"(\.P|[-_ ]?(PERP|PERPETUAL|SWAP))$")
# Letters of any script, marks on them, digits.
_IN_NAMES = "LMN"


class ListNotice(Enum):
    """What is said below the instruments."""

    ASKING = auto()
    """The exchange is being asked for its instruments."""
    FAILED = auto()
    """It has not answered: what is known already is searched."""
    NONE_FOUND = auto()
    """No name has what was typed in it."""
    MORE = auto()
    """There are more than the list has."""


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """One line of the list.

    Attributes
    ----------
    symbol
        As ``BTCUSDT``; empty for a head and a notice.
    is_recorded
        Whether its liquidations are recorded; of a head: whether those below it are.
    notice
        What the line says, where it is none of the instruments.
    """

    symbol: str
    is_recorded: bool
    notice: ListNotice | None = None

    @property
    def is_head(self) -> bool:
        """Whether it stands above or below others and cannot be chosen."""
        return not self.symbol


def symbol_rows(
    words: str,
    recorded: Iterable[str],
    known: Collection[str],
    *,
    only: str = "",
    shown: str = "",
    listing: ListNotice | None = None,
) -> list[SymbolRow]:
    """Return what matches, with a head above the recorded ones and one above the others.

    Parameters
    ----------
    words
        What the user has typed: it may stand anywhere in the name, in capitals or not. Names that
        begin with it come first. Where no name has it, it is read as other charts write names.
    recorded
        The symbols of the settings; ``ALL``: every known one.
    known
        What the exchange has, as far as is known.
    only
        The one symbol that a simulated or replayed market has; empty: it has many.
    shown
        The symbol that is shown: of those that are not recorded the first, as long as nothing is
        typed.
    listing
        Why not all of the exchange's are known; ``None``: they are.
    """
    own: list[str] = [only]
    others: list[str] = []
    if not only:
        named = [one for one in recorded if one != ALL_SYMBOLS]
        rest = sorted(set(known) - set(named))
        if not words:
            rest.sort(key=lambda name: name != shown)
        is_all = ALL_SYMBOLS in recorded
        own, others = ([*named, *rest], []) if is_all else (named, rest)
    rows: list[SymbolRow] = []
    for typed in dict.fromkeys((words.strip().upper(), _name_in(words))):
        rows = _found(typed, own, others)
        if rows:
            break
    notices = [] if only or listing is None else [listing]
    if len(rows) > MOST_ROWS:
        rows, notices = rows[:MOST_ROWS], [ListNotice.MORE]
    elif not rows and listing is not ListNotice.ASKING:
        notices.insert(0, ListNotice.NONE_FOUND)
    return rows + [SymbolRow("", is_recorded=False, notice=one) for one in notices]


def _found(typed: str, own: list[str], others: list[str]) -> list[SymbolRow]:
    rows: list[SymbolRow] = []
    for names, is_recorded in ((own, True), (others, False)):
        found = [name for name in names if typed in name]
        # Stable: among those that begin with it the order stays.
        found.sort(key=lambda name: not name.startswith(typed))
        if found:
            rows.append(SymbolRow("", is_recorded))
            rows += [SymbolRow(name, is_recorded) for name in found]
    return rows


def _name_in(words: str) -> str:
    """Return what the exchange would write for ``BTC/USDT:USDT`` or ``BINANCE:BTCUSDT.P``.

    What has no letter or digit is no name: it is returned as it is.
    """
    text = unicodedata.normalize("NFKC", words).strip().upper()
    text = _PREFIX.sub("", text).partition(":")[0]
    text = _CONTRACT.sub("", text)
    return "".join(one for one in text if unicodedata.category(one)[0] in _IN_NAMES) or words
