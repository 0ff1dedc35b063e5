"""The Heatmap tab of a settings dialog; what is changed is applied at once, and stored."""

from collections.abc import Collection, Sequence
from functools import partial

from PyQt6.QtCore import QSettings, Qt, pyqtSignal
from PyQt6.QtGui import QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from Heatmap.alerts.rules import Rule
from Heatmap.errors import SettingsError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import error_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.setting_fields import Page
from Heatmap.ui.language import write_as_user
from Heatmap.ui.settings.alerts_page import AlertsPage
from Heatmap.ui.settings.database_row import DatabaseRow
from Heatmap.ui.settings.dialog_of_tab import DialogOfTab
from Heatmap.ui.settings.host_rows import HostChoice, HostRow
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.mnemonics import give_mnemonics, marked, spread
from Heatmap.ui.settings.page_form import SettingRow, SettingsPage
from Heatmap.ui.settings.scrolled_page import ScrolledPage
from Heatmap.ui.settings.setting_pages import RecordsPage, align_labels
from Heatmap.ui.settings.setting_rows import row_of
from Heatmap.ui.settings.settings_preview import SettingsPreview
from Heatmap.ui.settings.settings_store import SettingsWriter, unused_texts
from Heatmap.ui.settings.tab_footer import TabFooter
from Heatmap.ui.settings.tab_texts import (
    refusal_text,
    source_text,
    unused_text,
    unused_value_text,
)
from Heatmap.ui.settings.take_along import TakeAlong
from Heatmap.ui.status_panel import StatusPanel
from Heatmap.ui.ties import Ties, Weakly

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

    More than 25 methods: what a host, Qt and each control ask for ends in the same few changes.

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
    has_close
        Whether there is a button Close, for a tab that stands in a window or a dock of its own.
    has_switch
        Whether the heatmap is switched on and off above the pages; ``False`` for a window that has
        a key and a menu for it.

    Attributes
    ----------
    close_asked
        The button Close was used, and nothing that was entered is refused.
    """

    close_asked = pyqtSignal()

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
        has_close: bool = False,
        has_switch: bool = True,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
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
        self._source = Caption()
        self._source.setObjectName("source")
        self._source.setToolTip(self.tr("Where the liquidations come from"))
        enabled = row_of("enabled", self._change)
        enabled.field.add_below(self._source)
        self._tabs = QTabWidget()
        self._tabs.setObjectName("pages")
        self.setFocusProxy(self._tabs)
        self._tabs.setDocumentMode(True)
        self._rows = [enabled]
        self.status_panel = StatusPanel(service, has_database=False)
        self._pages: list[RecordsPage | AlertsPage] = []
        # Rows of the host's own, by the place of their page.
        self._host_rows: list[tuple[int, HostRow]] = []
        self.alerts = AlertsPage(service, self._preview, self._writer, self._show_message)
        self._scrolled: list[ScrolledPage] = []
        for page, title, tool_tip in (
            (Page.HEAT, self.tr("&Heat"), self.tr("What is drawn, and how USD become colours")),
            (Page.CHART, self.tr("Cha&rt"), self.tr("What else stands on the chart")),
            (
                Page.RECORDING,
                self.tr("Recordin&g"),
                self.tr("What is recorded, for how long, and how that goes"),
            ),
            (Page.ALERTS, self.tr("Alerts"), self.tr("Which alerts ring, and how they reach you")),
        ):
            records = (
                self.alerts if page is Page.ALERTS else RecordsPage(page, service, self._change)
            )
            self._pages.append(records)
            if page is Page.RECORDING:
                self._add_state(records)
            self._rows.extend(records.rows)
            self._scrolled.append(ScrolledPage(records))
            records.unfolded.connect(self._scrolled[-1].lead_to)
            index = self._tabs.addTab(self._scrolled[-1], title)
            self._tabs.setTabToolTip(index, tool_tip)
        self._footer = TabFooter(has_close=has_close)
        self._footer.defaults.clicked.connect(self._on_page_defaults)
        self._footer.undo.clicked.connect(self._on_undo)
        self._footer.close_button.clicked.connect(self._on_close)
        self._lay_out(enabled, has_switch=has_switch)
        self._give_mnemonics()
        self._dialog = DialogOfTab(self, self._preview)
        self._show_all(service.settings)
        follow = Weakly(self._follow)
        service.add_settings_listener(follow)
        self._ties = Ties(self)
        self._ties.tie("settings", partial(service.remove_settings_listener, follow))
        self._ties.tie("preview", self._preview.end)
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
        names = self._defaults.as_mapping().keys() | self._writer.stored_names()
        self._unused.clear()
        self._set_defaults(names, [row for _at, row in self._host_rows])
        if self.alerts.take_rules(()):
            self._preview.join_last()

    def add_choices(self, page: str, heading: str, choices: Sequence[HostChoice]) -> None:
        """Add rows of the host's own at the end of a page: what is no setting of the heatmap's.

        Parameters
        ----------
        page
            ``heat``, ``chart`` or ``recording``.
        heading
            What stands above them.
        choices
            What is chosen in each, from top to bottom.

        Raises
        ------
        ValueError
            There is no such page.
        """
        at = [one.page for one in self._pages].index(Page(page))
        self._pages[at].add_heading(heading)
        for choice in choices:
            self._host_rows.append((at, HostRow(self._pages[at], choice, self._choose)))
        self._give_mnemonics()

    def show_choices(self) -> None:
        """Show at once what was chosen elsewhere of the rows of `add_choices`."""
        for _at, row in self._host_rows:
            row.show_value()

    @property
    def page_number(self) -> int:
        """Which page is in front, from 0; another one is brought there."""
        return self._tabs.currentIndex()

    @page_number.setter
    def page_number(self, number: int) -> None:
        self._tabs.setCurrentIndex(number)

    def problem_text(self) -> str:
        """Return why entries were refused; empty: none was."""
        problems = (*self._problems.values(), *self.alerts.problem_texts())
        return "\n".join((*problems, *filter(None, [self._failure])))

    def show_problem(self) -> bool:
        """Go to the first entry that was refused; ``False``: none was.

        For a host's own button to close: what cannot be used must not go unnoticed.
        """
        for index, page in enumerate(self._pages):
            for row in page.rows:
                if any(name in self._problems for name in row.names):
                    self._tabs.setCurrentIndex(index)
                    if isinstance(page, RecordsPage):
                        page.lead_to(row.names[0])
                    self._scrolled[index].lead_to(row.field)
                    return True
        if (field := self.alerts.lead_to_problem()) is not None:
            self._tabs.setCurrentIndex(self._pages.index(self.alerts))
            self._scrolled[-1].lead_to(field)
            field.setFocus(Qt.FocusReason.OtherFocusReason)
        return field is not None

    def notice_text(self) -> str:
        """Return what is stored and was not used, and whether storing fails; empty: all is well."""
        notices = [unused_text(text, self._words(text.name)) for text in self._unused.values()]
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
        if self._is_whole:
            # Only now they have the font of the host's style.
            align_labels(self._pages, self.status_panel.labels())
            # The page of alerts has the widest fields; not in front, it says nothing of it itself.
            self._scrolled[self._pages.index(self.alerts)].fit()
            self._tabs.updateGeometry()
            self._dialog.follow(self.window())

    @override
    @guarded
    def hideEvent(self, event: QHideEvent | None) -> None:
        """Store what waits: the tab may not be seen again."""
        super().hideEvent(event)
        if self._is_whole:
            self._writer.flush()
            self._show_message()

    # -- values -------------------------------------------------------------------------------

    @guarded
    def _on_reset(self, _checked: bool) -> None:
        self.reset()

    @guarded
    def _on_page_defaults(self, _checked: bool) -> None:
        index = self._tabs.currentIndex()
        page = self._pages[index]
        if page is self.alerts:
            self.alerts.take_rules(())
            return
        names = {name for row in page.rows for name in row.names}
        for name in names:
            self._unused.pop(name, None)
        self._set_defaults(names, [row for at, row in self._host_rows if at == index])

    @guarded
    def _on_undo(self, _checked: bool) -> None:
        # An entry that was refused is the last that was done: it goes first.
        was_refused = self.alerts.forget_refusals() or bool(self._problems)
        settings = None if was_refused else self._preview.step_back()
        self._failure = ""
        if settings is not None:
            self._apply(settings)
        self._show_all(self._service.settings)

    def ask_to_close(self) -> None:
        """Do what the button Close does, for a host's own: go to what was refused, or be closed."""
        writing = self.focusWidget()
        if writing is not None:
            # What is half entered counts, as when the next field is chosen.
            writing.clearFocus()
        if not self.show_problem():
            self.close_asked.emit()

    @guarded
    def _on_close(self, _checked: bool) -> None:
        self.ask_to_close()

    def _set_defaults(self, names: Collection[str], rows: Sequence[HostRow]) -> None:
        """Set fields to their defaults, and store none of them; and the host's rows to theirs."""
        choices = [row.choice for row in rows if row.choice.default is not None]
        changed = [one for one in choices if one.value() != one.default]
        self._preview.remember(names, [partial(one.choose, one.value()) for one in changed])
        for one in changed:
            one.choose(one.default or "")
        self._writer.write(dict.fromkeys(names))
        self._writer.flush()
        defaults = self._defaults.as_mapping()
        values = {name: value for name, value in defaults.items() if name in names}
        settings = self._service.settings.changed(**values)
        self._apply(settings)
        self._show_all(settings)

    @guarded
    def _choose(self, choice: HostChoice, value: str) -> None:
        """Put in force what was chosen in a row of the host's."""
        if choice.default is not None:
            self._preview.remember((), [partial(choice.choose, choice.value())])
        choice.choose(value)
        self._show_message()

    @guarded
    def _take(self, values: dict[str, object], rules: Sequence[Rule] | None) -> None:
        """Put in force and store, as one change, fields that are allowed, and alert rules."""
        if values:
            self._put(self._service.settings.changed(**values), values)
        if rules is not None and self.alerts.take_rules(rules) and values:
            self._preview.join_last()
        self._show_all(self._service.settings)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt, and show it."""
        logger.error("the settings tab failed", exc_info=error)
        if not self._is_whole:
            return
        self._failure = self.tr("Could not be applied: {reason}").format(reason=error_text(error))
        self._show_message()

    @guarded
    def _change(self, /, **values: object) -> None:
        """Put fields in force and store them, or say why that cannot be."""
        try:
            settings = self._service.settings.changed(**values)
        except SettingsError:
            for name, value in values.items():
                row = next(row for row in self._rows if name in row.names)
                self._problems[name] = refusal_text(row, value)
            self._show_message()
            return
        for name in values:
            self._problems.pop(name, None)
        if settings != self._service.settings:
            self._put(settings, values)
        self._show(settings)

    def _put(self, settings: HeatmapSettings, names: Collection[str]) -> None:
        """Put `settings` in force, of which `names` are changed, and store these."""
        self._preview.remember(names)
        for name in names:
            self._unused.pop(name, None)
        texts = settings.to_texts()
        self._writer.write({name: texts[name] for name in names})
        self._apply(settings)

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
        for page in self._pages:
            for refresh in page.refreshers:
                refresh(settings)
        self._source.setText(source_text(self._service.kind, settings))
        self._show_message()

    def _show_all(self, settings: HeatmapSettings) -> None:
        self._problems.clear()
        self._show(settings)
        self.show_choices()

    # -- texts --------------------------------------------------------------------------------

    def _show_message(self) -> None:
        for row in self._rows:
            reasons = [self._problems[name] for name in row.names if name in self._problems]
            row.field.refuse("\n".join(reasons))
        refused = list(dict.fromkeys(self._words(name) for name in self._problems))
        refused += self.alerts.refused_words()
        lines = [self._failure]
        if refused:
            lines.append(self.tr("Not valid: {settings}").format(settings=", ".join(refused)))
        words = "\n".join(filter(None, lines))
        self._footer.show_words(words or self.notice_text(), is_refusal=bool(words))
        can_undo = bool(refused) or self._preview.can_step_back()
        self._footer.undo.setEnabled(can_undo)

    def _words(self, name: str) -> str:
        """Return what the row of a field is called; empty: this version has none."""
        return next((row.words for row in self._rows if name in row.names), "")

    # -- widgets ------------------------------------------------------------------------------

    def _give_mnemonics(self) -> None:
        """Give each page, each row and each button a letter of its own on what is seen at once."""
        footer, count = self._footer, self._tabs.count()
        always = (self._rows[0].control, footer.defaults, footer.undo, footer.close_button)
        buttons = [
            one for one in always if isinstance(one, QAbstractButton) and one.isVisibleTo(self)
        ]
        # Those of the buttons of a host's dialog: OK and Cancel.
        reserved = "" if footer.close_button in buttons else "oc"
        # A title without one leaves the letters to the rows: Ctrl+Tab leads there too.
        titled = [at for at in range(count) if marked(self._tabs.tabText(at))]
        titles = [self._tabs.tabText(at) for at in titled]
        texts = spread([*(one.text() for one in buttons), *titles], reserved)
        for button, text in zip(buttons, texts, strict=False):
            button.setText(text)
        for at, text in zip(titled, texts[len(buttons) :], strict=True):
            self._tabs.setTabText(at, text)
        taken = {*reserved, *map(marked, texts)}
        for page in self._pages:
            give_mnemonics(page, taken)

    def _lay_out(self, enabled: SettingRow, *, has_switch: bool) -> None:
        """Put the switch above the pages, and the footer below them."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        head = QHBoxLayout()
        if has_switch:
            head.setContentsMargins(14, 10, 14, 2)
        enabled.field.setVisible(has_switch)
        head.addWidget(enabled.field)
        column.addLayout(head)
        column.addWidget(self._tabs, 1)
        column.addWidget(self._footer)

    def _add_state(self, page: SettingsPage) -> None:
        """Add to the page of recording how it goes, and what is done with all settings."""
        DatabaseRow(page, self._service)
        page.add_heading(self.tr("State"))
        page.grid.add_row(self.status_panel, is_wide=True)
        page.add_heading(self.tr("All settings"))
        reset = QPushButton(self.tr("Rese&t all settings"))
        reset.setObjectName("reset")
        reset.setToolTip(
            self.tr("Set every page to its defaults, also what is recorded; Undo brings it back")
        )
        reset.clicked.connect(self._on_reset)
        self.take_along = TakeAlong(
            self._service,
            self._take,
            lambda unused: unused_value_text(unused, self._words(unused.name)),
            [self.status_panel.copy_button, reset],
        )
        page.grid.add_row(self.take_along, is_wide=True)
