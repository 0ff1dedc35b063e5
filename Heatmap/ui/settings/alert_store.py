"""Alert rules in a host's QSettings, in the group ``Heatmap/alerts``."""

from collections.abc import Iterable

from PyQt6.QtCore import QSettings

from Heatmap.alerts.rule_list import rules_from_json, rules_to_json, unread_rules
from Heatmap.alerts.rules import Rule
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

_KEY = "Heatmap/alerts/rules"


def load_alert_rules(store: QSettings) -> tuple[Rule, ...]:
    """Return the rules that `save_alert_rules` wrote.

    One that cannot be used, such as of a newer version, is left out and logged as a warning.
    """
    rules, problems = rules_from_json(_text(store))
    for problem in problems:
        logger.warning("a stored alert rule is not used: %s", problem)
    return rules


def save_alert_rules(store: QSettings, rules: Iterable[Rule]) -> None:
    """Keep rules in the place of those that were there; rules of a newer version stay."""
    store.setValue(_KEY, rules_to_json(rules, unread_rules(_text(store))))


def _text(store: QSettings) -> str:
    value = store.value(_KEY, "")
    return value if isinstance(value, str) else str(value)
