"""The build of Lightweight Charts for our own pages; a host's page brings its own."""

import hashlib
from importlib import resources

from Heatmap.errors import PageError

CHARTS_SHA256 = "756b0ba9f58930226d6b8b9d47ad310448ab85d799ea1f7c2c02304777c10b52"
"""Sum of the official Lightweight Charts 5.1.0 standalone production build."""


def charts_library() -> str:
    """Return the source of Lightweight Charts from the ``litecharts`` package.

    Raises
    ------
    PageError
        The package is missing, or its file is not the official 5.1.0 build.
    """
    try:
        path = resources.files("litecharts").joinpath("js", "lightweight-charts.js")
        content = path.read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise PageError(
            "the chart library is missing: install litecharts 0.2.0 as requirements.txt says"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != CHARTS_SHA256:
        raise PageError(
            f"the chart library has the sum {found[:12]}…, expected {CHARTS_SHA256[:12]}… "
            "(Lightweight Charts 5.1.0): install litecharts 0.2.0 as requirements.txt says"
        )
    return content.decode("utf-8")
