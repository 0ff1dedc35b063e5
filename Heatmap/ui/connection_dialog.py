"""`ConnectionDialog`: what of the way to the exchange works, and what to do where it does not."""

import html
from decimal import Decimal

from PyQt6.QtCore import QCoreApplication, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QFontMetrics, QGuiApplication
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from Heatmap.doctor.doctor import ConnectionCheck, DoctorConfig
from Heatmap.doctor.findings import CONNECTION_CHECKS, Advice, Finding, Result
from Heatmap.doctor.texts import Voice, advice_text, found_text
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.runtime.compat import override
from Heatmap.ui.farewell import Farewell
from Heatmap.ui.language import write_as_user
from Heatmap.ui.number_texts import in_locale
from Heatmap.ui.panels.panel_colours import PanelColours
from Heatmap.ui.texts import failure_words

WIDTH_PX, HEIGHT_PX = 640, 460
ORDER_S = 20.0
"""So long some symbol's liquidation is waited for, seconds."""
_OK = {True: "#43c98f", False: "#127347"}
_MIDDLE, _MARGIN_PX = 128, 10.0


class _Relay(QObject):
    """Brings what the checks' thread finds into the thread of the dialog."""

    found = pyqtSignal(object)
    ended = pyqtSignal()

    def tell(self, finding: Finding) -> None:
        """Hand on what was found."""
        self.found.emit(finding)

    def end(self) -> None:
        """Say that there is no more."""
        self.ended.emit()


class ConnectionDialog(QDialog):
    """Makes the doctor's checks of a connection, and shows each finding with its advice.

    They are made in a thread of their own, beside the recorder, and nothing is changed by them.
    Closing the dialog ends them.

    Parameters
    ----------
    ws_url, rest_url
        Bases of the exchange's addresses, as the service has them.
    symbol
        Whose mark price and tick size are looked at, or ``ALL``.
    parent
        Qt parent.
    order_s
        How long some symbol's liquidation is waited for, seconds.

    Attributes
    ----------
    findings
        What was found so far.
    is_done
        Whether all checks were made.
    view
        What is said of it; its text can be marked.

    Raises
    ------
    SettingsError
        An address is none.
    """

    def __init__(
        self,
        ws_url: str,
        rest_url: str,
        symbol: str = ALL_SYMBOLS,
        parent: QWidget | None = None,
        *,
        order_s: float = ORDER_S,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        config = DoctorConfig(ws_url, rest_url, symbol, order_s)
        self.setObjectName("connectionDialog")
        self.setWindowTitle(self.tr("Connection to the exchange"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.findings: list[Finding] = []
        self.is_done = False
        self._addresses = f"{ws_url}, {rest_url}"
        self._verdict = QLabel()
        self._verdict.setWordWrap(True)
        self._verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.view = QTextBrowser()
        self.view.setOpenLinks(False)
        document = self.view.document()
        if document is not None:
            document.setDocumentMargin(_MARGIN_PX)
        self.view.setAccessibleName(self.tr("Findings"))
        # With a parent from the beginning: by its style there may be no icons on buttons.
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        shut = buttons.button(QDialogButtonBox.StandardButton.Close)
        if shut is not None:
            shut.setDefault(True)
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.setAutoDefault(False)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.clicked.connect(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(self._verdict)
        column.addWidget(self.view, 1)
        column.addWidget(buttons)
        self.resize(WIDTH_PX, HEIGHT_PX)
        relay = _Relay()
        relay.found.connect(self._take)
        relay.ended.connect(self._end)
        # The thread keeps the relay; a dialog that has gone hears nothing of it.
        self._check = ConnectionCheck(config, relay.tell, relay.end)
        self._show_verdict()
        self._check.start()
        self.destroyed.connect(Farewell((self._check.cancel,)))

    def text(self) -> str:
        """Return all that is said, as plain text."""
        lines = [self._verdict.text(), self._addresses, ""]
        for finding in self.findings:
            lines.append(": ".join((_result_words(finding.result), _line(finding))))
            advice = _advice(finding)
            if advice:
                lines.append(f"    {advice}")
        return "\n".join(lines)

    # -- inside -------------------------------------------------------------------------------

    def _take(self, finding: Finding) -> None:
        self.findings.append(finding)
        # What is marked stays marked.
        self.view.append(self._paragraph(finding))

    def _end(self) -> None:
        self.is_done = True
        self._show_verdict()

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text())

    def _show_verdict(self) -> None:
        """Say in one sentence how it is."""
        failed = [one for one in self.findings if one.result is Result.FAIL]
        if not self.is_done:
            words = self.tr("Checking, this may take half a minute…")
        elif failed:
            words = self.tr("It does not work: see what to do below.")
        elif any(one.result is Result.WARN for one in self.findings):
            words = self.tr("It works, but not all is as it should be.")
        else:
            words = self.tr("It works.")
        self._verdict.setText(words)

    def _paragraph(self, finding: Finding) -> str:
        colours = PanelColours.of(self.palette())
        is_dark = colours.ground.lightness() < _MIDDLE
        colour = {
            Result.OK: _OK[is_dark],
            Result.WARN: colours.warn.name(),
            Result.FAIL: colours.bad.name(),
            Result.SKIP: colours.caption.name(),
        }[finding.result]
        word = html.escape(_result_words(finding.result))
        line = f'<b style="color: {colour}">{word}</b>&nbsp; {html.escape(_line(finding))}'
        advice = _advice(finding)
        if advice:
            line += f'<br><span style="color: {colours.second.name()}">{html.escape(advice)}</span>'
        indent = QFontMetrics(self.font()).height() // 2
        return f'<p style="margin: 0 0 {indent}px 0">{line}</p>'

    @override
    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Make no more checks."""
        self._check.cancel()
        super().closeEvent(event)


def _line(finding: Finding) -> str:
    """Return what was looked at and what was found."""
    check = _say(CONNECTION_CHECKS[finding.check])
    return f"{check}: {found_text(finding, _voice())}"


def _advice(finding: Finding) -> str:
    """Return what to do; empty where there is nothing to do."""
    if finding.advice is Advice.WAIT_LONGER:
        # The doctor's own advice is an option of its command.
        return _tr("check again later; a calm market can be silent for minutes")
    return advice_text(finding, _voice())


def _voice() -> Voice:
    return Voice(_say, failure_words, _number)


def _number(text: str) -> str:
    """Return a number as the locale writes it, its digits in groups."""
    return in_locale(f"{Decimal(text):,}")


def _say(text: str) -> str:
    return QCoreApplication.translate("Doctor", text) if text else ""


def _result_words(result: Result) -> str:
    return {
        Result.OK: _tr("OK"),
        Result.WARN: _tr("Warning"),
        Result.FAIL: _tr("Fails"),
        Result.SKIP: _tr("Skipped"),
    }[result]


def _tr(text: str) -> str:
    return QCoreApplication.translate("ConnectionDialog", text)
