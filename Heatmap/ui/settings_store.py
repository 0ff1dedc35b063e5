"""Settings in a host's QSettings, under the group ``Heatmap/``."""

import logging
from collections.abc import Iterable, Mapping

from PyQt6.QtCore import QSettings

from Heatmap.heatmap_settings import HeatmapSettings

logger = logging.getLogger(__name__)

GROUP = "Heatmap"


def load_settings(store: QSettings, defaults: HeatmapSettings | None = None) -> HeatmapSettings:
    """Read the settings that `save_settings` wrote.

    Parameters
    ----------
    store
        The host's settings; only keys below ``Heatmap/`` are read.
    defaults
        Where fields that are not stored come from.

    Returns
    -------
    HeatmapSettings
        A field with an unusable text keeps its default; each is logged as a warning.
    """
    settings, warnings = HeatmapSettings.repaired(stored_texts(store), defaults)
    for warning in warnings:
        logger.warning("a stored setting is not used: %s", warning)
    return settings


def save_settings(store: QSettings, settings: HeatmapSettings, names: Iterable[str]) -> None:
    """Write the fields called `names`; the others keep what is stored."""
    texts = settings.to_texts()
    for name in names:
        store.setValue(f"{GROUP}/{name}", texts[name])


def stored_texts(store: QSettings) -> dict[str, str]:
    """Return what is stored below ``Heatmap/``, field name to text."""
    store.beginGroup(GROUP)
    try:
        return {key: _as_text(store.value(key)) for key in store.childKeys()}
    finally:
        store.endGroup()


def replace_texts(store: QSettings, texts: Mapping[str, str]) -> None:
    """Store exactly `texts` below ``Heatmap/``, nothing else."""
    for name in stored_texts(store).keys() - texts.keys():
        store.remove(f"{GROUP}/{name}")
    for name, text in texts.items():
        store.setValue(f"{GROUP}/{name}", text)


def _as_text(value: object) -> str:
    # An INI file gives a list for a text with commas in it.
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return str(value)
