"""A recording from end to end, with its holes and its liquidations: where one can seek."""

from bisect import bisect_right

from PyQt6.QtCore import QDateTime, QEvent, QLineF, QRectF, QSize, Qt, QTimeZone, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from Heatmap.feeds.replay_reads import RecordedTime
from Heatmap.runtime.compat import override
from Heatmap.ui.number_texts import clock_text, day_text
from Heatmap.ui.panels.painted_widget import PaintedWidget
from Heatmap.ui.panels.panel_colours import PanelColours, translucent
from Heatmap.ui.panels.panel_head import scaled
from Heatmap.ui.text_painter import text_painter

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
_EDGE_PX, _TOP_PX, _BAND_PX, _HEIGHT_PX, _LEAST_PX = 8, 6, 20, 44, 150
_RADIUS, _KNOB_PX, _HATCH_PX, _COLUMN_PX = 4, 10, 6, 2
_HATCH_ALPHA, _AHEAD_ALPHA = 0.45, 0.62
# Small amounts can be seen beside large ones.
_AMOUNT_POWER = 0.4
_CAPTION_SIZE = 0.85
_MARK_STEPS_MS = tuple(
    step * _HOUR_MS for step in (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 2184, 8736)
)
_MARKS_APART_PX = 76


class RecordingTimeline(PaintedWidget):
    """Shows what was recorded from its start until now, and where in it the chart stands.

    Holes are hatched; longs and shorts are drawn by their amounts. A click or a drag seeks; so do
    the arrow keys (a step), Page Up and Down (an hour), Home and End.

    Attributes
    ----------
    sought
        A moment that the user wants, UTC milliseconds.
    step_ms
        What an arrow key moves by.
    """

    sought = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step_ms = _MINUTE_MS
        self._recorded: RecordedTime | None = None
        self._at_ms: int | None = None
        self._zone = QTimeZone.utc()
        # Holes and amounts as they were painted last, and of what.
        self._picture: tuple[tuple[object, ...], QPixmap] | None = None
        self.setFixedHeight(_HEIGHT_PX)
        self.setMinimumWidth(_LEAST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Recording: where the chart stands"))
        self._describe()

    @property
    def recorded(self) -> RecordedTime | None:
        """What is shown; ``None``: nothing was recorded, or it is not known yet."""
        return self._recorded

    def show_recorded(self, recorded: RecordedTime | None) -> None:
        """Show another recording."""
        if recorded != self._recorded:
            self._recorded = recorded
            self._describe()
            self.update()

    def show_moment(self, at_ms: int) -> None:
        """Show where the chart stands, UTC milliseconds."""
        before, self._at_ms = self._at_ms, at_ms
        if before is None or self.x_of(before) != self.x_of(at_ms):
            self.update()
        if before is None or before // _MINUTE_MS != at_ms // _MINUTE_MS:
            self._describe()

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Give times by the clock of a zone."""
        self._zone = zone
        self._describe()
        self.update()

    def x_of(self, ms: float) -> int:
        """Return where a time is, pixels from the left."""
        one = self._recorded
        if one is None:
            return _EDGE_PX
        part = (ms - one.start_ms) / (one.end_ms - one.start_ms)
        return _EDGE_PX + round((self.width() - 2 * _EDGE_PX) * min(1.0, max(0.0, part)))

    def ms_at(self, x: float) -> int | None:
        """Return which time is at so many pixels from the left; ``None``: nothing is recorded."""
        one = self._recorded
        if one is None:
            return None
        part = (x - _EDGE_PX) / max(1, self.width() - 2 * _EDGE_PX)
        return round(one.start_ms + (one.end_ms - one.start_ms) * min(1.0, max(0.0, part)))

    def is_hole(self, ms: int) -> bool:
        """Whether a time was not recorded."""
        holes = () if self._recorded is None else self._recorded.holes
        at = bisect_right(holes, (ms, 2**63)) - 1
        return at >= 0 and holes[at][0] <= ms < holes[at][1]

    def moment_text(self, ms: int, *, has_seconds: bool = True) -> str:
        """Return a day and a time of it."""
        day = day_text(ms, self._zone)
        return f"{day} {clock_text(ms, self._zone, has_seconds=has_seconds)}"

    # -- what the user does -------------------------------------------------------------------

    @override
    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Seek to where it is pressed."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._seek(self.ms_at(event.position().x()))

    @override
    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Seek along with the drag."""
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(self.ms_at(event.position().x()))

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Seek by keys."""
        one, at_ms = self._recorded, self._at_ms
        if event is None or one is None or at_ms is None:
            return
        wanted = {
            Qt.Key.Key_Left: at_ms - self.step_ms,
            Qt.Key.Key_Right: at_ms + self.step_ms,
            Qt.Key.Key_PageDown: at_ms - _HOUR_MS,
            Qt.Key.Key_PageUp: at_ms + _HOUR_MS,
            Qt.Key.Key_Home: one.start_ms,
            Qt.Key.Key_End: one.end_ms,
        }.get(Qt.Key(event.key()))
        if wanted is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        self._seek(min(one.end_ms, max(one.start_ms, wanted)))

    @override
    def event(self, event: QEvent | None) -> bool:
        """Say which time is below the mouse, and whether it was recorded."""
        if isinstance(event, QHelpEvent):
            ms = self.ms_at(event.pos().x())
            if ms is not None:
                words = self.moment_text(ms, has_seconds=False)
                if self.is_hole(ms):
                    words = self.tr("{time}, not recorded").format(time=words)
                QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    @override
    def sizeHint(self) -> QSize:
        """Return what it likes to have; it takes what there is."""
        return QSize(360, _HEIGHT_PX)

    def _seek(self, ms: int | None) -> None:
        if ms is not None:
            self.show_moment(ms)
            self.sought.emit(ms)

    def _describe(self) -> None:
        """Say the same to who cannot see it."""
        one, at_ms = self._recorded, self._at_ms
        if one is None:
            self.setAccessibleDescription(self.tr("Nothing recorded yet"))
            return
        words = self.tr("{time}; recorded from {start} to {end}").format(
            time="" if at_ms is None else self.moment_text(at_ms, has_seconds=False),
            start=self.moment_text(one.start_ms, has_seconds=False),
            end=self.moment_text(one.end_ms, has_seconds=False),
        )
        self.setAccessibleDescription(words)

    # -- how it looks -------------------------------------------------------------------------

    @override
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint the band, what is in it, its times, and where the chart stands."""
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, width = self._colours, self.width()
        frame = QRectF(_EDGE_PX + 0.5, _TOP_PX + 0.5, width - 2 * _EDGE_PX - 1, _BAND_PX - 1)
        inside = QPainterPath()
        inside.addRoundedRect(frame, _RADIUS, _RADIUS)
        painter.fillPath(inside, translucent(colours.track, 0.5))
        one = self._recorded
        if one is not None:
            painter.save()
            painter.setClipPath(inside)
            painter.drawPixmap(0, 0, self._picture_of(one))
            if self._at_ms is not None:
                x = self.x_of(self._at_ms)
                ahead = QRectF(x, _TOP_PX, width, _BAND_PX)
                painter.fillRect(ahead, translucent(colours.ground, _AHEAD_ALPHA))
            painter.restore()
        has_focus = self.hasFocus()
        painter.setPen(QPen(colours.replay if has_focus else colours.track, 2 if has_focus else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        if one is None:
            painter.setPen(colours.caption)
            painter.setFont(scaled(self.font(), _CAPTION_SIZE))
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self.tr("Nothing recorded yet"))
        else:
            self._paint_times(painter, one)
            self._paint_moment(painter)
        painter.end()

    def _picture_of(self, one: RecordedTime) -> QPixmap:
        """Return holes and amounts, painted once: what a replay moves lies above them."""
        ratio = self.devicePixelRatioF()
        of = (one, self._colours, self.size(), ratio)
        if self._picture is None or self._picture[0] != of:
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = text_painter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_holes(painter, one)
            self._paint_amounts(painter, one)
            painter.end()
            self._picture = of, pixmap
        return self._picture[1]

    def _paint_holes(self, painter: QPainter, one: RecordedTime) -> None:
        painter.setPen(QPen(translucent(self._colours.caption, _HATCH_ALPHA), 0.9))
        bottom = _TOP_PX + _BAND_PX
        for start_ms, end_ms in one.holes:
            left, right = self.x_of(start_ms), self.x_of(end_ms)
            if right <= left:
                continue
            painter.save()
            box = QRectF(left, _TOP_PX, right - left, _BAND_PX)
            painter.setClipRect(box, Qt.ClipOperation.IntersectClip)
            # On one raster, so that two holes beside each other look as one.
            x = left // _HATCH_PX * _HATCH_PX - _BAND_PX
            while x < right:
                painter.drawLine(QLineF(x, bottom, x + _BAND_PX, _TOP_PX))
                x += _HATCH_PX
            painter.restore()

    def _paint_amounts(self, painter: QPainter, one: RecordedTime) -> None:
        """Paint shorts up and longs down from the middle, each pixel column once."""
        columns: dict[int, list[float]] = {}
        for start_ms, longs, shorts in one.sums:
            x = self.x_of(start_ms + one.step_ms / 2) // _COLUMN_PX * _COLUMN_PX
            sums = columns.setdefault(x, [0.0, 0.0])
            sums[0] += longs
            sums[1] += shorts
        largest = max((max(sums) for sums in columns.values()), default=0.0)
        if not largest:
            return
        half, middle = _BAND_PX / 2 - 1, _TOP_PX + _BAND_PX / 2
        colours = self._colours
        for x, (longs, shorts) in columns.items():
            for usd, fill, is_up in (
                (shorts, colours.short_fill, True),
                (longs, colours.long_fill, False),
            ):
                if usd > 0:
                    height = max(1.0, half * (usd / largest) ** _AMOUNT_POWER)
                    top = middle - height if is_up else middle
                    painter.fillRect(QRectF(x, top, _COLUMN_PX - 0.5, height), fill)

    def _paint_times(self, painter: QPainter, one: RecordedTime) -> None:
        """Write times below the band, the day where a day begins."""
        font = scaled(self.font(), _CAPTION_SIZE)
        room_px = _HEIGHT_PX - _TOP_PX - _BAND_PX - 2
        if QFontMetrics(font).height() > room_px:
            # The largest letters that there is room for.
            font.setPixelSize(room_px - 4)
        painter.setFont(font)
        metrics, colours = QFontMetrics(font), self._colours
        room = max(1, (self.width() - 2 * _EDGE_PX) // _MARKS_APART_PX)
        span_ms = one.end_ms - one.start_ms
        fitting = (step for step in _MARK_STEPS_MS if span_ms / step <= room)
        step_ms = int(next(fitting, _MARK_STEPS_MS[-1]))
        # Marks stand where the zone's own clock shows whole steps.
        offset_ms = self._offset_ms(one.start_ms)
        mark_ms = -(-(one.start_ms + offset_ms) // step_ms) * step_ms - offset_ms
        free_from, bottom = 0.0, _TOP_PX + _BAND_PX
        while mark_ms <= one.end_ms:
            is_day = (mark_ms + offset_ms) % _DAY_MS == 0
            words = (
                day_text(mark_ms, self._zone)
                if is_day
                else clock_text(mark_ms, self._zone, has_seconds=False)
            )
            x, wide = self.x_of(mark_ms), metrics.horizontalAdvance(words)
            left = min(max(2.0, x - wide / 2), self.width() - wide - 2.0)
            if left >= free_from:
                painter.setPen(colours.second if is_day else colours.caption)
                box = QRectF(left, bottom + 2, wide + 4, _HEIGHT_PX - bottom - 2)
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft, words)
                painter.setPen(QPen(_stronger(colours), 1))
                painter.drawLine(QLineF(x + 0.5, bottom - 3, x + 0.5, bottom))
                free_from = left + wide + _EDGE_PX
            mark_ms += step_ms

    def _paint_moment(self, painter: QPainter) -> None:
        if self._at_ms is None:
            return
        x, colour = self.x_of(self._at_ms), self._colours.replay
        painter.setPen(QPen(colour, 2))
        painter.drawLine(QLineF(x, _TOP_PX - 2, x, _TOP_PX + _BAND_PX + 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(x - _KNOB_PX / 2, _TOP_PX - 6, _KNOB_PX, _KNOB_PX))

    def _offset_ms(self, ms: int) -> int:
        return QDateTime.fromMSecsSinceEpoch(ms, self._zone).offsetFromUtc() * 1000


def _stronger(colours: PanelColours) -> QColor:
    return translucent(colours.caption, 0.6)
