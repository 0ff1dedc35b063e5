"""`AlertPanel`: the rules that ring, when each rang last and why, and a switch for each.

Above them stands, where there is any, what was missed and which ways do not work.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QPoint, QSettings, QSize, Qt, QTimeZone, pyqtSignal
from PyQt6.QtWidgets import (
    QFrame,
    QLabel,
    QMenu,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.rule_list import MOST_RULES
from Heatmap.alerts.rules import Rule, parse_rule
from Heatmap.domain.events import DataKind
from Heatmap.heatmap_service import HeatmapService
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.compat import override
from Heatmap.ui.alert_texts import last_words, missed_words, rule_words, ways_words
from Heatmap.ui.language import write_as_user
from Heatmap.ui.panels.alert_row import ROW_PX, AlertRow
from Heatmap.ui.panels.notice_line import LINE_PX, NoticeLine
from Heatmap.ui.panels.panel_colours import PanelColours, scroll_bar_style
from Heatmap.ui.panels.panel_head import PanelHead
from Heatmap.ui.panels.panel_symbol import PanelLayer
from Heatmap.ui.settings.alert_store import save_alert_rules
from Heatmap.ui.while_visible import WhileVisible

if TYPE_CHECKING:
    from Heatmap.service.replays import Replay

READY_RULES = (
    "large,id=large-{number},usd=500k,ways=desktop+sound",
    "cascade,id=cascade-{number},usd=500k,seconds=30,count=5,quiet=5m,ways=desktop+sound",
    "near,id=near-{number},usd=1M,distance=0.3,quiet=5m,ways=desktop+sound",
    "stops,id=stops-{number},seconds=60,ways=desktop+sound",
    "unsaved,id=unsaved-{number},seconds=10,ways=desktop+sound",
)
"""What the button + offers; each tells on the desktop and by a sound."""
_ADD_PX = 24
_SHOWN_ROWS = 4


class AlertPanel(QWidget):
    """The rules of a service, read anew once a second while the panel is seen.

    A rule is switched on and off by its switch, added by the button +, and removed by the menu of
    its row (right button, or the menu key). What is changed is in force at once.

    Parameters
    ----------
    service
        Whose rules; ``None``: none yet, see `set_service`.
    layer
        The panel says where this layer's replay does not ring; ``None``: there is none.
    store
        Where changed rules are kept, as `load_alert_rules` reads them; ``None``: nowhere.
    parent
        Qt parent.

    Attributes
    ----------
    head
        The line above with the panel's name; a host may put it elsewhere, as into a title bar.
    add
        The button +.
    missed, ways
        One line each: how many alerts came while nothing rang, and which ways do not work.
    edit_wanted
        The user wants to edit alerts. Where somebody listens + and a row's menu offer it.
    """

    edit_wanted = pyqtSignal()

    def __init__(
        self,
        service: HeatmapService | None,
        layer: PanelLayer | None = None,
        store: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self._service = service
        self._layer = layer
        self._store = store
        # Of the list; none while the panel is being made.
        self._bar: QScrollBar | None = None
        self._zone = QTimeZone(b"UTC")
        self.rows: list[AlertRow] = []
        self.head = PanelHead(self.tr("Alerts"))
        self.add = QToolButton()
        self.add.setObjectName("dockClose")
        self.add.setText("+")
        self.add.setAutoRaise(True)
        self.add.setFixedSize(_ADD_PX, _ADD_PX)
        self.add.setToolTip(self.tr("Add an alert"))
        self.add.setAccessibleName(self.tr("Add an alert"))
        self.add.clicked.connect(lambda _checked: self._offer_rules())
        self.head.add(self.add)
        self.missed, self.ways = NoticeLine(), NoticeLine()
        self.empty = QLabel(self.tr("No alerts yet: add one with +"))
        self.empty.setContentsMargins(12, 6, 12, 6)
        self.empty.setWordWrap(True)
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.empty)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidgetResizable(True)
        area.setWidget(self._list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.missed)
        column.addWidget(self.ways)
        column.addWidget(area)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAutoFillBackground(True)
        self._bar = area.verticalScrollBar()
        self._restyle()
        self._refresher = WhileVisible(self, self.refresh)

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another palette."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._restyle()

    def _restyle(self) -> None:
        if self._bar is not None:
            self._bar.setStyleSheet(scroll_bar_style(PanelColours.of(self.palette())))

    @override
    def sizeHint(self) -> QSize:
        """Return the size with some rows; more can be scrolled to."""
        rows_px = ROW_PX * max(1, min(len(self.rows), _SHOWN_ROWS))
        lines_px = LINE_PX * sum(not one.isHidden() for one in (self.missed, self.ways))
        return QSize(316, rows_px + lines_px + 4)

    @override
    def minimumSizeHint(self) -> QSize:
        """Return the size with one row."""
        return QSize(0, ROW_PX)

    def set_service(self, service: HeatmapService | None) -> None:
        """Show the rules of another service; ``None``: none."""
        self._service = service
        self.refresh()

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Show times by the clock of a zone; UTC at first."""
        self._zone = zone
        self.refresh()

    @property
    def time_zone(self) -> QTimeZone:
        """By whose clock times are shown."""
        return self._zone

    def texts(self) -> list[tuple[str, str]]:
        """Return what is shown: what each rule watches for, and when it rang last."""
        return [row.texts for row in self.rows]

    def refresh(self) -> None:
        """Show how things are now."""
        service = self._service
        rules = () if service is None else service.alert_rules
        if [one.rule.id for one in self.rows] != [one.id for one in rules]:
            self._make_rows(rules)
        state = AlertState() if service is None else service.alert_state()
        now_ms = 0 if service is None else service.clock()
        for row, rule in zip(self.rows, rules, strict=True):
            has_rung = rule.is_enabled and rule.id in state.last
            row.show_rule(
                rule, rule_words(rule), last_words(rule, state, now_ms, self._zone), has_rung
            )
        self.missed.show_text(missed_words(state.missed))
        self.ways.show_text(ways_words(() if service is None else service.alert_way_facts()))
        self.empty.setVisible(not rules)
        self.add.setEnabled(service is not None)
        self.head.caption.setText(self._caption())

    def _caption(self) -> str:
        """Say why nothing rings, where that is so."""
        service = self._service
        if service is None:
            return ""
        replay: Replay | None = None if self._layer is None else service.replays.of(self._layer)
        if replay is not None and replay.is_active:
            return self.tr("do not ring for a replay")
        if service.kind is not DataKind.LIVE:
            return self.tr("do not ring, not live")
        recorder = service.recorder_status()
        if recorder is not None and recorder.role is SinkRole.STANDBY:
            return self.tr("another program rings")
        return ""

    def _make_rows(self, rules: tuple[Rule, ...]) -> None:
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        for at, rule in enumerate(rules):
            row = AlertRow(rule)
            # Below a style sheet palettes are not handed on.
            row.setPalette(self.palette())
            row.switch.setPalette(self.palette())
            row.switched.connect(partial(self._switch, rule.id))
            row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            row.customContextMenuRequested.connect(partial(self._offer_removal, row))
            self._column.insertWidget(at, row)
            self.rows.append(row)
        self.updateGeometry()

    def _switch(self, rule_id: str, is_enabled: bool) -> None:
        self._change(
            lambda rules: [
                replace(one, is_enabled=is_enabled) if one.id == rule_id else one for one in rules
            ]
        )

    def _offer_rules(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for rule in self.ready_rules():
            action = menu.addAction(rule_words(rule))
            if action is not None:
                action.triggered.connect(partial(self.add_rule, rule))
        menu.addSeparator()
        self._offer_edit(menu)
        menu.popup(self.add.mapToGlobal(QPoint(0, self.add.height())))

    def _offer_edit(self, menu: QMenu) -> None:
        action = (
            menu.addAction(self.tr("Edit alerts…")) if self.receivers(self.edit_wanted) else None
        )
        if action is not None:
            action.triggered.connect(self.edit_wanted)

    def _offer_removal(self, row: AlertRow, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offer_edit(menu)
        action = menu.addAction(self.tr("Remove this alert"))
        if action is not None:
            action.triggered.connect(partial(self.remove_rule, row.rule.id))
        menu.popup(row.mapToGlobal(place))

    def add_rule(self, rule: Rule) -> None:
        """Put one more rule in force, and keep it."""
        self._change(lambda rules: [*rules, rule])

    def remove_rule(self, rule_id: str) -> None:
        """Have a rule ring no more, and keep it no more."""
        self._change(lambda rules: [one for one in rules if one.id != rule_id])

    def ready_rules(self) -> list[Rule]:
        """Return the rules that the button + offers, with ids that are free."""
        rules = () if self._service is None else self._service.alert_rules
        if len(rules) >= MOST_RULES:
            return []
        ids = {one.id for one in rules}
        free = []
        for text in READY_RULES:
            numbered = (parse_rule(text.format(number=at)) for at in range(1, MOST_RULES + 2))
            free.append(next(one for one in numbered if one.id not in ids))
        return free

    def _change(self, changed: Callable[[tuple[Rule, ...]], list[Rule]]) -> None:
        if self._service is None:
            return
        rules = changed(self._service.alert_rules)
        self._service.set_alert_rules(rules)
        if self._store is not None:
            save_alert_rules(self._store, rules)
        self.refresh()
