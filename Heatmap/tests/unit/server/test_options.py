"""Names and origins that are none are refused where they are given."""

import pytest

from Heatmap.errors import SettingsError
from Heatmap.server import ServerOptions


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "",
        "example.net",
        "https://",
        "https://example.net/",
        "https://example.net/page",
        "https://*.example.net",
        "https://EXAMPLE.net",
        "https://example.net:443",
        "http://example.net:80",
        "https://example.net:0",
        "https://example.net:70000",
        "https://me@example.net",
        "https://exa mple.net",
        "https://[::zz]",
        "ftp://example.net",
        "https://example.net\n",
    ],
)
def test_what_no_browser_writes_is_no_origin(origin: str) -> None:
    with pytest.raises(SettingsError, match="--allow-origin"):
        ServerOptions(origins=("https://example.net", origin))


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.net",
        "http://example.net:8080",
        "http://10.0.0.1",
        "http://[2001:db8::1]:81",
    ],
)
def test_what_a_browser_writes_is_one(origin: str) -> None:
    assert ServerOptions(origins=(origin,)).origins == (origin,)


@pytest.mark.parametrize(
    "host", ["*", "", "example.net:80", "http://example.net", "a b", "-a", "a..b"]
)
def test_what_names_no_host_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="--allow-host"):
        ServerOptions(hosts=(host,))
    assert ServerOptions(hosts=("charts.example.net", "NAS", "2001:db8::1")).hosts
