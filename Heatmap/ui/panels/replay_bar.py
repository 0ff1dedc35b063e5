"""`ReplayBar`: pause, speed, seek and step of what a layer shows of an earlier time."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QSize, Qt, QTimer, QTimeZone, pyqtSignal
from PyQt6.QtGui import (
    QAction,
    QFont,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import instrument_of
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.runtime.replay_clock import SPEEDS
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.language import write_as_user
from Heatmap.ui.panels.as_of_dialog import AsOfDialog
from Heatmap.ui.panels.panel_colours import PanelColours, mixed
from Heatmap.ui.panels.panel_head import tabular
from Heatmap.ui.panels.panel_symbol import PanelLayer
from Heatmap.ui.panels.recording_timeline import RecordingTimeline
from Heatmap.ui.panels.replay_icons import SIZE_PX, ReplayIcon, replay_icon
from Heatmap.ui.panels.replay_keys import ReplayKey
from Heatmap.ui.panels.replay_moves import ReplayMoves
from Heatmap.ui.panels.replay_speeds import ReplaySpeeds
from Heatmap.ui.ties import Ties, Weakly

if TYPE_CHECKING:
    from Heatmap.feeds.replay_reads import RecordedTime
    from Heatmap.service.replays import Replay

logger = get_logger(__name__)

HEIGHT_PX = 56
_BUTTON_PX, _GAP_PX = 32, 4
# The figures are written anew so often, and a drag seeks so often at most.
_CLOCK_MS, _SEEK_MS = 100, 150
# In a narrower bar the speeds are a list, in whatever language.
_NARROW_PX, _LEAST_PX = 840, 620
# What the bar is told by others.
_RECORDED, _REPLAY = "recorded", "replay"
_RESTYLING = (QEvent.Type.PaletteChange, QEvent.Type.FontChange)


class _Strip(QWidget):
    """The bar's ground, and the least that it needs."""

    @override
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint the ground, and a line that parts it from the chart."""
        colours = PanelColours.of(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.ground)
        painter.fillRect(0, 0, self.width(), 1, colours.line)
        painter.end()

    @override
    def minimumSizeHint(self) -> QSize:
        """Return what it needs with the speeds in a list, and a short timeline."""
        return QSize(max(_LEAST_PX, self.least_width()), HEIGHT_PX)

    def least_width(self) -> int:
        """Return what buttons, speeds in a list, timeline, time and words need, pixels."""
        row, speeds = self.layout(), self.findChild(ReplaySpeeds)
        if row is None or speeds is None:
            return 0
        saved = speeds.minimumSizeHint().width() - speeds.narrow_width()
        return row.minimumSize().width() - saved


class ReplayBar(_Strip):
    """Has a layer show an earlier time, and moves it: a host puts the bar below its chart.

    Seen, it follows the layer's symbol and shows what was recorded of it, with its holes. It may be
    hidden while nothing is replayed: `begin` and `ask_as_of` work all the same.

    Parameters
    ----------
    service
        Whose recording; ``None``: none yet, see `set_service`.
    layer
        The layer that shows the earlier time; without a chart a `PanelSymbol`.
    parent
        Qt parent.

    Attributes
    ----------
    replay_changed
        The layer shows another time, stands, goes on, or shows the present: see `replay`.
    moment_shown
        The bar says the time anew, also as it goes on: a host's clock beside it may do so too.
    timeline
        The recording from end to end.
    moves
        What keys and buttons do.
    play_action, on_action, back_action, faster_action, slower_action, start_action, live_action
        What the keys do while the bar is seen; a host may put them into a menu too. Of several bars
        in one window they are those of the bar with the keyboard, or of the one used last.
    """

    replay_changed = pyqtSignal()
    moment_shown = pyqtSignal()

    def __init__(
        self, service: HeatmapService | None, layer: PanelLayer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self._service: HeatmapService | None = None
        self._layer = layer
        self.moves = ReplayMoves()
        self._ties = Ties(self)
        self._zone = QTimeZone.utc()
        # What is to be done once it is known what was recorded.
        self._awaited: Callable[[], None] | None = None
        self._wanted_ms: int | None = None
        # The colours and the font that it has been made for.
        self._style: tuple[int, int, str] | None = None
        # The colours that icons were drawn in, and whether it played.
        self._drawn: tuple[int, int, bool] | None = None
        self._make_actions()
        self.moves.on_use = self.play_action.note_use
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(_GAP_PX)
        # It gives way by itself, see `minimumSizeHint`.
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self._buttons: dict[QToolButton, ReplayIcon] = {}
        for action, icon in (
            (self.start_action, ReplayIcon.START),
            (self.back_action, ReplayIcon.BACK),
            (self.play_action, ReplayIcon.PLAY),
            (self.on_action, ReplayIcon.ON),
        ):
            button = _button(action)
            self._buttons[button] = icon
            row.addWidget(button)
        row.addSpacing(_GAP_PX)
        self.speeds = ReplaySpeeds(f"{self.slower_action.key_text}, {self.faster_action.key_text}")
        self.speeds.chosen.connect(self.moves.set_speed)
        row.addWidget(self.speeds)
        self.timeline = RecordingTimeline()
        self.timeline.sought.connect(self._seek_soon)
        row.addWidget(self.timeline, 1)
        self.moment = QLabel()
        self.moment.setAccessibleName(self.tr("Time shown"))
        row.addWidget(self.moment)
        row.addSpacing(2 * _GAP_PX)
        self.live = QPushButton()
        self.live.clicked.connect(lambda _on: self._back_to_live())
        row.addWidget(self.live)
        self.setFixedHeight(HEIGHT_PX)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._show_moment)
        self._seek = QTimer(self)
        self._seek.setSingleShot(True)
        self._seek.setInterval(_SEEK_MS)
        self._seek.timeout.connect(self._seek_now)
        layer.symbol_changed.connect(self._follow)
        self.set_service(service)
        self._restyle()

    # -- what a host says -----------------------------------------------------------------------

    @property
    def replay(self) -> "Replay | None":
        """What the bar moves; ``None``: there is no service."""
        return self.moves.replay

    def set_service(self, service: HeatmapService | None) -> None:
        """Show another service's recording; ``None``: none."""
        if service is self._service and service is not None:
            return
        self._end()
        self._service = service
        self.moves.replay = None if service is None else service.replays.of(self._layer)
        if self.moves.replay is not None:
            listener = Weakly(self._show_state)
            self.moves.replay.add_listener(listener)
            self._ties.tie(_REPLAY, partial(self.moves.replay.remove_listener, listener))
        self._follow()
        self._show_state()

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Give times by the clock of a zone; UTC at first."""
        self._zone = zone
        self.timeline.set_time_zone(zone)
        self._show_moment()

    def set_step(self, step_ms: int) -> None:
        """Step by a candle of so many milliseconds; a minute at first."""
        self.timeline.step_ms = self.moves.step_ms = step_ms

    def begin(self) -> None:
        """Begin a replay an hour before now, or at the start of the recording, and stand there."""
        self.moves.begin()
        # Where the recording begins later, it goes there once that is known.
        self._when_known(self.moves.stay_within)

    def ask_as_of(self) -> None:
        """Ask for a moment, and show what was known then."""
        if self.moves.replay is not None:
            self.moves.on_use()
            self._when_known(self._open_dialog)

    # -- what is done ---------------------------------------------------------------------------

    def _seek_soon(self, ms: int) -> None:
        """Seek, but not with each pixel of a drag."""
        self._wanted_ms = ms
        if not self._seek.isActive():
            self._seek_now()
            self._seek.start()

    def _seek_now(self) -> None:
        ms, self._wanted_ms = self._wanted_ms, None
        if ms is not None:
            self.moves.seek(ms)

    def _back_to_live(self) -> None:
        self._wanted_ms = self._awaited = None
        self.moves.back_to_live()

    def _when_known(self, act: Callable[[], None]) -> None:
        """Do something once it is known what was recorded, which is read while the bar waits."""
        if self.timeline.recorded is not None:
            act()
            return
        self._awaited = act
        self._follow()

    def _open_dialog(self) -> None:
        replay, service = self.moves.replay, self._service
        if replay is None or service is None:
            return
        dialog = AsOfDialog(
            self.timeline, self._zone, replay.now_ms(), service.clock(), self.window()
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # One by one: below a window's style sheet palettes are not handed on.
        for widget in (dialog, *dialog.findChildren(QWidget)):
            widget.setPalette(self.palette())
        dialog.chosen.connect(replay.show_as_of)
        dialog.open()

    # -- what is told ---------------------------------------------------------------------------

    def _follow(self, _symbol: object = None) -> None:
        """Follow what was recorded of the symbol, while the bar is seen or waits for it."""
        self._ties.cut(_RECORDED)
        service, symbol = self._service, self._layer.symbol
        self.moves.recorded = None
        self.timeline.show_recorded(None)
        is_wanted = self.isVisible() or self._awaited is not None
        if service is None or symbol is None or not is_wanted:
            return
        try:
            leave = service.recorded.follow_time(instrument_of(symbol), Weakly(self._take))
        except ValueError:
            # A host's chart may show what is no symbol of any exchange.
            logger.debug("nothing is known of %r", symbol, exc_info=True)
        else:
            self._ties.tie(_RECORDED, leave)

    def _take(self, recorded: "RecordedTime | None") -> None:
        self.moves.recorded = recorded
        self.timeline.show_recorded(recorded)
        self._show_state()
        act, self._awaited = self._awaited, None
        if act is not None:
            act()

    def _end(self) -> None:
        self._ties.cut_all()
        self.moves.replay = None

    # -- how it looks ---------------------------------------------------------------------------

    def _show_state(self) -> None:
        """Show whether it plays, how fast, and what can be done."""
        replay, service = self.moves.replay, self._service
        is_active = replay is not None and replay.is_active
        is_playing = replay is not None and replay.is_playing
        for action in (self.play_action, self.on_action, self.back_action, self.live_action):
            action.setEnabled(is_active)
        self.start_action.setEnabled(is_active and self.timeline.recorded is not None)
        self.live.setEnabled(is_active)
        speed = SPEEDS[2] if replay is None else int(replay.speed)
        self.speeds.show_speed(speed)
        words = self.tr("Pause") if is_playing else self.tr("Play")
        self.play_action.name(words)
        # What the chart of a replayed or simulated market goes back to is not live either.
        is_run = service is not None and service.kind is not DataKind.LIVE
        back = self.tr("Back to the run") if is_run else self.tr("Back to live")
        self.live.setText(back)
        self.live_action.setText(back)
        hint = self.tr("{words} ({key})").format(words=back, key=self.live_action.key_text)
        if is_run:
            hint += "\n" + self.tr(
                "This bar looks at what the run has brought so far; the run itself goes on."
            )
        self.live.setToolTip(hint)
        self._draw_icons()
        (self._clock.start if is_playing and self.isVisible() else self._clock.stop)()
        self._show_moment()
        self.replay_changed.emit()

    def _show_moment(self) -> None:
        replay = self.moves.replay
        if replay is None:
            self.moment.setText("")
            return
        now_ms = replay.now_ms()
        self.moment.setText(self.timeline.moment_text(now_ms))
        # While the user drags, the knob is the user's.
        if self._wanted_ms is None:
            self.timeline.show_moment(now_ms)
        self.moment_shown.emit()

    def _draw_icons(self) -> None:
        colours = PanelColours.of(self.palette())
        faint = mixed(colours.ground, colours.text, 0.3)
        is_playing = self.moves.replay is not None and self.moves.replay.is_playing
        drawn = colours.ground.rgb(), colours.text.rgb(), is_playing
        # To draw them takes longer than all else that a step changes here.
        if drawn == self._drawn:
            return
        self._drawn = drawn
        for button, name in self._buttons.items():
            is_play = name is ReplayIcon.PLAY
            shown = ReplayIcon.PAUSE if is_play and is_playing else name
            ink = colours.replay if is_play else colours.second
            action = button.defaultAction()
            if action is not None:
                # The button takes the action's icon whenever that changes, if only by a word.
                action.setIcon(replay_icon(shown, ink, faint))
                action.setIconVisibleInMenu(False)

    def _restyle(self) -> None:
        """Take over the palette and the font that there are now."""
        colours = PanelColours.of(self.palette())
        style = (colours.ground.rgb(), colours.text.rgb(), self.font().key())
        # A style sheet that is set counts as a change, too.
        if style == self._style:
            return
        self._style = style
        font = QFont(tabular(self.font()))
        font.setWeight(QFont.Weight.DemiBold)
        self.moment.setFont(font)
        widest = self.moment.fontMetrics().horizontalAdvance("30. Dez. 00:00:00")
        self.moment.setMinimumWidth(widest)
        field = mixed(colours.ground, colours.text, 0.06)
        chosen = mixed(colours.ground, colours.text, 0.18)
        hover = mixed(colours.ground, colours.text, 0.1)
        edge = mixed(colours.ground, colours.text, 0.25)
        ring = colours.replay.name()
        button = (
            "QToolButton { border: 1px solid transparent; border-radius: 5px;"
            f" color: {colours.second.name()}; background: transparent; }}"
            f"QToolButton:hover {{ background: {hover.name()}; }}"
            f"QToolButton:checked {{ background: {chosen.name()}; color: {colours.text.name()};"
            " font-weight: 600; }"
            f"QToolButton:focus {{ border: 1px solid {ring}; }}"
        )
        for one in self._buttons:
            one.setStyleSheet(button)
        self.speeds.segments.setStyleSheet(
            f"{button} QFrame#speeds {{ background: {field.name()}; border: 1px solid"
            f" {colours.line.name()}; border-radius: 7px; }}"
        )
        self.live.setStyleSheet(
            f"QPushButton {{ background: {field.name()}; color: {colours.text.name()};"
            f" border: 1px solid {edge.name()}; border-radius: 7px; padding: 0 12px;"
            " min-height: 28px; }"
            f"QPushButton:hover {{ background: {hover.name()}; }}"
            f"QPushButton:disabled {{ color: {colours.caption.name()}; }}"
            f"QPushButton:focus {{ border: 1px solid {ring}; }}"
        )
        self.moment.setStyleSheet(f"color: {ring}; background: transparent;")
        # Once all have their font: there may be room for more of it, or for less.
        QApplication.postEvent(self, QResizeEvent(self.size(), self.size()))
        self._draw_icons()

    def _make_actions(self) -> None:
        self.play_action = ReplayKey(self, self.tr("Play"), "Space", self._toggle)
        self.on_action = ReplayKey(
            self, self.tr("One candle forward"), "Shift+Right", lambda: self.moves.step(1)
        )
        self.back_action = ReplayKey(
            self, self.tr("One candle back"), "Shift+Left", lambda: self.moves.step(-1)
        )
        self.faster_action = ReplayKey(
            self, self.tr("Faster"), "Shift+Up", lambda: self.moves.change_speed(1)
        )
        self.slower_action = ReplayKey(
            self, self.tr("Slower"), "Shift+Down", lambda: self.moves.change_speed(-1)
        )
        self.start_action = ReplayKey(
            self, self.tr("Start of the recording"), "Shift+Home", self.moves.go_to_start
        )
        self.live_action = ReplayKey(self, self.tr("Back to live"), "Esc", self._back_to_live)

    def _toggle(self) -> None:
        """Play or pause; a button that has the focus is what Space presses."""
        focused = QApplication.focusWidget()
        is_other = isinstance(focused, QAbstractButton) and focused not in self._buttons
        if isinstance(focused, QAbstractButton) and is_other and self.window() is focused.window():
            focused.click()
            return
        self.moves.toggle()

    # -- Qt -------------------------------------------------------------------------------------

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another palette or font."""
        super().changeEvent(event)
        if event is not None and event.type() in _RESTYLING and hasattr(self, "_clock"):
            self._restyle()

    @override
    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Have the speeds in a list where there is no room for all of them."""
        super().resizeEvent(event)
        beside = self.speeds.wide_width() - self.speeds.narrow_width()
        wide_px = max(_NARROW_PX, self.least_width() + beside)
        self.speeds.set_narrow(is_narrow=self.width() < wide_px)

    @override
    def showEvent(self, event: QShowEvent | None) -> None:
        """Follow the recording while the bar is seen."""
        super().showEvent(event)
        self._follow()
        self._show_state()

    @override
    def hideEvent(self, event: QHideEvent | None) -> None:
        """Read nothing while the bar is hidden."""
        super().hideEvent(event)
        self._clock.stop()
        if self._awaited is None:
            self._follow()


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setIconSize(QSize(SIZE_PX, SIZE_PX))
    button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
