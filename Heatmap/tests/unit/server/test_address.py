"""Where a server listens, as it is written."""

import pytest

from Heatmap.errors import SettingsError
from Heatmap.server.address import ServerAddress, parse_server_address


@pytest.mark.parametrize("text", ["127.0.0.1:8000", "[::1]:8000", "localhost:0", "0.0.0.0:80"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_server_address(text)) == text


@pytest.mark.parametrize(
    "text", ["", "8000", "127.0.0.1", "::1:8000", "127.0.0.1:70000", "http://localhost:80", "a b:1"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="host and a port"):
        parse_server_address(text)


def test_loopback_is_this_machine_only() -> None:
    hosts = {"127.0.0.1": True, "127.9.9.9": True, "::1": True, "localhost": True}
    hosts |= {"0.0.0.0": False, "192.168.1.7": False, "::": False, "localhost.example": False}  # noqa: S104
    assert {host: ServerAddress(host, 1).is_loopback for host in hosts} == hosts
