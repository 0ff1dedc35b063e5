"""Where a symbol is not recorded the chart offers predicted levels, which a click takes."""

import asyncio
from pathlib import Path
from typing import Any

from Heatmap.tests.unit.feeds.test_layer_feed import asked


def test_where_a_symbol_is_not_recorded_the_map_is_offered_by_a_click(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            feed, layer, chosen = world.feed, world.layer, list[str]()
            object.__setattr__(feed._context, "set_heat", chosen.append)

            def show(symbol: str | None, **values: Any) -> dict[str, str] | None:
                layer.symbol = symbol
                layer.clear()
                feed.symbol_changed()
                feed.apply_settings(feed._settings.changed(**values))
                return layer.offer

            # What is recorded is drawn, and a share has no candles here; with all of them recorded
            # the exchange may only not have told yet.
            assert show("BTCUSDT") is None
            assert show("AAPL") is None
            assert show(None) is None
            assert show("SOLUSDT") == {
                "words": "SOLUSDT is not recorded. Show predicted levels instead",
                "heat": "both",
            }
            feed.heat_chosen("predicted")
            feed.heat_chosen("both")
            assert chosen == ["both"]
            feed.page_gone()
            assert layer.offer is None
            feed.page_ready()
            assert layer.offer is not None
            assert show("SOLUSDT", enabled=False) is None
            assert show("SOLUSDT", enabled=True) is not None
            # No click counts for what is not offered any more.
            assert show("SOLUSDT", heat="both") is None
            feed.heat_chosen("both")
            assert chosen == ["both"]
            assert show("SOLUSDT", heat="recorded") is not None
            assert show("SOLUSDT", symbols=("BTCUSDT", "SOLUSDT")) is None
            assert show("ETHUSDT", symbols=("ALL",)) is None
            assert show("ETHUSDT", symbols=("BTCUSDT",)) is not None
            feed.close()
            assert layer.offer is None

    asyncio.run(main())
