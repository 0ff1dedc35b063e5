"""Phrases in the user's language: templates translated, values put in as the locale writes them.

All of them are in the context ``Chart`` of a translation.
"""

from typing import Any

from PyQt6.QtCore import QCoreApplication

from Heatmap.domain.phrases import Joined, Moment, Number, Phrase, capital
from Heatmap.ui.number_texts import in_locale, moment_words

_CONTEXT = "Chart"


def in_words(text: str) -> str:
    """Return a text of the sources and pictures as the user reads it.

    Parameters
    ----------
    text
        A phrase or what one is made of; of any other text a translation is looked up as it stands.
    """
    match text:
        case Number():
            return in_locale(text)
        case Moment():
            return moment_words(text)
        case Joined():
            words = text.separator.join(map(in_words, text.parts))
            return capital(words) if text.is_sentence else words
        case Phrase():
            return _in_words(text)
    return QCoreApplication.translate(_CONTEXT, text) if text else text


def _in_words(phrase: Phrase) -> str:
    if phrase.number is None:
        template = QCoreApplication.translate(_CONTEXT, phrase.template)
    else:
        template = QCoreApplication.translate(_CONTEXT, phrase.template, "", phrase.number)
        if template == phrase.template:
            # Nobody translates: English has its own words for one.
            template = phrase.english
    if not phrase.values:
        # Braces in it are the page's.
        return template
    return template.format_map({name: _value(one) for name, one in phrase.values.items()})


def _value(value: Any) -> Any:
    """Return a value as it is put in; names of symbols and venues are the same everywhere."""
    return in_words(value) if isinstance(value, Number | Moment | Joined | Phrase) else value
