"""The exchange's archive on loopback: a directory over HTTP, with faults that a test scripts."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Fault:
    """What one request for a path gets instead of its file.

    Attributes
    ----------
    status, headers, body
        The answer; without a `status` the file itself.
    drop_after
        Break the connection off after so many bytes of the file.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    drop_after: int | None = None


class ArchiveServer:
    """Serves a directory; use it in ``with``. One request at a time.

    Attributes
    ----------
    faults
        By the name of a file: what its next requests get, the first one first.
    requests
        Name and range of each request.
    """

    def __init__(self, root: Path) -> None:
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.requests: list[tuple[str, str]] = []
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                archive._answer(self, root)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, root: Path) -> None:
        path = root / handler.path.lstrip("/")
        asked = handler.headers.get("Range", "")
        self.requests.append((path.name, asked))
        queue = self.faults[path.name]
        fault = queue.pop(0) if queue else Fault()
        content = path.read_bytes() if path.is_file() else None
        status = 200 if content is not None else 404
        body = content or b"<Code>NoSuchKey</Code>"
        if content is not None and asked:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            status, body = (206, content[begin:]) if begin < len(content) else (416, b"")
        if fault.body is not None:
            body = fault.body
        handler.send_response(fault.status or status)
        for name, value in fault.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body if fault.drop_after is None else body[: fault.drop_after])
