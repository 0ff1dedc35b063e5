"""The candle feed beside the recorder's table: what it holds is not asked for."""

import asyncio

import pytest

from Heatmap.errors import StorageError
from Heatmap.standalone.candle_feed import LIVE
from Heatmap.standalone.candle_table import CandleTable
from Heatmap.standalone.exchange.market import MINUTE_MS
from Heatmap.tests.behaviour.fed_chart import (
    MARKET,
    NOW_MS,
    Chart,
    Hand,
    Recorded,
    Scripted,
    exchange_at,
    feed_for,
    prices,
    run,
)


def minutes_ago(count: int) -> int:
    return NOW_MS // MINUTE_MS * MINUTE_MS - count * MINUTE_MS


def test_what_the_table_holds_is_not_asked_for() -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(), Chart(), Recorded((400, 1))
        async with Scripted(hand).serving() as server:
            table = CandleTable(recorded.read, hand, 100, chart.show_older)
            feed = feed_for(chart, server.rest_url, server.ws_url, count=300, table=table)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            # The table ends a minute ago: that one, the one in progress, and one to join them.
            assert [one["limit"] for one in server.requests] == ["3"]
            assert chart.shows(minutes_ago(300), NOW_MS)
            assert len(chart.histories) == 1
            # The stream goes on from there, and a lost connection costs what was missed only.
            hand.now_ms += 3 * MINUTE_MS
            await server.connections[0].close()
            await chart.until(lambda: chart.shows(minutes_ago(300), hand.now_ms))
            assert [one["limit"] for one in server.requests] == ["3", "5"]
            assert not chart.older
            await feed.stop()

    run(scenario)


def test_at_first_no_more_is_asked_for_than_is_in_sight_and_the_rest_comes_by_the_table() -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(), Chart(), Recorded()
        async with Scripted(hand).serving() as server:
            table = CandleTable(recorded.read, hand, 100, chart.show_older)
            feed = feed_for(chart, server.rest_url, server.ws_url, count=1000, table=table)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            assert [one["limit"] for one in server.requests] == ["100"]
            # Fetched elsewhere: it does not touch what is there.
            recorded.fetch(900, 500)
            reads = recorded.reads
            while recorded.reads < reads + 3:  # noqa: ASYNC110 - the feed looks by itself
                await asyncio.sleep(0.005)
            assert not chart.older
            recorded.fetch(500, 1)
            await chart.until(lambda: chart.shows(minutes_ago(900), NOW_MS))
            recorded.fetch(1200, 900)
            await chart.until(lambda: chart.shows(minutes_ago(999), NOW_MS))
            assert [one["limit"] for one in server.requests] == ["100"]
            # All is there: nobody looks any more.
            reads = recorded.reads
            await asyncio.sleep(0.1)
            assert recorded.reads == reads
            await feed.stop()

    run(scenario)


def test_what_the_table_does_not_get_is_asked_for_after_a_while() -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(), Chart(), Recorded((60, 0))
        async with Scripted(hand).serving() as server:
            server.answers = []
            table = CandleTable(recorded.read, hand, 50, chart.show_older)
            feed = feed_for(
                chart, server.rest_url, server.ws_url, count=2000, table=table, patience_s=0.05
            )
            await feed.start()
            await chart.until(lambda: chart.shows(minutes_ago(1999), NOW_MS))
            assert [one["limit"] for one in server.requests] == ["2", "1500", "439"]
            await feed.stop()

    run(scenario)


def test_older_candles_that_are_refused_are_asked_for_again_soon_and_ever_more_rarely() -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(), Chart(), Recorded((60, 0))
        async with Scripted(hand).serving() as server:
            table = CandleTable(recorded.read, hand, 50, chart.show_older)
            times = {"patience_s": 0.5, "first_backoff_s": 0.01, "longest_backoff_s": 3600.0}
            feed = feed_for(chart, server.rest_url, server.ws_url, count=500, table=table, **times)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            server.answers = [(503, "")] * 3
            await chart.until(lambda: chart.shows(minutes_ago(499), NOW_MS))
            assert not server.answers
            await feed.stop()

    run(scenario)


def test_what_is_in_sight_is_there_at_once_whatever_the_table_lacks_of_it() -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(), Chart(), Recorded((30, 0), (500, 200))
        async with Scripted(hand).serving() as server:
            table = CandleTable(recorded.read, hand, 100, chart.show_older)
            feed = feed_for(chart, server.rest_url, server.ws_url, count=150, table=table)
            await feed.start()
            await chart.until(lambda: chart.histories)
            assert [prices(one) for one in chart.histories[0]] == [
                prices(one) for one in MARKET.candles(MINUTE_MS, minutes_ago(99), NOW_MS)
            ]
            await feed.stop()

    run(scenario)


@pytest.mark.parametrize(
    "failure", [StorageError("the disk is gone"), ValueError("start it first")]
)
def test_a_table_that_cannot_be_read_keeps_no_candle_from_the_chart(failure: Exception) -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(), Chart(), Recorded((400, 0))
        recorded.failure = failure
        async with Scripted(hand).serving() as server:
            table = CandleTable(recorded.read, hand, 100, chart.show_older)
            feed = feed_for(
                chart, server.rest_url, server.ws_url, count=300, table=table, patience_s=0.05
            )
            await feed.start()
            await chart.until(lambda: chart.shows(minutes_ago(299), NOW_MS))
            assert not any("disk" in state for state in chart.states)
            await feed.stop()

    run(scenario)


def test_a_chart_that_is_scrolled_back_gets_what_the_table_lacks_at_once_and_then_the_end() -> None:
    async def scenario() -> None:
        hand, chart, recorded = Hand(400 * MINUTE_MS + 1000), Chart(), Recorded()
        async with exchange_at(hand) as exchange:
            table = CandleTable(recorded.read, hand, 100, chart.show_older)
            # Nothing but the user's wish has the exchange asked: nobody waits so long.
            feed = feed_for(
                chart, exchange.rest_url, exchange.ws_url, count=100, table=table, patience_s=3600.0
            )
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            feed.want(50)
            assert len(chart.candles) == 100
            feed.want(250)
            await chart.until(lambda: chart.shows(151 * MINUTE_MS, hand.now_ms))
            assert not feed.is_complete
            feed.want(10_000)
            await chart.until(lambda: chart.shows(0, hand.now_ms))
            await chart.until(lambda: feed.is_complete)
            assert chart.histories == chart.histories[:1]
            await feed.stop()

    run(scenario)
