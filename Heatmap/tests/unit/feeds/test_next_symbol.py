"""Another symbol: its first picture is one of its own prices, and there is one in any case."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.viewport import Viewport
from Heatmap.feeds import layer_feed
from Heatmap.feeds.layer_state import LayerState
from Heatmap.tests.unit.feeds.test_layer_feed import VIEWPORT, Asked, asked, until

BOTH = ("BTCUSDT", "ETHUSDT")
NEXT = Viewport(2_900.0, 3_100.0, None, 900.0, 500.0)


def watch_grids(world: Asked) -> list[float]:
    """Return a list that gets the lowest price of each grid from now on."""
    shown, show = [], world.layer.show_grid

    def show_grid(meta: Mapping[str, Any], packed: str) -> None:
        shown.append(float(meta["priceLow"]))
        show(meta, packed)

    world.layer.show_grid = show_grid  # type: ignore[method-assign]
    return shown


def test_no_picture_is_built_for_the_prices_of_the_symbol_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is: the next view comes before it.
    monkeypatch.setattr(layer_feed, "QUIET_S", 1_000.0)

    async def main() -> None:
        async with asked(tmp_path, symbols=BOTH) as world:
            feed, shown = world.feed, watch_grids(world)
            world.layer.symbol = "ETHUSDT"
            feed.symbol_changed()
            # Its heat may be another one, which is no reason for the old view either.
            feed.apply_settings(feed._settings.changed(window="8h"))
            # A page tells a new view after a frame and a moment. A picture begun before that would
            # have been built by now: there is one worker.
            for _ in range(3):
                await asyncio.sleep(0.01)
                await asyncio.wrap_future(world.executor.submit(int))
            feed.viewport_changed(NEXT)
            await until(lambda: feed.state is LayerState.DRAWN)
            assert len(shown) == 1
            assert shown[0] < NEXT.price_high

    asyncio.run(main())


def test_a_view_that_stays_the_same_has_its_picture_soon(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path, symbols=BOTH) as world:
            shown = watch_grids(world)
            world.layer.symbol = "ETHUSDT"
            world.feed.symbol_changed()
            await until(lambda: world.feed.state is LayerState.DRAWN)
            assert len(shown) == 1
            assert shown[0] > VIEWPORT.price_low / 2

    asyncio.run(main())
