"""The window's two themes: colours of its frame, and the settings that suit each."""

from collections.abc import Mapping
from pathlib import Path

from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication, QWidget

from Heatmap import HeatmapSettings

THEME_PALETTES = {"dark": "aurora", "light": "daylight"}
"""Palette that suits a background, where the user has not chosen one."""

LOOKS = ("dark", "light", "system")
"""What can be chosen: a theme, or that of the system."""
LOOK_SETTING = "Window/theme"

_COLOURS = {
    "dark": {
        "chart": "#0b0d12",
        "background": "#10131a",
        "field": "#191e28",
        "raised": "#262e3c",
        "hover": "#1f2531",
        "edge": "#242b37",
        "strong_edge": "#3a4353",
        "field_edge": "#687389",
        "text": "#e4e8ef",
        "text2": "#b4bcc9",
        "weak_text": "#8d97a8",
        "accent": "#2f6fdb",
        "on_accent": "#ffffff",
        "link": "#7fb1ff",
        "focus": "#5b93f0",
        "ok": "#43c98f",
        "warn": "#e8b755",
        "bad": "#ff8078",
        "faint": "#8d97a8",
        "replay": "#b1a3ff",
        "simulated": "#e39bff",
    },
    "light": {
        "chart": "#ffffff",
        "background": "#f4f6f9",
        "field": "#ffffff",
        "raised": "#dfe5ee",
        "hover": "#e8ecf2",
        "edge": "#d8dee7",
        "strong_edge": "#b3bdcb",
        "field_edge": "#848e9e",
        "text": "#171c26",
        "text2": "#404958",
        "weak_text": "#5a6474",
        "accent": "#2460cf",
        "on_accent": "#ffffff",
        "link": "#1f57bd",
        "focus": "#2460cf",
        "ok": "#127347",
        "warn": "#7d5200",
        "bad": "#b9232b",
        "faint": "#5a6474",
        "replay": "#5b45c9",
        "simulated": "#8a2fb0",
    },
}
_STYLE = """
QMainWindow, QToolBar, QStatusBar {{ background: {background}; color: {text}; }}
QToolTip {{ background: {field}; color: {text}; border: 1px solid {strong_edge}; padding: 3px; }}
QToolBar {{ border: 0; border-bottom: 1px solid {edge}; spacing: 0; padding: 0; }}
QToolBar QLabel#caption {{ color: {weak_text}; padding: 0 0 0 4px; }}
QToolBar QToolButton {{ border: 1px solid transparent; border-radius: 7px; color: {text2};
    background: transparent; padding: 0; }}
QToolBar QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolButton#icon:hover {{ background: {hover}; }}
QToolButton#icon:checked, QToolButton#icon:pressed {{ background: {raised}; }}
QToolBar QToolButton#choiceMenu {{ background: {field}; border-color: {strong_edge};
    color: {text}; padding: 0 8px 0 6px; }}
QToolBar QToolButton#choiceMenu:hover {{ background: {hover}; }}
QFrame#segments {{ background: {field}; border: 1px solid {strong_edge}; border-radius: 7px; }}
QFrame#segments QToolButton {{ border-radius: 5px; padding: 0 8px; }}
QFrame#segments QToolButton#more {{ padding: 0 4px; }}
QFrame#segments QToolButton:hover {{ background: {hover}; }}
QFrame#segments QToolButton:checked {{ background: {raised}; color: {text}; font-weight: 600; }}
QFrame#segments[primary="true"] QToolButton:checked {{ background: {accent}; color: {on_accent}; }}
QToolBar QToolButton:focus, QFrame#segments QToolButton:focus, QStatusBar QToolButton:focus
    {{ border-color: {focus}; }}
QToolBar QLineEdit#symbol {{ background: {field}; color: {text}; font-weight: 600;
    border: 1px solid {strong_edge}; border-radius: 7px; padding: 0 2px;
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QToolBar QLineEdit#symbol:focus {{ border-color: {focus}; }}
QListView#symbolList {{ background: {field}; color: {text}; border: 1px solid {strong_edge};
    border-radius: 7px; outline: 0; padding: 4px; }}
QFrame#intervalBox {{ background: {field}; border: 1px solid {strong_edge}; border-radius: 9px; }}
QFrame#intervalBox QLabel {{ color: {weak_text}; background: transparent; }}
QFrame#intervalBox QLineEdit {{ background: {background}; color: {text}; font-size: 20px;
    font-weight: 600; border: 1px solid {focus}; border-radius: 7px; padding: 4px;
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QFrame#intervalBox QLineEdit[wrong="true"] {{ border-color: {bad}; }}
QToolButton#dockClose {{ background: transparent; color: {weak_text}; border: 1px solid transparent;
    border-radius: 5px; padding: 0; }}
QToolButton#dockClose:hover {{ background: {hover}; color: {text}; }}
QToolButton#dockClose:focus {{ border-color: {focus}; }}
QComboBox {{ background: {field}; color: {text}; border: 1px solid {strong_edge};
    border-radius: 5px; padding: 1px 4px 1px 8px; min-height: 20px; }}
QComboBox:hover {{ background: {hover}; }}
QComboBox:focus {{ border-color: {focus}; }}
QComboBox:disabled {{ color: {weak_text}; }}
QComboBox::drop-down {{ border: 0; width: 20px; }}
QComboBox::down-arrow {{ image: url("{pictures}/down-{theme}.svg"); }}
QComboBox QAbstractItemView {{ background: {field}; color: {text};
    border: 1px solid {strong_edge}; selection-background-color: {raised};
    selection-color: {text}; outline: 0; }}
QMenu {{ background: {field}; color: {text}; border: 1px solid {strong_edge}; padding: 5px 0; }}
QMenu::item {{ padding: 5px 26px 5px 18px; }}
QMenu::item:selected {{ background: {raised}; }}
QMenu::item:disabled {{ color: {weak_text}; }}
QMenu::right-arrow {{ image: url("{pictures}/right-{theme}.svg"); width: 10px; height: 10px;
    right: 10px; }}
QMenu::separator {{ height: 1px; background: {edge}; margin: 5px 12px; }}
QMenu::indicator {{ width: 13px; height: 13px; margin-left: 6px; }}
QMenu::indicator:checked {{ image: url("{pictures}/check-{theme}.svg"); }}
QStatusBar {{ border-top: 1px solid {edge}; min-height: 27px; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ color: {text2}; padding: 0 6px; }}
QStatusBar QToolButton {{ color: {link}; background: transparent; border: 1px solid transparent;
    border-radius: 5px; padding: 1px 6px; font-weight: 600; }}
QStatusBar QToolButton:hover {{ background: {hover}; }}
QStatusBar QToolButton#scale, QStatusBar QToolButton#clock {{ color: {text2}; font-weight: 400; }}
QStatusBar QToolButton#scale:checked {{ color: {link}; font-weight: 600; }}
QStatusBar QToolButton#clock::menu-indicator {{ image: none; width: 0; }}
QDialog {{ background: {background}; color: {text}; }}
QDialog QLabel {{ color: {text}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QDialog QLabel#weak {{ color: {weak_text}; }}
QDialog QPushButton {{ background: {field}; color: {text}; min-height: 25px;
    border: 1px solid {field_edge}; border-radius: 5px; padding: 0 12px; }}
QDialog QPushButton:focus {{ border-color: {focus}; }}
QDialog QPushButton:default {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QDialog QPushButton:disabled {{ background: {background}; color: {weak_text};
    border-color: {edge}; }}
QDialog QLineEdit, QDialog QComboBox, QDialog QDateTimeEdit {{ background: {field}; color: {text};
    border: 1px solid {field_edge}; border-radius: 5px; padding: 0 7px; min-height: 25px;
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QDialog QLineEdit:focus, QDialog QComboBox:focus, QDialog QDateTimeEdit:focus
    {{ border-color: {focus}; }}
QDialog QComboBox::drop-down, QDialog QDateTimeEdit::drop-down {{ border: 0; width: 24px; }}
QDialog QComboBox::down-arrow, QDialog QDateTimeEdit::down-arrow
    {{ image: url("{pictures}/down-{theme}.svg"); }}
QDialog QAbstractItemView {{ background: {field}; color: {text}; border: 1px solid {edge};
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QDialog QHeaderView::section {{ background: {background}; color: {text2}; border: 0;
    border-bottom: 1px solid {edge}; padding: 3px 6px; }}
QMainWindow::separator {{ background: {edge}; width: 1px; height: 1px; }}
QDockWidget#settings, QDockWidget#settings QWidget {{ background: {background};
    color: {text}; }}
QDockWidget#settings QLabel#settingsTitle {{ font-size: 15px; font-weight: 600; }}
QDockWidget#settings QToolButton#dockClose {{ color: {weak_text}; }}
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
        bubbles="recorded",
        level_tags=4,
        decay="window",
    )


def stored_look(store: QSettings) -> str:
    """Return what the user has chosen, one of `LOOKS`; what is not known counts as dark."""
    text = str(store.value(LOOK_SETTING, "dark"))
    return text if text in LOOKS else "dark"


def theme_of(look: str) -> str:
    """Return the theme of a look; a system that tells none counts as dark."""
    if look != "system":
        return look
    hints = QGuiApplication.styleHints()
    is_light = hints is not None and hints.colorScheme() is Qt.ColorScheme.Light
    return "light" if is_light else "dark"


def background(theme: str) -> QColor:
    """Return the colour behind everything."""
    return QColor(_COLOURS[theme]["chart"])


def colours_of(theme: str) -> Mapping[str, str]:
    """Return the colours of a theme by their roles."""
    return _COLOURS[theme]


def style_sheet(theme: str) -> str:
    """Return the style of a main window."""
    return _STYLE.format(**_COLOURS[theme], theme=theme, pictures=_PICTURES.as_posix())


def dress(application: QApplication, theme: str) -> None:
    """Give the colours of a theme to what has no window above it, and to what comes later.

    Dialogs are made by Qt, by panels and by the settings, each when it is opened: below a style
    sheet they would not take over their window's palette, and have that of the application.
    """
    application.setPalette(_palette(theme))


def colour(window: QWidget, theme: str) -> None:
    """Give a window and everything in it the colours of a theme."""
    palette = _palette(theme)
    # One by one: below a style sheet palettes are not handed on.
    for widget in (window, *window.findChildren(QWidget)):
        widget.setPalette(palette)


def _palette(theme: str) -> QPalette:
    colours = _COLOURS[theme]
    # From the two colours Qt derives those of edges and shadows.
    palette = QPalette(QColor(colours["field"]), QColor(colours["background"]))
    for role, name in (
        (QPalette.ColorRole.Base, "field"),
        (QPalette.ColorRole.AlternateBase, "hover"),
        (QPalette.ColorRole.WindowText, "text"),
        (QPalette.ColorRole.Text, "text"),
        (QPalette.ColorRole.ButtonText, "text"),
        (QPalette.ColorRole.ToolTipBase, "field"),
        (QPalette.ColorRole.ToolTipText, "text"),
        (QPalette.ColorRole.Link, "link"),
        (QPalette.ColorRole.Highlight, "accent"),
        (QPalette.ColorRole.HighlightedText, "on_accent"),
        # Qt's own is half transparent and cannot be read.
        (QPalette.ColorRole.PlaceholderText, "weak_text"),
    ):
        palette.setColor(role, QColor(colours[name]))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours["weak_text"]))
    return palette
