"""What the archive's names say."""

from datetime import date
from pathlib import PurePosixPath

import pytest

from Heatmap.errors import HistoryError
from Heatmap.history.dataset import Market
from Heatmap.history.datasets import AGG_TRADES, FUNDING, KLINES
from Heatmap.history.days import parse_day, spans_text
from Heatmap.history.file_names import archive_path, folders, parse_checksum, parse_file_name


def test_a_name_tells_symbol_word_and_days() -> None:
    day = parse_file_name("BTCUSDT_250328-aggTrades-2025-01-31.csv.gz")
    assert day is not None
    assert (day.symbol, day.word, day.first, day.is_monthly) == (
        "BTCUSDT_250328",
        "aggTrades",
        date(2025, 1, 31),
        False,
    )
    month = parse_file_name("BTCUSDT-1m-2024-02.zip")
    assert month is not None
    assert (month.word, month.first, month.last) == ("1m", date(2024, 2, 1), date(2024, 2, 29))


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT-1m-2024-13.zip",
        "BTCUSDT-1m-2025-02-30.zip",
        "BTCUSDT-1m-2024-02.zip.CHECKSUM",
        "BTCUSDT-1m-2024.zip",
        "notes.csv",
        "BTCUSDT-1m-2024-02.parquet",
    ],
)
def test_other_names_are_none_of_the_archive(name: str) -> None:
    assert parse_file_name(name) is None


def test_the_archives_layout() -> None:
    daily = archive_path(AGG_TRADES, Market.USD_M, "BTCUSDT", "2025-01-31", is_monthly=False)
    assert daily == PurePosixPath(
        "data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2025-01-31.zip"
    )
    candles = archive_path(KLINES, Market.SPOT, "BTCUSDT", "2025-01", is_monthly=True)
    assert candles == PurePosixPath("data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2025-01.zip")
    found = set(folders(FUNDING, Market.USD_M, "BTCUSDT"))
    assert PurePosixPath("um/monthly/fundingRate/BTCUSDT") in found
    assert PurePosixPath("BTCUSDT/fundingRate") in found


def test_a_checksum_file_has_a_hash_and_a_name() -> None:
    assert parse_checksum(f"{'AB' * 32}  X-1m-2025-01.zip\n") == ("ab" * 32, "X-1m-2025-01.zip")
    assert parse_checksum("<html>not found</html>") is None


def test_days_are_read_strictly_and_said_in_spans() -> None:
    for text in ("2025-1-1", "2025-02-30", "1999-01-01", "20250101", "x" * 99):
        with pytest.raises(HistoryError):
            parse_day(text)
    days = [date(2025, 1, number) for number in (9, 3, 7, 8)]
    assert spans_text(days) == "2025-01-03, 2025-01-07 to 2025-01-09"
