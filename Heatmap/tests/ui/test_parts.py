"""What is drawn on the chart: each part is one file, and one message from Python."""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QUrl

from Heatmap.feeds.page import scripts as page_scripts
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    to_array,
)
from Heatmap.tests.ui.drawn_layer import full_grid
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


@pytest.fixture(scope="module")
def render_process() -> None:
    """Give each page a process of its own: a test has it crash."""


# In the middle of the 5th of the page's candles, where the price is not.
PLACE_MS = (START_S + 20 * 60 + 30) * 1000
DISC = {"price": 100_800.0, "ms": PLACE_MS, "colour": "#00ff00"}


@pytest.fixture(autouse=True)
def _made_up_part(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the files of a folder of the tests put on pages as the page's own are."""
    own = files("Heatmap.tests") / "ui" / "parts"
    monkeypatch.setattr(page_scripts, "_FOLDERS", (*page_scripts._FOLDERS, own))
    page_scripts.layer_script.cache_clear()
    yield
    page_scripts.layer_script.cache_clear()


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    return layer


def green(page: ChartPage) -> int:
    """Give how many pixels of the picture have the disc's colour."""
    pixels = to_array(page.picture()).astype(int)
    red, middle, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return int(((middle > 200) & (red < 60) & (blue < 60)).sum())


def wait_for(page: ChartPage, *, is_shown: bool) -> None:
    page.qtbot.waitUntil(lambda: (green(page) > 100) is is_shown, timeout=20_000)


def test_a_part_is_painted_and_goes(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    assert green(chart_page) == 0
    for end in (
        lambda: layer.show_part("made_up", []),
        lambda: layer.show_part("made_up", None),
        layer.clear,
        lambda: layer.set_options({"visible": False}),
        layer.detach,
    ):
        layer.set_options({"visible": True})
        layer.show_part("made_up", [DISC])
        wait_for(chart_page, is_shown=True)
        end()
        wait_for(chart_page, is_shown=False)
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("!('OrderPilotHeatmap' in window)"), timeout=10_000
    )


def test_a_part_lies_where_its_order_says_and_reads_the_options_that_it_names(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.show_part("made_up", [DISC])
    layer.show_grid(*grid_message(full_grid()))
    # Above the heat, which has a lower order.
    wait_for(chart_page, is_shown=True)
    layer.set_options({"opacity": 0.2})
    wait_for(chart_page, is_shown=False)
    layer.set_options({"opacity": 1.0})
    wait_for(chart_page, is_shown=True)


def reload(page: ChartPage) -> None:
    page.load()
    page.create_chart()


def let_die(page: ChartPage) -> None:
    with page.qtbot.waitSignal(page.page.renderProcessTerminated, timeout=20_000):
        page.page.load(QUrl("chrome://crash"))
    reload(page)


def replace_chart(page: ChartPage) -> None:
    page.js("(chart.remove(), 0)")
    page.create_chart()


@pytest.mark.parametrize("lose", [reload, let_die, replace_chart])
def test_a_part_is_shown_again_on_what_comes_later_until_it_is_cleared(
    lose: Callable[[ChartPage], None],
    layer: HeatmapLayer,
    chart_page: ChartPage,
    qtbot: Any,
) -> None:
    layer.show_part("made_up", [DISC])
    wait_for(chart_page, is_shown=True)
    lose(chart_page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=20_000)
    wait_for(chart_page, is_shown=True)
    layer.clear()
    wait_for(chart_page, is_shown=False)
    lose(chart_page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=20_000)
    chart_page.next_frames()
    assert green(chart_page) == 0


def test_what_is_shown_while_the_page_is_not_ready_is_shown_when_it_is(
    chart_page: ChartPage,
) -> None:
    layer = HeatmapLayer(chart_page.page)
    layer.set_options({"opacity": 1.0})
    layer.show_part("made_up", [DISC])
    assert not layer.is_ready
    chart_page.create_chart()
    wait_for(chart_page, is_shown=True)


def test_a_message_for_no_part_is_a_fault_and_the_others_are_drawn(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.show_part("no_such", [])
    chart_page.qtbot.waitUntil(lambda: "no part no_such" in layer.fault, timeout=10_000)
    assert "cluster_lines" in layer.fault
    layer.show_part("made_up", [DISC])
    wait_for(chart_page, is_shown=True)


@pytest.mark.parametrize("payload", [float("nan"), {"a": float("inf")}, object(), {1, 2}])
def test_what_json_cannot_hold_is_refused_and_changes_nothing(
    payload: object, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.show_part("made_up", [DISC])
    wait_for(chart_page, is_shown=True)
    with pytest.raises((ValueError, TypeError)):
        layer.show_part("made_up", payload)
    chart_page.next_frames()
    assert green(chart_page) > 100


def test_a_layer_without_a_message_for_it_is_drawn_as_if_there_were_no_such_part(
    layer: HeatmapLayer, chart_page: ChartPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer.show_grid(*grid_message(full_grid()))
    with_it = chart_page.settled_picture()
    layer.detach()
    monkeypatch.undo()
    page_scripts.layer_script.cache_clear()
    plain = HeatmapLayer(chart_page.page)
    plain.set_options({"opacity": 1.0})
    chart_page.qtbot.waitUntil(lambda: plain.is_ready, timeout=10_000)
    plain.show_grid(*grid_message(full_grid()))
    chart_page.qtbot.waitUntil(
        lambda: not np.any(changed(with_it, chart_page.picture())), timeout=10_000
    )


def test_each_file_says_what_it_takes_of_others_while_it_is_loaded() -> None:
    for name, text in page_scripts._script_texts().items():
        taken = re.findall(r"^  const .* = heatmap\.(\w+);", text, re.MULTILINE)
        taken += re.findall(r"^  heatmap\.(\w+)\.\w+\(", text, re.MULTILINE)
        for names in re.findall(r"^  const \{(.*)\} = heatmap;", text, re.MULTILINE):
            taken += [one.strip() for one in names.split(",")]
        said = re.findall(r"\S+\.js", text.splitlines()[0])
        assert {f"heatmap_{one}.js" for one in taken} == set(said), name


def test_files_are_loaded_behind_those_that_they_need() -> None:
    texts = {"a.js": "// needs: c.js\n", "b.js": "", "c.js": "// needs: b.js\n"}
    assert page_scripts.in_order(texts) == ["b.js", "c.js", "a.js"]
    for wrong in ({"a.js": "// needs: x.js"}, {"a.js": "// needs: b.js", "b.js": "// needs: a.js"}):
        with pytest.raises(ValueError, match=r"need|cycle"):
            page_scripts.in_order(wrong)


def test_every_file_of_the_parts_registers_itself_once() -> None:
    parts = list((files("Heatmap.ui") / "js" / "parts").iterdir())
    names = []
    for file in parts:
        text = file.read_text(encoding="utf-8")
        names += re.findall(r'heatmap\.parts\.register\(\{\s+name: "(\w+)"', text)
    assert sorted(f"{name}.js" for name in names) == sorted(file.name for file in parts)
