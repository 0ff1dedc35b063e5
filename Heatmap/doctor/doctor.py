"""Looks at everything that recording needs, one thing after the other, and says what works.

Every check has its own time limit, and names and files are looked up in daemon threads, so that
neither a name server nor a disk that hangs can keep the program from ending. Nothing is written
anywhere. What is said stands in `doctor_words`.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from Heatmap.doctor.doctor_config import DoctorConfig, DoctorTimes
from Heatmap.doctor.doctor_words import Finding, Result, Verdict
from Heatmap.doctor.rest_checks import examine_rest
from Heatmap.doctor.stream_checks import examine_stream, made
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop, in_daemon_thread

__all__ = ["DatabaseReport", "DoctorConfig", "DoctorTimes", "diagnose"]


class DatabaseReport(Protocol):
    """What is said about the database; `storage.store.DatabaseHealth` satisfies it."""

    @property
    def level(self) -> str:
        """Return ``ok``, ``warn`` or ``FAIL``."""

    @property
    def words(self) -> str:
        """Return one line."""

    @property
    def advice(self) -> str:
        """Return what to do, or nothing."""


def diagnose(
    config: DoctorConfig,
    examine_database: Callable[[], DatabaseReport],
    report: Callable[[Finding], None],
) -> tuple[Finding, ...]:
    """Make all checks; blocks at most for the sum of their limits.

    Parameters
    ----------
    config
        What to look at, and for how long.
    examine_database
        Looks at the database; called in a daemon thread.
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
    examine_database: Callable[[], DatabaseReport],
    report: Callable[[Finding], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        # Beside the websocket, which takes longer; reported after it.
        rest = tasks.create_task(examine_rest(config))
        database = tasks.create_task(
            made("database", _check_database(examine_database, config.times))
        )
        await examine_stream(config, tasks, report)
        for finding in (*await rest, await database):
            report(finding)


async def _check_database(
    examine_database: Callable[[], DatabaseReport], times: DoctorTimes
) -> Verdict:
    try:
        async with asyncio.timeout(times.database_s):
            report = await in_daemon_thread(examine_database)
    except TimeoutError:
        return (
            Result.FAIL,
            f"the file system did not answer in {times.database_s:g} s",
            "use a file on a local disk",
        )
    return Result(report.level), report.words, report.advice
