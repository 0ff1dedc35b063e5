"""Addresses of this machine are known without looking anything up."""

import pytest

from Heatmap.ingestion.connection.addresses import is_loopback


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
