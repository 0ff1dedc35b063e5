"""Which proxy leads where, and that no password is ever said."""

import importlib.util

import pytest

from Heatmap.ingestion.proxies import ProxyError, find_proxy

WS, REST = "wss://fstream.binance.com/market", "https://fapi.binance.com"


@pytest.fixture(autouse=True)
def no_proxy_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ws", "wss", "socks", "http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_PROXY".upper(), raising=False)


def shown(url: str) -> str | None:
    proxy = find_proxy(url)
    return None if proxy is None else proxy.shown


def test_without_a_setting_there_is_none() -> None:
    assert shown(WS) is shown(REST) is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("HTTPS_PROXY", "http://10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("https_proxy", "10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("https_proxy", "https://proxy.example", "https://proxy.example:443"),
        ("ALL_PROXY", "socks5://10.0.0.1", "socks5://10.0.0.1:1080"),
        ("all_proxy", "socks5h://[::2]:1", "socks5h://[::2]:1"),
        ("all_proxy", "socks://10.0.0.1:7", "socks5h://10.0.0.1:7"),
        ("all_proxy", "SOCKS4A://10.0.0.1:7/", "socks4a://10.0.0.1:7"),
        ("all_proxy", "http://10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("socks_proxy", "10.0.0.1:7", "socks5h://10.0.0.1:7"),
        ("socks_proxy", "http://10.0.0.1:7", "socks5h://10.0.0.1:7"),
    ],
)
def test_the_websocket_and_rest_go_the_same_way(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, expected: str
) -> None:
    monkeypatch.setenv(name, text)
    assert shown(WS) == shown(REST) == expected


def test_a_proxy_of_the_websocket_alone_and_one_of_plain_addresses_serve_only_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("wss_proxy", "http://10.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://10.0.0.2:2")
    assert (shown(WS), shown(REST)) == ("http://10.0.0.1:1", None)
    assert shown("http://exchange.example") == "http://10.0.0.2:2"


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:1", "http://localhost:1", "https://[::1]", "wss://127.9.9.9"]
)
def test_no_proxy_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("all_proxy", "nonsense that is no proxy:x")
    assert shown(url) is None


@pytest.mark.parametrize(
    "text", ["*", "fapi.binance.com", "binance.com", ".binance.com", "a, binance.com:443"]
)
def test_no_proxy_is_respected(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("all_proxy", "socks5h://10.0.0.1:1")
    monkeypatch.setenv("no_proxy", text)
    assert shown(REST) is None
    monkeypatch.setenv("no_proxy", "other.example")
    assert shown(REST) == "socks5h://10.0.0.1:1"


@pytest.mark.parametrize(
    "text",
    [
        "user:SECRET@10.0.0.1:9",
        "http://user:SECRET@10.0.0.1:9",
        "socks5://user:SECRET@10.0.0.1",
        "http://SECRET@10.0.0.1:9",
    ],
)
def test_a_password_is_in_no_words(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("https_proxy", text)
    proxy = find_proxy(REST)
    assert proxy is not None
    assert "SECRET" in proxy.address
    assert "SECRET" not in proxy.shown + repr(proxy)
    assert "10.0.0.1" in proxy.shown
    assert proxy.setting == "https_proxy"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://user:SECRET@10.0.0.1:9",
        "http://user:SEC#RET@10.0.0.1:9",
        "http://user:SEC/RET@10.0.0.1:9",
        "http://12:3/SECRET@10.0.0.1:9",
        "http://user:SECRET@10.0.0.1:port",
        "http://user:SECRET@10.0.0.1:0",
        "http://user:SECRET@:9",
        "http://[user:SECRET@10.0.0.1:9",
        "http://user:SECRET@10.0.0.1:9/path",
        "user:SECRET",
        "http://",
        "http:// SECRET",
    ],
)
def test_what_is_no_proxy_is_one_line_without_what_was_set(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("all_proxy", text)
    with pytest.raises(ProxyError, match="all_proxy") as caught:
        find_proxy(REST)
    assert "SEC" not in str(caught.value)
    assert "RET" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_user_and_password_are_what_they_are_spelt_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "http://us%40er:p%3Ass%2F@10.0.0.1:9")
    proxy = find_proxy(REST)
    assert proxy is not None
    assert (proxy.user, proxy.password) == ("us@er", "p:ss/")
    # As the library that takes addresses reads them.
    assert proxy.address == "http://us@er:p%3Ass%2F@10.0.0.1:9"


def test_socks_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5h://user:SECRET@10.0.0.1:1")
    # Python itself does not find it: nothing of the program is replaced.
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    for url in (WS, REST):
        with pytest.raises(ProxyError, match="pip install python-socks") as caught:
            find_proxy(url)
        assert "SECRET" not in str(caught.value)
    monkeypatch.setenv("all_proxy", "http://10.0.0.1:1")
    assert shown(REST) == "http://10.0.0.1:1"
