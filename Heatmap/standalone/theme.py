"""The window's two themes: colours of its frame, and the settings that suit each."""

from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QWidget

from Heatmap import HeatmapSettings

THEME_PALETTES = {"dark": "aurora", "light": "daylight"}
"""Palette that suits a background, where the user has not chosen one."""

_COLOURS = {
    "dark": {
        "background": "#0f1218",
        "field": "#1a1f29",
        "text": "#c3c8d4",
        "edge": "#2b3240",
        "accent": "#2f6fdb",
    },
    "light": {
        "background": "#f7f8fa",
        "field": "#ffffff",
        "text": "#333a47",
        "edge": "#cfd5de",
        "accent": "#2f6fdb",
    },
}
_STYLE = """
QMainWindow, QToolBar, QStatusBar {{ background: {background}; color: {text}; }}
QToolBar {{ border: 0; border-bottom: 1px solid {edge}; spacing: 6px; padding: 3px; }}
QToolBar QToolButton, QToolBar QLabel, QStatusBar QLabel {{ color: {text}; padding: 2px 6px; }}
QToolBar QToolButton:hover {{ background: {field}; border-radius: 3px; }}
QToolBar QToolButton:checked {{ background: {accent}; color: white; border-radius: 3px; }}
QToolBar QComboBox {{ background: {field}; color: {text}; border: 1px solid {edge};
    border-radius: 3px; padding: 1px 6px; }}
QToolBar QComboBox::drop-down {{ border: 0; width: 16px; }}
QComboBox QAbstractItemView {{ background: {field}; color: {text}; }}
QLabel#sourceName {{ font-weight: bold; }}
QMainWindow::separator {{ background: {edge}; width: 1px; height: 1px; }}
"""


def window_defaults(theme: str) -> HeatmapSettings:
    """Return the settings of a window whose only purpose is the heatmap, for a theme.

    A reset does not switch the heatmap off, and the chart is full on its first day.
    """
    palette = THEME_PALETTES[theme]
    return HeatmapSettings(
        enabled=True,
        heat="both",
        palette=palette,
        predicted_palette=palette,
        candle_bars=True,
        decay="window",
    )


def background(theme: str) -> QColor:
    """Return the colour behind everything."""
    return QColor(_COLOURS[theme]["background"])


def style_sheet(theme: str) -> str:
    """Return the style of a main window."""
    return _STYLE.format(**_COLOURS[theme])


def colour(window: QWidget, theme: str) -> None:
    """Give a window and everything in it the colours of a theme."""
    colours = _COLOURS[theme]
    # From the two colours Qt derives those of edges and shadows.
    palette = QPalette(QColor(colours["field"]), QColor(colours["background"]))
    for role, name in (
        (QPalette.ColorRole.Base, "field"),
        (QPalette.ColorRole.WindowText, "text"),
        (QPalette.ColorRole.Text, "text"),
        (QPalette.ColorRole.ButtonText, "text"),
        (QPalette.ColorRole.Highlight, "accent"),
    ):
        palette.setColor(role, QColor(colours[name]))
    # One by one: below a style sheet palettes are not handed on.
    for widget in (window, *window.findChildren(QWidget)):
        widget.setPalette(palette)
