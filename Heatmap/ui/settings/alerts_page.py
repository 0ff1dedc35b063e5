"""The page of alerts: the rules, one of them to be edited, and the ways on which it is told."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from PyQt6.QtCore import Qt, QTimeZone, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from Heatmap.alerts.alert import AlertKind
from Heatmap.alerts.rule_list import MOST_RULES
from Heatmap.alerts.rules import Rule
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.heatmap_service import HeatmapService
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.setting_fields import Page
from Heatmap.ui.alert_texts import rang_words, rule_words
from Heatmap.ui.host_alerts import DESKTOP, SOUND
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.page_form import SettingRow, SettingsPage, Show
from Heatmap.ui.settings.rule_changes import RuleChanges
from Heatmap.ui.settings.rule_count import RuleCount
from Heatmap.ui.settings.rule_drafts import RuleDrafts, free_id, of_kind
from Heatmap.ui.settings.rule_form import USUAL_USD, RuleForm
from Heatmap.ui.settings.rule_list_box import RuleLine, RuleListBox
from Heatmap.ui.settings.settings_preview import SettingsPreview
from Heatmap.ui.settings.settings_store import SettingsWriter
from Heatmap.ui.settings.way_rows import WayRows
from Heatmap.ui.while_visible import WhileVisible

logger = get_logger(__name__)

_LONGEST_SHOWN = 30


class AlertsPage(SettingsPage):
    """The fourth page of the settings tab. What is changed is in force at once, and kept.

    An entry that cannot be used is red, with the reason below it; the rule stays as it was.

    Parameters
    ----------
    service
        Whose rules.
    preview, writer
        Of the tab: what Undo takes back, and where it is kept.
    changed
        Told when something was changed or refused.

    Attributes
    ----------
    page, rows, refreshers
        As the other pages have them: it has no setting.
    unfolded
        Nothing is folded here.
    """

    unfolded = pyqtSignal(QWidget)
    page = Page.ALERTS

    def __init__(
        self,
        service: HeatmapService,
        preview: SettingsPreview,
        writer: SettingsWriter,
        changed: Callable[[], None],
    ) -> None:
        super().__init__()
        self.rows: list[SettingRow] = []
        self.refreshers: list[Show] = [lambda _settings: self.refresh()]
        self._service = service
        self._changed = changed
        self._changes = RuleChanges(service, preview, writer)
        self._drafts = RuleDrafts()
        self._zone = QTimeZone(b"UTC")
        # The rule that is edited; empty: there is none.
        self._chosen = ""
        self._shown: object = None
        self.add_heading(self.tr("Rules"))
        self.list = RuleListBox(self.tr("No alerts yet. New adds one."))
        self.list.setObjectName("rules")
        self.list.setAccessibleName(self.tr("Rules"))
        self.list.setToolTip(self.tr("The rules; Space switches one on or off, Delete removes it"))
        self.grid.add_row(self.list, is_wide=True)
        self._silence = Caption()
        self._add_buttons()
        self.add_heading(self.tr("This rule"))
        self.form = RuleForm(self)
        self.count = RuleCount(service)
        self.grid.add_row(self.count)
        self.add_heading(self.tr("How"))
        self.ways = WayRows(self, self._changes)
        self.list.chosen.connect(self._choose)
        self.list.switched.connect(self._switch)
        self.list.delete_asked.connect(self._delete)
        self.form.changed.connect(self._enter)
        self.form.refused.connect(self._refuse)
        self.ways.switched.connect(self._switch_way)
        self.ways.problem_changed.connect(changed)
        self._visible = WhileVisible(self, self.refresh)
        self.refresh()

    # -- for the tab --------------------------------------------------------------------------

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Show times by the clock of a zone; UTC at first."""
        self._zone = zone
        self.refresh()

    def refresh(self) -> None:
        """Show how things are now."""
        rules = self._changes.rules
        ids = [one.id for one in rules]
        if self._chosen not in ids:
            self._chosen = ids[0] if ids else ""
        self._drafts.keep(ids)
        state, now_ms = self._service.alert_state(), self._service.clock()
        self.list.show_lines(
            [self._line(one, rang_words(one, state, now_ms, self._zone)) for one in rules],
            self._chosen,
        )
        self._silence.setText(self._silence_words())
        has_room = len(rules) < MOST_RULES
        self._new.setEnabled(has_room)
        self._copy.setEnabled(has_room and bool(rules))
        self._remove.setEnabled(bool(rules))
        self._show_rule()
        self.ways.refresh()
        self.count.refresh()

    def take_rules(self, rules: Iterable[Rule]) -> bool:
        """Put rules in force in the place of all others; whether that changes anything.

        Addresses stay: the button Forget deletes them.
        """
        asked = tuple(rules)
        is_change = asked != self._changes.rules
        self._drafts.clear()
        self._put(asked)
        return is_change

    def forget_refusals(self) -> bool:
        """Show everything as it is in force; whether anything was refused."""
        was_refused = bool(self.problem_texts())
        self._drafts.clear()
        self._shown = None
        self.ways.show_masks()
        return was_refused

    def problem_texts(self) -> list[str]:
        """Return why entries were refused."""
        return [*self._drafts.problem_texts(), *self.ways.problem_texts()]

    def refused_words(self) -> list[str]:
        """Return what the controls are called in which something was refused."""
        words = [self.form.words.get(name, "") for name in self._drafts.problem_controls()]
        if self.ways.has_problem():
            words.append(self.tr("Address"))
        return list(dict.fromkeys(filter(None, words)))

    def lead_to_problem(self) -> QWidget | None:
        """Give the keyboard to the first entry that was refused; ``None``: none was."""
        found = self._drafts.first()
        if found is not None:
            rule_id, control = found
            self._choose(rule_id)
            widget = self.form.control(control)
        else:
            widget = self.ways.problem()
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
        return widget

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the page of alerts failed", exc_info=error)

    # -- what is shown ------------------------------------------------------------------------

    @property
    def _rule(self) -> Rule | None:
        return next((one for one in self._changes.rules if one.id == self._chosen), None)

    def _line(self, rule: Rule, last: str) -> RuleLine:
        symbol = self.tr("All") if rule.symbol == ALL_SYMBOLS else rule.symbol
        return RuleLine(
            rule.id,
            symbol,
            rule_words(replace(rule, symbol=ALL_SYMBOLS, is_enabled=True)),
            last,
            self.ways.kinds(rule.ways),
            self.ways.words(rule.ways),
            rule.is_enabled,
            bool(self._drafts.problems(rule.id)),
        )

    def _show_rule(self) -> None:
        rule = self._rule
        # Not once a second what has not changed: boxes keep their cursors.
        shown = (rule, self._drafts.mark(), self._service.settings.symbols)
        if shown == self._shown:
            return
        self._shown = shown
        symbols = [one for one in self._service.settings.symbols if one != ALL_SYMBOLS]
        if rule is not None and rule.symbol not in (ALL_SYMBOLS, *symbols):
            symbols.append(rule.symbol)
        self.form.offer_symbols(symbols)
        self.form.show_rule(
            rule, self._drafts.fields(self._chosen), self._drafts.problems(self._chosen)
        )
        self.ways.show_rule(rule)
        self.count.ask(rule)

    def _silence_words(self) -> str:
        """Say why nothing rings, where that is so."""
        if self._service.kind is not DataKind.LIVE:
            return self.tr("They do not ring: the market is not live")
        recorder = self._service.recorder_status()
        if recorder is not None and recorder.role is SinkRole.STANDBY:
            return self.tr("Another program rings")
        rule, recorded = self._rule, self._service.settings.symbols
        is_recorded = rule is None or ALL_SYMBOLS in (rule.symbol, *recorded)
        if rule is None or is_recorded or rule.symbol in recorded:
            return ""
        return self.tr("{symbol} is not recorded").format(symbol=rule.symbol)

    # -- what is entered ----------------------------------------------------------------------

    def _put(self, rules: Iterable[Rule], what: str = "") -> None:
        self._changes.put(rules, what)
        self.refresh()
        self._changed()

    def _replace(self, rule: Rule, what: str = "") -> None:
        rules = [rule if one.id == self._chosen else one for one in self._changes.rules]
        self._chosen = rule.id
        self._put(rules, what)

    @guarded
    def _choose(self, rule_id: str) -> None:
        self._chosen = rule_id
        self.refresh()

    @guarded
    def _switch(self, rule_id: str, is_on: bool) -> None:
        rules = self._changes.rules
        self._put([replace(one, is_enabled=is_on) if one.id == rule_id else one for one in rules])

    @guarded
    def _switch_way(self, name: str, is_on: bool) -> None:
        rule = self._rule
        if rule is not None:
            others = [one for one in rule.ways if one != name]
            self._replace(replace(rule, ways=(*others, name) if is_on else tuple(others)))

    @guarded
    def _enter(self, control: str, fields: dict[str, object]) -> None:
        rule = self._rule
        if rule is None:
            return
        if "kind" in fields:
            self._drafts.forget(rule.id)
            kind = AlertKind(str(fields["kind"]))
            self._replace(of_kind(rule, kind, free_id(kind, self._changes.rules)))
            return
        changed = self._drafts.enter(rule, control, fields, self._refusal)
        if changed is not None:
            self._replace(changed, f"{rule.id} {control}")
        else:
            self.refresh()
            self._changed()

    @guarded
    def _refuse(self, control: str, text: str) -> None:
        words = self.tr("“{text}” cannot be used").format(text=_shortened(text))
        self._drafts.refuse(self._chosen, control, words)
        self.refresh()
        self._changed()

    def _refusal(self, control: str, fields: dict[str, object], rule: Rule) -> str:
        """Say why fields make no rule."""
        if control in ("rule_seconds", "rule_count"):
            seconds = fields.get("seconds", rule.seconds)
            count = fields.get("count", rule.count)
            return self.tr(
                "It can never ring: Binance reports at most one liquidation per symbol and "
                "second, so {count} cannot come within {seconds} s. Enter {most} or less."
            ).format(count=count, seconds=seconds, most=int(str(seconds)) + 1)
        shown = _shortened(str(next(iter(fields.values()))))
        return self.tr("“{text}” cannot be used").format(text=shown)

    @guarded
    def _add(self, _checked: bool) -> None:
        rules = self._changes.rules
        symbols = self._service.settings.symbols
        rule = Rule(
            free_id(AlertKind.LARGE, rules),
            AlertKind.LARGE,
            symbol=symbols[0] if len(symbols) == 1 else ALL_SYMBOLS,
            usd=USUAL_USD,
            ways=(DESKTOP, SOUND),
        )
        self._chosen = rule.id
        self._put([*rules, rule])

    @guarded
    def _duplicate(self, _checked: bool) -> None:
        rule, rules = self._rule, list(self._changes.rules)
        if rule is not None:
            copied = replace(rule, id=free_id(rule.kind, rules))
            rules.insert(rules.index(rule) + 1, copied)
            self._chosen = copied.id
            self._put(rules)

    @guarded
    def _delete(self, _checked: bool = False) -> None:
        rules = list(self._changes.rules)
        rule = self._rule
        if rule is None:
            return
        at = rules.index(rule)
        del rules[at]
        self._drafts.forget(rule.id)
        self._chosen = rules[min(at, len(rules) - 1)].id if rules else ""
        self._put(rules)

    # -- widgets ------------------------------------------------------------------------------

    def _add_buttons(self) -> None:
        self._new = QPushButton(self.tr("&New"))
        self._new.setObjectName("rule_new")
        self._new.setToolTip(self.tr("Add a rule; it rings at once"))
        self._new.clicked.connect(self._add)
        self._copy = QPushButton(self.tr("Duplicate"))
        self._copy.setObjectName("rule_copy")
        self._copy.setToolTip(self.tr("Add a copy of the chosen rule"))
        self._copy.clicked.connect(self._duplicate)
        self._remove = QPushButton(self.tr("Delete"))
        self._remove.setObjectName("rule_delete")
        self._remove.setToolTip(self.tr("Remove the chosen rule; Undo brings it back"))
        self._remove.clicked.connect(self._delete)
        self._silence.setObjectName("rules_silence")
        self._silence.setToolTip(self.tr("Why nothing rings"))
        self._silence.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for button in (self._new, self._copy, self._remove):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addWidget(self._silence, 1)
        self.grid.add_row(bar, is_wide=True)


def _shortened(text: str) -> str:
    text = shown_text(text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}\u2026"
