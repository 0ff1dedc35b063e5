"""The settings: one frozen object, validated once, to and from a plain mapping of texts.

The defaults stand here and nowhere else. A settings store keeps each field as the text that
`HeatmapSettings.to_texts` gives; the command line takes the same texts.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from Heatmap.errors import SettingsError

WS_URL = "wss://fstream.binance.com"
"""Base of Binance's USD-M websocket addresses."""
REST_URL = "https://fapi.binance.com"
"""Base of Binance's USD-M REST addresses."""

WINDOWS_S: Mapping[str, int] = {"2h": 7_200, "8h": 28_800, "2d": 172_800}
DECAYS_S: Mapping[str, float | None] = {"off": None, "20m": 1_200.0, "60m": 3_600.0, "6h": 21_600.0}
PALETTES = ("aurora", "viridis", "inferno", "ice", "daylight")
NORMALIZATIONS = ("linear", "sqrt", "log")
SHAPES = ("bands", "spots", "cells")
SIDES = ("both", "longs", "shorts", "split")
ALL_SYMBOLS = "ALL"

SYMBOL_PATTERN = re.compile(r"[A-Z0-9]{2,30}(_[A-Z0-9]{1,20})?")
"""What a symbol looks like, such as ``BTCUSDT`` or ``BTCUSDT_260327``."""
_ROWS_BY_COLUMNS = re.compile(r"(\d{1,4})x(\d{1,4})")
_PIXELS_PER_BIN = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)px")
_MIN_BINS, _MAX_ROWS, _MAX_COLUMNS, _MAX_PIXELS = 20, 1000, 4000, 50
_TRUE_WORDS = frozenset({"yes", "true", "on", "1"})
_FALSE_WORDS = frozenset({"no", "false", "off", "0"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """How fine the grid is: a fixed number of rows and columns, pixels per bin, or neither (auto).

    Attributes
    ----------
    rows, columns
        Bins in the visible price range and in the window; ``None`` unless both are fixed.
    pixels_per_bin
        CSS pixels that a bin takes in both directions; ``None`` unless fixed.
    """

    rows: int | None = None
    columns: int | None = None
    pixels_per_bin: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``auto``, ``ROWSxCOLUMNS`` (20x20 to 1000x4000) or ``Npx`` (1 to 50).

        Raises
        ------
        SettingsError
            The text is none of these.
        """
        if text == "auto":
            return cls()
        if match := _ROWS_BY_COLUMNS.fullmatch(text):
            rows, columns = int(match[1]), int(match[2])
            if _MIN_BINS <= rows <= _MAX_ROWS and _MIN_BINS <= columns <= _MAX_COLUMNS:
                return cls(rows=rows, columns=columns)
        elif match := _PIXELS_PER_BIN.fullmatch(text):
            pixels = float(match[1])
            if 1 <= pixels <= _MAX_PIXELS:
                return cls(pixels_per_bin=pixels)
        raise SettingsError(
            f"resolution must be auto, ROWSxCOLUMNS ({_MIN_BINS}x{_MIN_BINS} to "
            f"{_MAX_ROWS}x{_MAX_COLUMNS}) or 1px to {_MAX_PIXELS}px, got {text!r}"
        )


@dataclass(frozen=True, slots=True)
class HeatmapSettings:
    """Everything a user can set. Immutable; derive a changed one with `changed`.

    Attributes
    ----------
    enabled
        Whether the heatmap is drawn; recording goes on either way.
    window
        Time span of the grid: one of `WINDOWS_S`.
    opacity
        Alpha of the strongest cell, 0 to 1.
    palette
        One of `PALETTES`.
    normalization
        One of `NORMALIZATIONS`: how USD map to brightness.
    decay
        One of `DECAYS_S`: the time constant with which a liquidation fades.
    shape
        One of `SHAPES`.
    side
        One of `SIDES`: whose liquidations are drawn; ``split``: both, each in its own colour.
    minimum_notional
        Events below this many USD are not drawn (they are recorded all the same).
    clip_percentile
        The automatic scale ends at this percentile of the non-zero cells, 90 to 100.
    clip_usd
        Where the scale ends when it is locked, USD; ``None``: automatic.
    resolution
        ``auto``, ``ROWSxCOLUMNS`` or ``Npx``, see `Resolution.parse`.
    update_interval_ms
        At most one live update of the picture in this time, 250 to 1000.
    retention_days
        Older events are deleted, 1 to 3650.
    keep_raw
        Whether the exchange's message is stored with each event.
    symbols
        Symbols to record, or ``("ALL",)``.
    gap_hatch
        Whether time that was not recorded is hatched.
    colour_bar
        Whether the chart says what the colours mean in USD.
    price_profile
        Whether the window's longs and shorts per price row are drawn at the right edge.
    tooltip
        Whether the crosshair tells what lies under it.
    source_line
        Whether the chart says where the data come from.
    cluster_levels
        Whether the strongest price clusters are drawn as levels.
    cluster_level_count
        At most so many levels, 1 to 30.
    cluster_window_pct
        Widest price range of a cluster as a part of its lowest price, 0.001 to 0.5.
    min_cluster_size
        Liquidations that make a cluster, 1 to 1000.
    time_decay_minutes
        Time constant with which a liquidation loses weight in its cluster, 1 to 1440.
    lookback_time_constants
        Older liquidations, in time constants, are in no cluster, 0.5 to 50.
    cluster_interval_s
        The clusters are looked at anew at most once in this time, 1 to 60.

    Raises
    ------
    SettingsError
        A value is not allowed; the message names the field, what is allowed and what came.
    """

    enabled: bool = False
    window: str = "2h"
    opacity: float = 0.75
    palette: str = "aurora"
    normalization: str = "sqrt"
    decay: str = "60m"
    shape: str = "bands"
    side: str = "both"
    minimum_notional: float = 0.0
    clip_percentile: float = 99.5
    clip_usd: float | None = None
    resolution: str = "auto"
    update_interval_ms: int = 250
    retention_days: int = 14
    keep_raw: bool = True
    symbols: tuple[str, ...] = ("BTCUSDT",)
    gap_hatch: bool = True
    colour_bar: bool = True
    price_profile: bool = False
    tooltip: bool = True
    source_line: bool = True
    cluster_levels: bool = False
    cluster_level_count: int = 6
    cluster_window_pct: float = 0.02
    min_cluster_size: int = 5
    time_decay_minutes: float = 60.0
    lookback_time_constants: float = 6.0
    cluster_interval_s: float = 5.0

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            _require_choice(name, getattr(self, name), allowed)
        for name, (low, high) in _RANGES.items():
            _require_range(name, getattr(self, name), low, high)
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(f"{name} must be yes or no, got {getattr(self, name)!r}")
        for name in _WHOLE_NUMBERS:
            if not isinstance(getattr(self, name), int):
                raise SettingsError(f"{name} must be a whole number, got {getattr(self, name)!r}")
        if self.clip_usd is not None:
            _require_range("clip_usd", self.clip_usd, *_CLIP_USD_RANGE)
        Resolution.parse(self.resolution)
        _require_symbols(self.symbols)

    @property
    def window_ms(self) -> int:
        """Time span of the grid, milliseconds."""
        return WINDOWS_S[self.window] * 1000

    @property
    def decay_tau_ms(self) -> float | None:
        """Time constant of the decay, milliseconds; ``None``: no decay."""
        tau_s = DECAYS_S[self.decay]
        return None if tau_s is None else tau_s * 1000.0

    @property
    def retention_ms(self) -> int:
        """How long events are kept, milliseconds."""
        return self.retention_days * 86_400_000

    def changed(self, **values: object) -> Self:
        """Return a copy with some fields replaced.

        Raises
        ------
        SettingsError
            A value is not allowed, or there is no such field.
        """
        for name in values:
            _require_field(name)
        return replace(self, **values)  # type: ignore[arg-type]  # validated by __post_init__

    def to_texts(self) -> dict[str, str]:
        """Return every field as text, as `from_texts` and a settings store take it."""
        return {field.name: _to_text(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], base: "HeatmapSettings | None" = None) -> Self:
        """Build settings from texts; fields that are not named keep the value of `base`.

        Parameters
        ----------
        texts
            Field name to text, as `to_texts` gives it.
        base
            Where the other fields come from; the defaults when ``None``.

        Raises
        ------
        SettingsError
            An unknown field, or a text that is not a value of its field.
        """
        values = (base or cls()).as_mapping()
        for name, text in texts.items():
            values[name] = parse_field(name, text)
        return cls(**values)

    @classmethod
    def repaired(cls, texts: Mapping[str, str], base: Self | None = None) -> tuple[Self, list[str]]:
        """Build settings from a store that may be old or damaged; never raises.

        Returns
        -------
        (settings, warnings)
            Fields with an unusable text keep the value of `base` (default: the defaults), each
            named in one line of `warnings`; so is each unknown field, which is ignored.
        """
        settings = base or cls()
        warnings: list[str] = []
        for name, text in texts.items():
            try:
                settings = settings.changed(**{name: parse_field(name, text)})
            except SettingsError as error:
                warnings.append(str(error))
        return settings, warnings

    def as_mapping(self) -> dict[str, Any]:
        """Return field name to value."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


_SWITCHES = (
    "enabled",
    "keep_raw",
    "gap_hatch",
    "colour_bar",
    "price_profile",
    "tooltip",
    "source_line",
    "cluster_levels",
)
_WHOLE_NUMBERS = (
    "update_interval_ms",
    "retention_days",
    "cluster_level_count",
    "min_cluster_size",
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "window": tuple(WINDOWS_S),
    "palette": PALETTES,
    "normalization": NORMALIZATIONS,
    "decay": tuple(DECAYS_S),
    "shape": SHAPES,
    "side": SIDES,
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "opacity": (0.0, 1.0),
    "minimum_notional": (0.0, 1e12),
    "clip_percentile": (90.0, 100.0),
    "update_interval_ms": (250, 1000),
    "retention_days": (1, 3650),
    "cluster_level_count": (1, 30),
    "cluster_window_pct": (0.001, 0.5),
    "min_cluster_size": (1, 1000),
    "time_decay_minutes": (1, 1440),
    "lookback_time_constants": (0.5, 50),
    "cluster_interval_s": (1, 60),
}
_CLIP_USD_RANGE = (1.0, 1e12)
_OTHER_VALUES: Mapping[str, str] = {
    "clip_usd": "auto, or USD from 1",
    "resolution": "auto, ROWSxCOLUMNS such as 240x920, or pixels per bin such as 3px",
    "symbols": f"one or more like BTCUSDT with commas between, or {ALL_SYMBOLS} alone",
}


def value_range(name: str) -> tuple[float, float]:
    """Return the least and the greatest number that the field `name` takes.

    Raises
    ------
    KeyError
        The field is none of numbers.
    """
    return _CLIP_USD_RANGE if name == "clip_usd" else _RANGES[name]


def allowed_values(name: str) -> str:
    """Return in a few words which texts the field `name` takes."""
    if name in _CHOICES:
        return ", ".join(_CHOICES[name])
    if name in _RANGES:
        low, high = _RANGES[name]
        return f"{low:g} to {high:g}"
    return _OTHER_VALUES.get(name, "yes or no")


def parse_field(name: str, text: str) -> object:
    """Turn the text of one field into its value (not yet checked against the field's range).

    Raises
    ------
    SettingsError
        There is no such field, or the text cannot be read as its type.
    """
    _require_field(name)
    parser = _PARSERS.get(name)
    if parser is None:
        return text
    try:
        return parser(text)
    except ValueError:
        raise SettingsError(f"{name} must be {allowed_values(name)}, got {text!r}") from None


def _parse_bool(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE_WORDS:
        return True
    if word in _FALSE_WORDS:
        return False
    raise ValueError(text)


def _parse_optional_float(text: str) -> float | None:
    return None if text == "auto" else float(text)


def _parse_symbols(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))


_PARSERS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(_SWITCHES, _parse_bool),
    "opacity": float,
    "minimum_notional": float,
    "clip_percentile": float,
    "clip_usd": _parse_optional_float,
    "cluster_window_pct": float,
    "time_decay_minutes": float,
    "lookback_time_constants": float,
    "cluster_interval_s": float,
    **dict.fromkeys(_WHOLE_NUMBERS, int),
    "symbols": _parse_symbols,
}


def _to_text(value: object) -> str:
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def _require_field(name: str) -> None:
    known = HeatmapSettings.__dataclass_fields__
    if name not in known:
        raise SettingsError(f"no setting is called {name!r}; there are {', '.join(known)}")


def _require_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def _require_range(name: str, value: object, low: float, high: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type, operator]
        raise SettingsError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")


def _require_symbols(symbols: object) -> None:
    if (
        not isinstance(symbols, tuple)
        or not symbols
        or not all(
            isinstance(symbol, str) and SYMBOL_PATTERN.fullmatch(symbol) for symbol in symbols
        )
        or len(set(symbols)) < len(symbols)
        or (ALL_SYMBOLS in symbols and len(symbols) > 1)
    ):
        given = ",".join(map(str, symbols)) if isinstance(symbols, tuple) else repr(symbols)
        raise SettingsError(
            f"symbols must be one or more like BTCUSDT, each once, or {ALL_SYMBOLS} alone, "
            f"got {given}"
        )
