"""Fetches files of the archive: probed by their checksums, resumed, verified, never overwritten.

A file is asked for by its checksum first: 404 says that the archive does not have it (its listing
was seen months old). What is there and whole is not fetched again; what was published anew since
needs a word of the user.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TypeVar

from Heatmap.domain.failure_texts import REFUSALS, failure_text
from Heatmap.errors import Failure, FailureKind, HistoryError
from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.days import days_between, last_of_month
from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.history.file_names import CHECKSUM_ENDING, archive_path, parse_checksum
from Heatmap.history.progress import Progress
from Heatmap.history.texts import fault_text
from Heatmap.history.unpacking import published_sha256, sha256_of
from Heatmap.ingestion.connection.supervisor import Backoff
from Heatmap.ingestion.rest_client import PARTIAL, RestClient, RestError

_NOT_FOUND = 404
_RANGE_REFUSED = 416
_CHECKSUM_BYTES = 2**12
# Far beyond any file of the archive.
_FILE_BYTES = 2**36
_GIVES_UP = frozenset({FailureKind.FIREWALL, FailureKind.REGION, FailureKind.PROXY_REFUSED})
_RETRIED = frozenset(
    {
        FailureKind.TOO_MANY_REQUESTS,
        FailureKind.BANNED,
        FailureKind.EXCHANGE_FAULT,
        FailureKind.REQUEST_FAILED,
        FailureKind.NO_ANSWER_WITHIN,
    }
)


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DownloadTimes:
    """Every waiting time of a download, seconds.

    Attributes
    ----------
    spacing_s
        Least time from one request to the next.
    timeout_s
        How long the archive may be silent.
    first_backoff_s, longest_backoff_s
        Limits of the wait after a request that failed; it doubles, with jitter.
    attempts
        So often a request is made at most.
    """

    spacing_s: float = 0.05
    timeout_s: float = 30.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    attempts: int = 7


class Fetched(StrEnum):
    """What became of a file."""

    FETCHED = "fetched"
    PRESENT = "present"
    ABSENT = "absent"
    REPLACED = "replaced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Period:
    """A file that is wanted.

    Attributes
    ----------
    dataset
        Of which.
    first, last
        Its days, both included.
    is_monthly
        Whether it is a month's.
    """

    dataset: Dataset
    first: date
    last: date
    is_monthly: bool

    @property
    def text(self) -> str:
        """As the file's name has it."""
        day = self.first.isoformat()
        return day[:7] if self.is_monthly else day


@dataclass(slots=True)
class DownloadReport:
    """What became of all.

    Attributes
    ----------
    counts
        How many files of each kind.
    size_bytes
        What was fetched.
    absent_days
        Days that the archive does not have, by the archive's name of the dataset.
    problems
        What was not fetched though the archive has it: path and reason.
    """

    counts: dict[Fetched, int] = field(default_factory=lambda: dict.fromkeys(Fetched, 0))
    size_bytes: int = 0
    absent_days: dict[str, list[date]] = field(default_factory=dict)
    problems: list[tuple[PurePosixPath, str]] = field(default_factory=list)

    @property
    def fetched(self) -> int:
        """How many files were fetched."""
        return self.counts[Fetched.FETCHED]

    @property
    def present(self) -> int:
        """How many files were there and whole."""
        return self.counts[Fetched.PRESENT]

    @property
    def is_whole(self) -> bool:
        """Whether everything that the archive has is there."""
        return not self.problems


def plan_periods(datasets: tuple[Dataset, ...], first: date, last: date) -> list[Period]:
    """Return the files to ask for.

    Months where all of one is wanted of a small dataset, or where the archive has nothing else.
    """
    periods = []
    for dataset in datasets:
        day = first
        while day <= last:
            begin, end = day.replace(day=1), last_of_month(day)
            is_whole = day == begin and end <= last
            if dataset.is_monthly and (
                not dataset.is_daily or (is_whole and dataset.prefers_monthly)
            ):
                periods.append(Period(dataset, begin, end, is_monthly=True))
            else:
                periods += _days(dataset, day, min(end, last))
            day = date.fromordinal(end.toordinal() + 1)
    return periods


class Downloader:
    """Fetches files of one symbol into a directory, in the archive's layout.

    Parameters
    ----------
    to
        The directory; made where it is missing.
    base_url
        Where the archive is.
    market, symbol
        What is fetched.
    replaces
        Whether files that were published anew are fetched over those that are there.
    times
        How long it waits.
    on_wait
        Told in words what it waits for, where it is longer than a moment.
    """

    def __init__(
        self,
        to: Path,
        base_url: str,
        market: Market,
        symbol: str,
        *,
        replaces: bool = False,
        times: DownloadTimes | None = None,
        on_wait: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._to = to
        self._base_url = base_url
        self._market, self._symbol = market, symbol
        self._replaces = replaces
        self._times = times or DownloadTimes()
        self._on_wait = on_wait
        self._next_s = 0.0

    async def run(self, periods: list[Period], progress: Progress) -> DownloadReport:
        """Fetch files one after the other.

        Raises
        ------
        HistoryError
            The archive serves nothing here, or the directory cannot be written.
        """
        report = DownloadReport()
        timeout_s = self._times.timeout_s
        async with (
            RestClient(self._base_url, limit_bytes=_CHECKSUM_BYTES, timeout_s=timeout_s) as asker,
            RestClient(self._base_url, limit_bytes=_FILE_BYTES, timeout_s=timeout_s) as fetcher,
        ):
            waiting = list(reversed(periods))
            while waiting:
                period = waiting.pop()
                path = self._path(period)
                before = report.size_bytes
                became = await self._fetch_one(asker, fetcher, path, report)
                if became is Fetched.ABSENT and period.is_monthly and period.dataset.is_daily:
                    # A missing month says nothing about its days.
                    days = _days(period.dataset, period.first, period.last)
                    waiting += reversed(days)
                    progress.expect(len(days) - 1)
                    continue
                if became is Fetched.ABSENT:
                    absent = report.absent_days.setdefault(period.dataset.archive, [])
                    absent += days_between(period.first, period.last)
                report.counts[became] += 1
                progress.end_file(report.size_bytes - before)
        return report

    def _path(self, period: Period) -> PurePosixPath:
        return archive_path(
            period.dataset,
            self._market,
            self._symbol,
            period.text,
            is_monthly=period.is_monthly,
        )

    async def _fetch_one(
        self,
        asker: RestClient,
        fetcher: RestClient,
        path: PurePosixPath,
        report: DownloadReport,
    ) -> Fetched:
        try:
            text = await self._retried(lambda: self._ask_checksum(asker, path))
            if text is None:
                return Fetched.ABSENT
            published = parse_checksum(text)
            if published is None or published[1] != path.name:
                report.problems.append((path, f"its checksum file says {text[:80]!r}"))
                return Fetched.FAILED
            target = self._to / path
            became = self._compare(target, published[0])
            if became is Fetched.REPLACED:
                reason = "it was published anew since, or is not the archive's; --replace takes it"
                report.problems.append((path, reason))
            if became is not Fetched.FETCHED:
                return became
            report.size_bytes += await self._fetch_twice(fetcher, path, target, published[0])
            _write_whole(target.with_name(target.name + CHECKSUM_ENDING), text.encode())
        except RestError as error:
            if error.failure.kind in _GIVES_UP | _RETRIED:
                # The next file would fare no better.
                reason = _reason(error.failure)
                raise HistoryError(
                    f"{self._base_url}: {reason}; the same command goes on from here"
                ) from error
            report.problems.append((path, str(error)))
            return Fetched.FAILED
        except FileFaultError as error:
            report.problems.append((path, fault_text(error.fault)))
            return Fetched.FAILED
        except OSError as error:
            raise HistoryError(
                f"{error.filename or self._to} cannot be written ({error.strerror or error}); make "
                "room or choose another --to; the same command goes on from here"
            ) from error
        return Fetched.FETCHED

    async def _ask_checksum(self, client: RestClient, path: PurePosixPath) -> str | None:
        answer = await client.get(f"/{path}{CHECKSUM_ENDING}")
        if answer.status == _NOT_FOUND:
            return None
        if answer.refusal is not None:
            raise RestError(answer.refusal)
        return answer.body.decode("utf-8", "replace")

    def _compare(self, target: Path, published: str) -> Fetched:
        """Say whether a file is there as it was published, and whether it may be fetched."""
        if not target.exists():
            return Fetched.FETCHED
        beside = target.with_name(target.name + CHECKSUM_ENDING)
        try:
            said = published_sha256(target)
        except FileFaultError:
            said = None
        if sha256_of(target) == published:
            if said != published:
                _write_whole(beside, f"{published}  {target.name}\n".encode())
            return Fetched.PRESENT
        # What does not agree with its own checksum is damaged, and loses nothing.
        if said == published or self._replaces:
            return Fetched.FETCHED
        return Fetched.REPLACED

    async def _fetch_twice(
        self, client: RestClient, path: PurePosixPath, target: Path, published: str
    ) -> int:
        """Fetch a file, and once more where it is not what was published: some never are."""
        try:
            return await self._retried(lambda: self._fetch(client, path, target, published))
        except FileFaultError:
            return await self._retried(lambda: self._fetch(client, path, target, published))

    async def _fetch(
        self, client: RestClient, path: PurePosixPath, target: Path, published: str
    ) -> int:
        """Fetch a file, or what is missing of it; return its size."""
        target.parent.mkdir(parents=True, exist_ok=True)
        # Only of the same state of the file is the beginning of use.
        part = target.with_name(f"{target.name}.{published[:12]}.part")
        for other in target.parent.glob(f"{target.name}.*.part"):
            if other != part:
                other.unlink(missing_ok=True)
        had = part.stat().st_size if part.exists() else 0
        async with client.open_file(f"/{path}", had) as answer:
            if answer.status == _RANGE_REFUSED and had:
                pass  # all of it is there; the checksum tells
            elif answer.refusal is not None:
                raise RestError(answer.refusal)
            else:
                mode = "ab" if answer.status == PARTIAL and had else "wb"
                with part.open(mode) as file:
                    async for piece in answer.pieces():
                        file.write(piece)
        got = await asyncio.to_thread(sha256_of, part)
        if got != published:
            part.unlink(missing_ok=True)
            raise FileFaultError(FaultKind.CHECKSUM, published=published, got=got)
        _sync(part)
        size = part.stat().st_size
        part.replace(target)
        return size

    async def _retried(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask until there is an answer: not too often, and not for ever."""
        times = self._times
        backoff = Backoff(times.first_backoff_s, times.longest_backoff_s, random.Random())  # noqa: S311
        attempt = 1
        while True:
            await self._wait_for_turn()
            try:
                return await ask()
            except RestError as error:
                failure = error.failure
                if failure.kind not in _RETRIED or attempt >= times.attempts:
                    raise
                delay_s = max(backoff.next_delay(), failure.hold_s or 0.0)
                if delay_s > times.first_backoff_s:
                    self._on_wait(f"{_reason(failure)}; tried again in {delay_s:.0f} s")
            attempt += 1
            await asyncio.sleep(delay_s)

    async def _wait_for_turn(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._next_s > now_s:
            await asyncio.sleep(self._next_s - now_s)
        self._next_s = asyncio.get_running_loop().time() + self._times.spacing_s


def _reason(failure: Failure) -> str:
    """Say what went wrong, and nothing of a wait that only who waits can tell."""
    text = REFUSALS.get(failure.kind)
    return failure_text(failure) if text is None else text.format_map(failure.values)


def _days(dataset: Dataset, first: date, last: date) -> list[Period]:
    return [Period(dataset, day, day, is_monthly=False) for day in days_between(first, last)]


def _write_whole(path: Path, content: bytes) -> None:
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        half.write_bytes(content)
        _sync(half)
        half.replace(path)
    finally:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
