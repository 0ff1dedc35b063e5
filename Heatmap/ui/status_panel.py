"""The status of recording and drawing, in words."""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from PyQt6.QtCore import QLocale, Qt
from PyQt6.QtWidgets import (
    QApplication,
    QFormLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from Heatmap.feeds.layer_state import LayerState
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import RecorderStatus, SinkRole
from Heatmap.runtime.guarded import guarded
from Heatmap.ui.while_visible import WhileVisible

logger = logging.getLogger(__name__)

UNKNOWN = "–"  # noqa: RUF001 - a dash, as typesetters have it
_DAY_MS = 86_400_000


class StatusPanel(QWidget):
    """Tells how recording and drawing fare, from `HeatmapService.status`.

    Refreshed when it is shown and once a second while it is visible; it asks for what is known
    already and waits for nothing.

    Parameters
    ----------
    service
        Whose status is shown.
    """

    def __init__(self, service: HeatmapService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._names: dict[str, str] = {}
        self._values: dict[str, QLabel] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        form = _form()
        column.addLayout(form)
        for name, label, tool_tip in (
            (
                "connection",
                self.tr("Connection"),
                self.tr(
                    "Connected: data arrive. Quiet: connected, but no liquidation of any "
                    "symbol lately. Blind: nothing arrives"
                ),
            ),
            ("since", self.tr("Since"), self.tr("Since when that is so")),
            (
                "today",
                self.tr("Events today"),
                self.tr(
                    "Recorded since midnight UTC; the exchange tells at most one liquidation "
                    "per symbol and second"
                ),
            ),
            ("last", self.tr("Last event"), self.tr("When the newest recorded one happened")),
            ("role", self.tr("Role"), self.tr("Only one recorder writes a database")),
            ("size", self.tr("Database size"), self.tr("Of the file and its write-ahead log")),
            ("path", self.tr("Database"), self.tr("Where the recorded events are")),
            (
                "charts",
                self.tr("Charts"),
                self.tr("What each chart with a heatmap shows, and whether it is drawn or why not"),
            ),
            ("attention", self.tr("Attention"), self.tr("What is amiss at present")),
            ("error", self.tr("Last error"), self.tr("Stays here after it is over")),
        ):
            self._add(form, name, label, tool_tip)
        group = QGroupBox(self.tr("Measured"))
        group.setToolTip(self.tr("What recording and drawing take"))
        column.addWidget(group)
        form = _form()
        group.setLayout(form)
        for name, label, tool_tip in (
            ("rate", self.tr("Stored"), self.tr("Events a minute, mean of the last minute")),
            ("build", self.tr("Build"), self.tr("Time until a whole picture was built")),
            ("update", self.tr("Update"), self.tr("Time until new events were added to it")),
            ("sent", self.tr("Sent"), self.tr("Size of what went to the page last")),
            ("paint", self.tr("Paint"), self.tr("Mean time of painting a frame")),
            ("frames", self.tr("Frames"), self.tr("Painted in the last second of painting")),
        ):
            self._add(form, name, label, tool_tip)
        copy = QPushButton(self.tr("Cop&y the status"))
        copy.setObjectName("copy_status")
        copy.setToolTip(self.tr("Copy what stands here as text, for a report"))
        copy.setAutoDefault(False)
        copy.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        copy.clicked.connect(self._copy)
        column.addWidget(copy)
        column.addStretch(1)
        self._visible = WhileVisible(self, self.refresh)

    def refresh(self) -> None:
        """Show the status as of now."""
        status = self._service.status()
        texts = {**self._state_texts(status), **self._measured_texts(status)}
        for name, label in self._values.items():
            text = texts[name] or UNKNOWN
            label.setProperty("plain", text)
            label.setText(_breakable(text))

    def texts(self) -> dict[str, str]:
        """Return what is shown, by the names of the rows."""
        return {name: label.property("plain") or "" for name, label in self._values.items()}

    # -- texts --------------------------------------------------------------------------------

    def _state_texts(self, status: Mapping[str, Any]) -> dict[str, str]:
        recorder: RecorderStatus | None = status["recorder"]
        connection, since_ms = self._connection(status, recorder)
        now_ms = self._service.clock()
        today = status.get("events_today")
        size = status.get("database_bytes")
        # What came a moment ago is not in the database yet, what came before the start only there.
        known_ms = [
            status.get("last_event_ms"),
            None if recorder is None else recorder.last_event_ms,
        ]
        last_ms = max((ts_ms for ts_ms in known_ms if ts_ms is not None), default=None)
        return {
            "connection": connection,
            "since": "" if since_ms is None else self._moment(since_ms, now_ms),
            "today": "" if today is None else self._number(today),
            "last": "" if last_ms is None else self._moment(last_ms, now_ms),
            "role": self._role(status, recorder),
            "size": "" if size is None else self._size(size),
            "path": status["database"],
            "charts": "\n".join(map(self._chart, status["layers"])) or self.tr("None"),
            "attention": "\n".join(self._problems(status, recorder)) or self.tr("Nothing"),
            "error": self.tr("None")
            if recorder is None
            else recorder.last_error or self.tr("None"),
        }

    def _connection(
        self, status: Mapping[str, Any], recorder: RecorderStatus | None
    ) -> tuple[str, int | None]:
        if recorder is None or not status["running"]:
            return self.tr("Not recording"), None
        if recorder.connection is ConnectionState.LIVE:
            if recorder.proven:
                return self.tr("Connected"), recorder.connected_since_ms
            # Of an earlier connection too: what is not proven began with it.
            proof_ms = recorder.last_force_order_ms or recorder.connected_since_ms
            return self.tr("Quiet: connected, but no liquidation of any symbol"), proof_ms
        states = {
            ConnectionState.STOPPED: self.tr("no connection"),
            ConnectionState.CONNECTING: self.tr("connecting"),
            ConnectionState.OPEN: self.tr("connected, but no data yet"),
            ConnectionState.BLIND: self.tr("no connection"),
        }
        words = self.tr("Blind: {state}").format(state=states[recorder.connection])
        # The reason stands behind the state, and nowhere else.
        _state, _colon, reason = recorder.connection_words.partition(": ")
        return (f"{words} ({reason})" if reason else words), recorder.last_heartbeat_ms

    def _role(self, status: Mapping[str, Any], recorder: RecorderStatus | None) -> str:
        words = {
            SinkRole.WRITER.value: self.tr("Writer: this program records"),
            SinkRole.STANDBY.value: self.tr(
                "Standby: another program records; this one takes over when that ends"
            ),
            SinkRole.STOPPED.value: self.tr("Neither writer nor standby: stopped"),
        }[status["role"]]
        if recorder is not None and recorder.not_recorded:
            names = self._symbols(recorder.not_recorded)
            words += "\n" + self.tr("The other program does not record {names}").format(names=names)
        return words

    def _chart(self, layer: Mapping[str, Any]) -> str:
        words = {
            LayerState.STOPPED.value: self.tr("stopped"),
            LayerState.OFF.value: self.tr("the heatmap is switched off"),
            LayerState.NO_CHART.value: self.tr("waiting for the page's chart"),
            LayerState.NO_SYMBOL.value: self.tr("the page does not say which symbol it shows"),
            LayerState.NOT_RECORDED.value: self.tr("not recorded"),
            LayerState.NO_VIEW.value: self.tr("no candles yet, or too small to draw on"),
            LayerState.FAILED.value: self.tr("failed, trying again"),
            LayerState.BUILDING.value: self.tr("building"),
            LayerState.DRAWN.value: self.tr("drawn"),
        }[layer["state"]]
        symbol = layer["symbol"]
        if symbol is None:
            return words
        return self.tr("{symbol}: {state}").format(symbol=symbol, state=words)

    def _problems(self, status: Mapping[str, Any], recorder: RecorderStatus | None) -> list[str]:
        problems = [status["error"]]
        if recorder is not None:
            if recorder.storage_fault is not None:
                problems.append(
                    self.tr("Not written: {reason}").format(reason=recorder.storage_fault)
                )
            if recorder.without_heartbeat:
                names = self._symbols(recorder.without_heartbeat)
                problems.append(
                    self.tr("No mark price for {names}: is that right?").format(names=names)
                )
            if recorder.overflowed:
                problems.append(
                    self.tr("{count} events were dropped, the queue was full").format(
                        count=self._number(recorder.overflowed)
                    )
                )
            problems.append(recorder.storage_notice or "")
        problems.extend(layer["error"] for layer in status["layers"])
        return [text for text in problems if text]

    def _measured_texts(self, status: Mapping[str, Any]) -> dict[str, str]:
        recorder: RecorderStatus | None = status["recorder"]
        is_recording = recorder is not None and status["running"]
        return {
            "rate": self.tr("{count} a minute").format(
                count=self._number(recorder.inserts_per_minute)
            )
            if recorder is not None and is_recording
            else "",
            "build": self._of_layers(status, "rebuild_ms", self._time),
            "update": self._of_layers(status, "update_ms", self._time),
            "sent": self._of_layers(status, "sent_bytes", self._size),
            "paint": self._of_layers(status, "paintMs", self._time),
            "frames": self._of_layers(
                status,
                "frames",
                lambda n: self.tr("{count} a second").format(count=self._number(n)),
            ),
        }

    def _of_layers(
        self, status: Mapping[str, Any], name: str, words: Callable[[float], str]
    ) -> str:
        values = (layer["measured"].get(name) for layer in status["layers"])
        return ", ".join(words(value) for value in values if value is not None)

    def _symbols(self, names: tuple[str, ...]) -> str:
        return self.tr("all symbols") if ALL_SYMBOLS in names else ", ".join(names)

    def _moment(self, ts_ms: int, now_ms: int) -> str:
        moment = datetime.fromtimestamp(ts_ms / 1000, UTC)
        clock = moment.strftime("%H:%M:%S")
        if ts_ms // _DAY_MS != now_ms // _DAY_MS:
            clock = f"{moment:%Y-%m-%d} {clock}"
        return self.tr("{time} UTC, {span} ago").format(
            time=clock, span=self._span((now_ms - ts_ms) // 1000)
        )

    def _span(self, span_s: int) -> str:
        span_s = max(span_s, 0)
        if span_s < 120:  # noqa: PLR2004 - two minutes
            return self.tr("{count} s").format(count=span_s)
        minutes = span_s // 60
        if minutes < 120:  # noqa: PLR2004 - two hours
            return self.tr("{count} min").format(count=minutes)
        hours, minutes = divmod(minutes, 60)
        if hours < 48:  # noqa: PLR2004 - two days
            return self.tr("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
        return self.tr("{count} days").format(count=hours // 24)

    def _time(self, time_ms: float) -> str:
        digits = 0 if time_ms >= 10 else 1  # noqa: PLR2004 - two digits are enough
        return self.tr("{count} ms").format(count=self._number(time_ms, digits))

    def _size(self, size_bytes: float) -> str:
        return self.locale().formattedDataSize(
            int(size_bytes), 1, QLocale.DataSizeFormat.DataSizeSIFormat
        )

    def _number(self, number: float, digits: int = 0) -> str:
        return self.locale().toString(float(number), "f", digits)

    # -- widgets ------------------------------------------------------------------------------

    def _add(self, form: QFormLayout, name: str, label: str, tool_tip: str) -> None:
        title = QLabel(label)
        title.setToolTip(tool_tip)
        value = QLabel(UNKNOWN)
        value.setObjectName(f"status_{name}")
        value.setToolTip(tool_tip)
        # Words of the exchange and of the system may contain anything.
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setWordWrap(True)
        form.addRow(title, value)
        self._names[name] = label
        self._values[name] = value

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the status could not be copied", exc_info=error)

    @guarded
    def _copy(self, _checked: bool) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            lines = (f"{self._names[name]}: {text}" for name, text in self.texts().items())
            clipboard.setText("\n".join(lines))


def _form() -> QFormLayout:
    form = QFormLayout()
    # Words wrap at the width that there is.
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setVerticalSpacing(4)
    form.setHorizontalSpacing(16)
    return form


def _breakable(text: str) -> str:
    """Let paths and very long words go on in the next line, by blanks of no width in them."""
    text = re.sub(r"([/\\])", "\\1\u200b", text)
    return re.sub(r"([^\s\u200b]{40})", "\\1\u200b", text)
