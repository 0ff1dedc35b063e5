"""The window's tool bar: symbol, candles, heat, and the buttons of the commonest actions.

It measures itself and knows no breakpoints: where there is no room, segments become menus, and at
last buttons go, whose actions are in the menu as well.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QCoreApplication, QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from Heatmap import HeatmapSettings
from Heatmap.heatmap_settings import AS_CHART, SETTINGS
from Heatmap.runtime.compat import override
from Heatmap.standalone.alert_bell import BellButton
from Heatmap.standalone.candle_counts import SELECTABLE_INTERVALS, automatic_interval
from Heatmap.standalone.choice import Choice, ChoiceMenu, Segments
from Heatmap.standalone.icons import SIZE_PX, icon
from Heatmap.standalone.symbol_box import SymbolBox
from Heatmap.standalone.theme import colours_of

HEIGHT_PX = 46
LEVELS = 5
"""Forms of the bar, the widest first."""
FAVOURITE_INTERVALS = ("", "1m", "5m", "15m", "1h", "4h")
FAVOURITE_WINDOWS = ("2h", "8h", "24h", "2d", "7d")
_BUTTON_PX, _GAP_PX, _EDGE_PX = 32, 7, 8
# From these forms on: heat's span as a menu, the interval too, the source too, few buttons.
_SPAN_MENU, _INTERVAL_MENU, _SOURCE_MENU, _FEW_BUTTONS = 1, 2, 3, 4


class ToolBar(QToolBar):
    """Shows some settings and the symbol, and tells what the user chooses.

    Attributes
    ----------
    field_chosen
        Name and value of a setting.
    interval_chosen
        The candles' interval is another one: `interval`.
    intervals, windows, heats
        What is chosen of these, as a `Choice`.
    symbols
        The field with the symbol.
    bell
        The button of alerts.
    level
        Which of its forms it has, from 0 for the widest to 4.
    """

    field_chosen = pyqtSignal(str, object)
    interval_chosen = pyqtSignal()

    def __init__(self, popup_parent: QWidget) -> None:
        super().__init__()
        self.setObjectName("toolBar")
        self.setWindowTitle(self.tr("Tool bar"))
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.level = 0
        self._theme = "dark"
        self.intervals = self._interval_choice()
        span_help = _record_text(SETTINGS["window"].help)
        self.windows = Choice(self.tr("Heat"), span_help, self)
        for key, option in SETTINGS.options("window").items():
            # Spans by their short names, as traders write them.
            self.windows.addItem(_record_text(option.label) if key == AS_CHART else key, key)
        heat_help = _record_text(SETTINGS["heat"].help)
        self.heats = Choice(self.tr("Heat"), heat_help, self)
        for key, option in SETTINGS.options("heat").items():
            self.heats.addItem(_record_text(option.short or option.label), key)
        self.intervals.currentIndexChanged.connect(lambda _at: self.interval_chosen.emit())
        self.windows.currentIndexChanged.connect(
            lambda _at: self.field_chosen.emit("window", self.windows.currentData())
        )
        self.heats.currentIndexChanged.connect(
            lambda _at: self.field_chosen.emit("heat", self.heats.currentData())
        )
        self.symbols = SymbolBox(popup_parent)
        self.menu_button = _icon_button()
        self.bell = BellButton()
        _style(self.bell)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._row = _Row()
        self._layout = QHBoxLayout(self._row)
        self._layout.setContentsMargins(_EDGE_PX, 0, _EDGE_PX, 0)
        self._layout.setSpacing(_GAP_PX)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(2)
        # What stands in each form from this one to that one.
        self._forms: list[tuple[QWidget, range]] = []
        self._segments: list[Segments | ChoiceMenu] = []
        self._fill()
        self.addWidget(self._row)
        for choice in (self.intervals, self.windows, self.heats):
            choice.changed.connect(self._fit)

    def add_actions(self, menu: QMenu, actions: Sequence[tuple[QAction, str, bool]]) -> None:
        """Give the bar its menu and its buttons.

        Parameters
        ----------
        menu
            Behind the first button.
        actions
            Each button's action, its icon, and whether it stays in the narrowest form.
        """
        self.menu_button.setMenu(menu)
        # Tab goes on from the last choice: else they would come after all docks.
        before: QWidget = self._segments[-1]
        for action, name, is_kept in actions:
            button = self.bell if name == "bell" else _icon_button()
            button.setDefaultAction(action)
            button.setProperty("icon_name", name)
            button.setAccessibleName(action.text().rstrip("…"))
            self._buttons.addWidget(button)
            QWidget.setTabOrder(before, button)
            before = button
            self._forms.append((button, range(LEVELS if is_kept else _FEW_BUTTONS)))
        self.set_theme(self._theme)
        self._fit()

    def set_theme(self, theme: str) -> None:
        """Draw icons in the colours of a theme."""
        self._theme = theme
        colours = colours_of(theme)
        self.menu_button.setIcon(icon("menu", colours["text2"]))
        self.bell.set_theme(theme)
        for button in self._row.findChildren(QToolButton):
            name = button.property("icon_name")
            action = button.defaultAction()
            if name and action is not None:
                # Of the action, and not of the menu's line: there it has none.
                action.setIcon(icon(str(name), colours["text2"], colours["text"]))
        for one in self._segments:
            one.set_colours(colours["weak_text"])
        self.symbols.set_theme(theme)

    def show_settings(self, settings: HeatmapSettings, pane_px: float | None = None) -> None:
        """Show what is in force, and tell nobody."""
        self.heats.show_index(self.heats.findData(settings.heat))
        self.windows.show_index(self.windows.findData(settings.window))
        automatic = automatic_interval(settings.window_ms, pane_px)
        self.intervals.set_text("", self.tr("Auto {interval}").format(interval=automatic))

    def interval(self, window_ms: int, pane_px: float | None = None) -> str:
        """Return the chosen interval of the candles, or what suits a window of this length."""
        return self.intervals.currentData() or automatic_interval(window_ms, pane_px)

    @override
    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Take the widest form that has room."""
        super().resizeEvent(event)
        self._fit()

    @override
    def event(self, event: QEvent | None) -> bool:
        """Measure anew where fonts or texts are others."""
        is_done = super().event(event)
        if event is not None and event.type() in (
            QEvent.Type.FontChange,
            QEvent.Type.StyleChange,
            # What was hidden asks for its own room only now.
            QEvent.Type.Show,
        ):
            self._fit()
        return is_done

    # -- inside -------------------------------------------------------------------------------

    def _interval_choice(self) -> Choice:
        choice = Choice(self.tr("Candles"), self.tr("Candle interval"), self)
        choice.addItem(self.tr("Auto"), "")
        for interval in SELECTABLE_INTERVALS:
            choice.addItem(interval, interval)
        return choice

    def _fill(self) -> None:
        self._layout.addWidget(self.menu_button)
        self._layout.addWidget(self.symbols)
        intervals = Segments(self.intervals, FAVOURITE_INTERVALS)
        self._add_forms(self.intervals, intervals, _INTERVAL_MENU, has_caption=True)
        windows = Segments(self.windows, FAVOURITE_WINDOWS)
        self._add_forms(self.windows, windows, _SPAN_MENU, has_caption=True)
        heats = Segments(self.heats, tuple(SETTINGS.options("heat")), is_primary=True)
        self._add_forms(self.heats, heats, _SOURCE_MENU, has_caption=False)
        self._layout.addStretch(1)
        self._layout.addLayout(self._buttons)

    def _add_forms(
        self, choice: Choice, segments: Segments, menu_from: int, *, has_caption: bool
    ) -> None:
        menu = ChoiceMenu(choice, has_name=has_caption)
        if has_caption:
            caption = QLabel(choice.name)
            caption.setObjectName("caption")
            self._layout.addWidget(caption)
            self._forms.append((caption, range(menu_from)))
        for widget, forms in ((segments, range(menu_from)), (menu, range(menu_from, LEVELS))):
            self._layout.addWidget(widget)
            self._forms.append((widget, forms))
        self._segments += [segments, menu]

    def _fit(self) -> None:
        """Take the first form that fits; the last one in any case."""
        self._row.setUpdatesEnabled(False)
        # What was never seen has no style yet, and asks for too little.
        for widget in self._row.findChildren(QWidget):
            widget.ensurePolished()
        for level in range(LEVELS):
            self.level = level
            for widget, forms in self._forms:
                widget.setVisible(level in forms)
            self._layout.invalidate()
            if self._layout.sizeHint().width() <= self.width():
                break
        self._row.setUpdatesEnabled(True)


class _Row(QWidget):
    """All of the bar as one: it takes what width there is, and never asks for more."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)

    @override
    def sizeHint(self) -> QSize:
        """Return a width that every window has."""
        return QSize(1, HEIGHT_PX)

    @override
    def minimumSizeHint(self) -> QSize:
        """Return the same."""
        return self.sizeHint()


def _icon_button() -> QToolButton:
    button = QToolButton()
    _style(button)
    return button


def _style(button: QToolButton) -> None:
    button.setObjectName("icon")
    button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
    button.setIconSize(QSize(SIZE_PX, SIZE_PX))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def _record_text(text: str) -> str:
    """Return a text of a setting's record in the user's language, as the settings tab has it."""
    return QCoreApplication.translate("HeatmapSettings", text)
