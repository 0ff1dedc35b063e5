"""The archive over HTTP: probed, resumed, verified, retried, never overwritten."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from Heatmap.errors import HistoryError
from Heatmap.history.dataset import Market
from Heatmap.history.datasets import AGG_TRADES, FUNDING, KLINES
from Heatmap.history.download import (
    Downloader,
    DownloadReport,
    DownloadTimes,
    Fetched,
    plan_periods,
)
from Heatmap.history.progress import Progress
from Heatmap.tests.archive_files import (
    DAY,
    SYMBOL,
    agg_rows,
    header,
    kline_rows,
    place,
    write_agg_days,
    write_checksum,
    write_zip,
)
from Heatmap.tests.archive_server import ArchiveServer, Fault
from Heatmap.tests.behaviour.command_line import assert_one_line

QUICK = DownloadTimes(
    spacing_s=0.0, timeout_s=20.0, first_backoff_s=0.001, longest_backoff_s=0.01, attempts=4
)
NAME = f"{SYMBOL}-aggTrades-{DAY}.zip"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def server(root: Path) -> Iterator[ArchiveServer]:
    with ArchiveServer(root) as running:
        yield running


@pytest.fixture
def fetch(server: ArchiveServer, tmp_path: Path) -> Callable[..., DownloadReport]:
    def call(
        *datasets: Any, last: date = DAY, replaces: bool = False, base_url: str = ""
    ) -> DownloadReport:
        to = tmp_path / "fetched"
        downloader = Downloader(
            to, base_url or server.url, Market.USD_M, SYMBOL, replaces=replaces, times=QUICK
        )
        periods = plan_periods(datasets or (AGG_TRADES,), DAY, last)
        return asyncio.run(downloader.run(periods, Progress(len(periods), None)))

    return call


def found(tmp_path: Path) -> dict[str, bytes]:
    paths = (tmp_path / "fetched").rglob("*")
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def published(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_is_there_is_fetched_and_what_is_not_is_said(
    root: Path, server: ArchiveServer, fetch: Any, tmp_path: Path
) -> None:
    paths = write_agg_days(root, 3, 40)
    for path in (paths[1], paths[1].with_name(paths[1].name + ".CHECKSUM")):
        path.unlink()
    report = fetch(last=DAY + timedelta(days=2))
    assert report.is_whole
    assert report.absent_days == {"aggTrades": [DAY + timedelta(days=1)]}
    assert found(tmp_path) == published(root)
    server.requests.clear()
    again = fetch(last=DAY + timedelta(days=2))
    assert again.counts[Fetched.PRESENT] == 2
    assert all(name.endswith(".CHECKSUM") for name, _ in server.requests)


def test_a_month_stands_for_its_days_and_says_nothing_where_it_is_missing(
    root: Path, server: ArchiveServer, fetch: Any
) -> None:
    february = date(2025, 2, 1)
    write_zip(place(root, KLINES, "2025-01"), kline_rows())
    write_zip(place(root, KLINES, february), kline_rows(february))
    write_zip(place(root, FUNDING, "2025-02"), [])
    report = fetch(KLINES, FUNDING, last=date(2025, 2, 28))
    assert report.counts[Fetched.FETCHED] == 3
    assert len(report.absent_days["klines"]) == 27
    assert len(report.absent_days["fundingRate"]) == 31
    # January's days were not asked for.
    assert not any("2025-01-" in name for name, _ in server.requests)


def test_a_broken_connection_goes_on_where_it_was(
    root: Path, server: ArchiveServer, fetch: Any, tmp_path: Path
) -> None:
    path = write_zip(place(root, AGG_TRADES, DAY), agg_rows(4_000), head=header(AGG_TRADES))
    server.faults[NAME] = [
        Fault(drop_after=20_000),
        Fault(status=503),
        Fault(drop_after=10_000),
    ]
    assert fetch().is_whole
    assert found(tmp_path) == published(root)
    ranges = [asked for name, asked in server.requests if name == NAME]
    assert ranges == ["", "bytes=20000-", "bytes=20000-", "bytes=30000-"]
    assert path.stat().st_size > 40_000


def test_a_server_that_begins_anew_is_followed(
    root: Path, server: ArchiveServer, fetch: Any, tmp_path: Path
) -> None:
    path = write_zip(place(root, AGG_TRADES, DAY), agg_rows(1_000))
    server.faults[NAME] = [Fault(drop_after=5_000), Fault(status=200, body=path.read_bytes())]
    assert fetch().is_whole
    assert found(tmp_path) == published(root)
    assert [asked for name, asked in server.requests if name == NAME] == ["", "bytes=5000-"]


def test_a_killed_download_goes_on_but_not_with_another_file(
    root: Path, server: ArchiveServer, fetch: Any, tmp_path: Path
) -> None:
    path = write_zip(place(root, AGG_TRADES, DAY), agg_rows(3_000))
    server.faults[NAME] = [Fault(drop_after=9_000)] * QUICK.attempts
    with pytest.raises(HistoryError, match="goes on from here"):
        fetch()
    (part,) = found(tmp_path)
    assert part.endswith(".part")
    # Published anew meanwhile: what was fetched of it is of no use.
    write_zip(path, agg_rows(3_000, seed=1))
    server.requests.clear()
    assert fetch().is_whole
    assert (NAME, "") in server.requests
    assert found(tmp_path) == published(root)


def test_a_file_that_is_not_what_was_published_is_not_kept_and_the_others_go_on(
    root: Path, server: ArchiveServer, fetch: Any, tmp_path: Path
) -> None:
    paths = write_agg_days(root, 2, 30)
    write_checksum(paths[0], "a" * 64)
    report = fetch(last=DAY + timedelta(days=1))
    assert [path.name for path, _ in report.problems] == [paths[0].name]
    assert sorted(found(tmp_path)) == [paths[1].name, f"{paths[1].name}.CHECKSUM"]
    assert [name for name, _ in server.requests].count(paths[0].name) == 2
    # Once it was the network's fault, the second try brings it.
    write_checksum(paths[0])
    server.faults[paths[0].name] = [Fault(body=b"a page of a hotel")]
    assert fetch().is_whole


def test_what_was_published_anew_needs_a_word_and_what_is_damaged_does_not(
    root: Path, fetch: Any, tmp_path: Path
) -> None:
    path = write_zip(place(root, AGG_TRADES, DAY), agg_rows(30))
    fetch()
    kept = found(tmp_path)
    write_zip(path, agg_rows(31))
    report = fetch()
    assert report.counts[Fetched.REPLACED] == 1
    assert not report.is_whole
    assert found(tmp_path) == kept
    assert fetch(replaces=True).is_whole
    assert found(tmp_path) == published(root)
    here = tmp_path / "fetched" / path.relative_to(root)
    here.write_bytes(b"cut off")
    assert fetch().counts[Fetched.FETCHED] == 1
    assert found(tmp_path) == published(root)


def test_a_refusal_ends_it_and_a_short_one_is_waited_out(
    root: Path, server: ArchiveServer, fetch: Any, tmp_path: Path
) -> None:
    write_agg_days(root, 1, 30)
    server.faults[f"{NAME}.CHECKSUM"] = [Fault(status=451)]
    with pytest.raises(HistoryError, match="451"):
        fetch()
    assert found(tmp_path) == {}
    server.faults[f"{NAME}.CHECKSUM"] = [Fault(status=429, headers={"Retry-After": "1"})]
    assert fetch().is_whole
    # A redirect is a refusal too, wherever it leads.
    server.faults[f"{NAME}.CHECKSUM"] = [Fault(status=302, headers={"Location": server.url})]
    assert [reason for _, reason in fetch().problems] != []


def test_the_command_fetches_into_the_archives_layout_and_imports(
    root: Path, server: ArchiveServer, run: Any, tmp_path: Path
) -> None:
    write_agg_days(root, 2, 50)
    days = ("--start-date", str(DAY), "--end-date", str(DAY + timedelta(days=1)))
    to = tmp_path / "archive"
    done = run(
        "history",
        "download",
        "--to",
        str(to),
        "--datasets",
        "aggTrades",
        "--base-url",
        server.url,
        *days,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "fetched 2 files" in done.stdout
    done = run("history", "import", "--data-dir", str(to), "--store", str(tmp_path / "s"), *days)
    assert (done.returncode, done.stderr) == (0, "")
    assert "imported 2 files: 2 days, 100 rows" in done.stdout
    # Nothing is there of this symbol.
    done = run(
        "history",
        "download",
        "--to",
        str(to),
        "--symbol",
        "NOPEUSDT",
        "--base-url",
        server.url,
        *days,
    )
    assert_one_line(done, "NOPEUSDT")
