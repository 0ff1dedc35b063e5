"""How often rules would have rung in what is recorded. Reads the whole recording, once."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain, islice

from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.alert_book import AHEAD_MS
from Heatmap.alerts.backtest_result import AlertBacktest, Untold
from Heatmap.alerts.engine import Engine
from Heatmap.alerts.liquidation_lane import Seen
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.usual_minutes import UsualMinutes
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.instruments import ALL_SYMBOLS, Instrument, instrument_of
from Heatmap.domain.recordings import RecordedEvent, RecordingHead
from Heatmap.storage.coverage import covered_share, effective, without_future
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store

_PAGE = 1_000
_MOST_LATEST = 20
_DAY_MS = 86_400_000
_UNTOLD = {
    AlertKind.NEAR_LEVEL: Untold.LEVELS,
    AlertKind.RECORDING_STOPS: Untold.RECORDING,
    AlertKind.NOT_SAVED: Untold.RECORDING,
}

_Coverage = Mapping[Instrument, Sequence[CoverageInterval]]


def backtest(store: Store, rules: Iterable[Rule], now_ms: int) -> tuple[AlertBacktest, ...]:
    """Return how often each rule would have rung, in their order; enabled or not.

    A usual minute is that of the recording's last week.

    Parameters
    ----------
    store
        Where it is recorded.
    rules
        Their ids differ.
    now_ms
        UTC milliseconds: what is covered after that is not believed.

    Raises
    ------
    StorageError
        The store is missing or cannot be read.
    """
    asked = tuple(rules)
    with closing(store.open_reader()) as reader:
        newest_push_ms = reader.newest_push_ms()
        return reader.read_recording(partial(_judge, store, asked, now_ms, newest_push_ms))


def _judge(
    store: Store,
    rules: tuple[Rule, ...],
    now_ms: int,
    newest_push_ms: int | None,
    head: RecordingHead,
    events: Iterator[RecordedEvent],
) -> tuple[AlertBacktest, ...]:
    parts = [*head.coverage, *(one.interval for one in head.imported)]
    coverage: dict[Instrument, list[CoverageInterval]] = {}
    for part in without_future(parts, now_ms, newest_push_ms):
        coverage.setdefault(part.instrument, []).append(part)
    end_ms = max((part.end_ms for one in coverage.values() for part in one), default=now_ms)
    usual = UsualMinutes(EventTape(store), end_ms + 1)
    heard: dict[str, tuple[int, int]] = {}
    counts = dict.fromkeys((one.id for one in rules), 0)
    day_counts = dict(counts)
    day_ms = now_ms - _DAY_MS
    latest: dict[str, deque[Alert]] = {one.id: deque(maxlen=_MOST_LATEST) for one in rules}
    judged = [replace(one, is_enabled=True) for one in rules if one.kind not in _UNTOLD]
    # Nothing is late here.
    engine = Engine(judged, usual)
    seen = _seen(events, heard, now_ms + AHEAD_MS)
    while page := list(islice(seen, _PAGE)):
        for alert in engine.receive_events(page, 0):
            counts[alert.rule_id] += 1
            day_counts[alert.rule_id] += alert.ts_ms > day_ms
            latest[alert.rule_id].append(alert)
    found = (
        _result(rule, counts[rule.id], tuple(latest[rule.id]), coverage, heard, usual)
        for rule in rules
    )
    return tuple(
        one
        if one.count is None
        else replace(
            one,
            day_count=day_counts[one.rule.id],
            day_share=_share_of_day(one.rule, coverage, heard, now_ms),
        )
        for one in found
    )


def _share_of_day(
    rule: Rule, coverage: _Coverage, heard: Mapping[str, tuple[int, int]], now_ms: int
) -> float:
    names = _names_of(rule, coverage, heard)
    shares = [
        covered_share(effective(instrument_of(name), coverage), now_ms - _DAY_MS, now_ms)
        for name in names
    ]
    return sum(shares) / len(shares)


def _names_of(
    rule: Rule, coverage: _Coverage, heard: Mapping[str, tuple[int, int]]
) -> Collection[str]:
    if rule.symbol != ALL_SYMBOLS:
        return (rule.symbol,)
    return {str(one) for one in coverage} | set(heard)


def _seen(
    events: Iterator[RecordedEvent], heard: dict[str, tuple[int, int]], until_ms: int
) -> Iterator[Seen]:
    """Give events as rules look at them, and note the first and last of each instrument."""
    for recorded in events:
        event = recorded.event
        if event.notional is None or event.ts_ms > until_ms:
            continue
        name = str(event.instrument)
        first_ms, _ = heard.get(name, (event.ts_ms, 0))
        heard[name] = first_ms, event.ts_ms
        yield Seen(event.ts_ms, name, event.liquidated.value, event.price, event.notional)


def _result(
    rule: Rule,
    count: int,
    latest: tuple[Alert, ...],
    coverage: _Coverage,
    heard: Mapping[str, tuple[int, int]],
    usual: UsualMinutes,
) -> AlertBacktest:
    if rule.kind in _UNTOLD:
        return AlertBacktest(rule, None, untold=_UNTOLD[rule.kind])
    names = _names_of(rule, coverage, heard)
    covered = {name: effective(instrument_of(name), coverage) for name in names}
    # Without coverage, such as in a file of another program, events alone tell the time.
    edges = [edge for name in names if name in heard for edge in heard[name]]
    for part in chain.from_iterable(covered.values()):
        edges += (part.start_ms, part.end_ms)
    if not edges:
        return AlertBacktest(rule, None, untold=Untold.NOTHING_RECORDED)
    from_ms, until_ms = min(edges), max(edges)
    shares = [covered_share(one, from_ms, until_ms) for one in covered.values()]
    share = sum(shares) / len(shares)
    if rule.normal is not None and all(usual(one) is None for one in names):
        return AlertBacktest(rule, None, (), from_ms, until_ms, share, Untold.NO_USUAL_MINUTE)
    return AlertBacktest(rule, count, latest, from_ms, until_ms, share)
