"""A text that nothing shows: the address of a way, which may hold a token, or its key. Pure."""

import hmac
from typing import NoReturn

from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import HIDDEN


class Secret:
    """A text whose ``repr``, ``str`` and format are three stars; it cannot be pickled or dumped.

    Parameters
    ----------
    text
        What is to stay hidden. `reveal` gives it to whoever sends or stores it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself: never for a log, a status, a label or an error."""
        return self._text

    @override
    def __repr__(self) -> str:
        return HIDDEN

    @override
    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._text)

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._bytes(), other._bytes())

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: store it where secrets are stored")

    def _bytes(self) -> bytes:
        return self._text.encode("utf-8", "surrogatepass")
