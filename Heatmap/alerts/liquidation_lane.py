"""Rules on the liquidations of one instrument and side. Pure.

The rules of the machine:

1. A cascade is on from the second in which enough was liquidated within (T - seconds, T], T the
   time of a liquidation, until less than half of that is left of it. It rings when it comes on.
2. Within the quiet time after a ring nothing rings; what came on in it stays on.
3. A second counts as a whole: it rings once at most, and in what order its liquidations come makes
   no difference. What comes on in a second is judged against what the seconds before have left.
4. One that comes after its second is counted in the sums, and judged with the second that runs.

Amounts are whole cents, so that no order of adding changes a sum. A liquidation costs the same
however many rules share a window: thresholds are looked at only where the least one is reached.
"""

import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from Heatmap.alerts.alert import Alert, alert_id
from Heatmap.alerts.rules import Rule

LATE_MS = 60_000
"""What is found later than this after its time does not ring any more."""
_NEVER_S = -(1 << 60)


class Seen(NamedTuple):
    """One stored liquidation, as far as rules look at it.

    Attributes
    ----------
    ts_ms
        Trade time, UTC milliseconds.
    instrument
        As it is written.
    side
        Who was liquidated: ``long`` or ``short``.
    price
        USD.
    usd
        Notional, USD; 0 where it is not known.
    """

    ts_ms: int
    instrument: str
    side: str
    price: float
    usd: float


class _Entry(NamedTuple):
    ts_ms: int
    cents: int
    price: float


@dataclass(slots=True)
class _Armed:
    """A rule with its threshold and what it did last."""

    rule: Rule
    cents: int
    is_on: bool = False
    rung_s: int = _NEVER_S
    # Of what comes late, such as with an import: it must not end the quiet time of what is new.
    rung_late_s: int = _NEVER_S

    def may_ring(self, second: int) -> bool:
        # One of an earlier second that comes late is as near to the last ring as one after it.
        quiet_s = max(self.rule.quiet, 1)
        return all(abs(second - one) >= quiet_s for one in (self.rung_s, self.rung_late_s))

    def note_ring(self, second: int) -> None:
        if second > self.rung_s:
            self.rung_s = second
        else:
            self.rung_late_s = second


_Ring = tuple[_Armed, int, tuple[_Entry, ...]]
"""A rule that rings, the second, and what made it ring."""


class LargeWatch:
    """Rings for a single liquidation from a size on, once a second at most."""

    def __init__(self, armed: Iterable[_Armed]) -> None:
        self._armed = sorted(armed, key=_threshold)
        self._least_cents = self._armed[0].cents

    def receive(self, entry: _Entry) -> Iterable[_Ring]:
        """Give what rings for it; to be gone through before the next one."""
        # Nearly all end here, and no generator is made for them.
        return () if entry.cents < self._least_cents else self._judge(entry)

    def _judge(self, entry: _Entry) -> Iterator[_Ring]:
        second = entry.ts_ms // 1000
        for one in self._armed:
            if entry.cents >= one.cents and one.may_ring(second):
                one.note_ring(second)
                yield one, second, (entry,)

    def armed(self) -> list[_Armed]:
        """Return its rules."""
        return self._armed


class CascadeWatch:
    """Rings for a sum within some seconds; all of its rules have the same length."""

    def __init__(self, seconds: int, armed: Iterable[_Armed]) -> None:
        self.seconds = seconds
        self._span_ms = seconds * 1000
        self._armed = sorted(armed, key=_threshold)
        self._least_cents = self._armed[0].cents
        # By time; those before `_first` have left the window of the newest, and are kept for
        # those that come in the wrong order within a second.
        self._entries: list[_Entry] = []
        self._first = 0
        self._cents = 0
        self._second = _NEVER_S
        self._any_on = any(one.is_on for one in self._armed)

    def receive(self, entry: _Entry) -> Iterable[_Ring]:
        """Give what rings for it; to be gone through before the next one."""
        ts_ms = entry.ts_ms
        second = ts_ms // 1000
        if second > self._second:
            self._begin(second)
        entries = self._entries
        if entries and ts_ms < entries[-1].ts_ms:
            self._insert(entry)
            return self._judge_second()
        entries.append(entry)
        self._cents += entry.cents
        if entries[self._first].ts_ms <= ts_ms - self._span_ms:
            self._leave(ts_ms - self._span_ms)
        # Nearly all end here, and no generator is made for them.
        if self._cents < self._least_cents:
            return ()
        return self._judge(self._first, len(entries), self._cents)

    def armed(self) -> list[_Armed]:
        """Return its rules."""
        return self._armed

    def to_plain(self) -> dict[str, Any]:
        """Return what is to be kept over a restart, without the rules."""
        return {"entries": list(self._entries), "second": self._second}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Go on where `to_plain` was made, by this window or a longer one; after the rules."""
        self._second = plain["second"]
        from_ms = self._second * 1000 - self._span_ms
        self._entries = [_Entry(*one) for one in plain["entries"] if one[0] > from_ms]
        self._any_on = any(one.is_on for one in self._armed)
        self._first, self._cents = 0, sum(one.cents for one in self._entries)
        if self._entries:
            self._leave(self._entries[-1].ts_ms - self._span_ms)

    def _begin(self, second: int) -> None:
        """Begin a second: what the ones before have left decides what is on."""
        self._second = second
        entries, until_ms = self._entries, second * 1000 - self._span_ms
        if entries and entries[0].ts_ms <= until_ms:
            # Each goes once, so that walking costs less than looking for the place.
            self._leave(until_ms)
            gone = bisect.bisect_right(entries, until_ms, key=_time)
            del entries[:gone]
            self._first -= gone
        if self._any_on:
            left = self._cents
            for one in self._armed:
                one.is_on = one.is_on and 2 * left >= one.cents
            self._any_on = any(one.is_on for one in self._armed)

    def _leave(self, until_ms: int) -> None:
        """Take what is too old out of the sum."""
        entries, first = self._entries, self._first
        while first < len(entries) and entries[first].ts_ms <= until_ms:
            self._cents -= entries[first].cents
            first += 1
        self._first = first

    def _insert(self, entry: _Entry) -> None:
        place = bisect.bisect_right(self._entries, entry.ts_ms, key=_time)
        if entry.ts_ms <= self._second * 1000 - self._span_ms:
            return  # older than anything that is judged from here on
        self._entries.insert(place, entry)
        if place < self._first or entry.ts_ms <= self._entries[-1].ts_ms - self._span_ms:
            self._first += 1
        else:
            self._cents += entry.cents

    def _judge_second(self) -> Iterator[_Ring]:
        """Judge every liquidation of the second that runs, by time."""
        entries = self._entries
        start = bisect.bisect_left(entries, self._second * 1000, key=_time)
        for place in range(start, len(entries)):
            from_ms = entries[place].ts_ms - self._span_ms
            first = bisect.bisect_right(entries, from_ms, key=_time)
            cents = sum(one.cents for one in entries[first : place + 1])
            yield from self._judge(first, place + 1, cents)

    def _judge(self, first: int, end: int, cents: int) -> Iterator[_Ring]:
        for one in self._armed:
            if one.cents > cents:
                return
            if one.is_on or end - first < one.rule.count:
                continue
            one.is_on = self._any_on = True
            if one.may_ring(self._second):
                one.rung_s = self._second
                yield one, self._second, tuple(self._entries[first:end])


@dataclass(slots=True)
class Lane:
    """All rules on one instrument and side."""

    instrument: str
    side: str
    watches: list[LargeWatch | CascadeWatch] = field(default_factory=list)

    @classmethod
    def of(
        cls, instrument: str, side: str, rules: Iterable[tuple[Rule, float]], large: str
    ) -> "Lane":
        """Return a lane with these rules and their thresholds, USD.

        Parameters
        ----------
        large
            The value of the kind of rule that watches single ones.
        """
        lane = cls(instrument, side)
        singles: list[_Armed] = []
        windows: dict[int, list[_Armed]] = {}
        for rule, usd in rules:
            armed = _Armed(rule, -(-round(usd * 10_000) // 100))
            (singles if rule.kind == large else windows.setdefault(rule.seconds, [])).append(armed)
        if singles:
            lane.watches.append(LargeWatch(singles))
        lane.watches += [CascadeWatch(*one) for one in sorted(windows.items())]
        return lane

    def receive(self, seen: Seen, now_ms: int) -> Iterable[Alert]:
        """Give what rings for one liquidation."""
        entry = _Entry(seen.ts_ms, round(seen.usd * 100), seen.price)
        alerts: list[Alert] = []
        for watch in self.watches:
            for armed, second, entries in watch.receive(entry):
                is_late = now_ms - seen.ts_ms > LATE_MS
                alerts.append(self._alert(armed, second, entries, seen.ts_ms, is_late=is_late))
        return alerts

    def _alert(
        self, armed: _Armed, second: int, entries: tuple[_Entry, ...], ts_ms: int, *, is_late: bool
    ) -> Alert:
        rule = armed.rule
        return Alert(
            alert_id(rule.id, self.instrument, self.side, second),
            rule.id,
            rule.kind,
            self.instrument,
            self.side,
            ts_ms,
            sum(one.cents for one in entries) / 100,
            len(entries),
            max(entries, key=_size).price,
            is_late=is_late,
        )

    def to_plain(self) -> dict[str, Any]:
        """Return what is to be kept over a restart."""
        armed = [one for watch in self.watches for one in watch.armed()]
        cascades = [one for one in self.watches if isinstance(one, CascadeWatch)]
        return {
            # Most rules did nothing yet on most instruments: those are left out.
            "rules": {
                one.rule.id: [one.is_on, one.rung_s]
                for one in armed
                if one.is_on or one.rung_s != _NEVER_S
            },
            "seconds": [one.seconds for one in cascades],
            # The longest window has what the others have.
            "window": cascades[-1].to_plain() if cascades else None,
        }

    def restore(self, plain: Mapping[str, Any], unchanged: frozenset[str]) -> None:
        """Go on where `to_plain` was made, with the rules that are as they were."""
        for watch in self.watches:
            for one in watch.armed():
                if one.rule.id in unchanged and one.rule.id in plain["rules"]:
                    one.is_on, one.rung_s = plain["rules"][one.rule.id]
            if isinstance(watch, CascadeWatch) and watch.seconds in plain["seconds"]:
                watch.restore(plain["window"])


def _threshold(armed: _Armed) -> int:
    return armed.cents


def _time(entry: _Entry) -> int:
    return entry.ts_ms


def _size(entry: _Entry) -> tuple[int, float]:
    return entry.cents, entry.price
