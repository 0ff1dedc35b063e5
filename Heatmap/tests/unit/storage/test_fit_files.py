"""Fits beside a database: whole or not at all, old ones kept, whatever lies in the folder."""

from pathlib import Path

import pytest

from Heatmap.errors import StorageError
from Heatmap.storage.fit_files import FitFiles

DAY_MS = 86_400_000
AT_MS = 1_790_000_000_000


def test_each_fit_is_a_file_of_its_own_and_stays(tmp_path: Path) -> None:
    fits = FitFiles(tmp_path / "heatmap.sqlite3")
    assert fits.read("BTCUSDT") == {}
    assert not (tmp_path / "heatmap-fits").exists()
    for day in range(3):
        path = fits.write("BTCUSDT", AT_MS + day * DAY_MS, f'{{"day": {day}}}')
        assert path.parent == tmp_path / "heatmap-fits"
    assert list(fits.read("BTCUSDT").values()) == ['{"day": 0}', '{"day": 1}', '{"day": 2}']
    assert list(fits.read("BTCUSDT")) == list(fits.names("BTCUSDT"))
    assert next(iter(fits.names("BTCUSDT"))) == "BINANCE_USDM-BTCUSDT-2026-09-21T141320Z.json"


def test_instruments_and_databases_do_not_mix(tmp_path: Path) -> None:
    fits = FitFiles(tmp_path / "heatmap.sqlite3")
    fits.write("BTCUSDT", AT_MS, "a")
    fits.write("BTCUSDT_260327", AT_MS, "b")
    fits.write("bybit:BTCUSDT", AT_MS, "c")
    fits.write("币安人生USDT", AT_MS, "d")
    assert list(fits.read("BTCUSDT").values()) == ["a"]
    assert list(fits.read("bybit:BTCUSDT").values()) == ["c"]
    assert list(fits.read("币安人生USDT").values()) == ["d"]
    assert FitFiles(tmp_path / "other.sqlite3").read("BTCUSDT") == {}


def test_what_is_half_written_large_or_unreadable_is_left_out(tmp_path: Path) -> None:
    fits = FitFiles(tmp_path / "heatmap.sqlite3")
    good = fits.write("BTCUSDT", AT_MS, "good")
    good.with_name(f"{good.name}.77.part").write_text("half")
    good.with_name("BINANCE_USDM-BTCUSDT-2026-01-01T000000Z.json").write_bytes(b"\xff\xfe")
    good.with_name("BINANCE_USDM-BTCUSDT-2026-01-02T000000Z.json").write_text("x" * (2**20 + 1))
    good.with_name("BINANCE_USDM-BTCUSDT-2026-01-03T000000Z.json").mkdir()
    assert list(fits.read("BTCUSDT").values()) == ["good"]


def test_what_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "heatmap-fits").write_text("a file in its place")
    fits = FitFiles(tmp_path / "heatmap.sqlite3")
    with pytest.raises(StorageError, match="cannot be written"):
        fits.write("BTCUSDT", AT_MS, "text")
    assert [one.name for one in tmp_path.iterdir()] == ["heatmap-fits"]
    with pytest.raises(StorageError, match="a database that is a file"):
        FitFiles("memory://somewhere").write("BTCUSDT", AT_MS, "text")
