"""The rows of ways: whether a rule is told on each, their addresses, and a test of each."""

from collections.abc import Sequence
from dataclasses import replace

from PyQt6.QtCore import QCoreApplication, QObject, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QPushButton, QSizePolicy, QWidget

from Heatmap.alerts.rules import Rule
from Heatmap.alerts.ways import Secret, WayKind, WaySpec, make_way
from Heatmap.alerts.ways.apprise_way import PACKAGE, is_installed
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.host_alerts import DESKTOP, SOUND
from Heatmap.ui.settings.field_line import FieldLine
from Heatmap.ui.settings.look import Caption
from Heatmap.ui.settings.marked_buttons import MarkedBox
from Heatmap.ui.settings.page_form import SettingsPage
from Heatmap.ui.settings.rule_changes import RuleChanges
from Heatmap.ui.settings.secret_edit import SecretEdit, masked_address, masked_key
from Heatmap.ui.settings.way_trial import WayTrial
from Heatmap.ui.texts import failure_words

logger = get_logger(__name__)

USUAL_NAMES = {WayKind.WEBHOOK: "webhook", WayKind.APPRISE: "notify"}
"""What a way is called that is entered here."""


class WayRow(QObject):
    """A way of the desktop: a check box, a button for a test, and what came of it.

    Attributes
    ----------
    switched
        The user has switched the way for the chosen rule.
    """

    switched = pyqtSignal(str, bool)

    def __init__(self, page: SettingsPage, changes: RuleChanges, name: str, label: str) -> None:
        super().__init__(page)
        self.name = name
        self.problems: dict[str, str] = {}
        self._changes = changes
        self._has_rule = False
        self.box = MarkedBox(label)
        self.box.setObjectName(f"way_{name}")
        self.box.setToolTip(_tr("Whether alerts of this rule go there"))
        self.box.toggled.connect(lambda is_on: self.switched.emit(name, is_on))
        self.test = QPushButton(_tr("Send a test"))
        self.test.setObjectName(f"test_{name}")
        self.test.setToolTip(_tr("Send one message now and show the result"))
        self.test.setAutoDefault(False)
        self.test.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.test.clicked.connect(self._send)
        self.answer = Caption()
        self.answer.setObjectName(f"answer_{name}")
        self.answer.setToolTip(_tr("Result of the test, or why this cannot be used"))
        # What a test has said; it goes when something else is entered.
        self._said = ""

    def add_to(self, page: SettingsPage) -> None:
        """Put the row on its page."""
        self.answer.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        line = FieldLine(self.box, self.answer, self.test, stretched=self.answer)
        page.grid.add_row(line, is_wide=True)

    def show_rule(self, rule: Rule | None) -> None:
        """Show whether a rule is told there; ``None``: there is no rule."""
        self._has_rule = rule is not None
        with QSignalBlocker(self.box):
            self.box.setChecked(rule is not None and self.name in rule.ways)
        self.refresh()

    def refresh(self) -> None:
        """Show what the machine lacks for it now."""
        lack = self._lack()
        self.box.setEnabled(self._has_rule and not lack and self._is_set_up())
        self.test.setEnabled(not lack and self._is_set_up())
        words = self._said or lack
        self.answer.setText(words)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("a way of alerts failed", exc_info=error)

    def _lack(self) -> str:
        alerts = self._changes.host_alerts
        if alerts is None:
            return _tr("This program shows alerts only in its window")
        return self._not_here(alerts.lack(self.name))

    def _is_set_up(self) -> bool:
        return True

    def _not_here(self, failure: Failure | None) -> str:
        if failure is None:
            return ""
        return _tr("Not here: {reason}").format(reason=failure_words(failure))

    @guarded
    def _send(self, _checked: bool) -> None:
        alerts = self._changes.host_alerts
        if alerts is not None:
            self._answered(alerts.test(self.name))

    def _answered(self, failure: Failure | None) -> None:
        if failure is None:
            self._say(_tr("It was shown") if self.name == DESKTOP else _tr("It was played"))
        else:
            self._say(_tr("Failed: {reason}").format(reason=failure_words(failure)))

    def _say(self, words: str) -> None:
        self._said = words
        self.refresh()


class AddressRow(WayRow):
    """A way with an address: entered unseen, checked, and kept with the other secrets.

    Attributes
    ----------
    problem_changed
        `problems` has changed.
    """

    problem_changed = pyqtSignal()

    def __init__(
        self, page: SettingsPage, changes: RuleChanges, name: str, label: str, kind: WayKind
    ) -> None:
        super().__init__(page, changes, name, label)
        self._kind = kind
        self._page = page
        # What was entered and is being looked at.
        self._pending: WaySpec | None = None
        # The way whose masks are shown.
        self._shown: WaySpec | None = None
        self._trial = WayTrial(self)
        self._trial.answered.connect(self._on_answer)
        self.address = SecretEdit()
        self.address.setObjectName(f"address_{name}")
        self.address.entered.connect(self._take_address)
        if kind is WayKind.WEBHOOK:
            tip = _tr("An https address; it stays on this computer and is shown masked")
        else:
            tip = _tr("Telegram, Discord, mail: as apprise writes it, such as tgram://token/chat")
        self.address.setToolTip(tip)
        self.forget = QPushButton(_tr("Forget"))
        self.forget.setObjectName(f"forget_{name}")
        self.forget.setToolTip(_tr("Delete the address, and its key, from this computer"))
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self._forget)
        self.key = SecretEdit()
        self.key.setObjectName(f"key_{name}")
        self.key.setToolTip(
            _tr(
                "Proves to the receiver that a message is from here: HMAC-SHA256, "
                "16 characters or more"
            )
        )
        self.key.entered.connect(self._take_key)
        self._lines: list[FieldLine] = []

    @override
    def add_to(self, page: SettingsPage) -> None:
        """Put the rows on their page."""
        line = FieldLine(self.address, self.test, stretched=self.address)
        self._lines.append(line)
        page.grid.add_row(line, self.box)
        if self._kind is WayKind.WEBHOOK:
            keys = FieldLine(self.key, self.forget, stretched=self.key)
            keys.add_below(self.answer)
            label = page.make_label(_tr("Signing &key"), self.key)
            label.setBuddy(self.key)
            page.grid.add_row(keys, label)
            self._lines.append(keys)
        else:
            line.add_below(self.answer)
        self._show_masks()

    @override
    def refresh(self) -> None:
        """Show whether there is an address, and what the machine lacks for it."""
        if self._spec() != self._shown:
            # It was changed elsewhere, or by Undo.
            self._said = ""
            self._drop_trial()
            self._show_masks()
        super().refresh()
        self.answer.setVisible(bool(self.answer.text()))
        # Beside the middle of its field, as high as the style makes that.
        self.box.setMinimumHeight(self.address.sizeHint().height())
        lack = self._lack()
        self.address.setEnabled(not lack)
        self.key.setEnabled(self._is_set_up() and not lack)
        self.forget.setVisible(self._kind is WayKind.WEBHOOK)
        self.forget.setEnabled(self._is_set_up())
        for line in self._lines:
            line.show_problems(self.problems)

    def show_masks(self) -> None:
        """Show what is kept now, such as after Undo; what was entered and refused goes."""
        self._drop_trial()
        self.problems.clear()
        self._said = ""
        self._show_masks()
        self.refresh()

    @override
    def _lack(self) -> str:
        if self._changes.host_alerts is None:
            return _tr("This program shows alerts only in its window")
        if not self._changes.has_store:
            return _tr("Not here: settings are not saved")
        if self._kind is WayKind.APPRISE and not is_installed():
            return self._not_here(Failure(FailureKind.WAY_NEEDS_PACKAGE, {"package": PACKAGE}))
        return ""

    @override
    def _is_set_up(self) -> bool:
        return self._spec() is not None

    def _spec(self) -> WaySpec | None:
        return next((one for one in self._changes.specs if one.name == self.name), None)

    def _show_masks(self) -> None:
        spec = self._shown = self._spec()
        none_yet = _tr("No address yet")
        self.address.show_mask(none_yet if spec is None else masked_address(spec.address))
        key = masked_key(None if spec is None else spec.signing_key)
        self.key.show_mask(key or _tr("Not signed"))

    @guarded
    def _take_address(self, address: Secret) -> None:
        spec = self._spec()
        key = None if spec is None else spec.signing_key
        self._try(WaySpec(self.name, self._kind, address, key), self.address)

    @guarded
    def _take_key(self, key: Secret) -> None:
        spec = self._spec()
        if spec is not None:
            self._try(replace(spec, signing_key=key), self.key)

    def _try(self, spec: WaySpec, edit: SecretEdit) -> None:
        """Keep a way if it can be made; what it says of its own is the reason where it cannot."""
        self._said = ""
        self.problems.pop(edit.objectName(), None)
        # A test that is under way would tell of what was there before.
        self._drop_trial()
        if self._kind is WayKind.APPRISE:
            self._pending = spec
            self._said = _tr("Looking at the address\u2026")
            self._trial.check(spec)
        else:
            try:
                make_way(spec)
                self._changes.put_way(spec)
            except SettingsError as error:
                self.problems[edit.objectName()] = failure_words(error.failure)
            else:
                self._show_masks()
        self.refresh()
        self.problem_changed.emit()

    def _drop_trial(self) -> None:
        self._pending = None
        self._trial.drop()

    @guarded
    def _forget(self, _checked: bool) -> None:
        try:
            self._changes.remove_way(self.name)
        except SettingsError as error:
            self.problems[self.address.objectName()] = failure_words(error.failure)
            self.refresh()
        else:
            self.show_masks()
        self.problem_changed.emit()

    @override
    @guarded
    def _send(self, _checked: bool) -> None:
        spec = self._spec()
        # What is entered and looked at comes first: the answer to that is kept.
        if spec is not None and self._pending is None:
            self._say(_tr("Sending\u2026"))
            self._trial.send(spec)

    @guarded
    def _on_answer(self, failure: object) -> None:
        found = failure if isinstance(failure, Failure) else None
        spec, self._pending = self._pending, None
        if spec is None:
            self._answered(found)
            return
        self._said = ""
        if found is None:
            try:
                self._changes.put_way(spec)
            except SettingsError as error:
                found = error.failure
        if found is None:
            self._show_masks()
        else:
            self.problems[self.address.objectName()] = failure_words(found)
        self.refresh()
        self.problem_changed.emit()

    @override
    def _answered(self, failure: Failure | None) -> None:
        if failure is None:
            self._say(_tr("It has arrived"))
        else:
            super()._answered(failure)


class WayRows(QObject):
    """All ways, below each other.

    Attributes
    ----------
    switched
        A way was switched for the chosen rule; tells its name.
    problem_changed
        An address or a key was refused, or is not any more.
    """

    switched = pyqtSignal(str, bool)
    problem_changed = pyqtSignal()

    def __init__(self, page: SettingsPage, changes: RuleChanges) -> None:
        super().__init__(page)
        self._changes = changes
        self.rows: list[WayRow] = [
            WayRow(page, changes, DESKTOP, _tr("Deskto&p notification")),
            WayRow(page, changes, SOUND, _tr("&Sound")),
        ]
        kept = changes.specs
        labels = {
            WayKind.WEBHOOK: _tr("W&ebhook"),
            WayKind.APPRISE: _tr("Ser&vice"),
        }
        for kind, name in USUAL_NAMES.items():
            names = [one.name for one in kept if one.kind is kind] or [name]
            for one in names:
                label = labels[kind] if one == name else one.replace("&", "&&")
                self.rows.append(AddressRow(page, changes, one, label, kind))
        for row in self.rows:
            row.add_to(page)
            row.switched.connect(self.switched)
            if isinstance(row, AddressRow):
                row.problem_changed.connect(self.problem_changed)
            row.refresh()

    def show_rule(self, rule: Rule | None) -> None:
        """Show on which ways a rule is told."""
        for row in self.rows:
            row.show_rule(rule)

    def refresh(self) -> None:
        """Show what the machine lacks now."""
        self._changes.read_ways()
        for row in self.rows:
            row.refresh()

    def show_masks(self) -> None:
        """Show the addresses that are kept now."""
        for row in self.rows:
            if isinstance(row, AddressRow):
                row.show_masks()

    def kinds(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the kinds of ways by their names, as `way_icons.paint_way` takes them."""
        kept = {one.name: one.kind.value for one in self._changes.specs}
        return tuple(one if one in (DESKTOP, SOUND) else kept.get(one, "") for one in names)

    def words(self, names: Sequence[str]) -> str:
        """Return ways in words, with commas between."""
        labels = {row.name: row.box.text().replace("&", "") for row in self.rows}
        return ", ".join(labels.get(one, one) for one in names)

    def has_problem(self) -> bool:
        """Whether an entry was refused; asked also when Qt's side has gone."""
        return any(row.problems for row in self.rows)

    def problem(self) -> QWidget | None:
        """Return the first field with an entry that was refused."""
        for row in self.rows:
            if isinstance(row, AddressRow):
                for edit in (row.address, row.key):
                    if edit.objectName() in row.problems:
                        return edit
        return None

    def problem_texts(self) -> list[str]:
        """Return why entries were refused; no entry is repeated."""
        return [words for row in self.rows for words in row.problems.values()]


def _tr(text: str) -> str:
    # Not `tr` of the rows: that looks for texts of a class by the name of the derived one.
    return QCoreApplication.translate("WayRows", text)
