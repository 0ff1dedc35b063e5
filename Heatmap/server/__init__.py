"""Numbers over HTTP: REST, live streams and pages, for programs and browsers. The extra ``web``.

The only folder that imports FastAPI, uvicorn and plotly. It computes nothing itself: levels,
clusters, heat, coverage and candles come of the same parts that a host and a chart are given.
"""

from Heatmap.server.heatmap_server import HeatmapServer, check_server
from Heatmap.server.options import ServerOptions

__all__ = ["HeatmapServer", "ServerOptions", "check_server"]
