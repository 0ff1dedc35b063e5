"""The server's pages in a browser: data are drawn, nothing is wrong, and nobody else is asked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from Heatmap.domain.events import DataKind
from Heatmap.server import HeatmapServer
from Heatmap.server.pages import PAGES
from Heatmap.tests.browser import DESKTOP, PHONE, Browser, browser
from Heatmap.tests.served_market import Served, served_market

IS_LIVE = "document.getElementById('state').textContent === 'Live'"
BARS = "document.querySelectorAll('.barlayer path').length > 20"
LONGS, SHORTS, THIRD = (0xD9, 0x02, 0x4B), (0x45, 0xBF, 0x87), (0xF0, 0xB9, 0x0B)
RED = (0xFF, 0x5A, 0x5A)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture(autouse=True)
def nothing_is_wrong(world: Served, chromium: Browser) -> Iterator[None]:
    """No page may show an error on its console, or ask another host."""
    yield
    assert chromium.errors() == []
    assert chromium.hosts() == {world.server.url.removeprefix("http://")}


def count(picture: NDArray[np.uint8], colour: tuple[int, ...]) -> int:
    """Return how many pixels have a colour, nearly."""
    off = np.abs(picture.astype(int) - np.array(colour)).max(axis=2)
    return int((off <= 6).sum())


def plot(chromium: Browser) -> NDArray[np.uint8]:
    """Return what lies between the axes of a plot, without its legend."""
    left, top, width, height = chromium.js(
        "((plot, {l, t, w, h}) => { const {left, top} = plot.getBoundingClientRect(); "
        "return [left + l, top + t, w, h].map(Math.round); })"
        "(document.getElementById('plot'), document.getElementById('plot')._fullLayout._size)"
    )
    return chromium.picture()[top + 2 : top + height - 2, left + 2 : left + width - 2]


def facts(chromium: Browser) -> dict[str, str]:
    """Return what a page says at a glance."""
    rows = chromium.js(
        "[...document.querySelectorAll('#facts > div')].map((one) => "
        "[...one.children].map((part) => part.textContent))"
    )
    return {name: " ".join(amounts) for name, *amounts in rows}


def is_wide(chromium: Browser) -> bool:
    """Tell whether a page has to be scrolled sideways."""
    return bool(chromium.js("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_the_chart_draws_heat_behind_its_candles(
    world: Served, chromium: Browser, size: tuple[int, int], theme: str
) -> None:
    chromium.open(f"{world.server.url}/heatmap.html?window=8h&heat=predicted", size, theme)
    chromium.wait(IS_LIVE)
    layer = "OrderPilotHeatmap.layers.get('heatmap')"
    chromium.wait(f"{layer}.picture.bitmap !== null")
    assert not is_wide(chromium)
    # Where the pane has no room for a legend, it stands below.
    told = chromium.js("document.getElementById('legend').innerText")
    assert ("USD" in told) == (size == PHONE)
    chromium.wait("document.getElementById('notes').innerText.includes('of the last 8 h')")
    left, top, width, height = (
        round(chromium.js(f"document.getElementById('chart').getBoundingClientRect().{one}"))
        for one in ("left", "top", "width", "height")
    )
    assert height > size[1] / 2

    def pane() -> NDArray[np.int64]:
        # Without the price scale and the texts at the right edge.
        return chromium.picture()[top : top + height, left : left + width - 160].astype(np.int64)

    shown = pane()
    # The same without heat.
    chromium.js(f"({layer}.setOptions({{visible: false}}), 0)")
    chromium.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    changed = np.abs(shown - pane()).max(axis=2) > 12
    assert changed.mean() > 0.08


def test_a_choice_is_put_in_force_and_a_reload_goes_on_with_it(
    world: Served, chromium: Browser
) -> None:
    chromium.open(f"{world.server.url}/heatmap.html")
    chromium.wait(IS_LIVE)
    before = chromium.js("candleSeries.data().length")
    chromium.js(
        "((select) => { select.value = '15m'; select.onchange(); })"
        "(document.getElementById('interval'))"
    )
    chromium.wait(f"candleSeries.data().length < {before} / 10 && {IS_LIVE}")
    chromium.driver.refresh()
    chromium.wait(IS_LIVE)
    steps = chromium.js("candleSeries.data().slice(0, 2).map((one) => one.time)")
    assert steps[1] - steps[0] == 900
    assert chromium.driver.title == "Heatmap"


def test_each_page_has_its_own_range_and_goes_on_when_the_server_comes_again(
    world: Served, chromium: Browser
) -> None:
    views = ("predicted", "recorded")
    windows = [chromium.driver.current_window_handle]
    chromium.driver.switch_to.new_window("tab")
    windows.append(chromium.driver.current_window_handle)
    again = HeatmapServer(world.service, "127.0.0.1:0")
    again.start()
    url = again.url
    for window, heat in zip(windows, views, strict=True):
        chromium.driver.switch_to.window(window)
        chromium.open(f"{url}/heatmap.html?heat={heat}")
        chromium.wait(IS_LIVE)
    again.stop()
    told = "document.getElementById('state').textContent.includes('again')"
    chromium.wait(told)
    # What was drawn stays, and nothing else of it is asked.
    assert chromium.js("OrderPilotHeatmap.layers.get('heatmap').picture.bitmap !== null")
    again = HeatmapServer(world.service, url.removeprefix("http://"))
    again.start()
    try:
        titles = []
        for window in windows:
            chromium.driver.switch_to.window(window)
            chromium.wait(IS_LIVE)
            titles.append(chromium.js("document.getElementById('heat').value"))
        assert tuple(titles) == views
    finally:
        again.stop()
        # While it was away the browser said so on its console, which is right.
        for window in windows:
            chromium.driver.switch_to.window(window)
            chromium.driver.get("about:blank")
        chromium.driver.close()
        chromium.driver.switch_to.window(windows[0])
        gone = {"ERR_CONNECTION_REFUSED", "1001", "1006", "WebSocket"}
        assert all(any(one in line for one in gone) for line in chromium.errors())
        assert chromium.hosts() <= {url.removeprefix("http://")}
        chromium.open(f"{world.server.url}/")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_map_has_bars_by_leverage_curves_and_the_price(
    world: Served, chromium: Browser, size: tuple[int, int]
) -> None:
    chromium.open(f"{world.server.url}/liquidation_map.html", size)
    chromium.wait(BARS)
    picture = plot(chromium)
    # In 15 hours the price of the least leverages was not reached.
    assert count(picture, LONGS) > 300
    assert count(picture, THIRD) > 300
    assert count(picture, RED) > 200
    assert chromium.js("document.querySelectorAll('.scatterlayer .js-line').length") == 2
    assert not is_wide(chromium)
    # What is shown, of how much, and that it is a lower bound, stand in words.
    levels = world.get("/liquidations/levels")
    price = facts(chromium)["Price"].replace(",", "")
    assert float(price) == pytest.approx(levels["current_price"], rel=1e-5)
    passed = [x["cumulative"] for x in levels["long_liquidations"] if x["distance_pct"] < 10]
    amount = facts(chromium)["Longs, to -10 %"]
    assert float(amount.strip("$kM")) == pytest.approx(passed[-1] / 1e6, abs=0.01)
    said = chromium.js("document.body.innerText")
    assert "Only 1.3 % of the last 45 days' candles are here" in said
    assert "Amounts are provisional" in said
    assert "a lower bound" in said
    # The legend switches a tier off.
    chromium.js("document.querySelector('#legend button').click()")
    chromium.wait("document.getElementById('plot').data[0].visible === false")
    chromium.js("document.querySelector('#legend button').click()")
    # A model without leverages has bars of one colour.
    chromium.js(
        "((select) => { select.value = 'ensemble'; select.onchange(); })"
        "(document.getElementById('model'))"
    )
    chromium.wait(
        "document.getElementById('plot').data.filter((one) => one.type === 'bar').length === 1"
    )


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_history_has_both_sides_price_and_hatched_blind_time(
    world: Served, chromium: Browser, size: tuple[int, int]
) -> None:
    chromium.open(f"{world.server.url}/historical_liquidations.html?time=24h", size)
    chromium.wait(BARS)
    picture = plot(chromium)
    assert count(picture, LONGS) > 300
    assert count(picture, SHORTS) > 300
    assert count(picture, THIRD) > 150
    # 15 of 24 hours were recorded: the rest is hatched, at the left.
    upper, wide = picture[: len(picture) // 4].astype(int), picture.shape[1]
    inked = np.abs(upper - upper[1, wide * 2 // 3]).max(axis=2) > 10
    assert inked[:, : wide // 8].mean() > 0.05
    assert inked[:, wide * 2 // 5 : wide // 2].mean() < inked[:, : wide // 8].mean() / 2
    assert facts(chromium)["Recorded"].startswith("62.5 %")
    sides = world.get("/liquidations/history", aggregate=True)["buckets"]
    counted = sum(one["count"] or 0 for one in sides if one["side"] == "long")
    assert f"{counted:,} reported" in facts(chromium)["Longs liquidated"]
    assert not is_wide(chromium)


def test_the_first_page_says_in_a_sentence_how_the_recorder_is(
    world: Served, chromium: Browser
) -> None:
    chromium.open(f"{world.server.url}/", PHONE)
    chromium.wait("document.querySelectorAll('#symbols tr').length === 1")
    said = chromium.js("document.body.innerText")
    assert "Last liquidation: 20" in said
    assert "no days imported" in said
    assert "BTCUSDT 62.5 %" in " ".join(said.split())
    assert chromium.js("document.getElementById('kind').hidden")
    assert not is_wide(chromium)


def test_no_page_takes_made_up_data_for_the_market(
    world: Served, chromium: Browser, tmp_path: Path
) -> None:
    with served_market(tmp_path, 40, DataKind.SIMULATED) as simulated:
        answers = ("levels", "heatmap", "compare-models", "history", "clusters")
        for path in (*(f"/liquidations/{one}" for one in answers), "/coverage", "/candles"):
            assert simulated.get(path)["kind"] == "simulated", path
        for page in PAGES:
            chromium.open(f"{simulated.server.url}{page.path}", PHONE)
            chromium.wait("document.getElementById('kind').innerText === 'SIMULATED'")
        _say_what_is_missing(simulated, chromium)
        chromium.driver.get("about:blank")
        # What was refused stands on the console too.
        assert all("400" in line for line in chromium.errors())
        assert chromium.hosts() == {simulated.server.url.removeprefix("http://")}
    chromium.open(f"{world.server.url}/")


def _say_what_is_missing(served: Served, chromium: Browser) -> None:
    for page in ("liquidation_map", "historical_liquidations", "heatmap"):
        chromium.open(f"{served.server.url}/{page}.html?symbol=zzzusdt")
        notice = "document.getElementById('notice').innerText"
        chromium.wait(f"{notice}.includes('ZZZUSDT is not recorded here, so this is BTCUSDT')")
        assert "--symbol BTCUSDT,ZZZUSDT" in chromium.js(notice)
        # Another way to write it is the same.
        chromium.open(f"{served.server.url}/{page}.html?symbol=btc/usdt")
        chromium.wait("document.getElementById('symbol').value === 'BTCUSDT'")
        assert "not recorded" not in chromium.js(notice)
    # A symbol that has no candles, as where all are recorded.
    chromium.open(f"{served.server.url}/liquidation_map.html")
    chromium.wait(BARS)
    chromium.js(
        "((select) => { select.add(new Option('ETHUSDT')); select.value = 'ETHUSDT'; "
        "select.onchange(); })(document.getElementById('symbol'))"
    )
    chromium.wait(
        "document.getElementById('plot').innerText.includes('ETHUSDT was never recorded')"
    )
    assert facts(chromium) == {}
