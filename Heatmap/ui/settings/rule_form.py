"""The rows of one alert rule: what it watches for, of what, from how much on, how often."""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QObject, QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget

from Heatmap.alerts.alert import AlertKind
from Heatmap.alerts.rules import (
    DISTANCES,
    LONGEST_QUIET_S,
    LONGEST_SECONDS,
    MOST_COUNT,
    MOST_NORMAL_MINUTES,
    MOST_USD,
    USD_UNITS,
    Rule,
)
from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.setting_fields import Number
from Heatmap.ui.settings.field_line import FieldLine
from Heatmap.ui.settings.number_box import NumberBox
from Heatmap.ui.settings.page_form import SettingsPage
from Heatmap.ui.settings.segments import Segments
from Heatmap.ui.settings.setting_rows import number_box

USUAL_USD, USUAL_LEVEL_USD, USUAL_NORMAL = 500_000.0, 1_000_000.0, 20.0
RECORDING = "recording"
"""Stands for both kinds of rules on the recording."""
_OF_RECORDING = (AlertKind.RECORDING_STOPS, AlertKind.NOT_SAVED)
_OF_SIZE = (AlertKind.LARGE, AlertKind.CASCADE)
_MINUTE_S = 60
_NARROW, _WIDE, _SYMBOL = 70, 150, 140
# What is wider than this side by side is a list.
_KINDS_WIDTH, _SIDE_WIDTH, _UNIT_WIDTH = 372, 226, 190


class RuleForm(QObject):
    """Rows of a page that show one rule, and tell what is entered.

    Attributes
    ----------
    changed
        A control has another value; tells the control's name, and fields of `Rule` by name.
    refused
        A text was entered that means nothing; tells the control's name, and the text.
    words
        What each control is called in a sentence, by its name.
    """

    changed = pyqtSignal(str, object)
    refused = pyqtSignal(str, str)

    def __init__(self, page: SettingsPage) -> None:
        super().__init__(page)
        self._page = page
        self.words: dict[str, str] = {}
        self._lines: list[FieldLine] = []
        self._rows: dict[str, int] = {}
        self._controls: dict[str, QWidget] = {}
        self._make_choices()
        self._make_numbers()
        self._add_rows()

    # -- what is shown ------------------------------------------------------------------------

    def show_rule(
        self, rule: Rule | None, fields: Mapping[str, object], problems: Mapping[str, str]
    ) -> None:
        """Show a rule, with fields that were refused as they were entered, and why.

        Parameters
        ----------
        rule
            Which; ``None``: none, and nothing can be entered.
        fields
            What is shown in the place of the rule's own, by the name of the field.
        problems
            Why an entry was refused, by the control's name.
        """
        kind = AlertKind.CASCADE if rule is None else rule.kind
        self._show_rows(kind)
        for control in self._controls.values():
            control.setEnabled(rule is not None)
        if rule is not None:
            self._show_values(rule, fields)
        for line in self._lines:
            line.show_problems(problems)

    def offer_symbols(self, symbols: Sequence[str]) -> None:
        """Offer these symbols, besides all of them."""
        box = self._symbol
        offered = [ALL_SYMBOLS, *(one for one in symbols if one != ALL_SYMBOLS)]
        if [box.itemData(at) for at in range(box.count())] == offered:
            return
        with QSignalBlocker(box):
            box.clear()
            for one in offered:
                box.addItem(self._symbol_text(one), one)

    def control(self, name: str) -> QWidget | None:
        """Return a control; ``None``: there is none of this name."""
        return self._controls.get(name)

    def _show_values(self, rule: Rule, fields: Mapping[str, object]) -> None:
        shown = {name: fields.get(name, getattr(rule, name)) for name in Rule.__slots__}
        is_usd = shown["normal"] is None
        of_recording = rule.kind in _OF_RECORDING
        for box, key in (
            (self._kind, RECORDING if of_recording else rule.kind.value),
            (self._fault, rule.kind.value),
            (self._side, str(shown["side"])),
            (self._unit, "usd" if is_usd else "normal"),
            (self._levels, str(shown["levels"])),
        ):
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(key))
        is_normal = not is_usd and rule.kind in _OF_SIZE
        self._normal.setVisible(is_normal)
        self._usd.setVisible(not is_normal)
        self._unit.setVisible(rule.kind in _OF_SIZE)
        self._side.setVisible(rule.kind in _OF_SIZE)
        for number, value in (
            (self._usd, shown["usd"]),
            (self._normal, shown["normal"]),
            (self._seconds, shown["seconds"]),
            (self._after, shown["seconds"]),
            (self._count, shown["count"]),
            (self._distance, shown["distance"]),
            (self._quiet, shown["quiet"]),
        ):
            edit = number.lineEdit()
            is_typed = edit is not None and edit.hasFocus() and edit.isModified()
            if value is not None and not is_typed:
                factor = 1 / _MINUTE_S if number is self._quiet else 1.0
                with QSignalBlocker(number):
                    number.setValue(float(str(value)) * factor)
        edit = self._symbol.lineEdit()
        if edit is not None and not (edit.hasFocus() and edit.isModified()):
            text = self._symbol_text(str(shown["symbol"]))
            if self._symbol.currentText() != text:
                with QSignalBlocker(self._symbol):
                    self._symbol.setCurrentIndex(self._symbol.findText(text))
                    self._symbol.setEditText(text)

    def _show_rows(self, kind: AlertKind) -> None:
        of_recording = kind in _OF_RECORDING
        for name, is_visible in (
            ("fault", of_recording),
            ("symbol", not of_recording),
            ("size", not of_recording),
            ("within", kind is AlertKind.CASCADE),
            ("distance", kind is AlertKind.NEAR_LEVEL),
        ):
            self._page.grid.set_row_visible(self._rows[name], is_visible=is_visible)

    # -- what is entered ----------------------------------------------------------------------

    def _tell(self, name: str, **fields: object) -> None:
        self.changed.emit(name, fields)

    def _take_unit(self) -> None:
        if self._unit.currentData() == "usd":
            self._tell("rule_unit", usd=self._usd.value() or USUAL_USD, normal=None)
        else:
            self._tell("rule_unit", usd=None, normal=self._normal.value() or USUAL_NORMAL)

    def _take_symbol(self) -> None:
        edit = self._symbol.lineEdit()
        if edit is not None:
            edit.setModified(False)
        text = self._symbol.currentText().strip()
        is_all = text.casefold() in ("", self._symbol_text(ALL_SYMBOLS).casefold())
        # A venue is written small, a symbol in capitals.
        venue, colon, symbol = text.rpartition(":")
        written = f"{venue.lower()}{colon}{symbol.upper()}"
        self._tell("rule_symbol", symbol=ALL_SYMBOLS if is_all else written)

    def _take_kind(self) -> None:
        key = self._kind.currentData()
        self._tell("rule_kind", kind=AlertKind.RECORDING_STOPS if key == RECORDING else key)

    def _symbol_text(self, symbol: str) -> str:
        return self.tr("All symbols") if symbol == ALL_SYMBOLS else symbol

    # -- widgets ------------------------------------------------------------------------------

    def _make_choices(self) -> None:
        self._kind = self._choice(
            "rule_kind",
            self.tr("What this rule watches for"),
            _KINDS_WIDTH,
            (
                (AlertKind.LARGE.value, self.tr("One large")),
                (AlertKind.CASCADE.value, self.tr("Cascade")),
                (AlertKind.NEAR_LEVEL.value, self.tr("Near a level")),
                (RECORDING, self.tr("Recording")),
            ),
        )
        self._kind.currentIndexChanged.connect(lambda _at: self._take_kind())
        self._fault = self._choice(
            "rule_fault",
            self.tr("What is wrong with the recording"),
            _SIDE_WIDTH,
            (
                (AlertKind.RECORDING_STOPS.value, self.tr("Nothing comes")),
                (AlertKind.NOT_SAVED.value, self.tr("Not saved")),
            ),
        )
        self._fault.currentIndexChanged.connect(
            lambda _at: self._tell("rule_fault", kind=self._fault.currentData())
        )
        self._side = self._choice(
            "rule_side",
            self.tr("Who was liquidated; either side counts by itself"),
            _SIDE_WIDTH,
            (
                ("either", self.tr("Either side")),
                ("long", self.tr("Longs")),
                ("short", self.tr("Shorts")),
            ),
        )
        self._side.currentIndexChanged.connect(
            lambda _at: self._tell("rule_side", side=self._side.currentData())
        )
        self._unit = self._choice(
            "rule_unit",
            self.tr("An amount, or a multiple of what is liquidated in a usual minute"),
            _UNIT_WIDTH,
            (("usd", self.tr("USD")), ("normal", self.tr("\u00d7 usual minute"))),
        )
        self._unit.currentIndexChanged.connect(lambda _at: self._take_unit())
        self._levels = self._choice(
            "rule_levels",
            self.tr("Predicted levels, or prices where many were liquidated"),
            _SIDE_WIDTH,
            (("predicted", self.tr("Predicted")), ("clusters", self.tr("Cluster"))),
        )
        self._levels.currentIndexChanged.connect(
            lambda _at: self._tell("rule_levels", levels=self._levels.currentData())
        )
        self._symbol = QComboBox()
        self._symbol.setObjectName("rule_symbol")
        self._symbol.setToolTip(self.tr("One symbol, or each recorded one by itself"))
        self._symbol.setEditable(True)
        self._symbol.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._symbol.setFixedWidth(_SYMBOL)
        edit = self._symbol.lineEdit()
        if isinstance(edit, QLineEdit):
            # A host's style for texts would frame it a second time.
            edit.setStyleSheet("border: 0; padding: 0; min-height: 0; background: transparent;")
            edit.editingFinished.connect(self._take_symbol)
        self._symbol.activated.connect(lambda _at: self._take_symbol())
        self._controls["rule_symbol"] = self._symbol

    def _make_numbers(self) -> None:
        seconds = self.tr(" s")
        self._usd = self._number(
            "rule_usd",
            self.tr("From this amount on it rings; amounts are lower bounds"),
            Number(1, MOST_USD, step=0),
            "",
            _WIDE,
        )
        # As the list of rules and a command line write amounts.
        self._usd.take_units(USD_UNITS)
        self._normal = self._number(
            "rule_normal",
            self.tr("A multiple of what is liquidated of the symbol in a usual minute"),
            Number(0.01, MOST_NORMAL_MINUTES, step=1, decimals=2),
            "",
            _WIDE,
        )
        # Its range would ask for the room of a million millions.
        self._usd.setFixedWidth(_WIDE)
        # Before it is in a layout, which would keep room for both.
        self._normal.hide()
        self._seconds = self._number(
            "rule_seconds",
            self.tr("Within this time they add up"),
            Number(1, LONGEST_SECONDS, is_whole=True, step=5),
            seconds,
        )
        self._count = self._number(
            "rule_count",
            self.tr("At least so many of one symbol and side"),
            Number(1, MOST_COUNT, is_whole=True),
            "",
        )
        self._after = self._number(
            "rule_after",
            self.tr("It rings after this time"),
            Number(1, LONGEST_SECONDS, is_whole=True, step=5),
            seconds,
        )
        self._distance = self._number(
            "rule_distance",
            self.tr("How near the price comes, in percent of it"),
            Number(*DISTANCES, step=0.1, decimals=2),
            self.tr(" %"),
        )
        self._quiet = self._number(
            "rule_quiet",
            self.tr("It does not ring again so soon, for the same symbol and side"),
            Number(0, LONGEST_QUIET_S / _MINUTE_S, step=1, decimals=2),
            self.tr(" min"),
        )
        for box, field in (
            (self._seconds, "seconds"),
            (self._after, "seconds"),
            (self._count, "count"),
        ):
            self._follow(box, field, is_whole=True)
        self._follow(self._distance, "distance")
        self._quiet.valueChanged.connect(
            lambda minutes: self._tell("rule_quiet", quiet=round(minutes * _MINUTE_S))
        )
        self._usd.valueChanged.connect(lambda value: self._tell("rule_usd", usd=value, normal=None))
        self._normal.valueChanged.connect(
            lambda value: self._tell("rule_normal", usd=None, normal=value)
        )

    def _follow(self, box: NumberBox, field: str, *, is_whole: bool = False) -> None:
        name = box.objectName()
        box.valueChanged.connect(
            lambda value: self._tell(name, **{field: round(value) if is_whole else value})
        )

    def _add_rows(self) -> None:
        self._add("kind", self.tr("&Tell me about"), self._kind)
        self._add("fault", self.tr("&When"), self._fault, self._label(self.tr("for")), self._after)
        self._add("symbol", self.tr("S&ymbol and side"), self._symbol, self._side)
        self._add("size", self.tr("At &least"), self._usd, self._normal, self._unit)
        self._add(
            "within",
            self.tr("W&ithin"),
            self._seconds,
            self._label(self.tr("from")),
            self._count,
            self._label(self.tr("or more")),
        )
        self._add("distance", self.tr("Ne&arer than"), self._distance, self._levels)
        self._add("quiet", self.tr("Then &quiet for"), self._quiet)
        self.words |= {
            "rule_count": self.words["rule_seconds"],
            "rule_normal": self.words["rule_usd"],
        }

    def _add(self, name: str, label: str, control: QWidget, *beside: QWidget) -> None:
        line = FieldLine(control, *beside)
        shown = self._page.make_label(label, control)
        shown.setBuddy(control)
        self._lines.append(line)
        self.words[control.objectName()] = label.replace("&", "")
        self._rows[name] = self._page.grid.add_row(line, shown)

    @staticmethod
    def _label(text: str) -> QLabel:
        label = QLabel(text)
        label.setToolTip(text)
        return label

    def _choice(
        self, name: str, tool_tip: str, most_width: int, options: Sequence[tuple[str, str]]
    ) -> Segments | QComboBox:
        """Make values side by side; where a language has no room for them, a list to open."""
        box: Segments | QComboBox = Segments()
        for key, text in options:
            box.addItem(text, key)
        if box.sizeHint().width() > most_width:
            box = QComboBox()
            for key, text in options:
                box.addItem(text, key)
        box.setObjectName(name)
        box.setToolTip(tool_tip)
        self._controls[name] = box
        return box

    def _number(
        self, name: str, tool_tip: str, kind: Number, suffix: str, width: int = _NARROW
    ) -> NumberBox:
        box = number_box(name, tool_tip, kind, suffix)
        box.setMinimumWidth(width)
        box.refused.connect(lambda text: self.refused.emit(name, text))
        self._controls[name] = box
        return box
