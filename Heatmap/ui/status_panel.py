"""The status of recording and drawing, as a form of labels; its words are those of `ui.texts`."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from PyQt6.QtCore import QLocale, Qt
from PyQt6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from Heatmap.domain.phrases import Moment, MomentForm
from Heatmap.feeds.layer_state import LayerState
from Heatmap.heatmap_service import HeatmapService
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import RecorderStatus, SinkRole
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.alert_texts import way_words
from Heatmap.ui.language import users_locale, write_as_user
from Heatmap.ui.number_texts import clock_words, decimal_number, hours_words, moment_words
from Heatmap.ui.recorded_facts import RecordedFacts
from Heatmap.ui.settings.folder_button import folder_button
from Heatmap.ui.settings.row_grid import RowGrid
from Heatmap.ui.texts import (
    attention_words,
    connection_words,
    failure_words,
    layer_words,
    role_words,
)
from Heatmap.ui.while_visible import WhileVisible

logger = get_logger(__name__)

UNKNOWN = "–"  # noqa: RUF001 - a dash, as typesetters have it
_DAY_MS = 86_400_000


class StatusPanel(QWidget):
    """Shows how recording and drawing go, from `HeatmapService.status`.

    Refreshed when it is shown and once a second while it is visible; it asks for what is known
    already and waits for nothing.

    Parameters
    ----------
    service
        Whose status is shown.
    parent
        Qt parent.
    has_database
        Whether it says where the database is; ``False`` where that is said elsewhere.

    Attributes
    ----------
    copy_button
        Copies all of it as text, with what recording and drawing take; may be put elsewhere.
    """

    def __init__(
        self,
        service: HeatmapService,
        parent: QWidget | None = None,
        *,
        has_database: bool = True,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self._service = service
        self._facts = RecordedFacts(self, service, self._show_day)
        self._names: dict[str, str] = {}
        self._values: dict[str, QLabel] = {}
        self._labels: list[QLabel] = []
        # Of the grid, by name.
        self._rows: dict[str, int] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._grid = RowGrid(vertical_spacing=4)
        column.addLayout(self._grid)
        for name, label, tool_tip in (
            (
                "connection",
                self.tr("Connection"),
                self.tr("Whether data come from the exchange, and since when"),
            ),
            ("last", self.tr("Last liquidation"), self.tr("When the newest recorded one happened")),
            (
                "day",
                self.tr("Last 24 h"),
                self.tr("How much of the last 24 hours was recorded, and the longest hole in it"),
            ),
            ("role", self.tr("This program"), self.tr("Only one recorder writes a database")),
            ("path", self.tr("Database"), self.tr("Where the recorded events are")),
            (
                "charts",
                self.tr("Charts"),
                self.tr("What each chart with a heatmap shows, and whether it is drawn or why not"),
            ),
            ("attention", self.tr("Attention"), self.tr("What is wrong at present")),
            ("error", self.tr("Last error"), self.tr("Stays here after it is over")),
        ):
            if name == "path" and not has_database:
                self._names[name] = label
                continue
            self._add(name, label, tool_tip)
        # For whoever looks into a report: only in what is copied.
        self._names |= {
            "since": self.tr("Since"),
            "today": self.tr("Recorded today"),
            "size": self.tr("Database size"),
            "rate": self.tr("Stored"),
            "build": self.tr("Build"),
            "update": self.tr("Update"),
            "sent": self.tr("Sent"),
            "paint": self.tr("Paint"),
            "frames": self.tr("Frames"),
        }
        self._texts = dict.fromkeys(self._names, UNKNOWN)
        self.copy_button = QPushButton(self.tr("Copy &status for support"))
        self.copy_button.setObjectName("copy_status")
        self.copy_button.setToolTip(
            self.tr("Copy the state and what recording and drawing take, as text")
        )
        self.copy_button.setAutoDefault(False)
        self.copy_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.copy_button.clicked.connect(self._copy)
        column.addWidget(self.copy_button)
        column.addStretch(1)
        self._visible = WhileVisible(self, self.refresh)

    def refresh(self) -> None:
        """Show the status as of now."""
        status = self._service.status()
        recorder = self._service.recorder_status()
        self._facts.want(self._service.settings.symbols[:1])
        texts = {**self._state_texts(status, recorder), **self._measured_texts(status, recorder)}
        self._texts = {name: texts[name] or UNKNOWN for name in self._names}
        for name, label in self._values.items():
            text = self._texts[name]
            if name == "connection" and self._texts["since"] != UNKNOWN:
                text = self.tr("{state}, since {time}").format(
                    state=text, time=self._texts["since"]
                )
            label.setText(breakable(text))
        states = [layer["state"] for layer in status["layers"]]
        for name, is_told in (
            ("charts", any(state != LayerState.DRAWN.value for state in states)),
            ("attention", self._texts["attention"] != self.tr("Nothing")),
            ("error", self._texts["error"] != self.tr("None")),
        ):
            self._grid.set_row_visible(self._rows[name], is_visible=is_told)

    def texts(self) -> dict[str, str]:
        """Return what is known, also what is only copied, by the names of the rows."""
        return dict(self._texts)

    def labels(self) -> list[QLabel]:
        """Return the labels in front of what is shown."""
        return list(self._labels)

    # -- texts --------------------------------------------------------------------------------

    def _show_day(self) -> None:
        """Show at once what was recorded of the last 24 hours: it is read beside."""
        self._texts["day"] = self._day_text() or UNKNOWN
        self._values["day"].setText(self._texts["day"])

    def _day_text(self) -> str:
        """Return how much of the last 24 hours was recorded; empty: it is not known."""
        symbol = self._service.settings.symbols[0]
        recorded = self._facts.of(symbol)
        if recorded is None:
            return self.tr("nothing recorded yet") if self._facts.is_known(symbol) else ""
        start_ms, end_ms = recorded.end_ms - _DAY_MS, recorded.end_ms
        holes = recorded.holes_between(start_ms, end_ms)
        missing_ms = sum(last - first for first, last in holes)
        # Rounded down: less than all is never said to be all.
        share = 100 * (_DAY_MS - missing_ms) // _DAY_MS
        if not holes:
            return self.tr("{share} % recorded, without a hole").format(share=share)
        first_ms, last_ms = max(holes, key=lambda hole: hole[1] - hole[0])
        length = hours_words(last_ms - first_ms)
        if last_ms <= recorded.start_ms:
            words = self.tr("{share} % recorded; longest hole {length}, before the first start")
        else:
            words = self.tr("{share} % recorded; longest hole {length}, from {time} UTC")
        return words.format(share=share, length=length, time=clock_words(first_ms)[:5])

    def _state_texts(
        self, status: Mapping[str, Any], recorder: RecorderStatus | None
    ) -> dict[str, str]:
        since_ms = self._since_ms(recorder)
        missing = () if recorder is None else recorder.not_recorded
        error = "" if recorder is None else failure_words(recorder.last_failure)
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
            "connection": connection_words(recorder, is_running=status["running"]),
            "since": "" if since_ms is None else self._moment(since_ms, now_ms),
            "today": "" if today is None else self._number(today),
            "last": "" if last_ms is None else self._moment(last_ms, now_ms),
            "day": self._day_text(),
            "role": role_words(SinkRole(status["role"]), missing),
            "size": "" if size is None else size_words(size),
            "path": shown_text(status["database"], LONGEST_MESSAGE_CHARS),
            "charts": "\n".join(map(self._chart, status["layers"])) or self.tr("None"),
            "attention": self._attention(status, recorder),
            "error": error or self.tr("None"),
        }

    def _since_ms(self, recorder: RecorderStatus | None) -> int | None:
        """Return since when the connection is as it is told, UTC milliseconds."""
        if recorder is None or not self._service.is_running():
            return None
        if recorder.connection is not ConnectionState.LIVE:
            return recorder.last_heartbeat_ms
        if recorder.proven:
            return recorder.connected_since_ms
        # Of an earlier connection too: what is not proven began with it.
        return recorder.last_force_order_ms or recorder.connected_since_ms

    def _chart(self, layer: Mapping[str, Any]) -> str:
        words = layer_words(LayerState(layer["state"]))
        symbol = layer["symbol"]
        if symbol is None:
            return words
        return self.tr("{symbol}: {state}").format(symbol=symbol, state=words)

    def _attention(self, status: Mapping[str, Any], recorder: RecorderStatus | None) -> str:
        failures = [status["failure"], *(layer["failure"] for layer in status["layers"])]
        dropped = "" if recorder is None else self._number(recorder.overflowed)
        lines = attention_words(recorder, dropped, failures)
        lines += [
            self.tr("Alerts by {way}").format(way=words)
            for words in map(way_words, self._service.alert_way_facts())
            if words
        ]
        return "\n".join(lines) or self.tr("Nothing")

    def _measured_texts(
        self, status: Mapping[str, Any], recorder: RecorderStatus | None
    ) -> dict[str, str]:
        is_recording = recorder is not None and status["running"]
        return {
            "rate": self.tr("{count} a minute").format(
                count=self._number(recorder.inserts_per_minute)
            )
            if recorder is not None and is_recording
            else "",
            "build": self._of_layers(status, "rebuild_ms", self._time),
            "update": self._of_layers(status, "update_ms", self._time),
            "sent": self._of_layers(status, "sent_bytes", size_words),
            "paint": self._of_layers(status, "paint_ms", self._time),
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

    def _moment(self, ts_ms: int, now_ms: int) -> str:
        clock = clock_words(ts_ms)
        if ts_ms // _DAY_MS != now_ms // _DAY_MS:
            clock = f"{moment_words(Moment(ts_ms, MomentForm.DATE))} {clock}"
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

    def _number(self, number: float, digits: int = 0) -> str:
        return decimal_number(number, digits)

    # -- widgets ------------------------------------------------------------------------------

    def _add(self, name: str, label: str, tool_tip: str) -> None:
        title = QLabel(label)
        title.setToolTip(tool_tip)
        value = QLabel(UNKNOWN)
        value.setObjectName(f"status_{name}")
        value.setToolTip(tool_tip)
        # Words of the exchange and of the system may contain anything.
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setWordWrap(True)
        self._rows[name] = self._grid.add_row(self._with_button(name, value), title)
        self._labels.append(title)
        self._names[name] = label
        self._values[name] = value

    def _with_button(self, name: str, value: QLabel) -> QWidget:
        """Return what stands in a row: the value, beside that of the database its button."""
        button = folder_button(self._service) if name == "path" else None
        if button is None:
            return value
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(value, 1, Qt.AlignmentFlag.AlignTop)
        line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return both

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the status could not be copied", exc_info=error)

    @guarded
    def _copy(self, _checked: bool) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            lines = (f"{self._names[name]}: {text}" for name, text in self.texts().items())
            clipboard.setText("\n".join(lines))


def size_words(size_bytes: float) -> str:
    """Return a size in the locale's form: ``1.2 MB``."""
    return users_locale().formattedDataSize(
        int(size_bytes), 1, QLocale.DataSizeFormat.DataSizeSIFormat
    )


def breakable(text: str) -> str:
    """Let paths and very long words go on in the next line, by blanks of no width in them."""
    text = re.sub(r"([/\\])", "\\1\u200b", text)
    return re.sub(r"([^\s\u200b]{40})", "\\1\u200b", text)
