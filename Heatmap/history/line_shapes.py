"""Proves, while a CSV is unpacked, that every text in it is written as the archive writes it.

What is left of a line without its digits is its shape: a day's million trades have three or four.
Whether digits stand where they belong is asked of all bytes at once; whether a shape's fields are
those of the columns is asked once for each shape. Both hold only for texts that the engine reads as
the value that they say, so a file for which they hold need not be held against its types text by
text. For any other file they prove nothing: then its texts are read one by one, see `csv_text`.

Fed with bytes, asked when all were fed. Reads no file.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SEPARATOR, _DOT, _MINUS, _LETTER, _OTHER = range(5)
# More digits in a row than this may not fit into a BIGINT.
_MOST_DIGITS = 18
# Lines of words have as many shapes as words; a line of numbers has few.
_MOST_SHAPES = 400
_LONGEST_LINE_BYTES = 2**16
# What is looked at together stays in the processor's cache, and is given back to no system.
_PIECE_BYTES = 2**16
_NEWLINE, _ZERO = ord("\n"), ord("0")


def _kinds() -> NDArray[np.int16]:
    kinds = np.full(256, _OTHER, np.int16)
    kinds[[ord(","), _NEWLINE]] = _SEPARATOR
    kinds[ord(".")], kinds[ord("-")] = _DOT, _MINUS
    kinds[ord("a") : ord("z") + 1] = kinds[ord("A") : ord("Z") + 1] = _LETTER
    return kinds


def _follows() -> NDArray[np.bool_]:
    """Return what may follow on what: (kind before, kind after, digits between, first is 0)."""
    may = np.zeros((5, 5, _MOST_DIGITS + 2, 2), np.bool_)
    some = slice(1, _MOST_DIGITS + 1)
    for before in (_SEPARATOR, _MINUS):
        for after in (_SEPARATOR, _DOT):
            may[before, after, some, 0] = True
            # A whole number begins with no 0: it would be another text for the same value.
            may[before, after, 1, 1] = True
    may[_DOT, _SEPARATOR, some, :] = True
    for before, after in (
        (_SEPARATOR, _SEPARATOR),  # nothing is there
        (_SEPARATOR, _MINUS),
        (_SEPARATOR, _LETTER),
        (_LETTER, _LETTER),
        (_LETTER, _SEPARATOR),
    ):
        may[before, after, 0, :] = True
    return may.reshape(-1)


_KINDS: Final = _kinds()
_FOLLOWS: Final = _follows()
_STEP_AFTER: Final = (_MOST_DIGITS + 2) * 2
_STEP_BEFORE: Final = 5 * _STEP_AFTER
_NUMBER_SHAPES: Final = frozenset((b"", b".", b"-", b"-."))
_SHAPES: Final = {
    "BIGINT": frozenset((b"",)),
    "INTEGER": frozenset((b"",)),
    "DOUBLE": _NUMBER_SHAPES,
    # Texts are taken as they are; those that are numbers have few shapes.
    "VARCHAR": _NUMBER_SHAPES,
    # A blank one has the shape of a digit, which is none.
    "BOOLEAN": frozenset((b"true", b"false")),
}
_SPOT_BOOLEANS: Final = frozenset((b"true", b"false", b"True", b"False"))


class LineShapes:
    """The shapes of a CSV's lines; a first line that begins with a letter is its header.

    `feed` it with all bytes in their order, then ask `are_plain`.
    """

    def __init__(self) -> None:
        self._shapes: set[bytes] = set()
        # The end of what was fed, up to where its line ends.
        self._rest = b""
        self._is_first = True
        self._is_regular = True

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        for place in range(0, len(chunk), _PIECE_BYTES):
            if self._is_regular:
                self._feed(chunk[place : place + _PIECE_BYTES])

    def are_plain(self, columns: Sequence[tuple[str, str]], *, is_spot: bool) -> bool:
        """Whether it is proven that every text is the plain form of its column's type.

        Parameters
        ----------
        columns
            All of them in their order, each with its DuckDB type.
        is_spot
            Whether the file is of spot, which writes ``True`` for ``true``.
        """
        if self._rest:
            self._take(self._rest + b"\n")
            self._rest = b""
        if not self._is_regular or not self._shapes:
            return False
        allowed = [
            _SPOT_BOOLEANS if is_spot and kind == "BOOLEAN" else _SHAPES.get(kind, frozenset())
            for _, kind in columns
        ]
        return all(_fits(shape.split(b","), allowed) for shape in self._shapes)

    def _feed(self, piece: bytes) -> None:
        begin, newline, rest = piece.rpartition(b"\n")
        if newline:
            self._take(self._rest + begin + newline)
            self._rest = rest
        else:
            self._rest += piece
            self._is_regular = len(self._rest) <= _LONGEST_LINE_BYTES

    def _take(self, lines: bytes) -> None:
        """Look at whole lines."""
        if self._is_first:
            self._is_first = False
            if lines[:1].isalpha():
                lines = lines.partition(b"\n")[2]
        # A line's end before the first one, so that all begin alike.
        content = np.frombuffer(b"\n" + lines, np.uint8)
        places = np.flatnonzero((content - _ZERO) > 9)  # noqa: PLR2004 - below 0 it is large
        marks = content.take(places)
        kinds = _KINDS.take(marks)
        codes = np.minimum(np.diff(places) - 1, _MOST_DIGITS + 1)
        codes *= 2
        codes += content.take(places[:-1] + 1) == _ZERO
        codes += kinds[:-1] * _STEP_BEFORE
        codes += kinds[1:] * _STEP_AFTER
        self._is_regular = bool(_FOLLOWS.take(codes).all())
        if self._is_regular and len(marks) > 1:
            self._shapes.update(marks[1:-1].tobytes().split(b"\n"))
            self._is_regular = len(self._shapes) <= _MOST_SHAPES


def _fits(fields: Sequence[bytes], allowed: Sequence[frozenset[bytes]]) -> bool:
    return len(fields) == len(allowed) and all(
        field in shapes for field, shapes in zip(fields, allowed, strict=True)
    )
