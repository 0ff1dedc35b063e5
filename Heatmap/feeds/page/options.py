"""The options that the page applies by itself: their defaults, and what each takes. Pure."""

from collections.abc import Mapping
from typing import Any

from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings

_FIELDS = {option: name for name, option in SETTINGS.page_options().items()}
_DEFAULTS = HeatmapSettings()

DEFAULT_OPTIONS: Mapping[str, Any] = {
    "label": "",
    **{option: getattr(_DEFAULTS, name) for option, name in _FIELDS.items()},
    "visible": True,
}
"""What a layer begins with."""


def checked_option(name: str, value: object) -> object:
    """Return the value of an option.

    Raises
    ------
    SettingsError
        An unknown option, or a value that it does not take.
    """
    if name == "label":
        expected = "" if isinstance(value, str) else "a text"
    elif name in _FIELDS:
        expected = SETTINGS[_FIELDS[name]].kind.wrong(value)
    else:
        raise SettingsError(f"no option is called {name!r}; there are {', '.join(DEFAULT_OPTIONS)}")
    if expected:
        raise SettingsError(f"{name} must be {expected}, got {value!r}")
    return value
