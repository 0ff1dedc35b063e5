"""The numbers and times of venues' messages: nothing but plain decimals, within bounds. Pure."""

import re

#: No price, quantity or amount in USD lies outside of these.
SMALLEST_NUMBER, LARGEST_NUMBER = 1e-12, 1e15

#: Times outside of these are refused: no exchange is older.
EARLIEST_MS = 1_483_228_800_000  # 2017-01-01
LATEST_MS = 4_102_444_800_000  # 2100-01-01

# float() also takes "1_000", " 1", "nan" and other alphabets' digits; no exchange sends them.
_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")


def read_decimal(value: object) -> float | None:
    """Read a number that is not negative, as text or as a number of JSON; ``None``: it is none.

    It is 0, or from `SMALLEST_NUMBER` on and less than `LARGEST_NUMBER`.
    """
    if isinstance(value, str):
        number = float(value) if _DECIMAL.fullmatch(value) else -1.0
    elif type(value) is int or isinstance(value, float):
        # Compared before the conversion: an integer of JSON can be larger than any float.
        number = float(value) if 0 <= value < LARGEST_NUMBER else -1.0
    else:
        return None
    return number if number == 0 or SMALLEST_NUMBER <= number < LARGEST_NUMBER else None
