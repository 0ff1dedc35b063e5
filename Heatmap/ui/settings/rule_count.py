"""How often a rule would have rung in what is recorded, counted beside the loop."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt6 import sip
from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QHideEvent

from Heatmap.alerts.backtest_result import AlertBacktest, Untold
from Heatmap.alerts.rules import Rule
from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.errors import HeatmapError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import begin_task, end_task, running_loop
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.number_texts import decimal_number, percent_text, whole_number
from Heatmap.ui.settings.look import Caption

if TYPE_CHECKING:
    import asyncio

logger = get_logger(__name__)

PAUSE_MS = 300
"""So long nothing is entered before it is counted: a number is typed digit by digit."""
_DAY_MS = 86_400_000


class RuleCount(Caption):
    """Says how often the rule that was asked for last would have rung.

    One rule is counted at a time; what was asked for meanwhile comes next, and only the last of it.

    Parameters
    ----------
    service
        Whose recording is read, in its worker threads.
    """

    def __init__(self, service: HeatmapService) -> None:
        super().__init__()
        self.setObjectName("rule_count_words")
        self.setToolTip(self.tr("Counted in what was recorded; it may have rung more often"))
        self._service = service
        self._asked: Rule | None = None
        # Of which rule the answer is shown; None: of none.
        self._answered: Rule | None = None
        self._task: asyncio.Task[None] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._count)
        self.setText(self.tr("No rule is chosen"))

    def ask(self, rule: Rule | None) -> None:
        """Count another rule; nothing happens where it is the one that was asked for last."""
        # Neither its name, nor whether it is on, nor its ways make a difference.
        asked = None if rule is None else replace(rule, id="asked", is_enabled=True, ways=())
        if asked == self._asked:
            return
        self._asked, self._answered = asked, None
        if asked is None:
            self._pause.stop()
            self.setText(self.tr("No rule is chosen"))
        else:
            self.setText(self.tr("Counting\u2026"))
            self._pause.start()

    def refresh(self) -> None:
        """Count once more where that could not be done, such as before the service was started."""
        is_idle = self._task is None and not self._pause.isActive()
        if is_idle and self._asked is not None and self._answered is None:
            self._count()

    def leave(self) -> None:
        """Count nothing any more, until `ask` or `refresh`."""
        self._pause.stop()
        # By the next time there is more that is recorded.
        self._answered = None
        task, self._task = self._task, None
        if task is not None:
            end_task(task)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("it could not be counted how often a rule would have rung", exc_info=error)

    @override
    def hideEvent(self, event: QHideEvent | None) -> None:
        """Stop where nobody looks."""
        super().hideEvent(event)
        self.leave()

    @guarded
    def _count(self) -> None:
        rule = self._asked
        if rule is None or self._task is not None:
            return
        loop = running_loop()
        if loop is None or not self._service.is_running():
            self.setText(self.tr("Not counted: nothing is recorded at present."))
            return
        self.setText(self.tr("Counting\u2026"))
        self._task = begin_task(loop, self._answer(rule), "Heatmap rule count")

    async def _answer(self, rule: Rule) -> None:
        found: AlertBacktest | None
        try:
            found = await self._service.alert_backtest(rule)
        except (HeatmapError, ValueError) as error:
            logger.debug("not counted: %s", error)
            found = None
        except Exception:
            logger.exception("it could not be counted how often a rule would have rung")
            found = None
        if sip.isdeleted(self):
            return
        words = self.tr("Not counted: the recording cannot be read.")
        if found is not None:
            words = self._said(found)
        self._task = None
        if rule == self._asked:
            self._answered = rule
            self.setText(words)
        else:
            self._count()

    def _said(self, found: AlertBacktest) -> str:
        if found.count is None or found.from_ms is None or found.until_ms is None:
            return {
                Untold.LEVELS: self.tr("How often is not known: past levels are not kept."),
                Untold.RECORDING: self.tr(
                    "How often is not known: whether this program ran is not kept."
                ),
                Untold.NO_USUAL_MINUTE: self.tr(
                    "How often is not known: less than an hour was recorded."
                ),
            }.get(found.untold or Untold.NOTHING_RECORDED, self._never_recorded(found.rule))
        days = decimal_number((found.until_ms - found.from_ms) / _DAY_MS, 1)
        share = percent_text(found.recorded_share)
        whole = self.tr("{times} in the recorded {share} of all {days} days").format(
            times=self._times(found.count), share=share, days=days
        )
        if not found.day_share:
            return self.tr("Would have rung {whole}; nothing of the last 24 h.").format(whole=whole)
        return self.tr(
            "Would have rung {day} in the recorded {share} of the last 24 h, {whole}."
        ).format(
            day=self._times(found.day_count or 0),
            share=percent_text(found.day_share),
            whole=whole,
        )

    def _times(self, count: int) -> str:
        if count == 0:
            return self.tr("never")
        return (
            self.tr("once")
            if count == 1
            else self.tr("{count} times").format(count=whole_number(count))
        )

    def _never_recorded(self, rule: Rule) -> str:
        if rule.symbol == ALL_SYMBOLS:
            return self.tr("How often is not known: nothing is recorded yet.")
        return self.tr("How often is not known: {symbol} was never recorded.").format(
            symbol=rule.symbol
        )
