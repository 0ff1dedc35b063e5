"""The feed's picture of predicted levels: what a layer is shown, and what outlives a page."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.feed_schedule import Action
from Heatmap.feeds.picture_work import PictureWork
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.tests.stored_market import SYMBOL
from Heatmap.tests.unit.sources.drawn_levels import (
    NOW_MS,
    PRICE,
    TICK,
    Drawn,
    cells_of,
    level_above,
    request,
    view,
    whole,
)


class ShownLayer:
    """What the work needs of a layer."""

    def __init__(self) -> None:
        self.grids: list[dict[str, Any]] = []
        self.parts: list[tuple[str, Any]] = []

    def show_grid(self, meta: Any, packed: str) -> None:
        assert packed
        self.grids.append(dict(meta))

    def show_part(self, name: str, payload: Any) -> None:
        self.parts.append((name, payload))


def test_the_feed_draws_the_source_that_the_heat_asks_for(drawn: Drawn) -> None:
    layer = ShownLayer()
    with ThreadPoolExecutor(1) as executor:
        context = FeedContext(
            tape=drawn.tape,
            clock=lambda: NOW_MS,
            tick_size=lambda _symbol: TICK,
            heartbeats=lambda _symbol: None,
            executor=executor,
            label="",
            maps=drawn.maps,
        )
        work = PictureWork(layer, context)  # type: ignore[arg-type]

        def draw(heat: str) -> HeatPicture:
            settings = HeatmapSettings(enabled=True, heat=heat)
            piece = work.begin(Action.REBUILD, SYMBOL, view(), settings)
            assert piece is not None
            message = executor.submit(piece).result()
            assert message is not None
            work.send(Action.REBUILD, message, 0.0)
            assert work.picture is not None
            return work.picture

        recorded = draw("recorded")
        assert "standing" not in layer.grids[-1]
        assert set(work.measured) >= {"clip_usd"}
        assert layer.parts == []
        levels = draw("both")
        assert levels is not recorded
        assert layer.grids[-1]["standing"] is True
        assert "clip_usd" not in work.measured
        assert work.measured["predicted_clip_usd"] == layer.grids[-1]["scale"]["clipUsd"]
        name, payload = layer.parts[-1]
        assert name == "level_labels"
        assert payload["endMs"] == NOW_MS
        assert [one["text"][0] for one in payload["levels"]] == ["\u2248"] * len(payload["levels"])
        # Both and predicted are one picture; what lies over it is another's.
        assert draw("predicted") is levels
        assert len(layer.parts) == 1
        draw("recorded")
        assert layer.parts[-1] == ("level_labels", None)
        work.forget()


def test_what_the_price_has_touched_stays_so_on_a_page_that_is_loaded_again(drawn: Drawn) -> None:
    hit, price = level_above(whole(drawn.picture.rebuild(request())))
    marks = [PRICE]
    with ThreadPoolExecutor(1) as executor:
        context = FeedContext(
            tape=drawn.tape,
            clock=lambda: NOW_MS + 20_000,
            tick_size=lambda _symbol: TICK,
            heartbeats=lambda _symbol: None,
            mark_price=lambda _symbol: marks[-1],
            executor=executor,
            label="",
            maps=drawn.maps,
        )
        work = PictureWork(ShownLayer(), context)  # type: ignore[arg-type]

        def newest() -> np.ndarray:
            settings = HeatmapSettings(enabled=True, heat="predicted")
            piece = work.begin(Action.REBUILD, SYMBOL, view(), settings)
            assert piece is not None
            return cells_of(whole(executor.submit(piece).result()))[:, -1]

        assert newest()[hit] > 0
        # The price goes there within the minute, and back.
        marks.append(price * 1.0001)
        assert newest()[hit] == 0
        marks.append(PRICE)
        work.forget_shown()
        work.forget()
        column = newest()
        assert column[hit] == 0
        assert column.any()
        work.forget()
