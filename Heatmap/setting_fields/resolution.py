"""How fine the grid is, as a setting's text says it. Pure."""

import re
from dataclasses import dataclass
from typing import Self

from Heatmap.errors import SettingsError

_ROWS_BY_COLUMNS = re.compile(r"(\d{1,4})x(\d{1,4})")
_PIXELS_PER_BIN = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)px")
_MIN_BINS, _MAX_ROWS, _MAX_COLUMNS, _MAX_PIXELS = 20, 1000, 4000, 50
_RESOLUTION_ALLOWED = (
    f"auto, ROWSxCOLUMNS ({_MIN_BINS}x{_MIN_BINS} to {_MAX_ROWS}x{_MAX_COLUMNS}) or 1px to "
    f"{_MAX_PIXELS}px"
)


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
        raise SettingsError(f"resolution must be {_RESOLUTION_ALLOWED}, got {text!r}")


def wrong_resolution(value: object) -> str:
    """Say what was expected of a resolution that is not allowed; empty: it is allowed."""
    try:
        Resolution.parse(str(value))
    except SettingsError:
        return _RESOLUTION_ALLOWED
    return ""
