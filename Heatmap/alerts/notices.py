"""Alerts as ways tell them: each that rings, and in one message those that were missed."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from Heatmap.alerts.alert import Alert
from Heatmap.alerts.alert_book import AlertNews
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.texts import alert_text, alert_title, missed_text
from Heatmap.alerts.ways.messages import Notice, PlainNotice
from Heatmap.alerts.ways.way_facts import WayFacts


@dataclass(frozen=True, slots=True)
class MissedAlerts:
    """What did not ring as this program was not running.

    Attributes
    ----------
    count
        How many; not less than one.
    newest
        The one that was found last.
    """

    count: int
    newest: Alert

    @property
    def id(self) -> str:
        """The same for the same alerts."""
        return f"missed:{self.count}:{self.newest.id}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"missed": self.count, "newest": self.newest.to_json()}


MakeNotice = Callable[[Alert], Notice]
"""Puts an alert into the words of ways."""
MakeMissed = Callable[[MissedAlerts], Notice]
"""Puts those that were missed into the words of ways."""


class AlertWays(Protocol):
    """What takes alerts for ways, such as a `WaySet`."""

    def offer(self, notice: Notice, names: Collection[str] | None = None) -> None:
        """Send an alert on the ways with these names; returns at once."""


@runtime_checkable
class FaringWays(Protocol):
    """Ways that tell how they fare, such as a `WaySet`."""

    def status(self) -> tuple[WayFacts, ...]:
        """Return how each fares."""


def english_notice(alert: Alert) -> PlainNotice:
    """Return an alert in English: a few words, one line, and its data."""
    return PlainNotice(alert.id, alert_title(alert), alert_text(alert), alert.to_json())


def english_missed(missed: MissedAlerts) -> PlainNotice:
    """Return in English how many were missed, and which came last."""
    body = f"The newest: {alert_text(missed.newest)}"
    return PlainNotice(missed.id, missed_text(missed.count), body, missed.to_json())


def offer_alert(
    alert: Alert, rules: Iterable[Rule], ways: AlertWays, make_notice: MakeNotice = english_notice
) -> None:
    """Offer an alert on the ways of its rule; a rule without ways is told on none."""
    names = next((one.ways for one in rules if one.id == alert.rule_id), ())
    if names:
        ways.offer(make_notice(alert), names)


def offer_missed(
    news: AlertNews,
    rules: Iterable[Rule],
    ways: AlertWays,
    make_notice: MakeMissed = english_missed,
) -> None:
    """Offer on each way, as one message, how many of its alerts came while nothing rang.

    More than `alert_state.MOST_LATEST` are counted for the ways of those that are known.
    """
    if not news.was_away:
        return
    found: dict[str, list[Alert]] = {}
    by_id = {one.id: one for one in rules}
    for alert in news.late:
        for name in by_id[alert.rule_id].ways if alert.rule_id in by_id else ():
            found.setdefault(name, []).append(alert)
    for name, alerts in found.items():
        ways.offer(make_notice(MissedAlerts(len(alerts), alerts[-1])), (name,))


def facts_of(ways: object) -> tuple[WayFacts, ...]:
    """Return how ways fare, as far as they tell it."""
    return ways.status() if isinstance(ways, FaringWays) else ()
