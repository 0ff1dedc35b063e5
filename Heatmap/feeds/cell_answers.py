"""What lies under the crosshair: one layer's questions, answered in a worker thread.

- One question is answered at a time. Of those that come meanwhile only the last one counts.
- A question is about the picture that there is when its turn comes; without one nothing is known.
- Before the feed's task has begun, and after it has ended, questions wait or are forgotten.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellLines, CellQuery, CellReport
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Outcome, hand_over
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)


class CellAnswers:
    """Answers the questions of one layer. Belongs on the loop's thread.

    Parameters
    ----------
    executor
        Where the picture is asked.
    loop
        Gives the feed's loop; ``None`` before and after its task.
    picture
        Gives the picture that there is now.
    show
        Takes the answers; ``None``: nothing is known.
    note_error
        Takes what fails in a callback.
    """

    def __init__(
        self,
        executor: Executor,
        loop: Callable[[], asyncio.AbstractEventLoop | None],
        picture: Callable[[], HeatPicture | None],
        show: Callable[[CellLines | None], None],
        note_error: Callable[[Exception], None],
    ) -> None:
        self.note_error = note_error
        self._executor = executor
        self._loop = loop
        self._picture = picture
        self._show = show
        # The place that was asked about last, until it is looked at.
        self._asked: CellQuery | None = None
        self._is_describing = False
        # Has the answer under way handed to nobody.
        self._forget: Callable[[], None] = lambda: None

    def ask(self, query: CellQuery) -> None:
        """Answer what lies at a place."""
        self._asked = query
        self.answer_next()

    def answer_next(self) -> None:
        """Answer what was asked last, where an answer can be had now."""
        picture, query, loop = self._picture(), self._asked, self._loop()
        if query is None or loop is None or loop.is_closed() or self._is_describing:
            return
        self._asked = None
        if picture is None:
            self._show(None)
            return
        self._is_describing = True
        work = partial(picture.describe, query)
        self._forget = hand_over(loop, self._executor, work, self._take)

    def end(self) -> None:
        """Show no answer that is under way."""
        self._forget()

    @guarded
    def _take(self, answer: Outcome[CellReport | None]) -> None:
        self._is_describing = False
        if self._loop() is None:
            return
        if answer.error is not None:
            logger.error("the cell could not be described", exc_info=answer.error)
        report = answer.value
        self._show(None if report is None else CellLines(report.query, report.lines))
        self.answer_next()
