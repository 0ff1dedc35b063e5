"""The pages of the settings tab: which fields stand on which, with their texts."""

from PyQt6.QtWidgets import QCheckBox, QLineEdit

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import (
    ALL_SYMBOLS,
    DECAYS_S,
    NORMALIZATIONS,
    PALETTES,
    SHAPES,
    SIDES,
    WINDOWS_S,
    HeatmapSettings,
    parse_field,
)
from Heatmap.ui.palettes import swatch_colours
from Heatmap.ui.settings.clip_rows import ClipRows
from Heatmap.ui.settings.retention_row import RetentionConfirmation
from Heatmap.ui.settings.setting_rows import (
    FIELD_WIDTH,
    Change,
    SettingRow,
    SettingsPage,
    choice_row,
    number_row,
    plain,
    show_text,
    slider_row,
    switch_row,
    take_text,
    text_row,
)


class PicturePage(SettingsPage):
    """What is drawn, and how it looks."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        windows = {"2h": self.tr("2 hours"), "8h": self.tr("8 hours"), "2d": self.tr("2 days")}
        shapes = {
            "bands": self.tr("Bands"),
            "spots": self.tr("Spots"),
            "cells": self.tr("Cells"),
        }
        sides = {
            "both": self.tr("Longs and shorts"),
            "longs": self.tr("Longs only"),
            "shorts": self.tr("Shorts only"),
            "split": self.tr("Both, each in its own colour"),
        }
        palettes = {
            "aurora": self.tr("Aurora"),
            "viridis": self.tr("Viridis"),
            "inferno": self.tr("Inferno"),
            "ice": self.tr("Ice"),
            "daylight": self.tr("Daylight"),
        }
        decays = {
            "off": self.tr("Off"),
            "20m": self.tr("20 minutes"),
            "60m": self.tr("60 minutes"),
            "6h": self.tr("6 hours"),
        }
        form = self.add_form()
        self.add_row(
            form,
            choice_row(
                "window",
                self.tr("&Window"),
                self.tr("Time span of the heatmap, back from now"),
                [(key, windows.get(key, key)) for key in WINDOWS_S],
                change,
            ),
        )
        self.add_row(
            form,
            choice_row(
                "shape",
                self.tr("Sh&ape"),
                self.tr("Bands keep a price level visible to the right of its liquidations"),
                [(key, shapes.get(key, key)) for key in SHAPES],
                change,
            ),
        )
        self.add_row(
            form,
            choice_row(
                "side",
                self.tr("S&ide"),
                self.tr("Whose liquidations are drawn"),
                [(key, sides.get(key, key)) for key in SIDES],
                change,
            ),
        )
        self.add_row(
            form,
            choice_row(
                "palette",
                self.tr("Pa&lette"),
                self.tr(
                    "Colours from little to much; Viridis suits colour-blind eyes too, Daylight is "
                    "for light backgrounds"
                ),
                [(key, palettes.get(key, key)) for key in PALETTES],
                change,
                swatch_colours,
            ),
        )
        self.add_row(
            form,
            slider_row(
                "opacity",
                self.tr("Opacit&y"),
                self.tr("How strongly the brightest cell covers the background"),
                self.tr("{percent} %"),
                change,
            ),
        )
        self.add_row(
            form,
            choice_row(
                "decay",
                self.tr("D&ecay"),
                self.tr("How fast a liquidation fades: after this time 37 % are left"),
                [(key, decays.get(key, key)) for key in DECAYS_S],
                change,
            ),
        )
        self.column.addStretch(1)


class ScalePage(SettingsPage):
    """How USD become colours, and how fine the picture is."""

    def __init__(self, service: HeatmapService, change: Change) -> None:
        super().__init__()
        normalizations = {
            "linear": self.tr("Linear"),
            "sqrt": self.tr("Square root"),
            "log": self.tr("Logarithmic"),
        }
        form = self.add_form()
        self.add_row(
            form,
            choice_row(
                "normalization",
                self.tr("&Normalisation"),
                self.tr("How USD become brightness between nothing and the end of the scale"),
                [(key, normalizations.get(key, key)) for key in NORMALIZATIONS],
                change,
            ),
        )
        ClipRows(self, form, service, change)
        self.add_row(
            form,
            number_row(
                "minimum_notional",
                self.tr("&Minimum notional"),
                self.tr("Smaller liquidations are not drawn; they are recorded all the same"),
                change,
                suffix=self.tr(" USD"),
                step=0,
            ),
        )
        self.add_row(
            form,
            text_row(
                "resolution",
                self.tr("R&esolution"),
                self.tr("auto, ROWSxCOLUMNS such as 240x920, or pixels per bin such as 3px"),
                change,
                refusal=self.tr(
                    "Resolution: auto, 20x20 to 1000x4000, or 1px to 50px is expected, not “{text}”"
                ),
                placeholder=self.tr("auto, 240x920, 3px"),
            ),
        )
        self.add_row(
            form,
            number_row(
                "update_interval_ms",
                self.tr("Update &interval"),
                self.tr("New liquidations are drawn at most once in this time"),
                change,
                suffix=self.tr(" ms"),
                step=50,
            ),
        )
        self.column.addStretch(1)


class ChartPage(SettingsPage):
    """What else stands on the chart."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        form = self.add_form()
        for name, text, tool_tip in (
            (
                "gap_hatch",
                self.tr("Hatch time that was &not recorded"),
                self.tr("Without it, time without data looks like time without liquidations"),
            ),
            (
                "colour_bar",
                self.tr("Colour &bar"),
                self.tr("A small scale in a corner says what the colours mean in USD"),
            ),
            (
                "price_profile",
                self.tr("Price pro&file"),
                self.tr("Longs and shorts of the window by price, at the right edge"),
            ),
            (
                "source_line",
                self.tr("Source of the data, in &words"),
                self.tr("A line in the corner says where the data come from"),
            ),
            (
                "tooltip",
                self.tr("&Amounts under the crosshair"),
                self.tr("What was liquidated in the cell under the crosshair"),
            ),
        ):
            self.add_row(form, switch_row(name, text, tool_tip, change))
        self.column.addStretch(1)


class LevelsPage(SettingsPage):
    """Which prices at which liquidations cluster are found, and drawn as levels."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        form = self.add_form()
        self.add_row(
            form,
            switch_row(
                "cluster_levels",
                self.tr("Draw the strongest c&lusters as levels"),
                self.tr("A line where many liquidations came close to each other in price"),
                change,
            ),
        )
        self.add_row(
            form,
            number_row(
                "cluster_level_count",
                self.tr("At &most"),
                self.tr("So many of the strongest clusters are drawn"),
                change,
                suffix=self.tr(" levels"),
            ),
        )
        self.add_row(
            form,
            number_row(
                "cluster_window_pct",
                self.tr("Widest price ran&ge"),
                self.tr("Liquidations further apart than this belong to different clusters"),
                change,
                suffix=self.tr(" %"),
                step=0.1,
                decimals=2,
                factor=100,
            ),
        )
        self.add_row(
            form,
            number_row(
                "min_cluster_size",
                self.tr("F&ewest in a cluster"),
                self.tr("Fewer liquidations than this make no cluster"),
                change,
                suffix=self.tr(" liquidations"),
            ),
        )
        self.add_row(
            form,
            number_row(
                "time_decay_minutes",
                self.tr("Weight fades &in"),
                self.tr("After this time a liquidation counts 37 % in its cluster"),
                change,
                suffix=self.tr(" minutes"),
                step=5,
                decimals=1,
            ),
        )
        self.add_row(
            form,
            number_row(
                "lookback_time_constants",
                self.tr("E&xpire after"),
                self.tr("Older liquidations are in no cluster: so many times the time of fading"),
                change,
                suffix=self.tr(" times that"),
                step=0.5,
                decimals=1,
            ),
        )
        self.add_row(
            form,
            number_row(
                "cluster_interval_s",
                self.tr("Loo&k again every"),
                self.tr("The clusters are looked for anew at most once in this time"),
                change,
                suffix=self.tr(" seconds"),
                decimals=1,
            ),
        )
        self.column.addStretch(1)


class RecordingPage(SettingsPage):
    """What is recorded, and how long it is kept."""

    def __init__(self, service: HeatmapService, change: Change) -> None:
        super().__init__()
        self._change = change
        # What the list goes back to when not all are recorded any more.
        self._listed = HeatmapSettings().symbols
        self._list = QLineEdit()
        self._list.setObjectName("symbols")
        self._list.setMinimumWidth(FIELD_WIDTH)
        self._list.setPlaceholderText(self.tr("BTCUSDT, ETHUSDT"))
        self._list.setToolTip(
            self.tr("Recorded symbols with commas between; a change starts recording anew")
        )
        self._list.editingFinished.connect(lambda: take_text(self._list, self._take_symbols))
        form = self.add_form()
        self.add_row(
            form,
            SettingRow(
                ("symbols",),
                self.tr("S&ymbols"),
                plain(self.tr("S&ymbols")),
                self._list,
                self._list,
                self._show_symbols,
                self.tr(
                    "Symbols: one or more like BTCUSDT with commas between are expected, or "
                    "ALL alone, not “{text}”"
                ),
            ),
        )
        self._all = QCheckBox(self.tr("&All symbols of the exchange"))
        self._all.setObjectName("all_symbols")
        self._all.setToolTip(self.tr("Record every symbol; the database grows faster"))
        self._all.toggled.connect(self._switch_all)
        form.addRow("", self._all)
        confirmation = RetentionConfirmation(self, form, service, change)
        self.refresh_retention = confirmation.show_settings
        keep_raw = switch_row(
            "keep_raw",
            self.tr("Store each &message as it was received"),
            self.tr("For looking into it later; the database gets larger"),
            change,
        )
        self.rows.append(keep_raw)
        form.addRow("", keep_raw.field)
        self.column.addStretch(1)

    def _take_symbols(self, text: str) -> None:
        self._change(symbols=parse_field("symbols", text))

    def _switch_all(self, is_all: bool) -> None:
        self._change(symbols=(ALL_SYMBOLS,) if is_all else self._listed)

    def _show_symbols(self, settings: HeatmapSettings) -> None:
        is_all = ALL_SYMBOLS in settings.symbols
        self._all.blockSignals(True)
        self._all.setChecked(is_all)
        self._all.blockSignals(False)
        self._list.setEnabled(not is_all)
        if not is_all:
            self._listed = settings.symbols
        show_text(self._list, ", ".join(self._listed))
