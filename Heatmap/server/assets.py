"""Scripts of installed packages and of the chart layer, for pages; read when asked for."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from Heatmap.errors import PageError
from Heatmap.feeds.page.chart_build import charts_library
from Heatmap.feeds.page.scripts import layer_script
from Heatmap.server import texts


def _plotly() -> bytes:
    """Return plotly's own script; the package itself is not imported, which takes a second."""
    found = find_spec("plotly")
    for folder in () if found is None else found.submodule_search_locations or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path.read_bytes()
    raise PageError(texts.NO_PLOTLY)


def _page_script(name: str) -> Callable[[], bytes]:
    # The window's own, by its path: the same candles, colours and room for levels.
    return (files("Heatmap") / "standalone" / "page" / name).read_bytes


ASSETS: Mapping[str, Callable[[], bytes]] = {
    "plotly.min.js": _plotly,
    "lightweight-charts.js": lambda: charts_library().encode(),
    "layer.js": lambda: layer_script().encode(),
    "zoned_time.js": _page_script("zoned_time.js"),
    "chart_page.js": _page_script("chart_page.js"),
}
"""Name under ``/static/`` to what gives the script; raises `PageError` where it is missing."""
