"""What the server has of imported days: its health says it, and levels of their time use them."""

from pathlib import Path

import pytest

from Heatmap.domain.candles import DAY_MS, MINUTE_MS
from Heatmap.domain.events import DataKind
from Heatmap.history.store_layout import manifest_path
from Heatmap.server.answers import history_facts
from Heatmap.server.answers.history_facts import HistoryFacts, history_beside
from Heatmap.tests.history_files import HistoryFiles
from Heatmap.tests.served_market import served_database
from Heatmap.tests.stored_market import START_MS, made_candles, store_market

pytest.importorskip("duckdb")
# A whole day, as the archive has them.
BEGIN_MS = START_MS // DAY_MS * DAY_MS
CANDLES = made_candles(1440, start_ms=BEGIN_MS)
HALF = 720


def test_imported_days_are_told_and_levels_of_their_time_are_those_of_fetched_candles(
    tmp_path: Path,
) -> None:
    now_ms, at = CANDLES[-1].open_ms + 65_000, CANDLES[HALF - 1].open_ms + MINUTE_MS
    answers = []
    for name, stored in (("fetched", CANDLES), ("half", CANDLES[HALF:])):
        database = tmp_path / name / "heatmap.sqlite3"
        database.parent.mkdir()
        store_market(database, stored, [])
        if name == "half":
            HistoryFiles(database.parent).write_market(CANDLES)
        with served_database(database, now_ms) as served:
            history = served.get("/health")["history"]
            answers.append(served.get("/liquidations/levels", at=at))
    wanted, found = answers
    assert len(wanted["long_liquidations"]) > 20
    for side in ("long_liquidations", "short_liquidations"):
        assert found[side] == wanted[side]
    # Of what the model looks back on, half a day is here.
    assert found["coverage"]["share"] == wanted["coverage"]["share"]
    assert 0 < found["coverage"]["share"] < 0.05
    assert history["days"] == 1
    assert history["note"] is None
    (candles,) = (one for one in history["datasets"] if one["dataset"] == "klines_1m")
    day = history["last_day"]
    assert (candles["symbol"], candles["days"]) == ("BTCUSDT", 1)
    assert candles["first_day"] == candles["last_day"] == day


def test_why_history_cannot_be_used_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "heatmap.sqlite3"
    files = HistoryFiles(tmp_path)
    files.write_market(CANDLES[:10])
    # As where the extra is not installed.
    monkeypatch.setattr(history_facts, "find_spec", lambda _name: None)
    found = history_beside(database, DataKind.LIVE)()
    assert found.days == 1
    assert "pip install duckdb" in str(found.note)
    # It is of the real market only.
    assert history_beside(database, DataKind.SIMULATED)() == HistoryFacts()
    manifest_path(tmp_path).write_bytes(b"no manifest, but more than nothing" * 100)
    assert history_beside(database, DataKind.LIVE)().note
