"""A letter of its own for each row: in any language, with a host's rows among them.

The letters that the texts mark are kept where they can be. Translations, and rows that a host adds,
know nothing of each other, so that the same letter may be marked twice, or none.
"""

from collections.abc import Iterable, Sequence

from PyQt6.QtWidgets import QAbstractButton, QLabel, QWidget


def spread(texts: Sequence[str], taken: Iterable[str] = (), first: int | None = None) -> list[str]:
    """Return the texts, each with a mnemonic that no other has. Pure.

    Parameters
    ----------
    texts
        With their mnemonics marked by ``&``, or without.
    taken
        Letters that others have alone, in small letters.
    first
        So many texts come before the others, where letters are too few; ``None``: all are alike.

    Returns
    -------
    list of str
        The same texts. One for which no letter is left shares another text's, but none of `taken`
        where it has any other: Qt goes from one to the next then.
    """
    choices = [_letters(text, frozenset(taken)) for text in texts]
    owners: dict[str, int] = {}
    for group in (range(len(texts))[:first], range(len(texts))[first:] if first else ()):
        # What is marked comes before what could be.
        for at in group:
            if marked(texts[at]) in choices[at]:
                owners.setdefault(marked(texts[at]), at)
        for at in group:
            if at not in owners.values():
                _find_letter(at, choices, owners, set())
    letters = {at: letter for letter, at in owners.items()}
    shared = [one[0] if one else "" for one in choices]
    return [_marked_at(text, letters.get(at, shared[at])) for at, text in enumerate(texts)]


def marked(text: str) -> str:
    """Return the mnemonic of a text in small letters; empty: it has none."""
    _before, found, after = text.replace("&&", "").partition("&")
    return after[:1].lower() if found else ""


def give_mnemonics(page: QWidget, taken: Iterable[str]) -> None:
    """Give a letter to each label with a control, and to each button of a page that has one.

    What is folded away gets what is left: where that is nothing, it shares a letter.
    """
    labels = [one for one in page.findChildren(QLabel) if one.buddy() is not None and one.text()]
    buttons = [one for one in page.findChildren(QAbstractButton) if marked(one.text())]
    parts: list[QLabel | QAbstractButton] = [*labels, *buttons]
    parts.sort(key=lambda one: not one.isVisibleTo(page))
    seen = sum(one.isVisibleTo(page) for one in parts)
    texts = spread([one.text() for one in parts], taken, seen)
    for part, text in zip(parts, texts, strict=True):
        if text != part.text():
            part.setText(text)


def _letters(text: str, taken: frozenset[str]) -> list[str]:
    """Return letters that a text can have, the best first: marked, of a word's beginning, any."""
    plain = _plain(text)
    first = [word[0] for word in plain.split() if word]
    usable = [one.lower() for one in (marked(text), *first, *plain) if one and one.isalnum()]
    # Keys that every keyboard has come first.
    ordered = [one for one in usable if one.isascii()] + usable
    return [one for one in dict.fromkeys(ordered) if one not in taken and len(one) == 1]


def _find_letter(
    at: int, choices: Sequence[Sequence[str]], owners: dict[str, int], tried: set[str]
) -> bool:
    """Give a text a letter; others change theirs where that is needed."""
    for letter in choices[at]:
        if letter not in owners:
            owners[letter] = at
            return True
    for letter in choices[at]:
        if letter not in tried:
            tried.add(letter)
            if _find_letter(owners[letter], choices, owners, tried):
                owners[letter] = at
                return True
    return False


def _plain(text: str) -> str:
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def _marked_at(text: str, letter: str) -> str:
    """Return a text with a letter marked; none: as it is, or the first one where nothing is."""
    if marked(text) and letter in ("", marked(text)):
        return text
    plain = _plain(text)
    letter = letter or next((one.lower() for one in plain if one.isalnum()), "")
    words = [0, *(at + 1 for at, one in enumerate(plain) if one == " ")]
    places = [*words, *range(len(plain))]
    at = next((one for one in places if plain[one : one + 1].lower() == letter), None)
    if at is None or not letter:
        return text
    return f"{_doubled(plain[:at])}&{_doubled(plain[at:])}"


def _doubled(text: str) -> str:
    return text.replace("&", "&&")
