"""Signals from clusters of a real database, while no exchange can be reached."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap import LiquidationHunter, LiveLiquidationHeatmap
from Heatmap.domain.events import DataKind, Liquidated
from Heatmap.errors import StorageError
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import EVENT

NOBODY = {"ws_url": "ws://127.0.0.1:1", "rest_url": "http://127.0.0.1:1"}
LONGS_AT, SHORTS_AT = 96_500.0, 103_500.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Prepare ten liquidated longs at one price and six liquidated shorts at a higher one."""
    path = tmp_path / "heatmap.sqlite3"
    now_ms = time.time_ns() // 1_000_000
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        store.write(
            [
                replace(EVENT, ts_ms=now_ms - number, liquidated=side, price=price, notional=1000.0)
                for side, price, count in (
                    (Liquidated.LONG, LONGS_AT, 10),
                    (Liquidated.SHORT, SHORTS_AT, 6),
                )
                for number in range(1, count + 1)
            ]
        )
    return path


@pytest.fixture
def hunter(path: Path) -> Iterator[LiquidationHunter]:
    with LiquidationHunter() as running:
        running.set_data_source("live_binance", symbols=["BTCUSDT"], db=path, **NOBODY)
        yield running


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC/USDT:USDT", "btcusdt"])
def test_above_liquidated_longs_the_signal_is_short_towards_them(
    symbol: str, hunter: LiquidationHunter
) -> None:
    signal, strength, cluster = hunter.generate_signal(symbol, 100_000.0)
    assert (signal, strength) == (-1, pytest.approx(1.0))
    assert cluster is not None
    assert (cluster.side, cluster.price_level) == ("long", LONGS_AT)
    assert cluster.distance_from_price == pytest.approx(-3.5)


def test_below_liquidated_shorts_the_signal_is_long_towards_them(
    path: Path, hunter: LiquidationHunter
) -> None:
    del hunter
    # Below the longs as well, so that only the shorts are where the price could be drawn to.
    with LiquidationHunter(min_strength=0.5) as bold:
        bold.set_data_source("live_binance", symbols=["BTCUSDT"], db=path, **NOBODY)
        signal, strength, cluster = bold.generate_signal("BTCUSDT", 96_000.0)
    assert signal == 1
    assert strength == pytest.approx(0.6, abs=0.001)
    assert cluster is not None
    assert (cluster.side, cluster.price_level) == ("short", SHORTS_AT)


@pytest.mark.parametrize("price", [96_000.0, 104_000.0])
def test_without_a_strong_cluster_where_it_should_be_there_is_no_signal(
    price: float, path: Path
) -> None:
    with LiquidationHunter(min_strength=1.0) as careful:
        careful.set_data_source("live_binance", symbols=["BTCUSDT", "ETHUSDT"], db=path, **NOBODY)
        # The longs have the strength 1; at the lower price they are above it.
        signal, strength, cluster = careful.generate_signal("BTCUSDT", price)
        assert signal == (0 if price < LONGS_AT else -1)
        assert (cluster is None) == (signal == 0)
        assert strength == (0.0 if signal == 0 else 1.0)
        assert careful.generate_signal("ETHUSDT", 3000.0) == (0, 0.0, None)


def test_a_heatmap_that_is_handed_over_gets_the_symbols_and_stays_with_its_owner(
    path: Path,
) -> None:
    with LiveLiquidationHeatmap(db=path, **NOBODY) as heatmap:
        heatmap.start_stream(["ETHUSDT"])
        with LiquidationHunter() as hunter:
            hunter.set_data_source("live_binance", ["BTCUSDT"], heatmap=heatmap)
            assert hunter.generate_signal("BTCUSDT", 100_000.0)[0] == -1
            assert heatmap.status()["prices"] == {"ETHUSDT": None, "BTCUSDT": 100_000.0}
        assert heatmap.is_running()
        again = LiquidationHunter()
        again.set_data_source(heatmap=heatmap)
        assert again.generate_signal("BTCUSDT", 100_000.0)[0] == -1
        again.close()
        assert heatmap.is_running()


def test_another_source_replaces_the_first_and_a_wrong_one_leaves_it(
    hunter: LiquidationHunter, tmp_path: Path
) -> None:
    first = hunter._own_heatmap
    assert first is not None
    for wrong in ({"source": "coinglass"}, {"symbols": []}, {"symbols": ["BTC-USD"]}, {}):
        with pytest.raises(ValueError, match="must be"):
            hunter.set_data_source(**wrong)  # type: ignore[arg-type]
    assert hunter.generate_signal("BTCUSDT", 100_000.0)[0] == -1
    other = tmp_path / "other.sqlite3"
    hunter.set_data_source("live_binance", ["BTCUSDT"], db=other, **NOBODY)
    assert not first.is_running()
    assert hunter.generate_signal("BTCUSDT", 100_000.0) == (0, 0.0, None)
    with pytest.raises(StorageError):
        hunter.set_data_source("live_binance", ["BTCUSDT"], db=tmp_path / "absent" / "x", **NOBODY)
    with pytest.raises(RuntimeError, match="set_data_source"):
        hunter.generate_signal("BTCUSDT", 100_000.0)


def test_without_a_source_and_after_close_there_is_no_signal_to_have(
    hunter: LiquidationHunter,
) -> None:
    own = hunter._own_heatmap
    assert own is not None
    hunter.close()
    hunter.close()
    assert not own.is_running()
    for sourceless in (hunter, LiquidationHunter()):
        with pytest.raises(RuntimeError, match="set_data_source"):
            sourceless.generate_signal("BTCUSDT", 100_000.0)


@pytest.mark.parametrize(
    ("symbol", "price", "words"),
    [
        ("ETHUSDT", 100.0, "symbol must be one of those given to start_stream .BTCUSDT."),
        ("BTC-USDT", 100.0, "symbol must be one like BTCUSDT or BTC/USDT:USDT"),
        ("BTCUSDT", 0.0, "price must be a number above 0"),
        ("BTCUSDT", -1.0, "price must be a number above 0"),
        ("BTCUSDT", float("nan"), "price must be a number above 0"),
    ],
)
def test_bad_input_names_the_parameter_and_what_it_may_be(
    symbol: str, price: float, words: str, hunter: LiquidationHunter
) -> None:
    with pytest.raises(ValueError, match=words):
        hunter.generate_signal(symbol, price)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan"), "1", True])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="min_strength must be a number from 0 to 1"):
        LiquidationHunter(strength)


def test_the_docstring_says_what_it_is_worth() -> None:
    words = " ".join((LiquidationHunter.__doc__ or "").split())
    for plain in ("A rule of thumb, not advice", "backtest", "lost money", "places an order"):
        assert plain in words
