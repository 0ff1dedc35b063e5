"""A file is asked by its first byte for a header, and by magnitude for its unit."""

import pytest

from Heatmap.history.csv_head import read_head
from Heatmap.history.dataset import Market
from Heatmap.history.datasets import AGG_TRADES, BOOK_DEPTH, KLINES, MARK_PRICE_KLINES, METRICS
from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.tests.archive_files import agg_rows, header, kline_rows, metrics_rows

HEAD = header(AGG_TRADES).encode()
ROW = agg_rows(1)[0].encode()
SPOT_ROW = b"3,95000.10,0.5,7,9,1735689600123456,True,True"


@pytest.mark.parametrize(
    ("dataset", "first", "has_header"),
    [
        (AGG_TRADES, HEAD, True),
        (AGG_TRADES, ROW, False),
        (KLINES, header(KLINES).encode() + b"\r", True),
        (KLINES, kline_rows(minutes=[0])[0].encode(), False),
        (METRICS, header(METRICS).encode(), True),
        (METRICS, metrics_rows(labels=[0])[0].encode(), False),
        (BOOK_DEPTH, b"2026-01-01 00:00:09,-5.00,10,20", False),
        (
            KLINES,
            header(KLINES)
            .replace("quote_volume,count", "quote_asset_volume,number_of_trades")
            .upper()
            .encode(),
            True,
        ),
    ],
)
def test_the_first_byte_tells_a_header(dataset, first: bytes, has_header: bool) -> None:
    head = read_head(first, kline_rows(minutes=[1])[0].encode(), dataset, Market.USD_M)
    assert head.has_header is has_header
    assert head.columns == dataset.columns


def test_only_spot_may_have_microseconds_and_a_column_more() -> None:
    head = read_head(SPOT_ROW, b"", AGG_TRADES, Market.SPOT)
    assert head.is_microseconds
    assert [name for name, _ in head.columns][-1] == "is_best_match"
    old = SPOT_ROW.replace(b"123456,", b"123,")
    assert not read_head(old, b"", AGG_TRADES, Market.SPOT).is_microseconds
    for row, market, kind in (
        (SPOT_ROW, Market.USD_M, FaultKind.MARKET),
        (ROW, Market.SPOT, FaultKind.MARKET),
        (ROW.replace(b",1735", b",1735000"), Market.USD_M, FaultKind.UNIT),
    ):
        with pytest.raises(FileFaultError) as caught:
            read_head(row, b"", AGG_TRADES, market)
        assert caught.value.fault.kind is kind


def test_spots_candles_are_told_by_their_decimals() -> None:
    # The first row of 2023-07-01, https://data.binance.vision/data/spot/.
    row = (
        b"1688169600000,30471.99000000,30472.00000000,30471.99000000,30472.00000000,0.54114000,"
        b"1688169600999,16489.61790060,31,0.52320000,15942.95040000,0"
    )
    with pytest.raises(FileFaultError) as caught:
        read_head(row, b"", KLINES, Market.USD_M)
    assert caught.value.fault.kind is FaultKind.MARKET
    assert not read_head(row, b"", KLINES, Market.SPOT).has_header
    # A mark price has 8 decimals too, and is of futures; and so is what has others.
    assert not read_head(row, b"", MARK_PRICE_KLINES, Market.USD_M).has_header
    assert not read_head(row.replace(b"54114000", b"541"), b"", KLINES, Market.USD_M).has_header


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (b"", b"", FaultKind.EMPTY),
        (HEAD, b"", FaultKind.EMPTY),
        (b"\xef\xbb\xbf" + HEAD, ROW, FaultKind.FIRST_BYTE),
        (b'"1",2', ROW, FaultKind.FIRST_BYTE),
        (
            b"price,agg_trade_id,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
            ROW,
            FaultKind.COLUMNS,
        ),
        (ROW.rpartition(b",")[0], b"", FaultKind.COLUMNS),
    ],
)
def test_anything_else_is_refused(first: bytes, second: bytes, kind: FaultKind) -> None:
    with pytest.raises(FileFaultError) as caught:
        read_head(first, second, AGG_TRADES, Market.USD_M)
    assert caught.value.fault.kind is kind
