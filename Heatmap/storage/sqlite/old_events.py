"""Keys for the events of files that had none: from the message where it was kept, else the numbers.

Those files hold Binance's events only, as `schema_3.sql` brings them up to date. A million of them
are read while a user waits, so the usual message is searched rather than parsed.
"""

import re
import sqlite3
from contextlib import suppress
from types import MappingProxyType

from Heatmap.domain.event_keys import hashed_key, joined_decimals

# A number as the exchange writes it.
_NUMBER = r"((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)"
# The fields as the exchange orders them.
_usual = re.compile(
    rf'"q":"{_NUMBER}","p":"{_NUMBER}","ap":"{_NUMBER}","X":"FILLED","l":"[0-9.]+",'
    rf'"z":"{_NUMBER}"'.encode()
).search
_LIQUIDATED = MappingProxyType({b"SELL": b"long", b"BUY": b"short"})
_ZERO = ord("0")
# Price, quantity, limit price, original quantity.
_Numbers = tuple[float | None, float | None, float, float]
_FIELD = re.compile(
    r'"(q|p|ap|z)"\s*:\s*"?([0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,2})?)"?\s*[,}]'
)


class OldEventKeys:
    """Makes the keys, as functions of SQL on one connection.

    ``old_key_of_message`` is for rows that have one; where it is not of the usual shape, it returns
    an empty key and remembers the row in `unusual`. Then ``old_key`` makes the key of any row, and
    ``old_key_is_of_numbers`` tells how that was.

    Texts come as blobs: another program may have stored what is no UTF-8.

    Attributes
    ----------
    unusual
        Ids of rows whose key is still to be made.
    """

    def __init__(self) -> None:
        self.unusual: list[int] = []
        self._id: object = None
        self._is_of_numbers = False

    def register(self, connection: sqlite3.Connection) -> None:
        """Make the functions known to a connection."""
        connection.create_function("old_key_of_message", 5, self.of_message)
        connection.create_function("old_key", 11, self.of_any)
        connection.create_function("old_key_is_of_numbers", 1, self.is_of_numbers)

    def of_message(
        self, row_id: int, symbol: bytes, ts_ms: bytes, side: bytes, raw_json: bytes
    ) -> bytes:
        """Return the key of a row by its message; empty where that is not of the usual shape."""
        found = _usual(raw_json)
        if found is not None:
            # In line, as a call for each of a million numbers takes its time.
            q, p, ap, z = found.groups()
            if ap[-1] == _ZERO and b"." in ap:
                ap = ap.rstrip(b"0").rstrip(b".")
            if z[-1] == _ZERO and b"." in z:
                z = z.rstrip(b"0").rstrip(b".")
            if p[-1] == _ZERO and b"." in p:
                p = p.rstrip(b"0").rstrip(b".")
            if q[-1] == _ZERO and b"." in q:
                q = q.rstrip(b"0").rstrip(b".")
            liquidated = _LIQUIDATED.get(side)
            if b"0" not in (ap, z, p, q) and liquidated:
                return hashed_key(
                    b"BINANCE_USDM|%b|%b|%b|%b|%b|%b|%b|0"
                    % (symbol, ts_ms, liquidated, ap, z, p, q)
                )
        self.unusual.append(row_id)
        return b""

    def of_any(
        self,
        row_id: int,
        source: bytes,
        symbol: bytes,
        ts_ms: bytes,
        side: bytes,
        price: float | None,
        qty: float | None,
        limit_price: float | None,
        original_qty: float | None,
        raw_json: bytes,
        twin: int,
    ) -> bytes:
        """Return the key of a row; `limit_price` and `original_qty` are 0 where there was none.

        Whatever another program has put into the row, it gets one. A number that is none is
        ``None``. With a `twin` above 0 it is one that no other row has.
        """
        numbers = (price, qty, limit_price or 0, original_qty or 0)
        texts = None
        if raw_json and not twin:
            # It may hold something else than the program writes.
            with suppress(ValueError):
                texts = _texts(raw_json.decode(), numbers)
        self._id, self._is_of_numbers = row_id, texts is None
        if texts is None:
            texts = _number_texts(numbers)
        liquidated = _LIQUIDATED.get(side) or side
        # No venue's own twin has a name such as this one.
        name = b"row %d" % row_id if twin else b"0"
        return hashed_key(b"|".join((source, symbol, ts_ms, liquidated, texts.encode(), name)))

    def is_of_numbers(self, row_id: int) -> bool:
        """Tell how `of_any` has made the key of the latest row.

        Raises
        ------
        ValueError
            That is another row.
        """
        if self._id != row_id:
            raise ValueError(f"expected the row {self._id}, got {row_id}")
        return self._is_of_numbers


def _texts(raw: str, numbers: _Numbers) -> str | None:
    """Return the texts of a message of another shape, such as one without an average."""
    texts: dict[str, str] = dict(_FIELD.findall(raw))
    q, p = texts.get("q", "0"), texts.get("p", "0")
    ap, z = texts.get("ap", "0"), texts.get("z", q)
    if float(ap) == 0:
        ap = p
    if (float(ap), float(z), float(p), float(q)) != numbers:
        return None
    _, _, limit_price, original_qty = numbers
    return joined_decimals((ap, z, p if limit_price else None, q if original_qty else None))


def _number_texts(numbers: _Numbers) -> str:
    price, qty, limit_price, original_qty = numbers
    sent = (price, qty, limit_price or None, original_qty or None)
    return joined_decimals(None if number is None else repr(number) for number in sent)
