"""Which rules ring: events, prices, levels and the recording go in, alerts come out. Pure.

The same events give the same alerts, whatever batches they come in, in whatever order within a
second, and however often the engine is made anew from `Engine.state`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.engine_state import STATE_FORM
from Heatmap.alerts.level_watch import Level, LevelWatch
from Heatmap.alerts.liquidation_lane import LATE_MS, Lane, Seen
from Heatmap.alerts.recording_watch import RecordingWatch
from Heatmap.alerts.rules import MOST_USD, SIDES, Rule, rule_text

_ON_LIQUIDATIONS = frozenset({AlertKind.LARGE, AlertKind.CASCADE})
_ON_RECORDING = frozenset({AlertKind.RECORDING_STOPS, AlertKind.NOT_SAVED})


class Engine:
    """Judges rules. Not thread-safe; never waits, reads no clock.

    Parameters
    ----------
    rules
        Those that are not enabled are left out. Their ids differ.
    normal_minute
        What is liquidated of an instrument in a usual minute, USD; ``None``: not known, and rules
        that are multiples of it do not ring. Asked once for each instrument: an engine is made anew
        when it changes.
    state
        What `state` returned earlier; rules that have changed since begin anew. ``None``, or of
        another form: all begin.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        normal_minute: Callable[[str], float | None] = lambda _instrument: None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self._rules = tuple(one for one in rules if one.is_enabled)
        self._normal_minute = normal_minute
        kept = state if state is not None and state.get("form") == STATE_FORM else {}
        before = kept.get("rules", {})
        self._unchanged = frozenset(
            one.id for one in self._rules if before.get(one.id) == _judged(one)
        )
        self._kept_lanes: dict[str, Any] = dict(kept.get("lanes", {}))
        self._kept_levels: dict[str, Any] = dict(kept.get("levels", {}))
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._levels: dict[tuple[str, str], LevelWatch] = {}
        self._recording = [RecordingWatch(one) for one in self._rules if one.kind in _ON_RECORDING]
        for watch in self._recording:
            if watch.rule.id in self._unchanged and watch.rule.id in kept.get("recording", {}):
                watch.restore(kept["recording"][watch.rule.id])

    def receive_events(self, events: Iterable[Seen], now_ms: int) -> list[Alert]:
        """Take stored liquidations, each once, by second.

        Parameters
        ----------
        events
            Those of one second may come in any order. One whose amount or price is none, which a
            file of another program may hold, is left out.
        now_ms
            The exchange's time: what is older than a minute is found, and does not ring.

        Returns
        -------
        list of Alert
            In the order in which they came true.
        """
        alerts: list[Alert] = []
        lanes = self._lanes
        for seen in events:
            # Not a number is neither.
            if not (0 <= seen.usd <= MOST_USD and 0 < seen.price < math.inf):
                continue
            lane = lanes.get((seen.instrument, seen.side)) or self._lane(seen)
            if lane.watches:
                alerts += lane.receive(seen, now_ms)
        return alerts

    def set_levels(self, kind: str, instrument: str, levels: Iterable[Level]) -> None:
        """Take the levels of an instrument as they are now; `kind` is one of `LEVEL_KINDS`."""
        found = tuple(levels)
        for watch in self._level_watches(instrument):
            if watch.rule.levels == kind:
                watch.set_levels(found)

    def receive_price(self, instrument: str, ts_ms: int, price: float, now_ms: int) -> list[Alert]:
        """Take a price, USD, of the exchange's time `ts_ms`."""
        is_late = now_ms - ts_ms > LATE_MS
        return [
            alert
            for watch in self._level_watches(instrument)
            for alert in watch.receive_price(ts_ms, price, is_late=is_late)
        ]

    def receive_recording(
        self, now_ms: int, blind_since_ms: int | None, unsaved_since_ms: int | None
    ) -> list[Alert]:
        """Take how the recording is: since when nothing comes, and is saved; ``None``: it is."""
        since_ms = {
            AlertKind.RECORDING_STOPS: blind_since_ms,
            AlertKind.NOT_SAVED: unsaved_since_ms,
        }
        return [
            alert
            for watch in self._recording
            for alert in watch.receive(now_ms, since_ms[watch.rule.kind])
        ]

    def state(self) -> dict[str, Any]:
        """Return what another engine goes on from, as plain data for JSON."""
        lanes = {_key(*one): lane.to_plain() for one, lane in self._lanes.items() if lane.watches}
        levels = {_key(*one): watch.to_plain() for one, watch in self._levels.items()}
        return {
            "form": STATE_FORM,
            "rules": {one.id: _judged(one) for one in self._rules},
            # What nothing came of since the last restart stays as it was.
            "lanes": {**self._kept_lanes, **lanes},
            "levels": {**self._kept_levels, **levels},
            "recording": {one.rule.id: one.to_plain() for one in self._recording},
        }

    def _lane(self, seen: Seen) -> Lane:
        normal = self._normal_minute(seen.instrument)
        rules = [
            (one, usd)
            for one in self._rules
            if one.kind in _ON_LIQUIDATIONS
            and one.watches(seen.instrument)
            and one.side in (SIDES[0], seen.side)
            and (usd := one.threshold_usd(normal)) is not None
        ]
        lane = Lane.of(seen.instrument, seen.side, rules, AlertKind.LARGE)
        kept = self._kept_lanes.pop(_key(seen.instrument, seen.side), None)
        if kept is not None and rules:
            lane.restore(kept, self._unchanged)
        self._lanes[seen.instrument, seen.side] = lane
        return lane

    def _level_watches(self, instrument: str) -> list[LevelWatch]:
        watches = []
        for rule in self._rules:
            if rule.kind is not AlertKind.NEAR_LEVEL or not rule.watches(instrument):
                continue
            key = rule.id, instrument
            if key not in self._levels:
                self._levels[key] = LevelWatch(rule, instrument)
                kept = self._kept_levels.pop(_key(*key), None)
                if kept is not None and rule.id in self._unchanged:
                    self._levels[key].restore(kept)
            watches.append(self._levels[key])
        return watches


def _judged(rule: Rule) -> str:
    """Return what makes a rule another one; on which ways it is told does not."""
    return rule_text(replace(rule, ways=()))


def _key(first: str, second: str) -> str:
    return f"{first} {second}"
