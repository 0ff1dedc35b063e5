"""Cells as the page unpacks them."""

import zlib
from base64 import b64decode

from Heatmap.picture.messages import PictureMessage


def unpack_cells(packed: str) -> bytes:
    """Return the cells that `pack_cells` was given."""
    return zlib.decompress(b64decode(packed, validate=True))


def bytes_of(message: PictureMessage) -> bytes:
    """Return a message's cells, unpacked."""
    return unpack_cells(message.packed)
