"""Maintenance-margin brackets: dated tables, the one in use, a user's own."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.errors import SettingsError

#: Maintenance margin rate where a symbol has no brackets: what most contracts' smallest is.
DEFAULT_RATE = 0.005
_FLAT_MAX_LEVERAGE = 125.0
_MOST_LEVERAGE = 10_000.0


@dataclass(frozen=True, slots=True)
class Bracket:
    """One bracket.

    Attributes
    ----------
    cap_usd
        Largest notional at the liquidation price that belongs to it, USD; may be infinite.
    rate
        Maintenance margin rate: 0.004 is 0.4 %.
    max_leverage
        Highest leverage of a position of this size.
    """

    cap_usd: float
    rate: float
    max_leverage: float


@dataclass(frozen=True)
class BracketTable:
    """The brackets of one symbol from one day on. Immutable; validated at construction.

    Attributes
    ----------
    valid_from_ms
        UTC milliseconds.
    source
        Where the figures come from.
    brackets
        From the smallest up.
    is_flat
        One rate stands for brackets that are not known.

    Raises
    ------
    SettingsError
        Brackets are missing, overlap, descend or are out of range; the message is one line.
    """

    valid_from_ms: int
    source: str
    brackets: tuple[Bracket, ...]
    is_flat: bool = False

    def __post_init__(self) -> None:
        if not self.brackets:
            raise SettingsError("brackets: expected at least one, got none")
        for number, bracket in enumerate(self.brackets, 1):
            _require_in_range(number, bracket)
        for number, (lower, upper) in enumerate(pairwise(self.brackets), 2):
            if upper.cap_usd <= lower.cap_usd:
                raise SettingsError(
                    f"brackets: each cap must be above the one before, but number {number} ends "
                    f"at {upper.cap_usd:.10g} USD and number {number - 1} at {lower.cap_usd:.10g}"
                )
            if upper.rate < lower.rate or upper.max_leverage > lower.max_leverage:
                raise SettingsError(
                    f"brackets: rates must not fall and leverages not rise with size, but number "
                    f"{number} has {upper.rate:.10g} and {upper.max_leverage:.10g}x after "
                    f"{lower.rate:.10g} and {lower.max_leverage:.10g}x"
                )

    @cached_property
    def caps_usd(self) -> NDArray[np.float64]:
        """(n,) float64, USD; each belongs to its bracket."""
        return np.array([bracket.cap_usd for bracket in self.brackets])

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """(n,) float64."""
        return np.array([bracket.rate for bracket in self.brackets])

    @cached_property
    def max_leverages(self) -> NDArray[np.float64]:
        """(n,) float64."""
        return np.array([bracket.max_leverage for bracket in self.brackets])

    @cached_property
    def amounts_usd(self) -> NDArray[np.float64]:
        """Maintenance amounts ("cum"), (n,) float64, USD.

        Each makes maintenance continuous at the bracket's floor:
        ``cum[n] = cum[n-1] + floor[n] (rate[n] - rate[n-1])``.
        """
        steps = self.caps_usd[:-1] * np.diff(self.rates)
        return np.concatenate([[0.0], np.cumsum(steps)])

    def index(self, notional_usd: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return each notional's bracket, (n,); what is over the last cap is in the last."""
        found = np.searchsorted(self.caps_usd, notional_usd, side="left")
        return np.minimum(found, len(self.brackets) - 1)

    def maintenance_usd(self, notional_usd: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the maintenance margin, ``notional * rate - cum``, USD, of the same shape."""
        notional = np.asarray(notional_usd, np.float64)
        index = self.index(notional)
        return notional * self.rates[index] - self.amounts_usd[index]


def flat_table(rate: float = DEFAULT_RATE) -> BracketTable:
    """Return one rate for all sizes, for a symbol without brackets."""
    source = f"no brackets known: a maintenance margin rate of {rate:.10g} for all sizes"
    return BracketTable(0, source, (Bracket(math.inf, rate, _FLAT_MAX_LEVERAGE),), is_flat=True)


@dataclass(frozen=True, slots=True)
class BracketBook:
    """Dated tables of several symbols.

    Attributes
    ----------
    tables
        Symbol to its tables, in any order.
    """

    tables: dict[str, tuple[BracketTable, ...]]

    def in_force(self, symbol: str, at_ms: int, rate: float = DEFAULT_RATE) -> BracketTable:
        """Return the newest table that was valid at a time.

        Parameters
        ----------
        symbol
            As the exchange writes it.
        at_ms
            UTC milliseconds; later tables are not used.
        rate
            Maintenance margin rate where there is none.

        Returns
        -------
        BracketTable
            ``is_flat`` where there is none.
        """
        known = [one for one in self.tables.get(symbol, ()) if one.valid_from_ms <= at_ms]
        return max(known, key=lambda one: one.valid_from_ms) if known else flat_table(rate)

    @property
    def highest_leverage(self) -> float:
        """Return the highest leverage of any table, and of symbols without one."""
        known = [float(one.max_leverages[0]) for all_ in self.tables.values() for one in all_]
        return max(_FLAT_MAX_LEVERAGE, *known)

    def with_own(self, own: "BracketBook") -> "BracketBook":
        """Return a book in which the symbols of `own` have its tables only."""
        return BracketBook({**self.tables, **own.tables})


def parse_bracket_book(text: str) -> BracketBook:
    """Read the layout of `tables/brackets.json`; a user's own file has the same.

    Raises
    ------
    SettingsError
        It is no such table; the message is one line and names the symbol.
    """
    try:
        symbols = json.loads(text)["symbols"].items()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(
            'brackets: expected JSON like {"symbols": {"BTCUSDT": [...]}}, '
            f"got {type(error).__name__} while reading it"
        ) from None
    return BracketBook({symbol: _parse_tables(symbol, tables) for symbol, tables in symbols})


def _parse_tables(symbol: str, tables: Any) -> tuple[BracketTable, ...]:
    try:
        return tuple(_parse_table(table) for table in tables)
    except SettingsError as error:
        raise SettingsError(f"{symbol}: {error}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise SettingsError(
            f"{symbol}: each table needs valid_from (such as 2024-12-01), source, and brackets "
            f"with cap_usd, rate and max_leverage; got {type(error).__name__}: {error}"
        ) from None


def _parse_table(table: Any) -> BracketTable:
    day = datetime.fromisoformat(str(table["valid_from"]))
    day = day if day.tzinfo else day.replace(tzinfo=UTC)
    brackets = tuple(
        Bracket(_number(one["cap_usd"]), _number(one["rate"]), _number(one["max_leverage"]))
        for one in table["brackets"]
    )
    return BracketTable(round(day.timestamp() * 1_000), str(table["source"]), brackets)


def _number(value: Any) -> float:
    # A text would pass float() unseen, and a bool is an integer.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def _require_in_range(number: int, bracket: Bracket) -> None:
    # NaN fails each comparison.
    is_allowed = (
        bracket.cap_usd > 0
        and 0 <= bracket.rate < 1
        and 1 <= bracket.max_leverage <= _MOST_LEVERAGE
    )
    if not is_allowed:
        raise SettingsError(
            f"brackets: number {number} needs a cap above 0 USD, a rate from 0 to below 1 and a "
            f"leverage from 1 to {_MOST_LEVERAGE:.0f}, got {bracket.cap_usd:.10g}, "
            f"{bracket.rate:.10g} and {bracket.max_leverage:.10g}"
        )
