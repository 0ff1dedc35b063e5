"""Candles of further symbols on an open connection: names as they are, and one message."""

import json

from Heatmap.ingestion.connection.extra_streams import ExtraStreams
from Heatmap.ingestion.venues.binance.market_data import BinanceMarketData


def test_names_stand_in_the_message_as_they_are() -> None:
    market = BinanceMarketData()
    text = market.subscription(("ETHUSDT", "币安人生USDT"))
    assert json.loads(text) == {
        "method": "SUBSCRIBE",
        "params": ["ethusdt@kline_1m", "币安人生usdt@kline_1m"],
        "id": 1,
    }
    assert json.loads(market.subscription(("ETHUSDT",), ends=True))["method"] == "UNSUBSCRIBE"


def test_what_is_wanted_is_sent_on_open_connections_and_on_those_to_come() -> None:
    extra, sent = ExtraStreams(), list[str]()
    # Before there is a stream.
    extra.change(("a",), ("a",))
    extra.attach(sent.extend)
    assert (extra.on_open, sent) == (("a",), [])
    extra.change(("a", "b"), ("b",))
    assert (extra.on_open, sent) == (("a", "b"), ["b"])
    extra.change((), ())
    assert (extra.on_open, sent) == ((), ["b"])
