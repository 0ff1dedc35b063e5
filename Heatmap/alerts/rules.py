"""What an alert rule says, and which rules are refused. Pure.

A rule is of one kind and uses some of the fields; the others keep their defaults. `parse_rule` and
`rule_text` are its form on a command line and in a file: ``cascade,usd=500k,seconds=30,count=5``.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from Heatmap.alerts.alert import AlertKind
from Heatmap.domain.instruments import ALL_SYMBOLS, BINANCE_USDM, Instrument, parse_instrument
from Heatmap.errors import SettingsError

SIDES = ("either", "long", "short")
LEVEL_KINDS = ("clusters", "predicted")
LONGEST_SECONDS = 3_600
LONGEST_QUIET_S = 86_400
MOST_COUNT = 10_000
MOST_USD = 1e12
USD_UNITS: Mapping[str, float] = {"k": 1e3, "m": 1e6, "b": 1e9}
MOST_NORMAL_MINUTES = 1e6
DISTANCES = (0.01, 20.0)
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
# What a rule's text can hold, see `rule_text`.
_WAY = re.compile(r"[^,+]{1,40}")
_DECIMALS = 9

_USED: Mapping[AlertKind, frozenset[str]] = {
    AlertKind.LARGE: frozenset({"symbol", "side", "usd", "normal", "quiet"}),
    AlertKind.CASCADE: frozenset({"symbol", "side", "usd", "normal", "seconds", "count", "quiet"}),
    AlertKind.NEAR_LEVEL: frozenset({"symbol", "levels", "usd", "distance", "quiet"}),
    AlertKind.RECORDING_STOPS: frozenset({"seconds", "quiet"}),
    AlertKind.NOT_SAVED: frozenset({"seconds", "quiet"}),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, checked once when it is made.

    Attributes
    ----------
    id
        Names it in files and alerts: letters, digits, ``-`` and ``_``, at most 40.
    kind
        What it watches for.
    symbol
        One instrument as it is written, or ``ALL``: each recorded one by itself.
    side
        ``long`` or ``short``; ``either``: longs and shorts, each by themselves.
    usd
        From how many USD on; ``None``: `normal` says it.
    normal
        The same as a multiple of what is liquidated of the symbol in a usual minute; ``None``:
        `usd` says it.
    seconds
        Of a cascade: within how long. Of the recording: after how long.
    count
        Of a cascade: how many liquidations at least.
    levels
        ``clusters`` or ``predicted``.
    distance
        How near the price comes to a level, percent of the price.
    quiet
        Seconds for which it does not ring again, of the same instrument and side.
    ways
        By which ways it is told; empty: in the window and on the terminal only.
    is_enabled
        Whether it rings.

    Raises
    ------
    SettingsError
        A value is not allowed, or the rule can never ring.
    """

    id: str
    kind: AlertKind
    symbol: str = ALL_SYMBOLS
    side: str = "either"
    usd: float | None = None
    normal: float | None = None
    seconds: int = 30
    count: int = 1
    levels: str = "predicted"
    distance: float = 0.3
    quiet: int = 0
    ways: tuple[str, ...] = ()
    is_enabled: bool = True

    def __post_init__(self) -> None:
        _require(bool(_ID.fullmatch(self.id)), "id", "letters, digits, - and _", self.id)
        if self.symbol != ALL_SYMBOLS:
            object.__setattr__(self, "symbol", _instrument(self.symbol))
        _require(self.side in SIDES, "side", "one of " + ", ".join(SIDES), self.side)
        _require(
            self.levels in LEVEL_KINDS, "levels", "one of " + ", ".join(LEVEL_KINDS), self.levels
        )
        _in_range("usd", self.usd, 0, MOST_USD)
        _in_range("normal", self.normal, 0, MOST_NORMAL_MINUTES)
        _in_range("seconds", self.seconds, 1, LONGEST_SECONDS)
        _in_range("count", self.count, 1, MOST_COUNT)
        _in_range("distance", self.distance, *DISTANCES)
        _in_range("quiet", self.quiet, 0, LONGEST_QUIET_S)
        for way in self.ways:
            is_right = bool(_WAY.fullmatch(way)) and way.isprintable() and way.strip() == way
            _require(is_right, "ways", "names without commas and +, 40 characters at most", way)
        self._require_able_to_ring()

    @property
    def uses(self) -> frozenset[str]:
        """Names of the fields that its kind uses, beside `id`, `ways` and `is_enabled`."""
        return _USED[self.kind]

    def watches(self, instrument: str) -> bool:
        """Whether it is about an instrument, as that is written."""
        return self.symbol in (ALL_SYMBOLS, instrument)

    def threshold_usd(self, normal_minute_usd: float | None) -> float | None:
        """Return from how many USD on it rings; ``None``: the usual minute is not known yet."""
        if self.usd is not None:
            return self.usd
        if self.normal is None or normal_minute_usd is None:
            return None
        return self.normal * normal_minute_usd

    def _require_able_to_ring(self) -> None:
        if self.kind in (AlertKind.LARGE, AlertKind.CASCADE):
            given = [one for one in (self.usd, self.normal) if one is not None]
            if len(given) != 1:
                raise SettingsError(
                    f"rule {self.id}: expected usd= (such as 500k) or normal= (multiples of a "
                    f"usual minute), got {'both' if given else 'neither'}"
                )
        if self.kind is AlertKind.NEAR_LEVEL and self.usd is None:
            raise SettingsError(f"rule {self.id}: expected usd= (the least size of a level)")
        most = self.seconds + 1
        is_capped = self.symbol != ALL_SYMBOLS and _venue(self.symbol) == BINANCE_USDM
        if self.kind is AlertKind.CASCADE and is_capped and self.count > most:
            raise SettingsError(
                f"rule {self.id} can never ring: Binance reports at most one liquidation per "
                f"symbol and second, so {self.count} do not come within {self.seconds} s; take "
                f"count={most} or less, or more seconds"
            )
        if self.kind is AlertKind.CASCADE and self.symbol == ALL_SYMBOLS and self.count > most:
            raise SettingsError(
                f"rule {self.id} can never ring on Binance, which reports at most one liquidation "
                f"per symbol and second: {self.count} do not come within {self.seconds} s; take "
                f"count={most} or less, or more seconds"
            )


def parse_rule(text: str, number: int = 1) -> Rule:
    """Read a rule such as ``large,usd=500k,side=long`` or ``stops,seconds=60``.

    Parameters
    ----------
    text
        The kind, then ``name=value`` with commas between. ``id`` and ``ways`` (with ``+`` between)
        may be among them. Amounts take ``k``, ``M``, ``B``; times ``s``, ``m``, ``h``.
    number
        Makes the id where none is given: ``large-1``.

    Raises
    ------
    SettingsError
        It says what is allowed.
    """
    kind_text, *parts = (part.strip() for part in text.split(","))
    try:
        kind = AlertKind(kind_text)
    except ValueError:
        raise SettingsError(
            f"an alert rule begins with one of {', '.join(AlertKind)}, got {kind_text[:40]!r}; "
            "for example: cascade,usd=500k,seconds=30,count=5"
        ) from None
    values: dict[str, Any] = {"id": f"{kind.value}-{number}"}
    allowed = _USED[kind] | {"id", "ways"}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or name not in allowed:
            raise SettingsError(
                f"a rule of the kind {kind.value} takes {', '.join(sorted(allowed))} as "
                f"name=value, got {part[:60]!r}"
            )
        if name in values and name != "id":
            raise SettingsError(f"{name} is given twice in {text[:80]!r}; give it once")
        values[name] = _READERS[name](name, value)
    return Rule(kind=kind, **values)


def rule_text(rule: Rule) -> str:
    """Return the rule as `parse_rule` reads it; whether it is enabled is not in it."""
    parts = [rule.kind.value, f"id={rule.id}"]
    defaults = {one.name: one.default for one in fields(Rule)}
    for name in ("symbol", "side", "usd", "normal", "levels", "distance", "seconds", "count"):
        value = getattr(rule, name)
        if name in rule.uses and value != defaults[name]:
            parts.append(f"{name}={_plain_number(value)}")
    if rule.quiet:
        parts.append(f"quiet={rule.quiet}")
    if rule.ways:
        parts.append(f"ways={'+'.join(rule.ways)}")
    return ",".join(parts)


def _plain_number(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.15g}"
    # Never as 1e-05, which nobody enters.
    return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".") if "e" in text else text


def _require(is_right: bool, name: str, expected: str, got: object) -> None:
    if not is_right:
        raise SettingsError(f"{name} of an alert rule: expected {expected}, got {str(got)[:60]!r}")


def _in_range(name: str, value: float | None, least: float, most: float) -> None:
    if value is None:
        return
    is_right = math.isfinite(value) and least <= value <= most and (least > 0 or value > 0)
    if name == "quiet":
        is_right = 0 <= value <= most
    least_text = "more than 0" if least == 0 and name != "quiet" else f"{least:g}"
    _require(is_right, name, f"a number from {least_text} to {most:g}", value)


def _instrument(text: str) -> str:
    try:
        return str(parse_instrument(text))
    except ValueError as error:
        raise SettingsError(f"symbol of an alert rule: {error}") from None


def _venue(written: str) -> str:
    found = parse_instrument(written) if ":" in written else Instrument(BINANCE_USDM, written)
    return found.venue


def _amount(name: str, text: str) -> float:
    return _number(name, text, USD_UNITS, "500k, 2.5M or 1000000")


def _seconds(name: str, text: str) -> int:
    return round(_number(name, text, {"s": 1, "m": 60, "h": 3600}, "30, 30s, 5m or 1h"))


def _multiple(name: str, text: str) -> float:
    # No percent sign: 50% of a usual minute would be read as fifty of them.
    return _number(name, text, {"x": 1.0}, "20 or 0.5")


def _percent(name: str, text: str) -> float:
    return _number(name, text, {"%": 1.0}, "0.3")


def _whole(name: str, text: str) -> int:
    number = _number(name, text, {}, "5")
    _require(number == int(number), name, "a whole number", text)
    return int(number)


def _number(name: str, text: str, units: Mapping[str, float], example: str) -> float:
    unit = units.get(text[-1:].lower())
    digits = text if unit is None else text[:-1]
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", digits):
        raise SettingsError(
            f"{name} of an alert rule: expected a number such as {example}, got {text[:40]!r}"
        )
    return float(digits) * (1.0 if unit is None else unit)


def _text(_name: str, text: str) -> str:
    return text


def _ways(_name: str, text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("+")))


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "id": _text,
    "symbol": _text,
    "side": _text,
    "levels": _text,
    "usd": _amount,
    "normal": _multiple,
    "distance": _percent,
    "seconds": _seconds,
    "quiet": _seconds,
    "count": _whole,
    "ways": _ways,
}
