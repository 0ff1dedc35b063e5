"""Texts that can be said in another language: a template, and the values that go into it. Pure.

A `Phrase` is its English text. It also keeps what that was made of, so that the user interface can
put the same values into a translated template (`Heatmap.ui.phrase_texts`). Whoever does not know
that, such as the server, a log or a terminal, has an English text like any other.

Templates are literals in calls of `say` and `counted`: there ``make translations`` finds them.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Self

from Heatmap.runtime.compat import override


class Phrase(str):
    """An English text with its template and values.

    Attributes
    ----------
    template
        The English text with names in braces; of several, the one for more than one.
    english
        The same, for as many as there are.
    values
        What stands for the names; texts, numbers, other phrases.
    number
        How many of what it counts; ``None``: it counts nothing.
    """

    __slots__ = ("english", "number", "template", "values")

    template: str
    english: str
    values: Mapping[str, Any]
    number: int | None

    @classmethod
    def made(
        cls,
        template: str,
        values: Mapping[str, Any],
        number: int | None = None,
        english: str = "",
    ) -> Self:
        """Make one of its parts; `english` is left out where it is the template."""
        english = english or template
        phrase = cls(english.format_map(values) if values else english)
        phrase.template, phrase.english = template, english
        phrase.values, phrase.number = values, number
        return phrase


class Joined(str):
    """Several texts in a row.

    Attributes
    ----------
    separator
        What stands between them.
    parts
        The texts.
    is_sentence
        Whether it begins with a capital.
    """

    __slots__ = ("is_sentence", "parts", "separator")

    separator: str
    parts: tuple[str, ...]
    is_sentence: bool


class Number(str):
    """A number as it is written in English: a point before decimals, commas between groups."""

    __slots__ = ()


class MomentForm(Enum):
    """How much of a time is said. The values are English `datetime.strftime` without the day."""

    DAY_OF_MONTH = ""
    DAY = " %b"
    DATE = " %b %Y"
    MINUTE = " %b %Y %H:%M UTC"


class Moment(str):
    """A time in UTC.

    Attributes
    ----------
    ms
        UTC milliseconds.
    form
        How much of it is said.
    """

    __slots__ = ("form", "ms")

    ms: int
    form: MomentForm

    def __new__(cls, ms: int, form: MomentForm = MomentForm.MINUTE) -> Self:
        """Say a time in English."""
        time = datetime.fromtimestamp(ms / 1000, UTC)
        moment = super().__new__(cls, f"{time.day}{time:{form.value}}" if form.value else time.day)
        moment.ms, moment.form = ms, form
        return moment

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Return what it is copied by."""
        return Moment, (self.ms, self.form)


def say(template: str, **values: object) -> Phrase:
    """Return a text.

    Parameters
    ----------
    template
        A literal in English. Without values it stays as it is: braces in it are the page's.
    values
        What stands for the names in braces.
    """
    return Phrase.made(template, values)


def counted(one: str, several: str, count: int, **values: object) -> Phrase:
    """Return a text that counts something.

    Parameters
    ----------
    one, several
        Literals in English, for one and for any other number, which is ``{count}`` in them.
    count
        How many.
    values
        What stands for other names in braces.
    """
    values = {"count": whole(count), **values}
    return Phrase.made(several, values, count, one if count == 1 else several)


def joined(separator: str, parts: Iterable[str], *, is_sentence: bool = False) -> Joined:
    """Return several texts in a row, as a sentence with a capital in front."""
    parts = tuple(parts)
    text = separator.join(parts)
    row = Joined(capital(text) if is_sentence else text)
    row.separator, row.parts, row.is_sentence = separator, parts, is_sentence
    return row


def capital(text: str) -> str:
    """Return a text with a capital in front."""
    return text[:1].upper() + text[1:]


def whole(number: float) -> Number:
    """Return a number without decimals, its digits in groups, rounded down."""
    return Number(f"{int(number // 1):,}")


def significant(number: float, digits: int) -> Number:
    """Return a number with so many significant digits at most."""
    return Number(f"{float(f'{number:.{digits}g}'):.12g}")
