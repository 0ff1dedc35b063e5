"""An alert as ways tell it."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from Heatmap.alerts.alert import Alert
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.texts import alert_text, alert_title
from Heatmap.alerts.ways.messages import Notice, PlainNotice

MakeNotice = Callable[[Alert], Notice]
"""Puts an alert into the words of ways."""


class AlertWays(Protocol):
    """What takes alerts for ways, such as a `WaySet`."""

    def offer(self, notice: Notice, names: Collection[str] | None = None) -> None:
        """Send an alert on the ways with these names; returns at once."""


def english_notice(alert: Alert) -> PlainNotice:
    """Return an alert in English: a few words, one line, and its data."""
    return PlainNotice(alert.id, alert_title(alert), alert_text(alert), alert.to_json())


def offer_alert(
    alert: Alert, rules: Iterable[Rule], ways: AlertWays, make_notice: MakeNotice = english_notice
) -> None:
    """Offer an alert on the ways of its rule; a rule without ways is told on none."""
    names = next((one.ways for one in rules if one.id == alert.rule_id), ())
    if names:
        ways.offer(make_notice(alert), names)
