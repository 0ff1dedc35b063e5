"""The layer's JavaScript with Qt's channel, and calls of it, as text for the page."""

import json
import re
from collections.abc import Mapping
from functools import cache

from PyQt6.QtCore import QFile, QIODevice, QResource

from Heatmap.errors import PageError
from Heatmap.feeds.page.scripts import layer_script

# Whether a document has a layer.
PRESENT, ABSENT, TOO_EARLY = "present", "absent", "too early"
_CHANNEL_RESOURCE = ":/qtwebchannel/qwebchannel.js"
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)
# Words that a script cannot begin an expression with, or that are never a variable.
_RESERVED = re.compile(
    "break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|"
    "false|finally|for|function|if|import|in|instanceof|let|new|null|return|super|switch|throw|"
    "true|try|typeof|var|void|while|with"
)


def require_variable(name: str) -> None:
    """Refuse what is not the name of a variable in the page's JavaScript, a dotted identifier.

    Raises
    ------
    ValueError
        It is none, or begins with a reserved word.
    """
    if not _IDENTIFIER.fullmatch(name) or _RESERVED.fullmatch(name.split(".", maxsplit=1)[0]):
        raise ValueError(f"not the name of a JavaScript variable: {name!r}")


def enter_script(
    config: Mapping[str, object],
    chart: str,
    candles: str,
    bars: str | None = None,
    legend: str | None = None,
) -> str:
    """Return the script that puts a layer on a page, with all that it needs; it gives ``true``.

    Parameters
    ----------
    config
        See `LayerConfig` in ``heatmap_layer.js``.
    chart, candles
        Expressions that the page evaluates again and again: the chart, and its candle series.
    bars
        The same of the series in whose pane bars are drawn; ``None``: there is none.
    legend
        The same of what shows the legend; ``None``: the layer paints it.

    Raises
    ------
    PageError
        See `channel_script`.
    """
    encoded = json.dumps(config, allow_nan=False)
    # Kept private: the page may load another version of the library, or none. The parameter keeps
    # the library from writing to a `module` of the page.
    library = f"(function (module) {{\n{channel_script()}\nreturn QWebChannel;\n}})()"
    access = (
        f"{{ chart: () => {chart}, candles: () => {candles}, bars: () => {bars or 'null'}, "
        f"legend: () => {legend or 'null'}, QWebChannel: {library} }}"
    )
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
