"""Which instruments the search offers, and in which order."""

from Heatmap.standalone.symbol_list import MOST_ROWS, symbol_rows

KNOWN = {"BTCUSDT", "ETHUSDT", "BTCUSDC", "1000BTCUSDT", "SOLUSDT"}


def texts(*arguments: object, **options: str) -> list[str]:
    return [row.symbol or f"[{row.is_recorded}]" for row in symbol_rows(*arguments, **options)]  # type: ignore[arg-type]


def test_recorded_ones_come_first_in_the_order_of_the_settings() -> None:
    assert texts("", ("SOLUSDT", "BTCUSDT"), KNOWN) == [
        *("[True]", "SOLUSDT", "BTCUSDT"),
        *("[False]", "1000BTCUSDT", "BTCUSDC", "ETHUSDT"),
    ]


def test_what_is_typed_may_stand_anywhere_and_counts_most_at_the_beginning() -> None:
    assert texts(" btc", ("ETHUSDT",), KNOWN) == ["[False]", "BTCUSDC", "BTCUSDT", "1000BTCUSDT"]
    assert texts("doge", ("ETHUSDT",), KNOWN) == []


def test_where_all_are_recorded_none_is_offered_as_not_recorded() -> None:
    assert texts("eth", ("ALL",), KNOWN) == ["[True]", "ETHUSDT"]
    # Offline nothing is known but what is named.
    assert texts("", ("BTCUSDT",), ()) == ["[True]", "BTCUSDT"]


def test_a_market_of_one_symbol_has_that_one_only() -> None:
    assert texts("", ("ETHUSDT",), KNOWN, only="BTCUSDT") == ["[True]", "BTCUSDT"]


def test_there_is_an_end_to_the_list() -> None:
    assert len(symbol_rows("", ("X",), [f"S{n}USDT" for n in range(1_000)])) == MOST_ROWS
