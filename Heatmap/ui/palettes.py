"""The palettes' colours for Python, from the file that the page uses: there is no second list."""

from functools import cache
from importlib import resources

from PyQt6.QtQml import QJSEngine

SWATCH_STEPS = 12


@cache
def _swatches_by_name() -> dict[str, tuple[str, ...]]:
    engine = QJSEngine()
    source = resources.files("Heatmap.ui").joinpath("js", "heatmap_palette.js").read_text("utf-8")
    engine.evaluate(source)
    answer = engine.evaluate(
        "OrderPilotHeatmap.palette.names().map("
        f"name => [name, OrderPilotHeatmap.palette.swatches(name, {SWATCH_STEPS})])"
    )
    return {name: tuple(colours) for name, colours in answer.toVariant()}


def swatch_colours(palette: str) -> tuple[str, ...]:
    """Return `SWATCH_STEPS` colours from little to much, as ``#rrggbb``.

    Parameters
    ----------
    palette
        One of `Heatmap.heatmap_settings.PALETTES`.

    Raises
    ------
    KeyError
        The page's file does not know this palette.
    """
    return _swatches_by_name()[palette]
