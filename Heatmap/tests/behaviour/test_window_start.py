"""The program as a process: it shows a symbol that has candles, whatever is stored."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.tests.two_symbol_exchange import TwoSymbolExchange

ROOT = Path(__file__).resolve().parents[3]

# The program itself; its window says what it shows when it has candles, and closes.
TELLS_WHAT_IT_SHOWS = """
import json, sys
from PyQt6.QtCore import QTimer
from Heatmap.__main__ import main
from Heatmap.standalone import application, window

class Tells(window.ChartWindow):
    async def show_source(self, *sources, **options):
        await super().show_source(*sources, **options)
        QTimer.singleShot(0, self.look)

    def look(self):
        candles = self.page._state._rows
        if self.market.candles.shown is None or not candles:
            QTimer.singleShot(50, self.look)
            return
        symbols = self.market.service.settings.symbols
        print("SHOWN", json.dumps([self.windowTitle(), len(candles), symbols]), flush=True)
        self.close()

application.ChartWindow = Tells
application.LIVE_PATIENCE_S = 2.0
sys.exit(main(sys.argv[1:]))
"""


def shown_by(tmp_path: Path, stored: str | None, *words: str) -> tuple[Any, str]:
    """Start the program with `stored` symbols; return what it shows, and all it printed."""
    folder = tmp_path / "config" / "OrderPilot"
    folder.mkdir(parents=True)
    if stored is not None:
        (folder / "Heatmap.conf").write_text(f"[Heatmap]\nsymbols={stored}\n")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    environment |= {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(  # noqa: S603 - this interpreter, a fixed text
        [sys.executable, "-c", TELLS_WHAT_IT_SHOWS, *words, "--exit-after", "80"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("SHOWN ")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[0].removeprefix("SHOWN ")), done.stdout


@pytest.mark.parametrize("stored", ["ALL", "XYZUSDT,ETHUSDT", "@Invalid()"])
def test_while_the_exchange_is_away_a_simulated_market_is_shown_whatever_is_recorded(
    tmp_path: Path, stored: str
) -> None:
    away = ("--ws-url", "ws://127.0.0.1:9", "--rest-url", "http://127.0.0.1:9")
    (title, candles, symbols), _text = shown_by(tmp_path, stored, *away, "--db", "x.sqlite3")
    assert title.startswith("Simulated: BTCUSDT ")
    assert candles > 100
    # What is recorded is what is stored, as far as it can be read.
    assert symbols == (stored.split(",") if stored.endswith(("ALL", "USDT")) else ["BTCUSDT"])


@pytest.mark.parametrize(
    ("stored", "symbol"),
    [
        ("ALL", "BTCUSDT"),
        ("XYZUSDT,ETHUSDT", "ETHUSDT"),
        ("ETHUSDT/USDT", "BTCUSDT"),
    ],
)
def test_with_the_exchange_there_the_first_recorded_symbol_with_candles_is_shown(
    tmp_path: Path, stored: str, symbol: str
) -> None:
    with TwoSymbolExchange() as exchange:
        addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        (found, candles, _symbols), _text = shown_by(
            tmp_path, stored, *addresses, "--db", "x.sqlite3"
        )
    assert found.startswith(f"{symbol} ")
    assert candles > 100


def test_the_demonstration_shows_its_market_whatever_is_stored(tmp_path: Path) -> None:
    (title, candles, _symbols), _text = shown_by(tmp_path, "ETHUSDT", "--source", "demo")
    assert title.startswith("Simulated: BTCUSDT ")
    assert candles > 100


def test_a_replay_shows_its_symbol_whatever_is_stored(tmp_path: Path) -> None:
    first_ms = 1_733_360_400_000  # 2024-12-05T01:00:00Z
    order = {"s": "BTCUSDT", "S": "SELL", "q": "1", "p": "99600", "ap": "100000", "z": "1"}
    (tmp_path / "messages.jsonl").write_text(
        "".join(
            json.dumps({"e": "forceOrder", "E": ts_ms, "o": {**order, "T": ts_ms}}) + "\n"
            for ts_ms in range(first_ms, first_ms + 12_000_000, 600_000)
        )
    )
    (tmp_path / "klines.csv").write_text(
        "open_time,open,high,low,close,volume,quote_volume,trades\n"
        + "".join(
            f"{first_ms + minute * 60_000},100000,100050,99950,100010,1.5,150000,10\n"
            for minute in range(200)
        )
    )
    words = ("--replay", "messages.jsonl", "--candles", "klines.csv", "--db", "x.sqlite3")
    (title, count, _symbols), _text = shown_by(
        tmp_path, "ALL", *words, "--from", "2024-12-05T03:00:00Z"
    )
    assert title.startswith("Replay: BTCUSDT ")
    assert count > 50


def test_a_symbol_named_for_this_run_is_shown_whatever_is_stored(tmp_path: Path) -> None:
    with TwoSymbolExchange() as exchange:
        addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        words = (*addresses, "--db", "x.sqlite3", "--symbol", "ethusdt")
        (title, _candles, symbols), _text = shown_by(tmp_path, "ALL", *words)
    assert title.startswith("ETHUSDT ")
    assert symbols == ["ETHUSDT"]


def test_a_window_that_stands_by_on_a_file_of_other_symbols_shows_its_own(tmp_path: Path) -> None:
    with TwoSymbolExchange() as exchange:
        addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        db = tmp_path / "x.sqlite3"

        async def main() -> None:
            service = HeatmapService(
                HeatmapSettings(symbols=("BTCUSDT",)),
                db=db,
                ws_url=exchange.ws_url,
                rest_url=exchange.rest_url,
            )
            await service.start()
            try:
                shown, _text = await asyncio.to_thread(
                    shown_by, tmp_path, "ETHUSDT", *addresses, "--db", str(db)
                )
                assert "ETHUSDT " in shown[0]
            finally:
                await service.stop()

        asyncio.run(main())
