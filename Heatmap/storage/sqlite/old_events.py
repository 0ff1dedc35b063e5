"""Keys for the events of files that had none: from the message where it was kept, else the numbers.

Those files hold Binance's events only, as `schema_3.sql` brings them up to date. A million of them
are read while a user waits, so the usual message is searched rather than parsed.
"""

import re
import sqlite3
from contextlib import suppress

from Heatmap.domain.event_keys import hashed_key, plain_decimal

# A number as the exchange writes it.
_NUMBER = r"((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)"
# The fields as the exchange orders them.
_usual = re.compile(
    rf'"q":"{_NUMBER}","p":"{_NUMBER}","ap":"{_NUMBER}","X":"FILLED","l":"[0-9.]+","z":"{_NUMBER}"'
).search
_FIELD = re.compile(
    r'"(q|p|ap|z)"\s*:\s*"?([0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,2})?)"?\s*[,}]'
)


class OldEventKeys:
    """Makes the keys, as functions of SQL on one connection.

    ``old_event_key`` comes first for each row; ``old_key_from_numbers`` then tells how it was made.
    """

    def __init__(self) -> None:
        self._id: object = None
        self._is_from_numbers = False

    def register(self, connection: sqlite3.Connection) -> None:
        """Make the functions known to a connection."""
        connection.create_function("old_event_key", 10, self.key)
        connection.create_function("old_key_from_numbers", 1, self.is_from_numbers)

    def key(
        self,
        row_id: int,
        source: str,
        symbol: str,
        ts_ms: int,
        side: str,
        price: float,
        qty: float,
        limit_price: float,
        original_qty: float,
        raw_json: object,
    ) -> bytes:
        """Return the key of a row; `limit_price` and `original_qty` are 0 where there was none.

        Whatever another program has put into the row, it gets one.
        """
        # In line, as a call for each of a million rows takes its time.
        texts = None
        try:
            found = _usual(raw_json)  # type: ignore[call-overload]
            if found:
                q, p, ap, z = found.groups()
                if (
                    float(ap) == price
                    and float(z) == qty
                    and float(p) == limit_price != 0
                    and float(q) == original_qty != 0
                ):
                    if ap[-1] == "0" and "." in ap:
                        ap = ap.rstrip("0").rstrip(".")
                    if z[-1] == "0" and "." in z:
                        z = z.rstrip("0").rstrip(".")
                    if p[-1] == "0" and "." in p:
                        p = p.rstrip("0").rstrip(".")
                    if q[-1] == "0" and "." in q:
                        q = q.rstrip("0").rstrip(".")
                    texts = f"{ap}|{z}|{p}|{q}"
                    self._is_from_numbers = False
        except (TypeError, ValueError):  # another program's: no text, no number
            texts = None
        if texts is None:
            texts = self._unusual(price, qty, limit_price, original_qty, raw_json)
        self._id = row_id
        liquidated = "long" if side == "SELL" else "short" if side == "BUY" else repr(side)
        return hashed_key(f"{source}|{symbol}|{ts_ms}|{liquidated}|{texts}|0")

    def _unusual(
        self,
        price: float,
        qty: float,
        limit_price: float,
        original_qty: float,
        raw_json: object,
    ) -> str:
        texts = None
        if isinstance(raw_json, str) and raw_json:
            # It may hold something else than the program writes.
            with suppress(TypeError, ValueError):
                texts = _texts(raw_json, price, qty, limit_price, original_qty)
        self._is_from_numbers = texts is None
        if texts is None:
            texts = (
                f"{_short(price)}|{_short(qty)}|{_short(limit_price or None)}"
                f"|{_short(original_qty or None)}"
            )
        return texts

    def is_from_numbers(self, row_id: int) -> bool:
        """Tell how the key of the latest row was made.

        Raises
        ------
        ValueError
            That is another row.
        """
        if self._id != row_id:
            raise ValueError(f"expected the row {self._id}, got {row_id}")
        return self._is_from_numbers


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
    return "|".join(
        (
            plain_decimal(ap),
            plain_decimal(z),
            plain_decimal(p) if limit_price else "",
            plain_decimal(q) if original_qty else "",
        )
    )


def _short(number: object) -> str:
    if number is None:
        return ""
    text = repr(number)
    if text.endswith(".0"):
        return text[:-2]
    return plain_decimal(text) if isinstance(number, float) and "e" in text else text
