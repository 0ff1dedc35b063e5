"""Plain data as JSON bytes, packed once for all who ask."""

import gzip
import json
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

_LEAST_PACKED = 4_096
_LEVEL = 3


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
    body = json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()
    if len(body) < _LEAST_PACKED:
        return Packed(body, None)
    return Packed(body, gzip.compress(body, _LEVEL, mtime=0))
