"""What fifty alert rules cost at 500 liquidations a second, and what keeping what rang costs.

The events come in the batches of a recorder, four a second, of 200 symbols; every rule is on all of
them. Timed is the thread's own processor time of reading a second's events from a file, of judging
them, and of writing the state as often as the follower does, all that once each symbol was met.
What rings is checked against a rule that everything reaches. One JSON object a line, see
`measurements.tell`.
"""

import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import thread_time

from Heatmap.alerts.alert_book import AlertBook
from Heatmap.alerts.alert_file import AlertFile
from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.rules import Rule, parse_rule
from Heatmap.domain.events import DataKind, Liquidated
from Heatmap.storage.event_records import StoredEvent
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.bench.measurements import at_most
from Heatmap.tests.unit.stored_events import EVENT

EVENTS_PER_S, BATCHES_PER_S, SECONDS = 500, 4, 60
START_MS = 1_733_356_800_000
KEEP_S, WARM_S = 30, 15
SHARE_LIMIT = 0.01


def made_rules() -> list[Rule]:
    """Return fifty rules on all symbols, as a user with many of them has: few of them ring."""
    return [
        *(parse_rule(f"large,id=large-{n},usd={250 + 50 * n}k,quiet=1m") for n in range(20)),
        *(
            parse_rule(
                f"cascade,id=cascade-{n},usd={500 + 100 * n}k,seconds={(10, 30, 60)[n % 3]},"
                "count=5,quiet=5m"
            )
            for n in range(30)
        ),
    ]


def made_events() -> list[StoredEvent]:
    """Return a minute of liquidations of many symbols; a few are large."""
    rng = random.Random(7)
    count = EVENTS_PER_S * SECONDS
    return [
        StoredEvent(
            n + 1,
            f"S{rng.randrange(200)}USDT",
            START_MS + n * 1000 // EVENTS_PER_S,
            rng.random() < 0.5,
            100.0,
            1.0,
            rng.lognormvariate(6.5, 1.5),
            None,
        )
        for n in range(count)
    ]


def store_events(path: Path, events: list[StoredEvent]) -> None:
    """Write the events into a database, in their order."""
    stored = [
        replace(
            EVENT,
            ts_ms=one.ts_ms,
            symbol=one.instrument,
            liquidated=Liquidated.LONG if one.is_long else Liquidated.SHORT,
            price=one.price,
            qty=one.notional / one.price,
            notional=one.notional,
        )
        for one in events
    ]
    with SqliteStore(path, DataKind.LIVE) as store:
        assert len(store.write(stored).events) == len(events)


def measure(count: int, path: Path, *, keeps: bool) -> tuple[float, int]:
    """Return what part of a core it takes, with keeping the state or not, and what rang."""
    book = AlertBook(made_rules(), AlertState(row_id=0))
    follower = EventTape(open_store(path)).follow_stored(lambda: None)
    file = AlertFile(path)
    size = EVENTS_PER_S // BATCHES_PER_S
    rang = 0
    begin_s = 0.0
    for number in range(count // size):
        if number == WARM_S * BATCHES_PER_S:
            # Not at each batch: the clock takes longer than that here and there.
            begin_s = thread_time()
        page = follower.read(book.row_id or 0, size).events
        book.receive_events(page, page[-1].ts_ms)
        news = book.take_news()
        rang += len(news.ringing)
        if keeps and (news or number % (KEEP_S * BATCHES_PER_S) == 0):
            state = book.state()
            file.write(state)
            book.confirm(one.id for one in news.ringing)
            if news:
                file.write(replace(state, pending=book.pending))
    taken_s = thread_time() - begin_s
    follower.close()
    assert book.row_id == count
    return taken_s / (SECONDS - WARM_S), rang


def main() -> int:
    """Measure and print; 1 where a goal was missed."""
    events = made_events()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sqlite3"
        book = AlertBook([parse_rule("large,usd=0.01")], AlertState(row_id=0))
        book.receive_events(events, START_MS)
        rang = len(book.take_news().ringing)
        seconds = {(one.instrument, one.is_long, one.ts_ms // 1000) for one in events}
        assert rang == len(seconds), f"{rang} alerts of {len(seconds)}"
        store_events(path, events)
        judging, rang = min(measure(len(events), path, keeps=False) for _ in range(2))
        both, rang_too = min(measure(len(events), path, keeps=True) for _ in range(2))
    assert rang == rang_too > 0
    name = "alerts, reading and judging by 50 rules, share of a core"
    good = at_most(name, judging, None, SHARE_LIMIT, "")
    name = f"alerts, and keeping the state for {rang} that rang in {SECONDS} s"
    return 0 if at_most(name, both, None, SHARE_LIMIT, "") and good else 1


if __name__ == "__main__":
    sys.exit(main())
