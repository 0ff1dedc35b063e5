"""Cluster lines: how wide a cluster may be on a chart, what is asked, and what its label says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.cluster_feed import ClusterFeed, ClusterListener
from Heatmap.feeds.cluster_lines import NARROWEST, WIDEST, ClusterLines, fitting_window_pct
from Heatmap.heatmap_settings import CLUSTER_WINDOW_PCT, SETTINGS, HeatmapSettings
from Heatmap.picture.texts import cluster_words
from Heatmap.setting_fields import Effect
from Heatmap.sources.amount_texts import span_text

ON = HeatmapSettings(enabled=True, cluster_lines=True)
CLUSTER = LiquidationCluster(
    price_level=98_240.125,
    side="long",
    liquidation_count=412,
    total_notional=7_940_000.0,
    strength=1.0,
    distance_from_price=-1.2,
    last_updated=2_000,
    first_event_ms=1_000,
    lowest_price=98_200.0,
    highest_price=98_300.0,
)


def view(low: float, high: float) -> Viewport:
    return Viewport(low, high, None, 900.0, 500.0)


class Feed:
    """Keeps who asks for which clusters; tells what a test wants."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float | None]] = []
        self.listeners: dict[tuple[str, float | None], ClusterListener] = {}

    def subscribe(
        self, symbol: str, listener: ClusterListener, window_pct: float | None = None
    ) -> Callable[[], None]:
        question = (symbol, window_pct)
        self.asked.append(question)
        self.listeners[question] = listener
        return lambda: self.listeners.pop(question, None) and None

    def tell(self, *clusters: LiquidationCluster) -> None:
        ((symbol, _width), listener) = next(iter(self.listeners.items()))
        listener(symbol, list(clusters))


class Chart:
    """A feed, the lines that follow it, and what was shown of them."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.shown: list[list[dict[str, Any]]] = []
        self.errors: list[Exception] = []
        self.lines = ClusterLines(
            cast("ClusterFeed", self.feed), self.shown.append, self.errors.append
        )


@pytest.fixture
def chart() -> Chart:
    return Chart()


@pytest.mark.parametrize(("low", "high"), [(96_000.0, 100_000.0), (0.011, 0.012), (1.0, 1.001)])
def test_the_width_is_a_part_of_what_the_chart_shows(low: float, high: float) -> None:
    width_usd = fitting_window_pct(view(low, high)) * (low + high) / 2
    assert width_usd == pytest.approx(0.025 * (high - low))


def test_the_width_stays_while_it_is_two_to_three_per_cent_of_it() -> None:
    before = fitting_window_pct(view(96_000, 100_000))
    for half, is_kept in ((1_700, True), (2_450, True), (1_600, False), (2_600, False)):
        seen = view(98_000 - half, 98_000 + half)
        after = fitting_window_pct(seen, before)
        assert (after == before) is is_kept, half
        assert NARROWEST <= after * 98_000 / (2 * half) <= WIDEST


@pytest.mark.parametrize(("low", "high"), [(-50_000, 150_000), (-5.0, -1.0), (1.0, 1.0 + 1e-9)])
def test_a_chart_of_which_nothing_can_be_said_has_a_width_that_is_allowed(
    low: float, high: float
) -> None:
    HeatmapSettings(cluster_window_pct=fitting_window_pct(view(low, high)))


def test_without_a_view_nothing_is_asked_and_with_it_its_width(chart: Chart) -> None:
    chart.lines.follow("BTCUSDT", ON, None)
    assert chart.feed.asked == []
    chart.lines.fit("BTCUSDT", view(96_000, 100_000))
    assert chart.feed.asked == [("BTCUSDT", pytest.approx(100 / 98_000))]


def test_a_width_that_is_set_is_asked_as_it_is(chart: Chart) -> None:
    chart.lines.follow("BTCUSDT", ON.changed(cluster_window_pct=0.01), None)
    chart.lines.fit("BTCUSDT", view(96_000, 100_000))
    chart.lines.fit("BTCUSDT", view(97_900, 98_000))
    # The feed knows the settings.
    assert chart.feed.asked == [("BTCUSDT", None)]


def test_another_view_asks_anew_and_the_lines_stay_until_it_is_answered(chart: Chart) -> None:
    chart.lines.follow("BTCUSDT", ON, view(96_000, 100_000))
    chart.feed.tell(CLUSTER)
    chart.lines.fit("BTCUSDT", view(95_900, 100_100))
    assert len(chart.feed.asked) == 1
    chart.lines.fit("BTCUSDT", view(97_500, 98_500))
    assert len(chart.feed.asked) == 2
    assert list(chart.feed.listeners) == chart.feed.asked[1:]
    assert len(chart.shown) == 1
    chart.feed.tell(replace(CLUSTER, liquidation_count=3))
    assert len(chart.shown) == 2
    assert chart.errors == []


def test_what_is_shown_goes_when_nothing_is_to_be_drawn_and_is_told_once(chart: Chart) -> None:
    chart.lines.follow(None, ON, None)
    assert chart.shown == []
    chart.lines.follow("BTCUSDT", ON, view(96_000, 100_000))
    chart.feed.tell(CLUSTER)
    chart.feed.tell(replace(CLUSTER, distance_from_price=-1.3))
    assert len(chart.shown) == 1
    for nothing in (
        lambda: chart.lines.follow(None, ON, view(96_000, 100_000)),
        lambda: chart.lines.follow("BTCUSDT", ON.changed(cluster_lines=False), None),
    ):
        nothing()
        assert chart.shown[-1] == []
        assert chart.feed.listeners == {}
        chart.lines.follow("BTCUSDT", ON, view(96_000, 100_000))
        chart.feed.tell(CLUSTER)
        assert chart.shown[-1] != []


def test_a_page_that_may_have_lost_its_lines_is_told_them_again(chart: Chart) -> None:
    chart.lines.follow("BTCUSDT", ON, view(96_000, 100_000))
    for clusters in ((CLUSTER,), ()):
        chart.feed.tell(CLUSTER)
        told = len(chart.shown)
        chart.lines.doubt()
        chart.lines.follow("BTCUSDT", ON, view(96_000, 100_000))
        chart.feed.tell(*clusters)
        assert len(chart.shown) == told + 1
        assert len(chart.shown[-1]) == len(clusters)
    # Where there was nothing, there is nothing to lose.
    chart.lines.doubt()
    chart.feed.tell()
    assert len(chart.shown) == told + 1


def test_a_line_says_what_it_stands_for(chart: Chart) -> None:
    chart.lines.follow("BTCUSDT", ON.changed(lookback_time_constants=3), view(96_000, 100_000))
    chart.feed.tell(CLUSTER)
    assert chart.shown == [
        [
            {
                "price": 98_240.125,
                "side": "long",
                "strength": 1.0,
                "fromMs": 1_000,
                "text": "longs \u2265 7.94M USD, 412 liquidations, last 3 h",
            }
        ]
    ]
    assert cluster_words(replace(CLUSTER, side="short", liquidation_count=1), 21_600_000) == (
        "shorts \u2265 7.94M USD, 1 liquidation, last 6 h"
    )


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(5, "5 min"), (0.5, "0.5 min"), (90, "90 min"), (120, "2 h"), (450, "7.5 h"), (2_880, "2 d")],
)
def test_spans_are_said_in_their_usual_unit(minutes: float, text: str) -> None:
    assert span_text(minutes * 60_000) == text


def test_other_settings_of_the_lookback_are_said_at_once() -> None:
    drawn = SETTINGS.with_effect(Effect.LINES)
    assert {"time_decay_minutes", "lookback_time_constants", "cluster_window_pct"} <= drawn


def test_auto_is_the_default_and_two_per_cent_without_a_chart() -> None:
    assert HeatmapSettings().cluster_window_pct is None
    assert HeatmapSettings.from_texts({"cluster_window_pct": "auto"}).cluster_window_pct is None
    assert HeatmapSettings().to_texts()["cluster_window_pct"] == "auto"
    assert CLUSTER_WINDOW_PCT == 0.02
