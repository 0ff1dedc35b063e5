"""Pages for browsers: their files, and what those may load. Nothing comes from another host.

A page is a file in ``static`` and a row in `PAGES`; what it loads of this package is another file
there, under ``/static/``.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

STATIC = Path(__file__).resolve().parent / "static"

#: A page loads nothing but what this server has, and no other page may frame it.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes
    ----------
    path, file
        Where it is asked for, and its file in ``static``.
    """

    path: str
    file: str


PAGES = (Page("/", "index.html"), Page("/docs", "docs.html"))


def make_router() -> APIRouter:
    """Return the paths of all pages; none of them is in the OpenAPI document."""
    router = APIRouter(include_in_schema=False)
    # They are small: read once, so that no request waits for the disk.
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}

    async def static(name: str) -> Response:
        return _file(files, name)

    router.add_api_route("/static/{name}", static, methods=["GET"])
    for page in PAGES:
        router.add_api_route(page.path, _giver(files, page.file), methods=["GET"])
    return router


def _giver(files: Mapping[str, bytes], name: str) -> Callable[[], Awaitable[Response]]:
    async def give() -> Response:
        return _file(files, name)

    return give


def _file(files: Mapping[str, bytes], name: str) -> Response:
    # Only what was found there: no path leads out of it.
    if name not in files:
        raise HTTPException(404)
    headers = {"content-security-policy": _POLICY, "cache-control": "no-cache"}
    return Response(files[name], headers=headers, media_type=_TYPES[Path(name).suffix])
