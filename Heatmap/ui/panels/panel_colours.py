"""The colours of the panels: those of liquidations, and greys out of whatever palette there is."""

from dataclasses import dataclass

from PyQt6.QtGui import QColor, QPalette

# Text and fill of longs and shorts, what is amiss, an earlier time, what is well, and an invented
# market: on dark grounds, on light.
_DARK = (
    *("#f4a651", "#5eb6f5", "#ee8c28", "#2f9be0"),
    *("#e8b755", "#ff8078", "#b1a3ff", "#43c98f", "#e39bff"),
)
_LIGHT = (
    *("#a3480a", "#135d9f", "#e07a1f", "#2f86d1"),
    *("#7d5200", "#b9232b", "#5b45c9", "#127347", "#8a2fb0"),
)
# How much of the text's colour there is in secondary text, and in captions.
_SECOND = {True: 0.78, False: 0.80}
_CAPTION = {True: 0.60, False: 0.74}
_LINE, _TRACK = 0.12, 0.16
_MIDDLE = 128
_BAR_PX = 8


@dataclass(frozen=True, slots=True)
class PanelColours:
    """What a panel paints with.

    Attributes
    ----------
    ground, text, second, caption, line, track
        Behind everything; text, secondary text and captions; lines, and the ground of a bar.
    long_text, short_text, long_fill, short_fill
        Those of liquidated longs and shorts.
    warn, bad
        What is not complete, and what is wrong.
    replay, ok, simulated
        An earlier time than now; what is as it should be; an invented market.
    """

    ground: QColor
    text: QColor
    second: QColor
    caption: QColor
    line: QColor
    track: QColor
    long_text: QColor
    short_text: QColor
    long_fill: QColor
    short_fill: QColor
    warn: QColor
    bad: QColor
    replay: QColor
    ok: QColor
    simulated: QColor

    @classmethod
    def of(cls, palette: QPalette) -> "PanelColours":
        """Return those that suit a palette: the window's ground and text decide."""
        ground = palette.color(QPalette.ColorRole.Window)
        text = palette.color(QPalette.ColorRole.WindowText)
        is_dark = ground.lightness() < _MIDDLE
        long_text, short_text, long_fill, short_fill, warn, bad, replay, ok, simulated = (
            QColor(name) for name in (_DARK if is_dark else _LIGHT)
        )
        return cls(
            ground=ground,
            text=text,
            second=mixed(ground, text, _SECOND[is_dark]),
            caption=mixed(ground, text, _CAPTION[is_dark]),
            line=mixed(ground, text, _LINE),
            track=mixed(ground, text, _TRACK),
            long_text=long_text,
            short_text=short_text,
            long_fill=long_fill,
            short_fill=short_fill,
            warn=warn,
            bad=bad,
            replay=replay,
            ok=ok,
            simulated=simulated,
        )

    def side_text(self, *, is_long: bool) -> QColor:
        """Return what words of a side are written in."""
        return self.long_text if is_long else self.short_text

    def side_fill(self, *, is_long: bool) -> QColor:
        """Return what a side's bars are filled with."""
        return self.long_fill if is_long else self.short_fill


def scroll_bar_style(colours: PanelColours) -> str:
    """Return the style of a panel's slim vertical scroll bar."""
    return (
        f"QScrollBar:vertical {{ background: {colours.ground.name()}; width: {_BAR_PX}px; }}"
        f"QScrollBar::handle:vertical {{ background: {colours.track.name()};"
        f" border-radius: {_BAR_PX // 2}px; min-height: 24px; }}"
        f"QScrollBar::handle:vertical:hover {{ background: {colours.caption.name()}; }}"
        "QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical { height: 0; }"
        "QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical { background: none; }"
    )


def mixed(ground: QColor, ink: QColor, part: float) -> QColor:
    """Return a colour between two: `part` of the ink, 0 to 1, on the ground."""
    return QColor.fromRgbF(
        ground.redF() + (ink.redF() - ground.redF()) * part,
        ground.greenF() + (ink.greenF() - ground.greenF()) * part,
        ground.blueF() + (ink.blueF() - ground.blueF()) * part,
    )


def translucent(colour: QColor, alpha: float) -> QColor:
    """Return a colour of which so much covers what is below it, 0 to 1."""
    changed = QColor(colour)
    changed.setAlphaF(alpha)
    return changed
