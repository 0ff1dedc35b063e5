"""The layer's JavaScript, and calls of it, as text for the page."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from PyQt6.QtCore import QFile, QIODevice, QResource

from Heatmap.errors import PageError

# In the order in which they need each other; each adds to the one object on `window`.
_FILES = (
    "heatmap_palette.js",
    "heatmap_data.js",
    "heatmap_bitmap.js",
    "heatmap_strip.js",
    "heatmap_time_offset.js",
    "heatmap_candle_times.js",
    "heatmap_time_axis.js",
    "heatmap_renderer.js",
    "heatmap_ground.js",
    "heatmap_texts.js",
    "heatmap_words.js",
    "heatmap_overlay.js",
    "heatmap_legend.js",
    "heatmap_profile.js",
    "heatmap_levels.js",
    "heatmap_series.js",
    "heatmap_tooltip.js",
    "heatmap_viewport.js",
    "heatmap_channel.js",
    "heatmap_finder.js",
    "heatmap_layer.js",
    "heatmap_page.js",
)
# Whether a document has a layer.
PRESENT, ABSENT, TOO_EARLY = "present", "absent", "too early"
_CHANNEL_RESOURCE = ":/qtwebchannel/qwebchannel.js"


def read_script(name: str) -> str:
    """Return the text of one of the layer's JavaScript files."""
    return (files("Heatmap.ui") / "js" / name).read_text(encoding="utf-8")


@cache
def layer_script() -> str:
    """Return all JavaScript of the layer as one script.

    One script, because a page that navigates between two would get only the second.
    """
    return "\n".join(read_script(name) for name in _FILES)


def enter_script(config: Mapping[str, object], chart: str, candles: str) -> str:
    """Return the script that puts a layer on a page, with all that it needs; it gives ``true``.

    Parameters
    ----------
    config
        See `LayerConfig` in ``heatmap_layer.js``.
    chart, candles
        Expressions that the page evaluates again and again: the chart, and its candle series.

    Raises
    ------
    PageError
        See `channel_script`.
    """
    encoded = json.dumps(config, allow_nan=False)
    # Kept private: the page may load another version of the library, or none. The parameter keeps
    # the library from writing to a `module` of the page.
    library = f"(function (module) {{\n{channel_script()}\nreturn QWebChannel;\n}})()"
    access = f"{{ chart: () => {chart}, candles: () => {candles}, QWebChannel: {library} }}"
    return f"{layer_script()}\nOrderPilotHeatmap.attach({encoded}, {access});"


def tell_script(name: str, message: str, *content: str) -> str:
    """Return the script that tells a layer what the channel would, where it is on its page."""
    call = call_script("OrderPilotHeatmap.tell", name, message, *content)
    return f"if (window.OrderPilotHeatmap) {call}"


def ask_script(name: str, *, is_ready: bool) -> str:
    """Return the script that has a layer say what it is on, where it is on its page."""
    call = call_script("OrderPilotHeatmap.ask", name, is_ready)
    return f"if (window.OrderPilotHeatmap) {call}"


def presence_script(name: str) -> str:
    """Return the script that gives `PRESENT`, `ABSENT`, or, while a head loads, `TOO_EARLY`."""
    return (
        f"window.OrderPilotHeatmap && OrderPilotHeatmap.layers.has({json.dumps(name)})"
        f" ? '{PRESENT}' : document.readyState === 'loading' ? '{TOO_EARLY}' : '{ABSENT}';"
    )


def leave_script(name: str) -> str:
    """Return the script that takes a layer off its page, where it is on it."""
    return f"if (window.OrderPilotHeatmap) {call_script('OrderPilotHeatmap.detach', name)}"


@cache
def channel_script() -> str:
    """Return the client library of Qt's web channel.

    Raises
    ------
    PageError
        This build of Qt does not carry it.
    """
    if not QResource(_CHANNEL_RESOURCE).isValid():
        raise PageError(f"Qt has no resource {_CHANNEL_RESOURCE}: is PyQt6-WebEngine installed?")
    resource = QFile(_CHANNEL_RESOURCE)
    resource.open(QIODevice.OpenModeFlag.ReadOnly)
    try:
        return bytes(resource.readAll().data()).decode("utf-8")
    finally:
        resource.close()


def call_script(function: str, *arguments: object) -> str:
    """Return the script that calls a function of the page with JSON-encoded arguments."""
    encoded = ", ".join(json.dumps(argument, allow_nan=False) for argument in arguments)
    return f"{function}({encoded});"
