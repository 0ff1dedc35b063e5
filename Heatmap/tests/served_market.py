"""A stored market that is served, for tests of the server: no recorder, and a clock that stands."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from Heatmap import HeatmapService
from Heatmap.domain.events import DataKind
from Heatmap.server import HeatmapServer, ServerOptions
from Heatmap.tests.stored_market import made_candles, made_events, store_market

MINUTES = 900


@dataclass(frozen=True, slots=True)
class Served:
    """A server, what it serves, and a client of it."""

    server: HeatmapServer
    service: HeatmapService
    database: Path
    now_ms: int
    client: httpx.Client

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Ask, and expect an answer."""
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def problem(self, path: str, status: int, **parameters: Any) -> Mapping[str, Any]:
        """Ask, and expect a problem."""
        answer = self.client.get(path, params=parameters)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["status"]) == (status, status), answer.text
        found: Mapping[str, Any] = answer.json()
        return found

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the file itself."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement, values).fetchall()


@contextmanager
def served_market(
    directory: Path, minutes: int = MINUTES, kind: DataKind = DataKind.LIVE
) -> Iterator[Served]:
    """Serve candles, and liquidations that were recorded."""
    database = directory / "heatmap.sqlite3"
    candles = made_candles(minutes)
    store_market(database, candles, made_events(candles, 3.0), kind)
    with served_database(database, candles[-1].open_ms + 65_000, kind=kind) as served:
        yield served


@contextmanager
def served_database(
    database: Path,
    now_ms: int,
    address: str = "127.0.0.1:0",
    options: ServerOptions | None = None,
    kind: DataKind = DataKind.LIVE,
) -> Iterator[Served]:
    """Serve a database at a time that stands."""
    service = HeatmapService(db=database, clock=lambda: now_ms, kind=kind)
    with (
        HeatmapServer(service, address, options) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        yield Served(server, service, database, now_ms, client)
