"""Cuts the answer of ``exchangeInfo`` into its entries, one after the other. Pure.

Reading the whole of it as JSON in one go would, for the largest answer that is taken, hold every
thread of the program for seconds and take up to a gigabyte: the entries are small, so they are cut
out first, and each is read by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# An entry of the exchange takes about 2 kB and nests three deep; what stands beside the entries
# takes a few kB in all.
_LONGEST_ENTRY_BYTES = 2**16
_LONGEST_OTHER_BYTES = 2**20
_DEEPEST = 12

_SPACE = re.compile(rb"[ \t\r\n]*")
# A whole string, a bracket; or a quotation mark that begins no string.
_TOKEN = re.compile(rb'"(?:[^"\\]*(?:\\.[^"\\]*)*")?|[\[\]{}]', re.DOTALL)
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[-+.0-9A-Za-z]+', re.DOTALL)
_SHOWN_BYTES = 30


@dataclass(slots=True)
class Listing:
    """Goes through an answer once; `entries` first, then what was found beside them.

    Attributes
    ----------
    body
        The answer.
    server_time
        The JSON of ``serverTime``; empty where there is none. Known after `entries`.
    """

    body: bytes
    server_time: bytes = b""
    _at: int = field(default=0, init=False)

    def entries(self) -> Iterator[bytes]:
        """Yield the JSON of each element of ``symbols``.

        Raises
        ------
        ValueError
            The answer is no JSON object with such a list, or an element is far too long or deep.
        """
        is_found = False
        self._expect(b"{")
        while not self._takes(b"}"):
            key = self._value()
            self._expect(b":")
            if key == b'"symbols"' and not is_found:
                is_found = True
                yield from self._elements()
            elif key == b'"serverTime"':
                self.server_time = self._value()
            else:
                self._value()
            self._end_of_member(b"}")
        if self._next():
            raise ValueError("more follows its end")
        if not is_found:
            raise ValueError("it has no symbols")

    def _elements(self) -> Iterator[bytes]:
        self._expect(b"[")
        while not self._takes(b"]"):
            yield self._value(_LONGEST_ENTRY_BYTES)
            self._end_of_member(b"]")

    def _end_of_member(self, closing: bytes) -> None:
        if self._next() != closing:
            self._expect(b",")
            if self._next() == closing:
                raise ValueError("a comma stands before its end")

    def _next(self) -> bytes:
        found = _SPACE.match(self.body, self._at)
        self._at = self._at if found is None else found.end()
        return self.body[self._at : self._at + 1]

    def _takes(self, char: bytes) -> bool:
        if self._next() != char:
            return False
        self._at += 1
        return True

    def _expect(self, char: bytes) -> None:
        if not self._takes(char):
            shown = ascii(self.body[self._at : self._at + _SHOWN_BYTES])[1:]
            raise ValueError(f"expected {char.decode()} at {self._at}, got {shown}")

    def _value(self, limit: int = _LONGEST_OTHER_BYTES) -> bytes:
        """Return the JSON of the value that comes next, and go behind it."""
        start = self._at
        if self._next() in (b"{", b"["):
            start, self._at = self._at, self._end_of_nested(limit)
        else:
            start = self._at
            found = _SCALAR.match(self.body, start, start + limit)
            if found is None:
                raise ValueError(f"expected a value at {start}")
            self._at = found.end()
        return self.body[start : self._at]

    def _end_of_nested(self, limit: int) -> int:
        depth = 0
        for found in _TOKEN.finditer(self.body, self._at, self._at + limit):
            match found[0]:
                case b"[" | b"{":
                    depth += 1
                    if depth > _DEEPEST:
                        raise ValueError(f"nested more than {_DEEPEST} deep at {found.start()}")
                case b"]" | b"}":
                    depth -= 1
                    if not depth:
                        return found.end()
                case b'"':
                    raise ValueError(f"a text does not end, from {found.start()}")
        raise ValueError(f"what begins at {self._at} does not end within {limit} bytes")
