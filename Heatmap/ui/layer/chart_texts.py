"""The words on the chart in the user's language: the one door of texts that Python hands the page.

Sources and picture know no Qt and say everything in English, by phrases that keep what they are
made of (`Heatmap.domain.phrases`). What they say under the names in `WORDS` is put into the user's
language; a text that is no phrase is looked up as it stands.
"""

from collections.abc import Mapping
from typing import Any

from Heatmap.picture.texts import PAGE_WORDS
from Heatmap.ui.language import page_language
from Heatmap.ui.phrase_texts import in_words

WORDS = frozenset(
    [
        "words",
        "text",
        "sourceText",
        "sinceText",
        "longText",
        "shortText",
        "lines",
        "labels",
        "label",
        "missing",
        "hint",
        "end",
        "per",
    ]
)
"""Names under which a message has words, alone or several; other texts of it are none to read."""


def in_users_language(message: Any) -> Any:
    """Return what the page is handed, its words translated.

    Parameters
    ----------
    message
        Plain data; lists of anything but mappings, such as those of cells and gaps, stay.
    """
    if isinstance(message, Mapping):
        return {
            name: _translated(value) if name in WORDS else in_users_language(value)
            for name, value in message.items()
        }
    if isinstance(message, list) and message and isinstance(message[0], Mapping):
        return [in_users_language(one) for one in message]
    return message


def language_of_page() -> dict[str, Any]:
    """Return what a page is told of the language, see ``LayerConfig`` in the layer's script."""
    return page_language(_translated(PAGE_WORDS))


def _translated(words: Any) -> Any:
    if isinstance(words, str):
        return in_words(words)
    if isinstance(words, Mapping):
        return {name: _translated(one) for name, one in words.items()}
    if isinstance(words, list | tuple):
        return [_translated(one) for one in words]
    return words
