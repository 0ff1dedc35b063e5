"""The language of the user interface: which one it is, and who translates into it.

Without `install_translation` everything is English. The files of translations are made by
``make translations``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, Qt, QTranslator

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QWidget

SYSTEM = "system"
LANGUAGES: Mapping[str, QLocale.Language] = {
    "en": QLocale.Language.English,
    "de": QLocale.Language.German,
}
"""The languages that there are, by the names that `install_translation` takes."""

FOLDER = Path(__file__).parent / "translations"
"""Where the catalogues are: a ``.ts`` to edit and a ``.qm`` to read for each language."""

# Where the system's own form of numbers and dates belongs to another language.
_USUAL = {"en": "en_GB", "de": "de_DE"}


class _Installed:
    """What is in use: one application has one language."""

    def __init__(self) -> None:
        self.locale = QLocale(_USUAL["en"])
        self.translators: list[QTranslator] = []


_installed = _Installed()


def install_translation(app: QCoreApplication, language: str | None = None) -> QLocale:
    """Have Heatmap's texts, and Qt's own, translated into a language; replaces the one before.

    Call it before the first widget or layer is made: what has been made keeps its texts. Numbers
    and dates of Heatmap follow, in the form of the system's country where that speaks the language.
    The default locale of the program stays as it is.

    Parameters
    ----------
    app
        The application.
    language
        ``de`` or ``en``; ``None`` or ``system``: the first of the system's languages that there is,
        else English.

    Returns
    -------
    QLocale
        How numbers and dates are written from now on.

    Raises
    ------
    ValueError
        There is no such language.
    """
    name = _system_language() if language in (None, SYSTEM) else str(language)
    if name not in LANGUAGES:
        raise ValueError(f"language must be {SYSTEM}, {', '.join(LANGUAGES)}, got {language!r}")
    for translator in _installed.translators:
        app.removeTranslator(translator)
    _installed.translators.clear()
    _installed.locale = _locale_of(name)
    qt, own = QTranslator(app), QTranslator(app)
    if not own.load(f"heatmap_{name}", str(FOLDER)):
        # The sources are English.
        return _installed.locale
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    # Where it is not shipped, Qt's standard buttons stay English.
    _installed.translators = [qt, own] if qt.load(f"qtbase_{name}", folder) else [own]
    for translator in _installed.translators:
        app.installTranslator(translator)
    return _installed.locale


def users_locale() -> QLocale:
    """Return how Heatmap writes numbers and dates for the user."""
    return _installed.locale


def write_as_user(widget: "QWidget") -> None:
    """Have a widget, and what it holds, write numbers as the user does, from left to right.

    A host may have another locale, and may be laid out from right to left; the words are of
    neither.
    """
    widget.setLocale(users_locale())
    widget.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def locale_name() -> str:
    """Return the same as JavaScript calls it, such as ``de-DE``."""
    return users_locale().name().replace("_", "-")


def page_language(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a page is told of the language: see ``js/heatmap_language.js``.

    Parameters
    ----------
    words
        What the page says by itself, in the user's language.
    """
    return {"locale": locale_name(), "words": dict(words)}


def _system_language() -> str:
    names = {language: name for name, language in LANGUAGES.items()}
    for text in QLocale.system().uiLanguages():
        language = QLocale(text).language()
        # Qt takes what it does not know for the C locale.
        if language in names:
            return names[language]
    return "en"


def _locale_of(name: str) -> QLocale:
    system = QLocale.system()
    is_systems = system.language() == LANGUAGES[name] and system.name() != "C"
    return QLocale(system.name()) if is_systems else QLocale(_USUAL[name])
