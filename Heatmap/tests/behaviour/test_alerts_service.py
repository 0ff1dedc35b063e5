"""A service rings on its loop: once, over a stop and a start, and for levels too."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from Heatmap import Alert, DataKind, HeatmapService, HeatmapSettings, parse_rule
from Heatmap.alerts.ways import Notice
from Heatmap.errors import SettingsError
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange

LIMIT_S = 60.0


class Told:
    """Takes down what ways are offered."""

    def __init__(self) -> None:
        self.offered: list[tuple[str, dict[str, Any], tuple[str, ...]]] = []

    def offer(self, notice: Notice, names: Collection[str] | None = None) -> None:
        self.offered.append((notice.id, dict(notice.payload), tuple(names or ())))


def made(exchange: ScriptedExchange, database: Path, kind: DataKind) -> HeatmapService:
    settings = HeatmapSettings(min_cluster_size=2, cluster_interval_s=1.0)
    return HeatmapService(
        settings, db=database, ws_url=exchange.ws_url, rest_url=exchange.rest_url, kind=kind
    )


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 - nothing tells the loop
            await asyncio.sleep(0.01)


def test_listeners_hear_what_rings_once_and_nothing_that_is_simulated(
    tmp_path: Path, exchange: ScriptedExchange
) -> None:
    heard: list[Alert] = []
    told = Told()

    async def main() -> None:
        service = made(exchange, tmp_path / "x.sqlite3", DataKind.LIVE)
        service.add_alert_listener(heard.append)
        service.set_alert_ways(told)
        service.set_alert_rules([parse_rule("large,id=big,usd=100k,ways=phone+mail")])
        await service.start()
        await until(service.is_live)
        exchange.liquidate(price="100", qty="1500")
        await until(lambda: heard)
        # Soon it is noted as told, so that it is not counted as missed after the restart.
        await until(lambda: service.alert_state().last and not service.alert_state().pending)
        near = parse_rule("near,id=near,levels=clusters,usd=200k,distance=1,symbol=BTCUSDT")
        service.set_alert_rules([*service.alert_rules, near])
        with pytest.raises(SettingsError):
            service.set_alert_rules([near, near])
        await service.stop()
        exchange.now_ms += 3_000
        await service.start()
        await until(service.is_live)
        exchange.liquidate(price="100", qty="1600")
        # The mark price is 100.25, and what was liquidated at 100 is a cluster.
        await until(lambda: {one.rule_id for one in heard} == {"big", "near"} and len(heard) == 3)
        found = await service.alert_backtest(parse_rule("large,usd=1k"))
        assert found.count == 2
        assert service.alert_state().missed == 0
        assert service.status()["failure"] is None
        service.remove_alert_listener(heard.append)
        await service.stop()
        with pytest.raises(ValueError, match="start it"):
            await service.alert_backtest(near)

        simulated = made(exchange, tmp_path / "y.sqlite3", DataKind.SIMULATED)
        simulated.set_alert_rules([parse_rule("large,usd=1")])
        await simulated.start()
        await until(simulated.is_live)
        exchange.liquidate()
        await until(lambda: simulated.status()["recorder"]["stored"])
        await simulated.stop()

    asyncio.run(main())
    assert [round(one.usd) for one in heard if one.rule_id == "big"] == [150_000, 160_000]
    # On the ways of the rule; the other rule names none.
    big = [one for one in heard if one.rule_id == "big"]
    assert told.offered == [(one.id, one.to_json(), ("phone", "mail")) for one in big]
    assert not list(tmp_path.glob("y*alerts*"))
