"""`LastHourLine`: the totals of the last hour in one line, for a status bar."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtWidgets import QLabel, QWidget

from Heatmap.domain.instruments import InstrumentName
from Heatmap.feeds.recorded_books import RecordedTotals
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.service.recorded_questions import RecordedQuestions
from Heatmap.ui.language import write_as_user
from Heatmap.ui.number_texts import UNKNOWN, short_usd, whole_percent
from Heatmap.ui.panels.followed_symbol import FollowedSymbol
from Heatmap.ui.panels.panel_colours import PanelColours
from Heatmap.ui.panels.panel_head import tabular
from Heatmap.ui.panels.panel_symbol import PanelLayer
from Heatmap.ui.ties import Weakly

_FULL_PERCENT = 100


class LastHourLine(QLabel):
    """Longs and shorts of the last hour: lower bounds; a dash where nothing was recorded.

    Where some of the hour was not recorded it is amber, as the share in `LiquidationTotals`, and
    the tool tip says how much was.

    Parameters
    ----------
    service
        Whose recording; ``None``: none yet, see `set_service`.
    layer
        A `HeatmapLayer`, whose symbol and time are followed; without a chart a `PanelSymbol`.
        ``None``: the first recorded symbol.
    parent
        Qt parent.
    """

    def __init__(
        self,
        service: HeatmapService | None,
        layer: PanelLayer | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(tabular(self.font()))
        self._percent = _FULL_PERCENT
        self._followed = FollowedSymbol(self, service, layer, self._follow, self._forget)
        self._forget()

    def set_service(self, service: HeatmapService | None) -> None:
        """Show what another service records; ``None``: nothing."""
        self._followed.set_service(service)

    def _follow(self, recorded: RecordedQuestions, symbol: InstrumentName) -> Callable[[], None]:
        return recorded.follow_totals(symbol, Weakly(self._show))

    def _forget(self) -> None:
        self._show_share(_FULL_PERCENT)
        self._say(UNKNOWN, UNKNOWN)

    def _show(self, totals: RecordedTotals) -> None:
        hour = totals.spans[0]
        is_known = whole_percent(hour.recorded_share) > 0 or hour.long_usd + hour.short_usd > 0
        amounts = (
            short_usd(usd) if is_known else UNKNOWN for usd in (hour.long_usd, hour.short_usd)
        )
        self._say(*amounts)
        self._show_share(whole_percent(hour.recorded_share))

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another palette."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _show_share(self, percent: int) -> None:
        if percent != self._percent:
            self._percent = percent
            words = self.tr("{share} of this hour was recorded")
            is_whole = percent >= _FULL_PERCENT
            self.setToolTip("" if is_whole else words.format(share=f"{percent} %"))
            self._colour()

    def _colour(self) -> None:
        style = ""
        if self._percent < _FULL_PERCENT:
            # Not by a palette: a window's style sheet would undo it.
            ink = PanelColours.of(self.palette()).warn.name()
            style = f"LastHourLine {{ color: {ink} }}"
        if style != self.styleSheet():
            self.setStyleSheet(style)

    @property
    def amounts(self) -> tuple[str, str]:
        """Longs and shorts as they are written."""
        return self._amounts

    def _say(self, longs: str, shorts: str) -> None:
        self._amounts = longs, shorts
        words = self.tr("1 h at least: longs {longs}, shorts {shorts}")
        self.setText(words.format(longs=longs, shorts=shorts))
