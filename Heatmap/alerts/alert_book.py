"""Rules on what is stored: keeps its place, and what rang and was not told yet. Pure.

The rules of the machine:

1. What is found is given out by `take_news` once. Whoever tells it first keeps `state`, and says
   `confirm` afterwards. So nothing rings twice: what was kept, and not confirmed, is not told again
   by another book but counts as missed, as nobody knows whether it was told.
2. A book goes on after the row at which the state before it ended, if that row is what it was, or
   has expired. In another database it begins at the end of what is stored.
3. What is found more than a minute after it happened does not ring; it is counted and shown.
4. What claims to be of a time that is yet to come is not judged: after it, all else would be old.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.alert_state import MOST_LATEST, AlertState
from Heatmap.alerts.engine import Engine
from Heatmap.alerts.level_watch import Level
from Heatmap.alerts.liquidation_lane import Seen
from Heatmap.alerts.rules import Rule
from Heatmap.storage.event_records import StoredEvent

AHEAD_MS = 60_000
"""An exchange's clock may be so far ahead."""
NormalMinute = Callable[[str], float | None]
"""What is liquidated of an instrument in a usual minute, USD; ``None``: not known."""


@dataclass(frozen=True, slots=True)
class AlertNews:
    """What was found since the last time.

    Attributes
    ----------
    ringing
        To be told, in the order in which they came true.
    late
        Found too late to ring, the newest `MOST_LATEST`.
    late_count
        How many of those there were.
    was_away
        The late ones came while this program did not ring. Otherwise they came late by themselves,
        such as with an import.
    """

    ringing: tuple[Alert, ...] = ()
    late: tuple[Alert, ...] = ()
    late_count: int = 0
    was_away: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.ringing or self.late_count)


class AlertBook:
    """Judges rules on stored events, and keeps account of it. Not thread-safe.

    Parameters
    ----------
    rules
        Those that are not enabled are left out.
    state
        Of the book before it.
    normal_minute
        As for `Engine`.
    was_told
        Whether what is pending in `state` is known to have been told: by this same program.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        state: AlertState,
        normal_minute: NormalMinute = lambda _: None,
        *,
        was_told: bool = False,
    ) -> None:
        self.row_id, self.mark = state.row_id, state.mark
        self._rules = tuple(rules)
        self._engine = Engine(self._rules, normal_minute, state.engine)
        missed = () if was_told else state.pending
        untold = {one.id for one in missed}
        self._latest = deque(
            (replace(one, is_late=one.is_late or one.id in untold) for one in state.latest),
            MOST_LATEST,
        )
        self._last = dict(state.last)
        self._missed = state.missed
        self._pending: dict[str, Alert] = {}
        self._ringing: list[Alert] = []
        self._late: deque[Alert] = deque(maxlen=MOST_LATEST)
        self._late_count = 0
        self._levels: dict[tuple[str, str], tuple[Level, ...]] = {}
        if not was_told:
            self._missed = 0
        for alert in missed:
            self._note_missed(replace(alert, is_late=True))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What is judged, also rules that are not enabled."""
        return self._rules

    @property
    def pending(self) -> tuple[Alert, ...]:
        """What rings and was not told yet."""
        return tuple(self._pending.values())

    @property
    def is_ringing(self) -> bool:
        """Whether something waits in `take_news` that is to be told."""
        return bool(self._ringing)

    @property
    def wants_prices(self) -> bool:
        """Whether a rule looks at prices."""
        return any(one.is_enabled and one.kind is AlertKind.NEAR_LEVEL for one in self._rules)

    def begin(self, found: StoredEvent | None, newest_row_id: int) -> None:
        """Look at the database once before the first events; see rule 2.

        Parameters
        ----------
        found
            What its row `row_id` holds; ``None``: there is none, such as one that has expired.
        newest_row_id
            The newest of its rows.
        """
        if self.row_id is None:
            self.row_id, self.mark = newest_row_id, ""
            return
        is_same = self.row_id <= newest_row_id
        if found is not None and self.mark:
            is_same = mark_of(found) == self.mark
        if not is_same:
            self.row_id, self.mark = newest_row_id, ""

    def set_rules(self, rules: Iterable[Rule], normal_minute: NormalMinute) -> None:
        """Judge other rules from now on; those that stay as they are go on where they are."""
        kept = self._engine.state()
        self._rules = tuple(rules)
        self._engine = Engine(self._rules, normal_minute, kept)
        for (kind, instrument), levels in self._levels.items():
            self._engine.set_levels(kind, instrument, levels)

    def set_levels(self, kind: str, instrument: str, levels: Iterable[Level]) -> None:
        """Take the levels of an instrument as they are now."""
        found = self._levels[kind, instrument] = tuple(levels)
        self._engine.set_levels(kind, instrument, found)

    def receive_events(self, events: Sequence[StoredEvent], now_ms: int) -> None:
        """Take what was stored after `row_id`, in the order of storing.

        Parameters
        ----------
        events
            Each once.
        now_ms
            The exchange's time, UTC milliseconds.
        """
        if not events:
            return
        seen = (seen_of(one) for one in events if 0 <= one.ts_ms <= now_ms + AHEAD_MS)
        self._note(self._engine.receive_events(seen, now_ms))
        self.row_id, self.mark = events[-1].row_id, mark_of(events[-1])

    def receive_prices(self, prices: Mapping[str, float], now_ms: int) -> None:
        """Take the newest price of each instrument, USD."""
        for instrument, price in prices.items():
            self._note(self._engine.receive_price(instrument, now_ms, price, now_ms))

    def receive_recording(
        self, now_ms: int, blind_since_ms: int | None, unsaved_since_ms: int | None
    ) -> None:
        """Take since when nothing comes, and nothing is saved, UTC ms; ``None``: it is well."""
        self._note(self._engine.receive_recording(now_ms, blind_since_ms, unsaved_since_ms))

    def take_news(self) -> AlertNews:
        """Return what was found since the last call; each once."""
        news = AlertNews(tuple(self._ringing), tuple(self._late), self._late_count)
        self._ringing.clear()
        self._late.clear()
        self._late_count = 0
        return news

    def confirm(self, ids: Iterable[str]) -> None:
        """Take note that alerts were told."""
        for one in ids:
            self._pending.pop(one, None)

    def state(self) -> AlertState:
        """Return what another book goes on from."""
        return AlertState(
            self.row_id,
            self.mark,
            self._engine.state(),
            self.pending,
            tuple(self._latest),
            dict(self._last),
            self._missed,
        )

    def _note(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            if any(one.id == alert.id for one in self._latest):
                continue  # of a rule that was changed, and began anew in the same second
            self._last[alert.rule_id] = alert
            self._latest.append(alert)
            if alert.is_late:
                self._note_missed(alert)
            else:
                self._ringing.append(alert)
                self._pending[alert.id] = alert

    def _note_missed(self, alert: Alert) -> None:
        self._missed += 1
        self._late_count += 1
        self._late.append(alert)


def seen_of(event: StoredEvent) -> Seen:
    """Return a stored liquidation as rules look at it."""
    side = "long" if event.is_long else "short"
    return Seen(event.ts_ms, event.instrument, side, event.price, event.notional)


def mark_of(event: StoredEvent) -> str:
    """Return what a stored liquidation is known by."""
    return f"{event.instrument} {event.ts_ms} {event.price!r} {event.qty!r}"
