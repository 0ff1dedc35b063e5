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
    rf'"q":"{_NUMBER}","p":"{_NUMBER}","ap":"{_NUMBER}","X":"FILLED","l":"[0-9.]+","z":"{_NUMBER}"'
).search
_LIQUIDATED = MappingProxyType({"SELL": "long", "BUY": "short"})
_FIELD = re.compile(
    r'"(q|p|ap|z)"\s*:\s*"?([0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,2})?)"?\s*[,}]'
)


class OldEventKeys:
    """Makes the keys, as functions of SQL on one connection.

    ``old_key_of_message`` is for rows that have one; where it is not of the usual shape, it returns
    an empty key and remembers the row in `unusual`. Then ``old_key`` makes the key of any row, and
    ``old_key_is_of_numbers`` tells how that was.

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
        connection.create_function("old_key", 10, self.of_any)
        connection.create_function("old_key_is_of_numbers", 1, self.is_of_numbers)

    def of_message(self, row_id: int, symbol: str, ts_ms: int, side: str, raw_json: str) -> bytes:
        """Return the key of a row by its message; empty where that is not of the usual shape."""
        try:
            found = _usual(raw_json)
        except TypeError:  # another program's, and no text
            found = None
        if found is not None:
            # In line, as a call for each of a million numbers takes its time.
            q, p, ap, z = found.groups()
            if ap[-1] == "0" and "." in ap:
                ap = ap.rstrip("0").rstrip(".")
            if z[-1] == "0" and "." in z:
                z = z.rstrip("0").rstrip(".")
            if p[-1] == "0" and "." in p:
                p = p.rstrip("0").rstrip(".")
            if q[-1] == "0" and "." in q:
                q = q.rstrip("0").rstrip(".")
            liquidated = _LIQUIDATED.get(side)
            if "0" not in (ap, z, p, q) and liquidated:
                return hashed_key(f"BINANCE_USDM|{symbol}|{ts_ms}|{liquidated}|{ap}|{z}|{p}|{q}|0")
        self.unusual.append(row_id)
        return b""

    def of_any(
        self,
        row_id: int,
        source: str,
        symbol: str,
        ts_ms: int,
        side: str,
        price: float,
        qty: float,
        limit_price: float | None,
        original_qty: float | None,
        raw_json: object,
    ) -> bytes:
        """Return the key of a row; `limit_price` and `original_qty` are 0 where there was none.

        Whatever another program has put into the row, it gets one.
        """
        texts = None
        if isinstance(raw_json, str) and raw_json:
            # It may hold something else than the program writes.
            with suppress(TypeError, ValueError):
                texts = _texts(raw_json, price, qty, limit_price or 0, original_qty or 0)
        self._id, self._is_of_numbers = row_id, texts is None
        if texts is None:
            numbers = (price, qty, limit_price or None, original_qty or None)
            texts = "|".join(map(_short, numbers))
        liquidated = _LIQUIDATED.get(side) or repr(side)
        return hashed_key(f"{source}|{symbol}|{ts_ms}|{liquidated}|{texts}|0")

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


def _texts(
    raw: str, price: float, qty: float, limit_price: float, original_qty: float
) -> str | None:
    """Return the texts of a message of another shape, such as one without an average."""
    texts: dict[str, str] = dict(_FIELD.findall(raw))
    q, p = texts.get("q", "0"), texts.get("p", "0")
    ap, z = texts.get("ap", "0"), texts.get("z", q)
    if float(ap) == 0:
        ap = p
    if (float(ap), float(z), float(p), float(q)) != (price, qty, limit_price, original_qty):
        return None
    return joined_decimals((ap, z, p if limit_price else None, q if original_qty else None))


def _short(number: object) -> str:
    if number is None:
        return ""
    text = repr(number)
    return joined_decimals([text]) if isinstance(number, float) else text
