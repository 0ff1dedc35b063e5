"""Looks at everything that recording needs, one thing after the other, and says what works.

Every check has its own time limit, and names and files are looked up in daemon threads, so that
neither a name server nor a disk that hangs can keep the program from ending. Nothing is written
anywhere. What is found stands in the tables, its words in `texts`.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial

from Heatmap.doctor.database_table import DATABASE, DatabaseCheck
from Heatmap.doctor.doctor_config import DoctorConfig, DoctorTimes
from Heatmap.doctor.findings import Check, Finding, bug, decide
from Heatmap.doctor.rest_checks import examine_rest
from Heatmap.doctor.stream_checks import examine_stream
from Heatmap.domain.events import DataKind
from Heatmap.errors import Failure, FailureKind, HeatmapError
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop, in_daemon_thread
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.store import DatabaseFacts

__all__ = ["ConnectionCheck", "DoctorConfig", "DoctorTimes", "diagnose"]

_logger = get_logger(__name__)


def diagnose(
    config: DoctorConfig,
    examine_database: Callable[[], DatabaseFacts],
    report: Callable[[Finding], None],
) -> tuple[Finding, ...]:
    """Make all checks; blocks at most for the sum of their limits.

    Parameters
    ----------
    config
        What to look at, and for how long.
    examine_database
        Looks at the database, as `storage.store.Store.health`; called in a daemon thread.
    report
        Called with each finding as soon as it and those before it are known.

    Returns
    -------
    tuple of Finding
        In the order in which they were reported; always the same checks.
    """
    findings: list[Finding] = []

    def relay(finding: Finding) -> None:
        findings.append(finding)
        report(finding)

    try:
        with asyncio.Runner(loop_factory=RecorderLoop) as runner:
            runner.run(_examine(config, examine_database, relay))
    except BaseExceptionGroup as group:
        # The checks themselves raise nothing: this is what `report` raised, such as a closed pipe.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise
    return tuple(findings)


async def _examine(
    config: DoctorConfig,
    examine_database: Callable[[], DatabaseFacts],
    report: Callable[[Finding], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        # Beside the connection, which takes longer; reported after it.
        database = tasks.create_task(_check_database(examine_database, config))
        await _examine_connection(config, tasks, report)
        report(await database)


async def _examine_connection(
    config: DoctorConfig, tasks: asyncio.TaskGroup, report: Callable[[Finding], None]
) -> None:
    # Beside the websocket, which takes longer; reported after it.
    rest = tasks.create_task(examine_rest(config))
    await examine_stream(config, tasks, report)
    for finding in await rest:
        report(finding)


class ConnectionCheck:
    """Makes the checks of the connection alone, in a daemon thread of its own.

    `start` once; `cancel` at any time, also again and after the end.

    Parameters
    ----------
    config
        What to look at, and for how long.
    report
        Called in that thread with each finding, as soon as it and those before it are known.
    end
        Called in that thread when there are no more; not after `cancel`.
    """

    def __init__(
        self,
        config: DoctorConfig,
        report: Callable[[Finding], None],
        end: Callable[[], None],
    ) -> None:
        self._config = config
        self._report = report
        self._end = end
        self._is_cancelled = threading.Event()
        # Of the thread, while it makes checks; None before and after.
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._thread = threading.Thread(
            target=self._run, name="Heatmap connection check", daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Make no more checks, and report nothing any more."""
        self._is_cancelled.set()
        running = self._running
        if running is not None:
            loop, task = running
            # The loop is closed where the checks have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=RecorderLoop) as runner:
                runner.run(self._main())
        except asyncio.CancelledError:
            return
        except Exception:
            _logger.exception("the check of the connection has a bug")
        finally:
            self._running = None
        if not self._is_cancelled.is_set():
            self._end()

    async def _main(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # this runs in one
        self._running = asyncio.get_running_loop(), task
        if self._is_cancelled.is_set():
            return
        async with asyncio.TaskGroup() as tasks:
            await _examine_connection(self._config, tasks, self._tell)

    def _tell(self, finding: Finding) -> None:
        if not self._is_cancelled.is_set():
            self._report(finding)


async def _check_database(
    examine_database: Callable[[], DatabaseFacts], config: DoctorConfig
) -> Finding:
    limit_s = config.times.database_s
    try:
        async with asyncio.timeout(limit_s):
            return await in_daemon_thread(partial(database_finding, examine_database, config.kind))
    except TimeoutError:
        return decide(Check.DATABASE, DATABASE, DatabaseCheck(waited_s=limit_s))
    except Exception as error:
        _logger.exception("the check of the database has a bug")
        return bug(Check.DATABASE, error)


def database_finding(
    examine_database: Callable[[], DatabaseFacts], wanted_kind: DataKind
) -> Finding:
    """Look at the database, and return what that means for a recorder of `wanted_kind`."""
    try:
        seen = DatabaseCheck.of(examine_database(), wanted_kind)
    except HeatmapError as error:
        seen = DatabaseCheck(failure=error.failure)
    except OSError as error:
        seen = DatabaseCheck(failure=Failure(FailureKind.OTHER, {"text": str(error)}))
    return decide(Check.DATABASE, DATABASE, seen)
