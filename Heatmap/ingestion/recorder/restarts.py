"""Keeps a part of the recorder running, whatever a bug of its own does."""

import asyncio
from collections.abc import Callable, Coroutine

from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.recorder.recorder_status import StatusBoard
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

RESTART_S = 1.0
"""A part that failed unexpectedly starts again after this, seconds."""


async def keep_running(
    name: str, part: Callable[[], Coroutine[None, None, None]], board: StatusBoard
) -> None:
    """Run one part of the recorder, and again if a bug ends it: the others must go on."""
    while True:
        try:
            await part()
        except Exception as error:
            _logger.exception("the recorder's part %r failed and starts again", name)
            values = {"part": name, "error": repr(error)}
            board.note(last_failure=Failure(FailureKind.PART_RESTARTED, values))
        await asyncio.sleep(RESTART_S)
