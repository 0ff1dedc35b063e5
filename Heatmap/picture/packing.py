"""Cells as text for the page. Pure; runs in a worker thread, since it takes milliseconds."""

import zlib
from base64 import b64encode
from typing import Any

from numpy.typing import NDArray

# The least effort: neighbouring columns of bands are much alike, so that it packs them twenty
# times smaller all the same, in less time than the page needs to take in what it saves.
_LEVEL = 1


def pack_cells(cells: bytes) -> str:
    """Return cells as the page's ``unpackCells`` takes them: zlib (RFC 1950) in base64."""
    return b64encode(zlib.compress(cells, _LEVEL)).decode("ascii")


def pack_numbers(numbers: NDArray[Any]) -> str:
    """Return (n,) numbers as the page's ``unpackNumbers`` takes them: float64 in base64."""
    return b64encode(numbers.astype("<f8").tobytes()).decode("ascii")
