"""What a browser wants to see, as its page says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from Heatmap.domain.instruments import parse_instrument
from Heatmap.heatmap_settings import HEATS, WINDOWS_S, HeatmapSettings

INTERVALS_MIN = (1, 3, 5, 15, 30, 60, 240)
"""Candles that a page may show, minutes."""
PALETTES = {"dark": "aurora", "light": "daylight"}
"""The palette of each ground, where the current settings have the usual one."""
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class ChartChoice:
    """What one page shows.

    Attributes
    ----------
    symbol
        The instrument, as it is written.
    heat, window
        As the settings have them.
    interval_ms
        Of its candles.
    theme
        ``dark`` or ``light``.
    """

    symbol: str
    heat: str
    window: str
    interval_ms: int
    theme: str

    def settings(self, in_force: HeatmapSettings) -> HeatmapSettings:
        """Return the current settings, with what the page has chosen."""
        usual, palette = HeatmapSettings(), PALETTES[self.theme]
        changes: dict[str, Any] = {
            name: palette
            for name in ("palette", "predicted_palette")
            if getattr(in_force, name) == getattr(usual, name)
        }
        return in_force.changed(enabled=True, heat=self.heat, window=self.window, **changes)


def parse_choice(message: Mapping[str, Any]) -> ChartChoice:
    """Read what a page has chosen.

    Raises
    ------
    ValueError
        It is none; the words say what is allowed.
    """
    minutes = message.get("interval")
    allowed = {
        "heat": HEATS,
        "window": tuple(WINDOWS_S),
        "theme": tuple(PALETTES),
        "interval": INTERVALS_MIN,
    }
    for name, values in allowed.items():
        if message.get(name) not in values or isinstance(message[name], bool):
            words = ", ".join(map(str, values))
            raise ValueError(f"{name} must be one of {words}, got {str(message.get(name))[:40]!r}")
    return ChartChoice(
        symbol=str(parse_instrument(str(message.get("symbol"))[:80])),
        heat=message["heat"],
        window=message["window"],
        interval_ms=int(minutes or 1) * _MINUTE_MS,
        theme=message["theme"],
    )
