"""What the window's actions do."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication, QMimeData, QSignalBlocker, Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QGuiApplication, QImage
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog

from Heatmap import DataKind, ShownTime, SinkRole, __version__, wants_room
from Heatmap.errors import HeatmapError
from Heatmap.heatmap_settings import ALL_SYMBOLS, WINDOWS_S
from Heatmap.standalone.actions import with_keys
from Heatmap.standalone.dialogs import show_about, show_shortcuts
from Heatmap.standalone.picture_file import save_picture, suggested_picture, with_source_line
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.standalone.status_line import source_words
from Heatmap.standalone.theme import colour
from Heatmap.ui import ConnectionDialog, StateAction

if TYPE_CHECKING:
    from Heatmap.standalone.window import ChartWindow

_PICTURES = "Pictures/folder"
_HEATS = ("recorded", "predicted", "both")


class Deeds:
    """Carries out actions of one window, and knows which can be carried out now.

    Parameters
    ----------
    window
        Whose actions they are.
    """

    def __init__(self, window: "ChartWindow") -> None:
        self._window = window

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what each action does, by its name."""
        window, market = self._window, self._window.market
        return {
            "new_window": window.another_asked.emit,
            "close_window": window.close,
            "save_picture": self.save_picture,
            "copy_picture": self.copy_picture,
            "find_symbol": window.tool_bar.symbols.search,
            "record_symbol": self.record_symbol,
            "show_heat": self._switch_heat,
            **{f"heat_{heat}": partial(market.set_field, "heat", heat) for heat in _HEATS},
            "shorter_span": partial(self._step_span, -1),
            "longer_span": partial(self._step_span, 1),
            "go_to_now": window.page.go_to_now,
            "reset_view": window.page.reset_view,
            "pause_run": self._pause_run,
            "scale_auto": self._switch_auto_scale,
            "scale_log": partial(self._switch_scale, "log"),
            "scale_percent": partial(self._switch_scale, "percent"),
            "full_screen": self._switch_full_screen,
            "theme": self._switch_theme,
            "next_part": partial(self._go_to_part, 1),
            "part_before": partial(self._go_to_part, -1),
            "settings": window.open_settings,
            "data_folder": self.open_data_folder,
            "check_connection": self.check_connection,
            "shortcuts": lambda: show_shortcuts(
                window, [*window.actions_.all(), window.actions_.open_menu], window.replay.keys
            ),
            "about": lambda: show_about(window),
            "quit": window.quit_asked.emit,
        }

    def refresh(self) -> None:
        """Show which actions are on, and which can be carried out."""
        window = self._window
        settings, actions = window.market.settings, window.actions_
        for name, is_on in (
            ("show_heat", settings.enabled),
            ("full_screen", window.isFullScreen()),
            ("scale_auto", window.page.is_auto_scale),
            ("scale_log", window.chart_choices.scale == "log"),
            ("scale_percent", window.chart_choices.scale == "percent"),
            *((f"heat_{heat}", settings.heat == heat) for heat in _HEATS),
        ):
            action = actions[name]
            with QSignalBlocker(action):
                action.setChecked(is_on)
        symbol = window.layer.symbol or ""
        record = actions["record_symbol"]
        record.setVisible(self.can_record())
        record.setText(_tr("Record {symbol} too").format(symbol=symbol))
        self._show_pause()
        actions["data_folder"].setEnabled(self._data_folder() is not None)

    # -- offers of the state --------------------------------------------------------------------

    def offer(self, action: StateAction | None, button: str) -> str:
        """Return the words of a state's button; empty: it cannot be done here."""
        can: dict[StateAction, Callable[[], bool]] = {
            StateAction.RECORD_SYMBOL: self.can_record,
            StateAction.CHECK_CONNECTION: lambda: True,
            StateAction.SHOW_PREDICTED: lambda: not wants_room(self._window.market.settings.heat),
            StateAction.SHOW_SIMULATED: self._can_simulate,
            StateAction.OPEN_DATA_FOLDER: lambda: self._data_folder() is not None,
        }
        return button if action is not None and action in can and can[action]() else ""

    def carry_out(self, action: StateAction | None) -> None:
        """Do what a state offers."""
        deeds: dict[StateAction, Callable[[], object]] = {
            StateAction.RECORD_SYMBOL: self.record_symbol,
            StateAction.CHECK_CONNECTION: self.check_connection,
            StateAction.SHOW_PREDICTED: partial(self._window.market.set_field, "heat", "predicted"),
            StateAction.SHOW_SIMULATED: self._window.simulated_asked.emit,
            StateAction.OPEN_DATA_FOLDER: self.open_data_folder,
        }
        if action is not None and action in deeds:
            deeds[action]()
            self._window.refresh_status()

    def _can_simulate(self) -> bool:
        """Whether there is another market to look at: not where that is shown already."""
        source = self._window.market.source
        is_live = source is not None and source.service.kind is DataKind.LIVE
        return self._window.offers_simulated and is_live

    def can_record(self) -> bool:
        """Whether the shown symbol is not recorded, and this program could.

        A standby cannot: the other program's settings decide.
        """
        market = self._window.market
        source, symbol = market.source, self._window.layer.symbol
        if source is None or not symbol or market.is_recorded:
            return False
        recorder = source.service.recorder_status()
        is_writer = recorder is not None and recorder.role is SinkRole.WRITER
        return source.service.kind is DataKind.LIVE and is_writer

    def record_symbol(self) -> None:
        """Record the shown symbol too, from now on and at the next start."""
        market, symbol = self._window.market, self._window.layer.symbol
        if self.can_record() and symbol is not None:
            recorded = [one for one in market.settings.symbols if one != ALL_SYMBOLS]
            market.set_field("symbols", (*recorded, symbol))

    # -- pictures and folders -------------------------------------------------------------------

    def picture(self) -> QImage:
        """Return the window as it is seen, and a line below: from whom, of what, and when."""
        return with_source_line(self._window, source_line(self._window))

    def copy_picture(self) -> None:
        """Put a picture into the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            data = QMimeData()
            data.setImageData(self.picture())
            clipboard.setMimeData(data)
            self._say(_tr("The picture is in the clipboard"))

    def save_picture(self) -> None:
        """Ask for a file, and save the picture as it was when it was asked for."""
        window, picture = self._window, self.picture()
        # The time that is shown, by the chart's clock, as in the picture.
        shown_ms = window.shown_ms
        moment = "" if shown_ms is None else window.page.times.stamp(shown_ms)
        folder = Path(str(window.store.program.value(_PICTURES, "")))
        path = suggested_picture(window.layer.symbol or "", moment, folder)
        dialog = QFileDialog(window, _tr("Save picture"), str(path.parent))
        dialog.setObjectName("savePicture")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(_tr("Pictures (*.png)"))
        dialog.setDefaultSuffix("png")
        dialog.selectFile(path.name)
        dialog.fileSelected.connect(lambda name: self._write(picture, Path(name)))
        # The window goes on meanwhile.
        dialog.open()

    def _write(self, picture: QImage, path: Path) -> None:
        try:
            save_picture(picture, path)
        except HeatmapError as error:
            self._say(str(error))
        else:
            # The next one goes there too.
            self._window.store.program.setValue(_PICTURES, str(path.parent))
            self._say(_tr("Saved: {path}").format(path=path))

    def check_connection(self) -> None:
        """Check the way to the exchange, and show what was found; once at a time."""
        window = self._window
        source = window.market.waiting or window.market.source
        if source is None:
            return
        for before in window.findChildren(ConnectionDialog):
            before.raise_()
            before.activateWindow()
            return
        dialog = ConnectionDialog(
            source.ws_url, source.rest_url, source.service.settings.symbols[0], window
        )
        colour(dialog, window.theme)
        dialog.show()

    def open_data_folder(self) -> None:
        """Show the folder of the database in the system's file manager."""
        folder = self._data_folder()
        if folder is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            # Where it is helps all the same.
            self._say(_tr("No program shows folders here: {path}").format(path=folder))

    def _data_folder(self) -> Path | None:
        """Return the folder of the database; ``None``: it is no file of this computer."""
        source = self._window.market.source
        address = None if source is None else source.service.database
        return address.parent if isinstance(address, Path) else None

    def _say(self, text: str) -> None:
        """Say what was done, for a moment."""
        self._window.status_bar.say(text)

    # -- a replayed run ------------------------------------------------------------------------

    def _show_pause(self) -> None:
        """Offer to pause a run that is replayed; the replay bar has the key while it is seen."""
        source, action = self._window.market.source, self._window.actions_["pause_run"]
        can_pause = source is not None and source.can_pause
        is_paused = source is not None and source.is_paused
        action.setVisible(can_pause)
        action.setEnabled(can_pause and self._window.replay.shown is ShownTime.NOW)
        action.setText(_tr("Resume the run") if is_paused else _tr("Pause the run"))
        action.setToolTip(with_keys(action.text(), action))

    def _pause_run(self) -> None:
        """Have a replayed run stand still, or go on; a button with the focus is pressed instead."""
        source, focus = self._window.market.source, QApplication.focusWidget()
        if isinstance(focus, QAbstractButton) and focus.window() is self._window:
            focus.click()
        elif isinstance(focus, QComboBox):
            focus.showPopup()
        elif source is not None:
            (source.resume if source.is_paused else source.pause)()
            self._window.refresh_status()

    # -- chart and window -----------------------------------------------------------------------

    def _switch_heat(self) -> None:
        market = self._window.market
        market.set_field("enabled", not market.settings.enabled)

    def _step_span(self, step: int) -> None:
        spans, span = list(WINDOWS_S), self._window.market.settings.window
        at = spans.index(span) + step if span in spans else -1
        if 0 <= at < len(spans):
            self._window.market.set_field("window", spans[at])

    def _switch_scale(self, scale: str) -> None:
        """Lay prices out so; a second time: linear again."""
        choices = self._window.chart_choices
        choices.set_scale("linear" if choices.scale == scale else scale)
        self.refresh()

    def _switch_auto_scale(self) -> None:
        """Fit prices to what is in sight, or have them stay."""
        page = self._window.page
        page.set_auto_scale(is_auto=not page.is_auto_scale)
        self.refresh()

    def _switch_full_screen(self) -> None:
        # A window that was maximized is so again.
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)
        self.refresh()

    def _switch_theme(self) -> None:
        self._window.look_chosen.emit("light" if self._window.theme == "dark" else "dark")

    def _go_to_part(self, step: int) -> None:
        parts, focus = self._window.parts(), QApplication.focusWidget()
        here = next(
            (
                at
                for at, (part, _) in enumerate(parts)
                if focus is not None and (part is focus or part.isAncestorOf(focus))
            ),
            -1 if step > 0 else 0,
        )
        part, control = parts[(here + step) % len(parts)]
        # A page would give it to the first thing of its own that takes the Tab key.
        is_page = part is self._window.view
        reason = Qt.FocusReason.OtherFocusReason if is_page else Qt.FocusReason.TabFocusReason
        control.setFocus(reason)


def source_line(window: "ChartWindow") -> str:
    """Return what a picture of a window says of itself: from whom, of what, and when."""
    source, shown_ms, times = window.market.source, window.shown_ms, window.page.times
    if source is None or shown_ms is None:
        return _tr("Heatmap {version}").format(version=__version__)
    words = _tr("{source}, {symbol}, {time}. Recorded amounts are lower bounds. Heatmap {version}")
    return words.format(
        source=source_words(source.name),
        symbol=window.layer.symbol or "",
        time=f"{times.date(shown_ms)} {times.clock(shown_ms)} {times.zone_words(shown_ms)}",
        version=__version__,
    )


def shut_topmost(window: "ChartWindow") -> None:
    """Shut what Esc shuts from the chart: the card, else the settings, else the full screen."""
    settings = [one for one in window.findChildren(SettingsDock) if one.isVisible()]
    if window.page.has_card:
        # The page shuts it.
        return
    if settings:
        settings[0].tab.ask_to_close()
    elif window.isFullScreen():
        window.actions_["full_screen"].trigger()


def _tr(text: str) -> str:
    # Not the window's own tr: that looks for what stands in the window's class.
    return QCoreApplication.translate("Deeds", text)
