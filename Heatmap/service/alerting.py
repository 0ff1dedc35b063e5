"""Alerts of one service: its rules, what is judged beside the loop, and who is told on it.

- Rules are judged in a thread of their own while the service runs (`alerts.follower`), on live data
  only: what is simulated or replayed rings nowhere.
- What rings waits until the loop takes a turn; it is noted as told after the listeners were called.
- Levels for rules on the price come from the same feeds as those of a host.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.alert_book import AlertNews
from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.follower import AlertFollower, AlertTimes
from Heatmap.alerts.level_watch import Level
from Heatmap.alerts.notices import (
    AlertWays,
    MakeMissed,
    MakeNotice,
    english_missed,
    english_notice,
    facts_of,
    offer_alert,
    offer_missed,
)
from Heatmap.alerts.rule_list import require_own_ids
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.errors import Failure, FailureKind, StorageError
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.levels.predict import PredictedLevels
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Turns
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.market_questions import MarketQuestions
from Heatmap.storage.event_tape import EventTape

logger = get_logger(__name__)

AlertListener = Callable[[Alert], object]
"""Called with an alert that rings."""

_LOOK_S = 0.25
_SIDES = {"longs": "long", "shorts": "short"}


@dataclass(frozen=True, slots=True)
class AlertStatus:
    """How alerts fare, as facts for the status.

    Attributes
    ----------
    rules
        How many are switched on.
    is_ringing
        Whether this program rings for the database.
    missed
        How many did not ring since it began, as they were found too late.
    failure
        Why alerts are not judged, kept or told; ``None``: they are.
    ways
        How each way fares.
    """

    rules: int
    is_ringing: bool
    missed: int
    failure: Failure | None
    ways: tuple[WayFacts, ...]


@dataclass(frozen=True, slots=True)
class AlertSource:
    """What alerts are about.

    Attributes
    ----------
    tape
        What is stored.
    status
        Gives the recorder's snapshot, to any thread; ``None``: there is none.
    symbols
        Gives the recorded symbols, ``ALL`` among them.
    markets
        Tells clusters and levels.
    is_live
        Whether anything rings at all.
    times
        Waiting times of the follower.
    """

    tape: EventTape
    status: Callable[[], RecorderStatus | None]
    symbols: Callable[[], tuple[str, ...]]
    markets: MarketQuestions
    is_live: bool
    times: AlertTimes | None = None


class Alerting:
    """Rings while it runs. Belongs on the loop's thread; `start` and `stop` may alternate."""

    def __init__(self, source: AlertSource) -> None:
        self.rules: tuple[Rule, ...] = ()
        self.listeners: list[AlertListener] = []
        self.ways: AlertWays | None = None
        self.make_notice: MakeNotice = english_notice
        self.make_missed: MakeMissed = english_missed
        self._source = source
        self._turns = Turns(self._take_turn)
        self._executor: Executor | None = None
        self._follower: AlertFollower | None = None
        self._last_state = AlertState()
        self._failure: Failure | None = None
        # What rings and waits for the loop.
        self._came: deque[Alert] = deque()
        # What was missed, and is told once on ways.
        self._was_missed: deque[AlertNews] = deque()
        # Which levels are followed, and what ends that.
        self._levels: dict[tuple[str, str], Callable[[], None]] = {}

    def start(self, executor: Executor) -> None:
        """Begin, in the running loop. Idempotent."""
        if self._turns.loop is not None or not self._source.is_live:
            return
        self._executor = executor
        self._turns.begin(asyncio.get_running_loop())
        self._begin()

    def stop(self) -> None:
        """End it; idempotent, and never waits."""
        self._turns.end()
        self._executor = None
        self._end_follower()

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Judge these from now on.

        Raises
        ------
        SettingsError
            Two have the same id.
        """
        asked = tuple(rules)
        require_own_ids(asked)
        self.rules = asked
        if self._follower is not None and asked:
            self._follower.set_rules(asked)
        elif self._follower is not None:
            self._end_follower()
        else:
            self._begin()

    def state(self) -> AlertState:
        """Return what is known of alerts; empty until this program rings."""
        follower = self._follower
        return self._last_state if follower is None else follower.state()

    def failure(self) -> Failure | None:
        """Return what is wrong with them; ``None``: nothing."""
        follower = self._follower
        return self._failure or (None if follower is None else follower.failure())

    def way_facts(self) -> tuple[WayFacts, ...]:
        """Return how the ways fare, as far as they tell it."""
        return facts_of(self.ways)

    def status(self) -> AlertStatus:
        """Return how alerts fare."""
        follower = self._follower
        return AlertStatus(
            rules=sum(one.is_enabled for one in self.rules),
            is_ringing=follower is not None and follower.is_ringing(),
            missed=self.state().missed,
            failure=self.failure(),
            ways=self.way_facts(),
        )

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, and go on."""
        logger.error("alerts could not be told", exc_info=error)
        self._turns.appoint(_LOOK_S)

    def _begin(self) -> None:
        executor, source = self._executor, self._source
        if executor is None or not self.rules:
            return
        try:
            follower = AlertFollower(
                source.tape, self.rules, source.status, self._receive, times=source.times
            )
        except StorageError as error:
            self._failure = error.failure
            return
        self._failure, self._follower = None, follower
        try:
            executor.submit(follower.start)
        except RuntimeError:  # the worker threads have ended
            self._end_follower()
            return
        self._turns.appoint()

    def _end_follower(self) -> None:
        follower, self._follower = self._follower, None
        for leave in self._levels.values():
            leave()
        self._levels.clear()
        if follower is not None:
            self._tell(follower)
            self._last_state = follower.state()
            follower.request_stop()

    def _receive(self, news: AlertNews) -> None:
        """Take what was found, in the follower's thread."""
        if news.late_count:
            self._was_missed.append(news)
        self._came.extend(news.ringing)

    @guarded
    def _take_turn(self) -> None:
        follower = self._follower
        if follower is None:
            return
        self._tell(follower)
        self._follow_levels(follower)
        self._turns.appoint(_LOOK_S)

    def _tell(self, follower: AlertFollower) -> None:
        while self._was_missed:
            self._offer_missed(self._was_missed.popleft())
        told: list[str] = []
        while self._came:
            alert = self._came.popleft()
            # First: no listener that fails or takes its time keeps an alert from its ways.
            for listener in (self._offer, *self.listeners):
                try:
                    listener(alert)
                except Exception as error:
                    logger.exception("a listener failed on an alert")
                    self._failure = Failure(FailureKind.LISTENER_FAILED, {"error": repr(error)})
            told.append(alert.id)
        if told:
            follower.confirm(told)

    def _offer_missed(self, news: AlertNews) -> None:
        if self.ways is None:
            return
        try:
            offer_missed(news, self.rules, self.ways, self.make_missed)
        except Exception as error:
            logger.exception("ways failed on alerts that were missed")
            self._failure = Failure(FailureKind.LISTENER_FAILED, {"error": repr(error)})

    def _offer(self, alert: Alert) -> None:
        if self.ways is not None:
            offer_alert(alert, self.rules, self.ways, self.make_notice)

    def _follow_levels(self, follower: AlertFollower) -> None:
        """Follow the levels that rules look at, and no others."""
        wanted = {
            (rule.levels, symbol)
            for rule in self.rules
            if rule.is_enabled and rule.kind is AlertKind.NEAR_LEVEL
            for symbol in self._symbols_of(rule)
        }
        for key in self._levels.keys() - wanted:
            self._levels.pop(key)()
            follower.set_levels(*key, ())
        for key in wanted - self._levels.keys():
            try:
                self._levels[key] = self._subscribe(follower, *key)
            except ValueError as error:  # not recorded, or not yet
                logger.debug("no levels of %s for alerts: %s", key[1], error)

    def _symbols_of(self, rule: Rule) -> tuple[str, ...]:
        if rule.symbol != ALL_SYMBOLS:
            return (rule.symbol,)
        return tuple(one for one in self._source.symbols() if one != ALL_SYMBOLS)

    def _subscribe(self, follower: AlertFollower, kind: str, symbol: str) -> Callable[[], None]:
        markets = self._source.markets

        def take_clusters(_: str, found: list[LiquidationCluster]) -> None:
            levels = [Level(one.price_level, one.total_notional, one.side) for one in found]
            follower.set_levels(kind, symbol, levels)

        def take_predicted(found: PredictedLevels) -> None:
            levels = [
                Level((one.low_usd + one.high_usd) / 2, one.expected_usd, _SIDES[one.side])
                for one in found.levels
            ]
            follower.set_levels(kind, symbol, levels)

        if kind == "clusters":
            markets.add_cluster_listener(symbol, take_clusters)
            return lambda: markets.remove_cluster_listener(symbol, take_clusters)
        markets.add_levels_listener(symbol, take_predicted)
        return lambda: markets.remove_levels_listener(symbol, take_predicted)
