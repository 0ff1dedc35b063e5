"""What the doctor makes of redirects, absurd numbers and names of other scripts."""

import pytest

from Heatmap.doctor.texts import found_text
from Heatmap.tests.behaviour.doctor_servers import (
    acknowledge,
    deliver,
    exchange_info,
    rest_server,
    websocket_server,
)
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.test_doctor import assert_results, look


def test_redirects_are_said_and_not_followed() -> None:
    answers = {
        "/fapi/v1/time": (200, {"serverTime": 5}, {}),
        "/fapi/v1/exchangeInfo": (200, exchange_info(), {}),
    }
    with rest_server(answers) as (other, asked):
        moved = {path: (302, {}, {"Location": f"{other}{path}"}) for path in answers}
        with (
            websocket_server(deliver) as far_url,
            rest_server(moved) as (rest_url, _),
            websocket_server(
                acknowledge, (302, {"Location": f"{far_url}/market/stream?streams=x"})
            ) as ws_url,
        ):
            found = look(ws_url, rest_url)
    assert asked == []
    assert_results(found, handshake="FAIL", heartbeat="skip", REST="FAIL", tick_size="skip")
    assert "HTTP 302" in found_text(found["handshake"])
    assert "HTTP 302" in found_text(found["REST"])


@pytest.mark.parametrize("tick_size", ["1e900000000", "0", "9" * 5000])
def test_an_absurd_tick_size_is_no_tick_size(tick_size: str) -> None:
    filters = [{"filterType": "PRICE_FILTER", "tickSize": tick_size}]
    answers = {
        "/fapi/v1/time": (200, {"serverTime": 10**300}, {}),
        "/fapi/v1/exchangeInfo": (
            200,
            {"symbols": [{"symbol": "BTCUSDT", "filters": filters}]},
            {},
        ),
    }
    with rest_server(answers) as (rest_url, _):
        found = look("ws://127.0.0.1:9", rest_url)
    assert_results(found, REST="FAIL", tick_size="skip")
    assert len(found_text(found["REST"])) < 300


def test_a_contract_with_a_chinese_name_is_asked_for_by_its_name() -> None:
    symbol = "\u5e01\u5b89\u4eba\u751fUSDT"
    with ScriptedExchange() as exchange:
        exchange.rest = (200, exchange_info(symbol))
        found = look(exchange.ws_url, exchange.rest_url, symbol=symbol, order_s=0.1)
        assert any(f"{symbol.lower()}@markPrice@1s" in one.streams for one in exchange.served)
    assert f"mark price of {symbol}" in found_text(found["heartbeat"])
    assert_results(found, tick_size="ok")
