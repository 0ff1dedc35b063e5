"""What a host says and asks about alerts: rules, what rang, how often one would have rung."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial

from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.backtest import backtest
from Heatmap.alerts.backtest_result import AlertBacktest
from Heatmap.alerts.notices import (
    AlertWays,
    MakeMissed,
    MakeNotice,
    english_missed,
    english_notice,
)
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.runtime.host_loop import run_beside
from Heatmap.service.alerting import Alerting, AlertListener
from Heatmap.storage.store import Store


class AlertQuestions:
    """The part of `HeatmapService` for alerts; belongs on the loop's thread.

    Parameters
    ----------
    alerting
        Judges and tells.
    store
        What is recorded.
    clock
        Data time now, UTC milliseconds.
    executor
        Gives where reading is done; ``None``: the service does not run.
    """

    def __init__(
        self,
        alerting: Alerting,
        store: Store,
        clock: Callable[[], int],
        executor: Callable[[], Executor | None],
    ) -> None:
        self._alerting = alerting
        self._alert_store = store
        self._alert_clock = clock
        self._alert_executor = executor

    @property
    def alert_rules(self) -> tuple[Rule, ...]:
        """The rules in force, also those that are not enabled."""
        return self._alerting.rules

    def set_alert_rules(self, rules: Iterable[Rule]) -> None:
        """Put rules in force at once; those that stay as they are go on where they are.

        They are not stored: `Heatmap.ui` has `load_alert_rules` and `save_alert_rules`.

        Raises
        ------
        SettingsError
            Two have the same id, or there are too many; nothing has changed.
        """
        self._alerting.set_rules(rules)

    def alert_way_facts(self) -> tuple[WayFacts, ...]:
        """Return how each way fares: what it sent, dropped and could not send; no address."""
        return self._alerting.way_facts()

    @property
    def alert_ways(self) -> AlertWays | None:
        """What `set_alert_ways` was given last; ``None``: alerts are told to listeners only."""
        return self._alerting.ways

    def set_alert_ways(
        self,
        ways: AlertWays | None,
        make_notice: MakeNotice = english_notice,
        make_missed: MakeMissed = english_missed,
    ) -> None:
        """Tell alerts on the ways that their rules name, too.

        What came while this program was not running is told once, in one message for each way.

        Parameters
        ----------
        ways
            A `WaySet`, or what else takes alerts; whoever made it starts and stops it. ``None``:
            alerts are told to listeners only. The status has how they fare where they have
            ``status()``, as a `WaySet` has.
        make_notice
            Puts an alert into words.
        make_missed
            Puts those that were missed into words.
        """
        self._alerting.ways = ways
        self._alerting.make_notice, self._alerting.make_missed = make_notice, make_missed

    def add_alert_listener(self, listener: AlertListener) -> None:
        """Call `listener` with each alert that rings, once, on the loop while the service runs.

        What is found more than a minute after it happened, such as after a restart, does not ring:
        `alert_state` has it, as it has what nobody listens to. Of several programs on one database
        the one that writes it rings.
        """
        if listener not in self._alerting.listeners:
            self._alerting.listeners.append(listener)

    def remove_alert_listener(self, listener: AlertListener) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        if listener in self._alerting.listeners:
            self._alerting.listeners.remove(listener)

    def alert_state(self) -> AlertState:
        """Return the newest alerts, the last one of each rule, and how many were missed.

        Empty while another program rings for the database.
        """
        return self._alerting.state()

    async def alert_backtest(self, rule: Rule) -> AlertBacktest:
        """Return how often a rule would have rung in what is recorded; it need not be in force.

        Raises
        ------
        ValueError
            The service does not run.
        StorageError
            The database cannot be read.
        """
        executor = self._alert_executor()
        if executor is None:
            raise ValueError("a backtest needs a service that runs; start it first")
        work = partial(backtest, self._alert_store, (rule,), self._alert_clock())
        (found,) = await run_beside(executor, work)
        return found
