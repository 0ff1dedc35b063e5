"""The Heatmap tab of a settings dialog; what is changed is applied at once, and stored."""

from collections.abc import Callable

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QObject, QSettings, Qt
from PyQt6.QtGui import QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from Heatmap.errors import SettingsError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import error_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.setting_fields import Page
from Heatmap.ui.settings.scrolled_page import ScrolledPage
from Heatmap.ui.settings.setting_pages import RecordsPage
from Heatmap.ui.settings.setting_rows import SettingRow, Show, row_of
from Heatmap.ui.settings.settings_preview import SettingsPreview
from Heatmap.ui.settings.settings_store import SettingsWriter, unused_texts
from Heatmap.ui.settings.tab_texts import refusal_text, source_text, unused_text
from Heatmap.ui.status_panel import StatusPanel

logger = get_logger(__name__)

_MOST_NOTICES = 3


class HeatmapSettingsTab(QWidget):
    """Controls for the heatmap's settings and its status, for a host's tabbed dialog.

    Each change is applied to the service at once, so the picture is the preview, and stored, at
    most twice a second while a slider is dragged and at the latest when the tab is hidden. The tab
    follows changes that come from elsewhere.

    In a modal `QDialog` the tab does what the buttons mean by itself, also where the same dialog is
    opened again: when the dialog is rejected it calls `restore`, when it is accepted, `keep`. A
    host may call them too: a second call does nothing. Elsewhere the host calls them. A modal
    dialog whose only button closes it by rejecting calls `keep` before.

    A tab that is deleted takes back what was changed, as `restore` does, where its modal dialog is
    open, neither accepted nor rejected nor done with another result: so it is when the host ends
    meanwhile. Any other tab that is deleted leaves its changes in force, and stores what waits.

    Parameters
    ----------
    service
        The service to set.
    store
        Where changed fields are kept; ``None``: nowhere.
    parent
        The widget's parent.
    defaults
        What `reset` sets; ``None``: the fields' own defaults.
    """

    # Of the class: Qt still tells of events when the attributes of the tab itself are gone already,
    # at the end of the interpreter, or where the garbage collector takes tab, dialog and service.
    _is_whole = False

    def __init__(
        self,
        service: HeatmapService,
        store: QSettings | None = None,
        parent: QWidget | None = None,
        *,
        defaults: HeatmapSettings | None = None,
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._writer = SettingsWriter(store, self)
        self._preview = SettingsPreview(service, self._writer)
        self._defaults = defaults or HeatmapSettings()
        # Why an entry was refused, by field.
        self._problems: dict[str, str] = {}
        self._failure = ""
        self._unused = {} if store is None else {text.name: text for text in unused_texts(store)}
        self._store = store
        self._shown = service.settings
        self._is_changing = False
        self._is_modal = False
        self._dialog: QDialog | None = None

        self._source = QLabel()
        self._source.setObjectName("source")
        self._source.setTextFormat(Qt.TextFormat.PlainText)
        self._source.setWordWrap(True)
        self._source.setToolTip(self.tr("Where the liquidations come from"))
        enabled = row_of("enabled", self._change)
        self._tabs = QTabWidget()
        self._tabs.setObjectName("pages")
        self._rows: list[SettingRow] = [enabled]
        self._refreshers: list[Show] = []
        for page, title, tool_tip in (
            (Page.PICTURE, self.tr("&Picture"), self.tr("What is drawn, and how it looks")),
            (Page.SCALE, self.tr("&Scale"), self.tr("How USD become colours, and how fine it is")),
            (Page.CHART, self.tr("On the char&t"), self.tr("What else stands on the chart")),
            (
                Page.LINES,
                self.tr("Cluster lines"),
                self.tr("Prices of many liquidations"),
            ),
            (Page.RECORDING, self.tr("&Recording"), self.tr("What is recorded, and for how long")),
        ):
            records = RecordsPage(page, service, self._change)
            self._rows.extend(records.rows)
            self._refreshers.extend(records.refreshers)
            self._add_page(records, title, tool_tip)
        self.status_panel = StatusPanel(service)
        self._add_page(
            self.status_panel, self.tr("Stat&us"), self.tr("How recording and drawing fare")
        )
        self._message, self._reset = QLabel(), QPushButton(self.tr("Reset to &defaults"))
        column = QVBoxLayout(self)
        column.addWidget(enabled.field)
        column.addWidget(self._source)
        column.addWidget(self._tabs, 1)
        column.addLayout(self._make_bottom())
        self._show_all(service.settings)
        service.add_settings_listener(self._follow)
        self.destroyed.connect(_farewell(service, self._follow, self._preview))
        self._is_whole = True

    # -- for the host -------------------------------------------------------------------------

    def restore(self) -> None:
        """Put back what was in force, and what was stored, before the changes made here.

        Fields that were not changed here stay as they are. Nothing happens the second time.
        """
        self._problems.clear()
        self._failure = ""
        settings = self._preview.take_back()
        if settings is not None:
            self._apply(settings)
        if self._store is not None:
            self._unused = {text.name: text for text in unused_texts(self._store)}
        self._show_all(self._service.settings)

    def keep(self) -> None:
        """Make what was changed so far final: `restore` takes back only what is changed later."""
        self._preview.forget()
        self._show_message()

    def reset(self) -> None:
        """Set every field to its default, and store none, so that later defaults are followed."""
        settings = self._defaults
        names = settings.as_mapping().keys() | self._writer.stored_names()
        self._preview.remember(names)
        self._problems.clear()
        self._unused.clear()
        self._writer.write(dict.fromkeys(names))
        self._writer.flush()
        self._apply(settings)
        self._show_all(settings)

    def problem_text(self) -> str:
        """Return why entries were refused; empty: none was."""
        return "\n".join((*self._problems.values(), *filter(None, [self._failure])))

    def notice_text(self) -> str:
        """Return what is stored and was not used, and whether storing fails; empty: all is well."""
        notices = [
            unused_text(text, self._row(text.name).words if text.is_known else "")
            for text in self._unused.values()
        ]
        if len(notices) > _MOST_NOTICES:
            more = len(notices) - _MOST_NOTICES
            notices[_MOST_NOTICES:] = [self.tr("and {count} more").format(count=more)]
        if self._writer.has_failed():
            notices.insert(0, self.tr("The settings cannot be read or stored"))
        return "\n".join(notices)

    # -- Qt -----------------------------------------------------------------------------------

    @override
    @guarded
    def showEvent(self, event: QShowEvent | None) -> None:
        """Learn to which dialog the tab belongs."""
        super().showEvent(event)
        if not self._is_whole:
            return
        window = self.window()
        self._preview.is_undecided = False
        if isinstance(window, QDialog):
            # Qt forgets it before it tells that the dialog was rejected.
            self._is_modal = self._preview.is_undecided = window.isModal()
            if window is not self._dialog:
                if self._is_modal:
                    # It was shown before this could be seen to, see `_follow_dialog`.
                    window.setResult(QDialog.DialogCode.Rejected)
                self._leave_dialog()
                self._dialog = window
                window.rejected.connect(self._on_rejected)
                window.accepted.connect(self._on_accepted)
                window.finished.connect(self._on_finished)
                window.installEventFilter(self)

    @override
    @guarded
    def hideEvent(self, event: QHideEvent | None) -> None:
        """Store what waits: the tab may not be seen again."""
        super().hideEvent(event)
        if self._is_whole:
            self._writer.flush()
            self._show_message()

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Learn that the dialog has a result, before a host is told, who may delete it then."""
        if self._is_whole and event is not None and watched is self._dialog:
            self._follow_dialog(event)
        return super().eventFilter(watched, event)

    @guarded
    def _follow_dialog(self, event: QEvent) -> None:
        dialog = self._dialog
        if dialog is None or sip.isdeleted(dialog):
            return
        if event.type() == QEvent.Type.Show and not event.spontaneous() and dialog.isModal():
            # As `open` and `exec` do: `show` leaves the result of the last time.
            dialog.setResult(QDialog.DialogCode.Rejected)
        elif event.type() == QEvent.Type.Hide and dialog.result() != QDialog.DialogCode.Rejected:
            self._preview.is_undecided = False

    def _leave_dialog(self) -> None:
        if self._dialog is not None and not sip.isdeleted(self._dialog):
            self._dialog.rejected.disconnect(self._on_rejected)
            self._dialog.accepted.disconnect(self._on_accepted)
            self._dialog.finished.disconnect(self._on_finished)
            self._dialog.removeEventFilter(self)

    @guarded
    def _on_rejected(self) -> None:
        if self._is_modal and self.window() is self._dialog:
            self.restore()

    @guarded
    def _on_accepted(self) -> None:
        if self._is_modal and self.window() is self._dialog:
            self.keep()

    @guarded
    def _on_finished(self, _result: int) -> None:
        """Take it for decided, also where the host gave a result of its own."""
        if self.window() is self._dialog:
            self._preview.is_undecided = False

    # -- values -------------------------------------------------------------------------------

    @guarded
    def _on_reset(self, _checked: bool) -> None:
        self.reset()

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt, and show it."""
        logger.error("the settings tab failed", exc_info=error)
        if not self._is_whole:
            return
        self._failure = self.tr("Could not be put in force: {reason}").format(
            reason=error_text(error)
        )
        self._message.setText(self.problem_text())

    @guarded
    def _change(self, /, **values: object) -> None:
        """Put fields in force and store them, or say why that cannot be."""
        try:
            settings = self._service.settings.changed(**values)
        except SettingsError:
            for name, value in values.items():
                self._problems[name] = refusal_text(self._row(name), value)
            self._show_message()
            return
        for name in values:
            self._problems.pop(name, None)
        if settings != self._service.settings:
            self._preview.remember(values)
            for name in values:
                self._unused.pop(name, None)
            texts = settings.to_texts()
            self._writer.write({name: texts[name] for name in values})
            self._apply(settings)
        self._show(settings)

    def _apply(self, settings: HeatmapSettings) -> None:
        self._is_changing = True
        self._failure = ""
        try:
            self._service.apply_settings(settings)
        except Exception as error:  # noqa: BLE001 - told there
            self.note_error(error)
        finally:
            self._is_changing = False

    @guarded
    def _follow(self, settings: HeatmapSettings) -> None:
        """Show what was changed elsewhere."""
        if self._is_changing:
            return
        # Whoever changed it stores it next, and must not be overwritten by what waits here.
        self._writer.flush()
        self._show(settings)

    def _show(self, settings: HeatmapSettings) -> None:
        """Show `settings`, but leave alone a text that was refused until its field changes."""
        before, self._shown = self._shown, settings
        for row in self._rows:
            for name in row.names:
                if getattr(before, name) != getattr(settings, name):
                    self._problems.pop(name, None)
            if not any(name in self._problems for name in row.names):
                row.show(settings)
        for refresh in self._refreshers:
            refresh(settings)
        self._source.setText(source_text(self._service.kind, settings))
        self._show_message()

    def _show_all(self, settings: HeatmapSettings) -> None:
        self._problems.clear()
        self._show(settings)

    # -- texts --------------------------------------------------------------------------------

    def _show_message(self) -> None:
        self._message.setText(self.problem_text() or self.notice_text())

    def _row(self, name: str) -> SettingRow:
        return next(row for row in self._rows if name in row.names)

    # -- widgets ------------------------------------------------------------------------------

    def _make_bottom(self) -> QHBoxLayout:
        self._message.setObjectName("message")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        self._message.setToolTip(self.tr("What could not be used"))
        # Two lines always: a text that comes must not be cut off by a dialog of fixed size.
        self._message.setMinimumHeight(2 * self._message.fontMetrics().lineSpacing() + 2)
        self._reset.setObjectName("reset")
        self._reset.setAutoDefault(False)
        self._reset.setToolTip(
            self.tr("Every setting of all pages, also what is recorded; Cancel brings them back")
        )
        self._reset.clicked.connect(self._on_reset)
        bottom = QHBoxLayout()
        bottom.addWidget(self._message, 1)
        bottom.addWidget(self._reset, 0, Qt.AlignmentFlag.AlignTop)
        return bottom

    def _add_page(self, page: QWidget, title: str, tool_tip: str) -> None:
        scroll = ScrolledPage(page)
        index = self._tabs.addTab(scroll, title)
        self._tabs.setTabToolTip(index, tool_tip)


def _farewell(
    service: HeatmapService,
    listener: Callable[[HeatmapSettings], None],
    preview: SettingsPreview,
) -> Callable[[], None]:
    """Return what is done when the tab is gone, which must not be touched any more."""

    def leave() -> None:
        try:
            service.remove_settings_listener(listener)
        except AttributeError:
            # The garbage collector has taken the service with the tab, and its attributes first.
            logger.debug("a settings tab went with its service", exc_info=True)
        preview.end()

    return leave
