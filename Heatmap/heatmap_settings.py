"""The settings: one frozen object, validated once, to and from a plain mapping of texts.

The defaults stand here, those of clusters in `setting_fields.cluster_fields`, and nowhere else. A
settings store keeps each field as the text that `HeatmapSettings.to_texts` gives; the command line
takes the same texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from Heatmap.domain.instruments import ALL_SYMBOLS as ALL_SYMBOLS  # noqa: PLC0414 - a setting's value
from Heatmap.domain.symbol_lists import SYMBOLS_ALLOWED, parse_symbols, wrong_symbols
from Heatmap.setting_fields import CLUSTER_WINDOW_PCT as CLUSTER_WINDOW_PCT  # noqa: PLC0414 - a default
from Heatmap.setting_fields import (
    Choice,
    ClusterFields,
    Effect,
    Number,
    Option,
    Section,
    Switch,
    Text,
    setting,
    wrong_resolution,
)

WS_URL = "wss://fstream.binance.com"
"""Base of Binance's USD-M websocket addresses."""
REST_URL = "https://fapi.binance.com"
"""Base of Binance's USD-M REST addresses."""

AS_CHART = "chart"
"""The window that is as long as what the chart shows."""
WITH_WINDOW = "window"
"""The decay that follows the window."""
_REBUILDS = frozenset({Effect.REBUILD, Effect.RESCALE})
_PALETTES = {
    "aurora": "Aurora",
    "viridis": "Viridis",
    "inferno": "Inferno",
    "ice": "Ice",
    "daylight": "Daylight",
}


@dataclass(frozen=True, slots=True)
class HeatmapSettings(ClusterFields):
    """Everything a user can set. Immutable; derive a changed one with `changed`.

    Each field has a record (`setting_fields.Setting`), which says what it takes and what it does;
    the table in the plugin's README is made of the records.

    Attributes
    ----------
    opacity
        Alpha of the strongest cell, 0 to 1.
    minimum_notional, clip_usd
        USD; `clip_usd` is ``None`` while the scale ends at `clip_percentile` by itself.
    predicted_clip_usd
        The same of predicted levels, USD per 0.1 % of price; ``None``: at `clip_percentile`.
    bubble_least_usd
        USD; ``None``: from the largest 2 % of the symbol's liquidations in 7 days on.
    symbols
        Symbols to record, or ``("ALL",)``.

    Raises
    ------
    SettingsError
        A value is not allowed; the message names the field, what is allowed and what came.
    """

    enabled: bool = setting(
        False,
        Switch(),
        Section.ABOVE,
        "Show the heatmap &behind the candles",
        "Recording goes on while the heatmap is off",
        effects=(Effect.RESTART,),
        option="visible",
    )
    heat: str = setting(
        "recorded",
        Choice(
            {
                "recorded": Option("Recorded liquidations", short="Recorded"),
                "predicted": Option("Predicted levels", short="Predicted"),
                "both": Option("Both of them", short="Both"),
            }
        ),
        Section.PICTURE,
        "&Source",
        (
            "Liquidations that happened, levels that would be liquidated if the price went there, "
            "or these levels with what happened as bubbles over them"
        ),
        effects=(Effect.REBUILD, Effect.BUBBLES, Effect.TAGS),
    )
    window: str = setting(
        "2h",
        Choice(
            {
                "2h": Option("2 hours", 7_200, short="2h"),
                "8h": Option("8 hours", 28_800, short="8h"),
                "24h": Option("24 hours", 86_400, short="24h"),
                "2d": Option("2 days", 172_800, short="2d"),
                "7d": Option("7 days", 604_800, short="7d"),
                "30d": Option("30 days", 2_592_000, short="30d"),
                # Where the chart does not tell its left edge: as eight hours.
                AS_CHART: Option("As the chart", 28_800, short="View"),
            }
        ),
        Section.PICTURE,
        "Time spa&n",
        (
            "Time span of recorded heat and of bubbles, back from now, or what the chart shows; "
            "predicted levels cover the pane"
        ),
        effects=(*_REBUILDS, Effect.BUBBLES, Effect.BARS, Effect.TAGS),
    )
    shape: str = setting(
        "bands",
        Choice.of(bands="Bands", spots="Spots", cells="Cells"),
        Section.PICTURE,
        "Sh&ape",
        "Recorded heat: bands keep a price level visible to the right of its liquidations",
        effects=_REBUILDS,
        is_of_recorded=True,
    )
    side: str = setting(
        "both",
        Choice(
            {
                "both": Option("Longs and shorts", short="Both"),
                "longs": Option("Longs only", short="Longs"),
                "shorts": Option("Shorts only", short="Shorts"),
                "split": Option("Both, each in its own colour", short="Two colours"),
            }
        ),
        Section.PICTURE,
        "S&ide",
        "Whose liquidations are drawn",
        effects=(*_REBUILDS, Effect.LINES, Effect.BUBBLES, Effect.TAGS),
    )
    palette: str = setting(
        "aurora",
        Choice.of(**_PALETTES),
        Section.PICTURE,
        "&Palette",
        (
            "Colours from little to much, on dark and on light backgrounds; Viridis suits "
            "colour-blind eyes too"
        ),
        option="palette",
    )
    predicted_palette: str = setting(
        "aurora",
        Choice.of(**_PALETTES),
        Section.PICTURE,
        "Predic&ted palette",
        "Their colours from little to much; they have a scale of their own too",
        option="predictedPalette",
    )
    opacity: float = setting(
        0.75,
        Number(0.0, 1.0, factor=100, is_slider=True),
        Section.PICTURE,
        "Opacit&y",
        "How strongly the brightest cell covers the background",
        option="opacity",
    )
    decay: str = setting(
        "60m",
        Choice(
            {
                "off": Option("Off"),
                "20m": Option("20 minutes", 1_200),
                "60m": Option("60 minutes", 3_600),
                "6h": Option("6 hours", 21_600),
                WITH_WINDOW: Option("An eighth of the time span"),
            }
        ),
        Section.PICTURE,
        "&Fades within",
        "Recorded heat: how fast a liquidation fades; after this time 37 % are left",
        effects=_REBUILDS,
        is_of_recorded=True,
    )
    normalization: str = setting(
        "sqrt",
        Choice(
            {
                "linear": Option("Linear"),
                "sqrt": Option("Square root"),
                "log": Option("Logarithmic", short="Log"),
            }
        ),
        Section.SCALE,
        "Co&lours run",
        "How USD become brightness between nothing and the end of the scale",
        effects=(Effect.RESTYLE,),
    )
    clip_percentile: float = setting(
        99.5,
        Number(90.0, 100.0, suffix=" %", step=0.1, decimals=2),
        Section.SCALE,
        "Auto&matic",
        "The scale ends where this part of the coloured cells is less",
        effects=(Effect.RESTYLE, Effect.RESCALE),
    )
    clip_usd: float | None = setting(
        None,
        Number(1.0, 1e12, or_auto=True, suffix=" USD", step=0),
        Section.SCALE,
        "Fi&xed",
        "Recorded heat: what is this much or more gets the brightest colour",
        effects=(Effect.RESTYLE, Effect.RESCALE),
    )
    predicted_clip_usd: float | None = setting(
        None,
        Number(1.0, 1e12, or_auto=True, by_hand=1_000_000, suffix=" USD per 0.1 %", step=0),
        Section.SCALE,
        "Predicted loc&ked at",
        "So much per 0.1 % of price, or more, gets the brightest colour; auto: at the percentile",
        effects=(Effect.RESTYLE, Effect.RESCALE),
        is_rare=True,
    )
    minimum_notional: float = setting(
        0.0,
        Number(0.0, 1e12, suffix=" USD", step=0),
        Section.SCALE,
        "L&eave out below",
        "Recorded heat and bubbles: smaller ones are not drawn; they are recorded all the same",
        effects=(*_REBUILDS, Effect.BUBBLES, Effect.TAGS),
        caption="recorded all the same",
    )
    resolution: str = setting(
        "auto",
        Text(
            "auto, ROWSxCOLUMNS such as 240x920, or pixels per bin such as 3px",
            str,
            wrong_resolution,
            "Rows and columns: auto, 20x20 to 1000x4000, or 1px to 50px is expected, not “{text}”",
            "auto, 240x920, 3px",
        ),
        Section.RESOLUTION,
        "Ro&ws and columns",
        "How fine the heat is: auto, ROWSxCOLUMNS such as 240x920, or pixels per bin such as 3px",
        effects=_REBUILDS,
    )
    update_interval_ms: int = setting(
        250,
        Number(250, 1000, is_whole=True, suffix=" ms", step=50),
        Section.RESOLUTION,
        "Redraw e&very",
        "New liquidations are drawn at most once in this time",
    )
    gap_hatch: bool = setting(
        True,
        Switch(),
        Section.SHOWN,
        "Hatch time that was &not recorded",
        "Without it, time without data looks like time without liquidations",
        option="hatch",
    )
    colour_bar: bool = setting(
        True,
        Switch(),
        Section.SHOWN,
        "Co&lour bar",
        "A small scale in a corner says what the colours mean in USD",
        option="colourBar",
        caption="What the colours mean in USD",
    )
    legend_corner: str = setting(
        "auto",
        Choice.of(
            **{
                "auto": "Where there is room",
                "lower left": "Lower left",
                "lower right": "Lower right",
                "upper left": "Upper left",
                "upper right": "Upper right",
            }
        ),
        Section.SHOWN,
        "Legend mo&ved to",
        "Where scale and words stand; never over the newest candles",
        option="legendCorner",
    )
    bubbles: str = setting(
        "auto",
        Choice(
            {
                "auto": Option("With both sources", short="With both"),
                "recorded": Option("With recorded heat and with both", short="With recorded"),
                "on": Option("Always"),
                "off": Option("Never"),
            }
        ),
        Section.BUBBLES,
        "&Show",
        "Recorded liquidations as circles over the heat: the larger, the more USD",
        effects=(Effect.BUBBLES,),
    )
    bubble_least_usd: float | None = setting(
        None,
        Number(0.0, 1e12, or_auto=True, by_hand=100_000, suffix=" USD", step=0),
        Section.BUBBLES,
        "Si&ze from",
        "Less than this gets no bubble; auto: from the largest 2 % of this symbol in 7 days on",
        effects=(Effect.BUBBLES,),
    )
    candle_bars: bool = setting(
        False,
        Switch(),
        Section.SHOWN,
        "Longs and shorts b&y candle",
        "What was recorded in each candle's time: shorts up, longs down",
        effects=(Effect.BARS,),
    )
    price_profile: bool = setting(
        False,
        Switch(),
        Section.SHOWN,
        "&Price profile",
        "Recorded heat: longs and shorts of the window by price, at the right edge",
        effects=(Effect.RESTYLE,),
        option="profile",
        caption="Longs and shorts by price, at the right edge",
        is_of_recorded=True,
    )
    source_line: bool = setting(
        True,
        Switch(),
        Section.SHOWN,
        "Source of the data, &in words",
        "A line in the corner says where the data come from",
        option="sourceLine",
    )
    tooltip: bool = setting(
        True,
        Switch(),
        Section.SHOWN,
        "&Amounts under the crosshair",
        "What was liquidated in the cell under the crosshair",
        option="tooltip",
    )
    symbols: tuple[str, ...] = setting(
        ("BTCUSDT",),
        Text(
            SYMBOLS_ALLOWED,
            parse_symbols,
            wrong_symbols,
            (
                "Symbols: one or more like BTCUSDT with commas between are expected, or ALL "
                "alone, not “{text}”"
            ),
            "Add a symbol, such as ETHUSDT",
        ),
        Section.SYMBOLS,
        "S&ymbols",
        "Recorded symbols; one more, or several with commas between, starts recording anew",
        effects=(Effect.RESTART,),
    )
    retention_days: int = setting(
        14,
        Number(1, 3650, is_whole=True, suffix=" days"),
        Section.STORAGE,
        "&Keep for",
        "Older ones are deleted; a shorter time deletes only once you confirm it",
        effects=(Effect.REBUILD,),
    )
    candle_retention_days: int = setting(
        45,
        Number(1, 3650, is_whole=True, suffix=" days"),
        Section.STORAGE,
        "Keep candles &for",
        "What predicted levels are computed from; what is missing is fetched from the exchange",
        caption="predicted levels are computed from them",
    )
    keep_raw: bool = setting(
        True,
        Switch(),
        Section.STORAGE,
        "Store each &message as it was received",
        "For looking into it later; the database gets larger",
        caption="The database gets larger",
    )

    @property
    def window_ms(self) -> int:
        """Time span of the grid, milliseconds; what it is without a chart where that tells it."""
        return WINDOWS_S[self.window] * 1000

    @property
    def covers_pane(self) -> bool:
        """Whether the grid covers what the chart shows, however long that is."""
        return self.window == AS_CHART

    @property
    def decay_tau_ms(self) -> float | None:
        """Time constant of the decay, milliseconds; ``None``: no decay.

        With the window, an eighth of it; of one that is as the chart, see `decay_tau_on`.
        """
        if self.decay == WITH_WINDOW:
            return self.window_ms / 8
        tau_s = DECAYS_S[self.decay]
        return None if tau_s is None else tau_s * 1000.0

    def decay_tau_on(self, span_ms: int) -> float | None:
        """Return the time constant of the decay on a grid of so many milliseconds."""
        if self.decay == WITH_WINDOW and self.covers_pane:
            return span_ms / 8
        return self.decay_tau_ms

    @property
    def retention_ms(self) -> int:
        """How long events are kept, milliseconds."""
        return self.retention_days * 86_400_000

    @property
    def candle_retention_ms(self) -> int:
        """How long candles, open interest and funding are kept, milliseconds."""
        return self.candle_retention_days * 86_400_000


SETTINGS = HeatmapSettings.records()
"""The record of each field."""

WINDOWS_S: Mapping[str, int] = {
    key: int(one.amount or 0) for key, one in SETTINGS.options("window").items()
}
DECAYS_S: Mapping[str, float | None] = {
    key: one.amount for key, one in SETTINGS.options("decay").items()
}
PALETTES = tuple(SETTINGS.options("palette"))
NORMALIZATIONS = tuple(SETTINGS.options("normalization"))
SHAPES = tuple(SETTINGS.options("shape"))
SIDES = tuple(SETTINGS.options("side"))
HEATS = tuple(SETTINGS.options("heat"))


def parse_field(name: str, text: str) -> object:
    """Turn the text of one field into its value (not yet checked against the field's range).

    Raises
    ------
    SettingsError
        There is no such field, or the text cannot be read as its type.
    """
    return SETTINGS.parse(name, text)


def changed_fields(before: HeatmapSettings, after: HeatmapSettings) -> frozenset[str]:
    """Return the names of the fields that differ."""
    return frozenset(name for name in SETTINGS if getattr(before, name) != getattr(after, name))
