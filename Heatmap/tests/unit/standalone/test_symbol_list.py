"""Which instruments the search offers, and in which order."""

import pytest

from Heatmap.standalone.symbol_list import MOST_ROWS, ListNotice, symbol_rows

KNOWN = {"BTCUSDT", "ETHUSDT", "BTCUSDC", "1000BTCUSDT", "SOLUSDT"}


def texts(*arguments: object, **options: object) -> list[str]:
    rows = symbol_rows(*arguments, **options)  # type: ignore[arg-type]
    return [
        row.symbol or (row.notice.name if row.notice else f"[{row.is_recorded}]") for row in rows
    ]


def test_recorded_ones_come_first_in_the_order_of_the_settings() -> None:
    assert texts("", ("SOLUSDT", "BTCUSDT"), KNOWN) == [
        *("[True]", "SOLUSDT", "BTCUSDT"),
        *("[False]", "1000BTCUSDT", "BTCUSDC", "ETHUSDT"),
    ]


def test_what_is_typed_may_stand_anywhere_and_counts_most_at_the_beginning() -> None:
    assert texts(" btc", ("ETHUSDT",), KNOWN) == ["[False]", "BTCUSDC", "BTCUSDT", "1000BTCUSDT"]
    assert texts("doge", ("ETHUSDT",), KNOWN) == ["NONE_FOUND"]


def test_where_all_are_recorded_none_is_offered_as_not_recorded() -> None:
    assert texts("eth", ("ALL",), KNOWN) == ["[True]", "ETHUSDT"]
    # Offline nothing is known but what is named.
    assert texts("", ("BTCUSDT",), ()) == ["[True]", "BTCUSDT"]


def test_a_market_of_one_symbol_has_that_one_only() -> None:
    assert texts("", ("ETHUSDT",), KNOWN, only="BTCUSDT") == ["[True]", "BTCUSDT"]


def test_there_is_an_end_to_the_list() -> None:
    rows = symbol_rows("", ("X",), [f"S{n}USDT" for n in range(1_000)])
    assert len(rows) == MOST_ROWS + 1
    rows = symbol_rows("", ("X",), [f"S{n}USDT" for n in range(1_000)], shown="S999USDT")
    assert [row.symbol for row in rows[:5]] == ["", "X", "", "S999USDT", "S0USDT"]
    # It is said that there are more, and that is nothing to be chosen.
    assert rows[-1].notice is ListNotice.MORE
    assert rows[-1].is_head


@pytest.mark.parametrize(
    "words",
    [
        *("BTC/USDT", "btc-usdt", "BTC/USDT:USDT", "BINANCE:BTCUSDT.P", "bitunix:BTCUSDT"),
        *(
            "BTCUSDT.P",
            "BTCUSDTPERP",
            "BTC-USDT-SWAP",
            "btc usdt perp",
            "$BTCUSDT",
            "".join(chr(ord(one) + 0xFEE0) for one in "BTCUSDT"),
        ),
    ],
)
def test_a_name_is_found_as_other_charts_write_it(words: str) -> None:
    assert texts(words, ("ETHUSDT",), KNOWN)[:2] == ["[False]", "BTCUSDT"]


@pytest.mark.parametrize("name", ["币安人生USDT", "कUSDT", "ИUSDT", "PERPUSDT", "XPERP"])
def test_what_is_a_name_of_the_exchange_is_found_as_it_is(name: str) -> None:
    assert texts(name.lower(), (), [*KNOWN, name]) == ["[False]", name]


def test_what_is_no_name_finds_nothing_rather_than_everything() -> None:
    for words in ("///", "\N{MONEY BAG}", ":", "BINANCE:"):
        assert texts(words, ("ETHUSDT",), KNOWN) == ["NONE_FOUND"]


def test_it_is_said_why_not_all_instruments_are_searched() -> None:
    search = ("eth", ("BTCUSDT",), ())
    # Not yet: it may still come.
    assert texts(*search, listing=ListNotice.ASKING) == ["ASKING"]
    assert texts(*search, listing=ListNotice.FAILED) == ["NONE_FOUND", "FAILED"]
    assert texts("btc", ("BTCUSDT",), (), listing=ListNotice.FAILED)[-1] == "FAILED"
    assert texts("btc", ("BTCUSDT",), (), only="BTCUSDT", listing=ListNotice.FAILED)[1:] == [
        "BTCUSDT"
    ]
