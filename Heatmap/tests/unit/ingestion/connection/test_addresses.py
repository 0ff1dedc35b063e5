"""What is told of an address without looking anything up."""

import pytest

from Heatmap.ingestion.connection.addresses import base_words, is_base, is_loopback


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:8000/x", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80/", True),
        ("http://localhost:1", True),
        ("wss://fstream.binance.com", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_loopback_is_told_by_what_is_written(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


HTTP, SOCKET = ("http", "https"), ("ws", "wss")


@pytest.mark.parametrize(
    "url",
    ["http://h", "https://user:pw@[::1]:8443/a/", "https://h\u00f6.example.", "http://10.0.0.1"],
)
def test_a_path_can_be_added_to_a_base(url: str) -> None:
    assert is_base(url, HTTP)
    assert not is_base(url, SOCKET)


@pytest.mark.parametrize(
    "url",
    [
        *("", "h", "http://", "http://:80", "http://h:0", "http://h:99999", "http://[::1"),
        # Python reads the first of these as another host, and looks the last ones up.
        *("http://h\nx/", "http://h h/", "http://a\\@b/", "http://h/#a", "http://h/?a=1"),
        *("http://h..x", "http://.", f"http://{'h' * 2000}"),
    ],
)
def test_what_a_library_would_read_in_its_own_way_is_no_base(url: str) -> None:
    assert not is_base(url, HTTP)
    assert not is_base(url.replace("http", "wss").replace("?a=1", "#"), SOCKET)


def test_the_words_name_what_is_refused() -> None:
    assert base_words(HTTP) == "an address such as https://host, without blanks, ? and #"
    # A whole endpoint, which the doctor knows.
    assert is_base("wss://h/stream?streams=x", SOCKET)
    assert "?" not in base_words(SOCKET)
