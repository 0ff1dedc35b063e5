"""Facts as plain data: dicts, lists, texts, numbers, ready for JSON. Pure."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from os import PathLike


def as_plain(value: object) -> object:
    """Return a fact as plain data that `json.dumps` takes.

    Parameters
    ----------
    value
        A dataclass becomes a dict of its fields, an enum its value, a decimal its text (``0.10``
        stays so), a path its text, a tuple or set a list; a number that is not finite ``None``.

    Raises
    ------
    TypeError
        It is something else.
    """
    plain: object = value
    if isinstance(value, Enum):
        plain = as_plain(value.value)
    elif isinstance(value, float):
        plain = value if math.isfinite(value) else None
    elif isinstance(value, Decimal | PathLike):
        plain = str(value)
    elif is_dataclass(value) and not isinstance(value, type):
        plain = {one.name: as_plain(getattr(value, one.name)) for one in fields(value)}
    elif isinstance(value, Mapping):
        plain = {str(as_plain(key)): as_plain(one) for key, one in value.items()}
    elif isinstance(value, list | tuple | set | frozenset):
        plain = [as_plain(one) for one in value]
    elif value is not None and not isinstance(value, bool | int | str):
        raise TypeError(f"expected a fact, got {value!r}")
    return plain
