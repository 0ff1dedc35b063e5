"""Which language the window speaks: the system's, or what the user has chosen."""

from PyQt6.QtCore import QSettings

SETTING = "Window/language"
NAMES = {"system": "", "en": "English", "de": "Deutsch"}
"""What can be chosen, with the language's own name."""


def stored_language(store: QSettings) -> str:
    """Return what the user has chosen; what is not known counts as the system's language."""
    text = str(store.value(SETTING, "system"))
    return text if text in NAMES else "system"


def keep_language(store: QSettings, language: str) -> None:
    """Keep what the user has chosen, one of `NAMES`."""
    store.setValue(SETTING, language)
