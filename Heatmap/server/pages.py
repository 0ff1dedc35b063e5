"""Pages for browsers: their files, and what those may load. Nothing comes from another host.

A page is a file in ``static`` and a row in `PAGES`; pages that differ in a few words share a file.
What a page loads of this package is another file there, under ``/static/``. Scripts of other
packages are `Heatmap.server.assets`.
"""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from string import Template

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from Heatmap.errors import PageError
from Heatmap.server.assets import ASSETS
from Heatmap.server.context import context_of
from Heatmap.server.problems import ProblemError

STATIC = Path(__file__).resolve().parent / "static"

#: A page loads nothing but what this server has, and no other page may frame it.
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_LEAST_PACKED = 4_096


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes
    ----------
    path, file
        Where it is asked for, and its file in ``static``.
    words
        What stands for each ``$name`` of that file.
    """

    path: str
    file: str
    words: Mapping[str, str] = field(default_factory=dict)

    def html(self) -> bytes:
        """Return what a browser gets.

        Raises
        ------
        KeyError
            There is no word for a name.
        """
        text = (STATIC / self.file).read_text("utf-8")
        return Template(text).substitute(self.words).encode()


def _plot(name: str, title: str, choice: str) -> Page:
    """Return a page with one plot; its address and its script have one name."""
    words = {"title": title, "choice": choice, "label": choice.capitalize(), "script": f"{name}.js"}
    return Page(f"/{name}.html", "plot.html", words)


PAGES = (
    Page("/", "index.html"),
    Page("/docs", "docs.html"),
    Page("/heatmap.html", "heatmap.html"),
    _plot("liquidation_map", "Liquidation map", "model"),
    _plot("historical_liquidations", "Liquidation history", "time"),
)


@dataclass(frozen=True, slots=True)
class _File:
    """What is sent of a file: as it is, compressed, and by what a browser knows it again."""

    body: bytes
    gzipped: bytes | None
    tag: str
    media_type: str

    @classmethod
    def of(cls, name: str, body: bytes) -> "_File":
        gzipped = gzip.compress(body, 6, mtime=0) if len(body) >= _LEAST_PACKED else None
        tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        return cls(body, gzipped, tag, _TYPES[Path(name).suffix])

    def response(self, request: Request) -> Response:
        headers = {
            "content-security-policy": _POLICY,
            # Kept by the browser, and asked for again each time: most often it is the same.
            "cache-control": "no-cache",
            "etag": self.tag,
        }
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        body = self.body
        if self.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["content-encoding"] = self.gzipped, "gzip"
        if self.gzipped is not None:
            headers["vary"] = "Accept-Encoding"
        return Response(body, headers=headers, media_type=self.media_type)


def make_router() -> APIRouter:
    """Return the paths of all pages; none of them is in the OpenAPI document."""
    router = APIRouter(include_in_schema=False)
    # They are small: read once, so that no request waits for the disk.
    files = {
        path.name: _File.of(path.name, path.read_bytes())
        for path in STATIC.iterdir()
        if path.suffix in _TYPES and path.suffix != ".html"
    }

    async def static(name: str, request: Request) -> Response:
        # Only what is named here: no path leads out of it.
        if name not in files and name in ASSETS:
            files[name] = await context_of(request).work.quick(partial(_read, name))
        if name not in files:
            raise HTTPException(404)
        return files[name].response(request)

    router.add_api_route("/static/{name}", static, methods=["GET"])
    for page in PAGES:
        file = _File.of(page.file, page.html())
        router.add_api_route(page.path, _giver(file), methods=["GET"])
    return router


def _giver(file: _File) -> Callable[[Request], Awaitable[Response]]:
    async def give(request: Request) -> Response:
        return file.response(request)

    return give


def _read(name: str) -> _File:
    """Read and compress a script, which for plotly's takes a second; beside the loop."""
    try:
        return _File.of(name, ASSETS[name]())
    except PageError as error:
        raise ProblemError(503, str(error)) from error
