"""When a server listens, and what keeps it from it."""

import httpx
import pytest

from Heatmap.errors import ServerError, SettingsError
from Heatmap.server import HeatmapServer
from Heatmap.tests.served_market import Served


def test_a_port_in_use_is_told_in_one_line_and_an_address_that_is_none(world: Served) -> None:
    taken = world.server.url.removeprefix("http://")
    with pytest.raises(ServerError, match="--port") as caught:
        HeatmapServer(world.service, taken).start()
    assert "\n" not in str(caught.value)
    with pytest.raises(SettingsError):
        HeatmapServer(world.service, "nowhere")


def test_start_and_stop_are_idempotent_and_alternate(world: Served) -> None:
    server = HeatmapServer(world.service, "127.0.0.1:0")
    server.stop()
    for _ in range(2):
        server.start()
        url = server.url
        server.start()
        assert server.url == url
        assert httpx.get(f"{url}/brackets").status_code == 200
        server.stop()
        server.stop()
        assert not server.is_running()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/brackets")
