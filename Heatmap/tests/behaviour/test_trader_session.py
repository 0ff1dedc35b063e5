"""A trader's two sessions by mouse and keyboard, in the program's own window on a real X server.

With ``TRADER_PICTURES=FOLDER`` each step leaves a picture of the screen there.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from Heatmap.domain.events import DataKind
from Heatmap.standalone.picture_file import SOURCE_LINE_PX
from Heatmap.storage.store import open_store
from Heatmap.tests.own_program import ROOT
from Heatmap.tests.trader_exchange import (
    MINUTE_MS,
    TraderExchange,
    liquidation,
    past_liquidations,
)

needed = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(
    bool(needed), reason=f"not installed: {', '.join(needed)} (Debian's xvfb, xdotool)"
)

SIZE = 1440, 900
PROGRAM = "Heatmap.tests.behaviour.trader_session_program"
HOUR_MS = 60 * MINUTE_MS


@contextlib.contextmanager
def display() -> Iterator[str]:
    """Run an X server on a number that is free, and give its name."""
    words = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24"]
    server = subprocess.Popen(  # noqa: S603 - Debian's X server
        [*words, "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="ascii",
    )
    try:
        assert server.stdout is not None
        number = server.stdout.readline().strip()
        assert number, "the X server has not started"
        yield f":{number}"
    finally:
        server.terminate()
        server.communicate(timeout=10)


def environment(home: Path, name: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "WAYLAND_DISPLAY"}
    own = {key: str(home / key) for key in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    kept |= {"HOME": str(home), "DISPLAY": name, "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}
    # No processor of graphics on such a screen.
    return kept | own | {"QTWEBENGINE_CHROMIUM_FLAGS": "--disable-gpu --no-sandbox"}


def run_session(session: str, folder: Path, name: str, exchange: TraderExchange) -> None:
    """Run the program with a session until the trader quits it."""
    folder.mkdir()
    words = [sys.executable, "-m", PROGRAM, session, str(folder), "--source", "live"]
    words += ["--db", str(folder.parent / "live.sqlite3"), "--window", "8h"]
    words += ["--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url]
    program = subprocess.Popen(  # noqa: S603 - this interpreter
        words,
        cwd=ROOT,
        env=environment(folder.parent, name),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    request = folder / "liquidate"
    end_s = time.monotonic() + 180
    while program.poll() is None and time.monotonic() < end_s:
        if request.exists():
            request.unlink()
            exchange.liquidate("BTCUSDT", 40_000.0, is_long=True)
            exchange.liquidate("BTCUSDT", 300_000.0, is_long=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(0.1)
    program.kill()
    _, errors = program.communicate()
    assert program.returncode == 0, errors
    assert "Traceback" not in errors


def record_a_night(database: Path) -> None:
    """Write ten hours of liquidations with a hole, as a recorder would have."""
    now_ms = int(time.time() * 1000)
    begin_ms, hole_ms = now_ms - 10 * HOUR_MS, now_ms - 90 * MINUTE_MS
    large = liquidation("BTCUSDT", begin_ms + 9 * MINUTE_MS, 2_500_000.0, is_long=True)
    found = past_liquidations("BTCUSDT", begin_ms, hole_ms)
    # Alone in its place: a smaller bubble on top of it would be the one that is clicked.
    found = [one for one in found if abs(one.ts_ms - large.ts_ms) > 8 * MINUTE_MS] + [large]
    found += past_liquidations("BTCUSDT", hole_ms + 20 * MINUTE_MS, now_ms - 3 * MINUTE_MS)
    found.sort(key=lambda event: event.ts_ms)
    with closing(open_store(database).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        for first in range(0, len(found), 500):
            writer.write(found[first : first + 500])
        writer.extend_coverage("BTCUSDT", begin_ms, hole_ms, proven=True)
        writer.extend_coverage("BTCUSDT", hole_ms + 20 * MINUTE_MS, now_ms, proven=True)


def test_a_trader_gets_from_the_first_start_to_a_saved_picture_in_german(tmp_path: Path) -> None:
    with display() as name, TraderExchange() as exchange:
        run_session("first", tmp_path / "first", name, exchange)
        record_a_night(tmp_path / "live.sqlite3")
        run_session("second", tmp_path / "second", name, exchange)
    picture = QImage(str(tmp_path / "second" / "picture.png"))
    assert (picture.width(), picture.height()) == (SIZE[0], SIZE[1] + SOURCE_LINE_PX)
    picture = picture.convertToFormat(QImage.Format.Format_RGB888)
    bits = picture.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(picture.sizeInBytes()), np.uint8).reshape(
        picture.height(), -1
    )
    # Tool bar, chart with its heat, docks: no part of it is one colour.
    parts = pixels[50:860].reshape(810, SIZE[0], 3)
    for left, right in ((0, 720), (720, 1100), (1130, 1440)):
        colours = np.unique(parts[:, left:right].reshape(-1, 3), axis=0)
        assert len(colours) > 200, (left, right)
