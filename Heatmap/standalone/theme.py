"""The window's two themes: colours of its frame, and the settings that suit each."""

from pathlib import Path

from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QWidget

from Heatmap import HeatmapSettings

THEME_PALETTES = {"dark": "aurora", "light": "daylight"}
"""Palette that suits a background, where the user has not chosen one."""

_COLOURS = {
    "dark": {
        "background": "#0f1218",
        "field": "#1a1f29",
        "raised": "#262e3c",
        "text": "#c3c8d4",
        "weak_text": "#8d97a8",
        "edge": "#2b3240",
        "field_edge": "#687389",
        "accent": "#2f6fdb",
        "on_accent": "#ffffff",
        "focus": "#5b93f0",
    },
    "light": {
        "background": "#f7f8fa",
        "field": "#ffffff",
        "raised": "#dfe5ee",
        "text": "#333a47",
        "weak_text": "#5a6474",
        "edge": "#cfd5de",
        "field_edge": "#848e9e",
        "accent": "#2f6fdb",
        "on_accent": "#ffffff",
        "focus": "#2460cf",
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
QDockWidget#settings, QDockWidget#settings QWidget {{ background: {background};
    color: {text}; }}
QDockWidget#settings QScrollBar:vertical {{ background: transparent; width: 10px; }}
QDockWidget#settings QScrollBar::handle:vertical {{ background: {edge}; border-radius: 3px;
    min-height: 30px; margin: 1px 2px; }}
QDockWidget#settings QScrollBar::add-line,
QDockWidget#settings QScrollBar::sub-line {{ height: 0; }}
QDockWidget#settings QScrollBar::add-page,
QDockWidget#settings QScrollBar::sub-page {{ background: transparent; }}
QDockWidget#settings QTabBar {{ qproperty-drawBase: 0; }}
QDockWidget#settings QTabWidget::pane {{ border: 0; border-top: 1px solid {edge}; }}
QDockWidget#settings QTabWidget::tab-bar {{ left: 14px; }}
QDockWidget#settings QTabBar::tab {{ background: transparent; color: {weak_text};
    border-radius: 5px; padding: 5px 14px; margin: 2px 4px 6px 0; }}
QDockWidget#settings QTabBar::tab:hover {{ background: {field}; color: {text}; }}
QDockWidget#settings QTabBar::tab:selected {{ background: {raised}; color: {text}; }}
QDockWidget#settings QLineEdit, QDockWidget#settings QComboBox,
QDockWidget#settings QDoubleSpinBox {{ background: {field}; color: {text};
    border: 1px solid {field_edge}; border-radius: 5px; padding: 0 7px; min-height: 25px;
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QDockWidget#settings QLineEdit:focus, QDockWidget#settings QComboBox:focus,
QDockWidget#settings QDoubleSpinBox:focus {{ border-color: {focus}; }}
QDockWidget#settings QLineEdit:disabled, QDockWidget#settings QComboBox:disabled,
QDockWidget#settings QDoubleSpinBox:disabled {{ background: {background}; color: {weak_text};
    border-color: {edge}; }}
QDockWidget#settings QComboBox::drop-down {{ border: 0; width: 24px; }}
QDockWidget#settings QComboBox::down-arrow {{ image: url("{pictures}/down-{theme}.svg"); }}
QDockWidget#settings QDoubleSpinBox::up-button {{ border: 0; width: 20px;
    subcontrol-position: top right; }}
QDockWidget#settings QDoubleSpinBox::down-button {{ border: 0; width: 20px;
    subcontrol-position: bottom right; }}
QDockWidget#settings QDoubleSpinBox::up-arrow {{ image: url("{pictures}/up-{theme}.svg");
    width: 11px; height: 11px; }}
QDockWidget#settings QDoubleSpinBox::down-arrow {{ image: url("{pictures}/down-{theme}.svg");
    width: 11px; height: 11px; }}
QDockWidget#settings QCheckBox::indicator, QDockWidget#settings QRadioButton::indicator {{
    width: 14px; height: 14px; border: 1px solid {field_edge}; background: {field}; }}
QDockWidget#settings QCheckBox::indicator {{ border-radius: 4px; }}
QDockWidget#settings QRadioButton::indicator {{ border-radius: 7px; }}
QDockWidget#settings QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent};
    image: url("{pictures}/check.svg"); }}
QDockWidget#settings QRadioButton::indicator:checked {{ border: 4px solid {accent};
    width: 8px; height: 8px; }}
QDockWidget#settings QCheckBox::indicator:focus, QDockWidget#settings QRadioButton::indicator:focus
    {{ border-color: {focus}; }}
QDockWidget#settings QSlider::groove:horizontal {{ height: 4px; background: {raised};
    border-radius: 2px; }}
QDockWidget#settings QSlider::sub-page:horizontal {{ background: {accent}; border-radius: 2px; }}
QDockWidget#settings QSlider::handle:horizontal {{ background: {text}; width: 14px; height: 14px;
    margin: -5px 0; border-radius: 7px; }}
QDockWidget#settings QSlider::handle:horizontal:focus {{ background: {focus}; }}
QDockWidget#settings QPushButton {{ background: {field}; color: {text}; min-height: 25px;
    border: 1px solid {field_edge}; border-radius: 5px; padding: 0 12px; }}
QDockWidget#settings QPushButton:hover {{ background: {raised}; }}
QDockWidget#settings QPushButton:focus {{ border-color: {focus}; }}
QDockWidget#settings QPushButton:disabled {{ color: {weak_text}; border-color: {edge};
    background: {background}; }}
QDockWidget#settings QPushButton#close {{ background: {accent}; color: {on_accent};
    border-color: {accent}; font-weight: 600; }}
"""
_PICTURES = Path(__file__).parent / "pictures"


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
    )


def background(theme: str) -> QColor:
    """Return the colour behind everything."""
    return QColor(_COLOURS[theme]["background"])


def style_sheet(theme: str) -> str:
    """Return the style of a main window."""
    return _STYLE.format(**_COLOURS[theme], theme=theme, pictures=_PICTURES.as_posix())


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
