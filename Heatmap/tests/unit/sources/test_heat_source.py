"""The interface of heat sources: a made-up second one is drawn by the same picture and feed."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import Liquidated
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.feed_schedule import Action
from Heatmap.feeds.picture_work import PictureWork
from Heatmap.heatmap_settings import HEATS, SETTINGS, HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellQuery
from Heatmap.sources.heat_source import HeatSource, HeatWindow
from Heatmap.sources.recorded_liquidations import RecordedLiquidations
from Heatmap.sources.registry import (
    HEAT_SOURCES,
    has_bubbles,
    heat_of_unrecorded,
    source_class,
    source_of,
    wants_room,
)
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.tests.made_up_source import CLIP_USD, PALETTE_OPTION, UNIT, Level, MadeUpLevels
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import (
    NOW_MS,
    TICK,
    VIEW,
    cells_of,
    columns,
    event,
    place,
    query,
    random_events,
    recorded_picture,
    request,
    whole,
)

LONG, SHORT = Level(97_500.0, 1e6, is_long=True), Level(98_600.0, CLIP_USD, is_long=False)


@pytest.fixture
def source(tape: EventTape) -> MadeUpLevels:
    made = MadeUpLevels(SourceContext(tape), "BTCUSDT")
    made.set_levels(LONG, SHORT)
    return made


@pytest.fixture
def drawn(source: MadeUpLevels) -> HeatPicture:
    return HeatPicture(source, "BTCUSDT")


def row_of(meta: dict[str, Any], level: Level) -> int:
    return place(meta, NOW_MS, level.price)[0]


def test_its_cells_lie_in_their_rows_on_its_own_scale(drawn: HeatPicture) -> None:
    message = whole(drawn.rebuild(request()))
    cells, meta = cells_of(message), message.meta
    assert set(cells[row_of(meta, SHORT)]) == {255}
    assert set(cells[row_of(meta, LONG)]) == {round(255 * LONG.usd / CLIP_USD)}
    assert np.count_nonzero(cells.any(axis=1)) == 2
    scale = meta["scale"]
    assert (scale["mode"], scale["clipUsd"]) == ("linear", CLIP_USD)
    assert scale["labels"][-1] == [1.0, f"\u22654M {UNIT}"]


def test_its_legend_and_palette_are_its_own(drawn: HeatPicture) -> None:
    assert PALETTE_OPTION in SETTINGS.page_options().values()
    meta = whole(drawn.rebuild(request(price_profile=True))).meta
    assert meta["sourceText"] == "Made-up levels of BTCUSDT, expected if reached, 2 known"
    assert meta["sourceSince"] is None
    assert meta["paletteOption"] == PALETTE_OPTION
    # What it does not have is not shown.
    assert meta["gaps"] == []
    assert "profile" not in meta


def test_recorded_liquidations_are_drawn_in_the_layers_palette(picture: HeatPicture) -> None:
    assert whole(picture.rebuild(request())).meta["paletteOption"] == "palette"


def test_the_longs_and_shorts_of_any_source_can_be_told_apart(drawn: HeatPicture) -> None:
    message = whole(drawn.rebuild(request(side="split")))
    cells, meta = cells_of(message), message.meta
    assert meta["isSplit"] is True
    assert set(cells[row_of(meta, SHORT)]) == {254}
    assert set(cells[row_of(meta, LONG)] & 1) == {1}
    labels = [text for _, text in meta["scale"]["labels"]]
    assert labels == [f"shorts \u22654M {UNIT}", "0", f"longs \u22654M {UNIT}"]


def test_it_moves_on_with_now(drawn: HeatPicture) -> None:
    meta = whole(drawn.rebuild(request())).meta
    assert drawn.update(request()) is None
    assert drawn.is_due(NOW_MS + meta["binMs"])
    update = columns(drawn.update(request(NOW_MS + 3 * meta["binMs"])))
    assert (update.meta["cols"], update.meta["dropCols"]) == (3, 3)
    cells = np.frombuffer(bytes_of(update), np.uint8).reshape(meta["rows"], 3)
    assert set(cells[row_of(meta, SHORT)]) == {255}


def test_what_is_new_is_drawn_and_worded(drawn: HeatPicture, source: MadeUpLevels) -> None:
    meta = whole(drawn.rebuild(request())).meta
    assert not drawn.has_news()
    source.set_levels(SHORT)
    assert drawn.has_news()
    update = columns(drawn.update(request()))
    assert update.meta["cols"] == meta["cols"]
    assert update.meta["sourceText"].endswith("1 known")
    cells = np.frombuffer(bytes_of(update), np.uint8).reshape(meta["rows"], -1)
    assert not cells[row_of(meta, LONG)].any()
    assert not drawn.has_news()


def test_a_window_that_is_scrolled_back_stays(drawn: HeatPicture) -> None:
    back = Viewport(97_000, 99_000, NOW_MS - 3_600_000, 920, 500)
    assert whole(drawn.rebuild(request(viewport=back))).meta["endMs"] == NOW_MS - 3_600_000
    assert drawn.update(request(NOW_MS + 600_000, viewport=back)) is None


def test_one_that_has_to_be_loaded_again_is(drawn: HeatPicture, source: MadeUpLevels) -> None:
    whole(drawn.rebuild(request()))
    source.is_spoilt = True
    assert whole(drawn.update(request(NOW_MS + 1_000))).meta["sequence"] == 2
    assert drawn.update(request(NOW_MS + 1_000)) is None


def test_the_same_values_get_other_bytes_only_by_its_own_rule(drawn: HeatPicture) -> None:
    before = whole(drawn.rebuild(request()))
    # The settings' scale is that of recorded liquidations; this source has its own.
    restyled = whole(drawn.restyle(request(normalization="log", clip_usd=1_000.0)))
    assert restyled.packed == before.packed
    assert restyled.meta["scale"] == before.meta["scale"]


def test_it_says_what_lies_at_a_place(drawn: HeatPicture) -> None:
    meta = whole(drawn.rebuild(request())).meta
    report = drawn.describe(query(meta, NOW_MS - 60_000, LONG.price))
    assert report is not None
    assert [text for _, text in report.lines] == [
        f"1000000 {UNIT} of longs",
        f"0 {UNIT} of shorts",
    ]
    assert drawn.describe(CellQuery(1.0, 2.0, NOW_MS - 60_000, NOW_MS)) is None


def test_its_picture_closes_it(drawn: HeatPicture, source: MadeUpLevels) -> None:
    meta = whole(drawn.rebuild(request())).meta
    drawn.close()
    assert source.is_closed
    assert drawn.update(request(NOW_MS + 60_000)) is None
    assert drawn.describe(query(meta, NOW_MS - 60_000, LONG.price)) is None


def test_two_sources_of_one_chart_share_no_scale_no_word_and_no_colour(
    writer: HandingWriter, picture: HeatPicture, drawn: HeatPicture
) -> None:
    writer.write(random_events(200, NOW_MS - 7_000_000, NOW_MS, seed=40))
    alone = recorded_picture(writer.tape)
    expected = whole(alone.rebuild(request()))
    alone.close()
    recorded, made_up = whole(picture.rebuild(request())), whole(drawn.rebuild(request()))
    assert (recorded.meta, recorded.packed) == (expected.meta, expected.packed)
    for key in ("scale", "sourceText"):
        assert recorded.meta[key] != made_up.meta[key]
    assert recorded.meta["paletteOption"] != made_up.meta["paletteOption"]
    # They lie on the same axes.
    for key in ("priceLow", "binUsd", "rows", "timeStartMs", "binMs", "cols", "endMs"):
        assert recorded.meta[key] == made_up.meta[key]
    writer.write([event(NOW_MS - 30_000, 98_000.0, 5e4, Liquidated.LONG)])
    assert picture.update(request()) is not None
    assert drawn.update(request()) is None


class ShownLayer:
    """What the work needs of a layer."""

    def __init__(self) -> None:
        self.grids: list[tuple[Mapping[str, Any], str]] = []

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        self.grids.append((meta, packed))

    def show_part(self, name: str, payload: object) -> None:
        raise AssertionError(f"{name} is shown of a source without levels: {payload}")


def test_the_feeds_draw_what_the_row_of_the_registry_makes(
    tape: EventTape, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[MadeUpLevels] = []

    class Noted(MadeUpLevels):
        def __init__(self, context: SourceContext, symbol: str) -> None:
            super().__init__(context, symbol)
            self.set_levels(SHORT)
            made.append(self)

    monkeypatch.setitem(HEAT_SOURCES, "recorded", Noted)
    layer = ShownLayer()
    with ThreadPoolExecutor(1) as executor:
        context = FeedContext(tape, lambda: NOW_MS, lambda _: TICK, lambda _: None, executor, "")
        work = PictureWork(layer, context)  # type: ignore[arg-type]
        settings = HeatmapSettings(enabled=True)
        piece = work.begin(Action.REBUILD, "BTCUSDT", VIEW, settings)
        assert piece is not None
        message = executor.submit(piece).result()
        assert message is not None
        work.send(Action.REBUILD, message, 0.0)
        assert [meta["paletteOption"] for meta, _ in layer.grids] == [PALETTE_OPTION]
        # Without a setting that locks it, the end of the scale has the source's own name.
        assert work.measured["recorded_clip"] == CLIP_USD
        assert "clip_usd" not in work.measured
        # Another symbol is another source; the one before follows nothing any more.
        work.begin(Action.REBUILD, "ETHUSDT", VIEW, settings)
        assert [one.symbol for one in made] == ["BTCUSDT", "ETHUSDT"]
        assert [one.is_closed for one in made] == [True, False]


def test_the_rows_of_the_registry_make_sources(tape: EventTape) -> None:
    made = {name: one(SourceContext(tape), "BTCUSDT") for name, one in HEAT_SOURCES.items()}
    assert isinstance(made["recorded"], RecordedLiquidations)
    for source in made.values():
        assert isinstance(source, HeatSource)
        source.close()
    assert {source_of(heat) for heat in HEATS} == set(HEAT_SOURCES)


@pytest.mark.parametrize("heat", ["recorded", "predicted", "both"])
def test_what_is_asked_of_a_heat_beforehand_its_class_says(heat: str) -> None:
    made = source_class(heat)
    assert made.needs_recording == made.takes_recorded_settings == (heat == "recorded")
    assert made.covers_pane == wants_room(heat) == (heat != "recorded")
    assert has_bubbles(heat) == (heat == "both")
    # A name that the settings have, so that what locks a scale and its measured end agree.
    assert made.clip_field in SETTINGS


class Bare(MadeUpLevels):
    """One that leaves out whatever may be left out."""

    palette_option = HeatSource.palette_option
    gaps = HeatSource.gaps
    take_news = HeatSource.take_news


def test_what_a_source_leaves_out_is_not_drawn(tape: EventTape) -> None:
    bare = Bare(SourceContext(tape), "BTCUSDT")
    window = HeatWindow(request().settings, NOW_MS, is_still=False, heartbeats=None)
    assert list(bare.gaps) == []
    assert bare.take_news(window)
    assert bare.profile(window) is None
    assert window.start_ms == NOW_MS - 7_200_000
    meta = whole(HeatPicture(bare, "BTCUSDT").rebuild(request())).meta
    assert meta["paletteOption"] == "palette"
    assert "toldEverywhere" not in meta


def test_a_symbol_that_is_not_recorded_has_what_needs_no_recording() -> None:
    assert [heat_of_unrecorded(heat) for heat in ("recorded", "predicted", "both")] == [
        *("predicted", "predicted", "both")
    ]
