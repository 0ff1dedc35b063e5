"""The key by which a liquidation is stored once, however often and from wherever it comes. Pure.

A key is 128 bits of BLAKE2b over what tells one message from another: venue, symbol, time, who was
liquidated, the venue's own decimal texts, and the event's number among identical ones of its
message. Never over floats: those differ from the texts beyond 15 digits. Zeros at a text's ends do
not count, so that ``94809.60`` and the stored number 94809.6 give the same key. Which numbers are
in it is decided where a venue's message is read (`Heatmap.ingestion.venues`).
"""

from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b

KEY_BYTES = 16
# A copy is made faster than another one.
_empty = blake2b(digest_size=KEY_BYTES)


def plain_decimal(text: str) -> str:
    """Return a decimal text in the form that is hashed: without zeros at its ends, no exponent.

    Parameters
    ----------
    text
        A number above or equal to 0, such as ``94809.60`` or ``1e-07``.
    """
    if "e" in text or "E" in text:
        text = f"{Decimal(text):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text.startswith("0") and text != "0" and not text.startswith("0."):
        text = text.lstrip("0")
        return f"0{text}" if text.startswith(".") or not text else text
    return text or "0"


def joined_decimals(texts: Iterable[str | None]) -> str:
    """Return decimal texts as they are hashed; empty where one is ``None``."""
    return "|".join(["" if text is None else plain_decimal(text) for text in texts])


def event_key(
    venue: str,
    symbol: str,
    ts_ms: int,
    liquidated: str,
    decimals: Iterable[str | None],
    twin: int = 0,
) -> bytes:
    """Return the key of an event.

    Parameters
    ----------
    venue
        Its stored name, such as ``BINANCE_USDM``.
    symbol
        The venue's name of what was traded.
    ts_ms
        When, UTC milliseconds.
    liquidated
        ``long`` or ``short``.
    decimals
        The numbers as the venue wrote them, always the same ones in the same order: price,
        quantity, and whatever else it sends. ``None``: it did not send this one.
    twin
        Number among identical events of one message, from 0.

    Returns
    -------
    bytes
        16 of them.
    """
    texts = joined_decimals(decimals)
    return hashed_key(f"{venue}|{symbol}|{ts_ms}|{liquidated}|{texts}|{twin}".encode())


def hashed_key(text: bytes) -> bytes:
    """Return the key for what `event_key` puts together, as UTF-8, where that was done already."""
    digest = _empty.copy()
    digest.update(text)
    return digest.digest()


def key_of_numbers(
    venue: str,
    symbol: str,
    ts_ms: int,
    liquidated: str,
    numbers: Iterable[float | None],
    twin: int = 0,
) -> bytes:
    """Return the key of an event of which only the numbers are left.

    It is that of the texts where those had at most 15 digits.
    """
    texts = (None if number is None else repr(number) for number in numbers)
    return event_key(venue, symbol, ts_ms, liquidated, texts, twin)
