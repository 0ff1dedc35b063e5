"""Plain data as JSON bytes, packed once for all who ask."""

import gzip
import json
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

_LEAST_PACKED = 4_096
_LEVEL = 3
# About a millisecond.
_SLICE = 400


@dataclass(frozen=True, slots=True)
class Packed:
    """JSON, and the same compressed where that is worth it.

    Attributes
    ----------
    body
        UTF-8.
    gzipped
        ``None``: it is small.
    """

    body: bytes
    gzipped: bytes | None

    def response(self, request: Request) -> Response:
        """Return the answer in the form that the asker takes."""
        accepted = request.headers.get("accept-encoding", "")
        headers = {"cache-control": "no-store"}
        if self.gzipped is not None and "gzip" in accepted:
            headers |= {"content-encoding": "gzip"}
            return Response(self.gzipped, headers=headers, media_type="application/json")
        return Response(self.body, headers=headers, media_type="application/json")


def pack(plain: dict[str, Any]) -> Packed:
    """Return plain data as JSON; not on a loop where it is large."""
    parts = [_dumps(name) + b":" + _pieces(value) for name, value in plain.items()]
    body = b"{" + b",".join(parts) + b"}"
    if len(body) < _LEAST_PACKED:
        return Packed(body, None)
    return Packed(body, gzip.compress(body, _LEVEL, mtime=0))


def _pieces(value: Any) -> bytes:
    """Return a value as JSON, a long list in slices: Python lets no other thread run meanwhile."""
    if not isinstance(value, list) or len(value) <= _SLICE:
        return _dumps(value)
    slices = (_dumps(value[at : at + _SLICE])[1:-1] for at in range(0, len(value), _SLICE))
    return b"[" + b",".join(slices) + b"]"


def _dumps(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
