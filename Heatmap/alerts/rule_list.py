"""The rules of a user as one text, such as a settings file keeps it. Pure."""

import json
from collections.abc import Iterable
from dataclasses import replace

from Heatmap.alerts.rules import Rule, parse_rule, rule_text
from Heatmap.errors import SettingsError

MOST_RULES = 200
_LONGEST_SHOWN = 80


def rules_to_json(rules: Iterable[Rule], unread: Iterable[object] = ()) -> str:
    """Return rules as JSON: a list with each rule's text, and whether it is enabled.

    After them stands what was not understood, see `unread_rules`.
    """
    plain: list[object] = [{"rule": rule_text(one), "enabled": one.is_enabled} for one in rules]
    plain += unread
    return json.dumps(plain, ensure_ascii=False)


def rules_from_json(text: str) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Read what `rules_to_json` wrote.

    Returns
    -------
    (rules, problems)
        A rule that cannot be used is left out; why is one line of `problems`.
    """
    try:
        plain = json.loads(text) if text.strip() else []
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, list):
        return (), (f"the alert rules are no list in JSON: {text[:_LONGEST_SHOWN]!r}",)
    rules: list[Rule] = []
    problems: list[str] = []
    for number, one in enumerate(plain, 1):
        try:
            rule = _rule(one, number)
            require_own_ids([*rules, rule])
        except SettingsError as error:
            problems.append(str(error))
        else:
            rules.append(rule)
    return tuple(rules), tuple(problems)


def unread_rules(text: str) -> tuple[object, ...]:
    """Return what `rules_from_json` leaves out as it has no use for it, such as a newer kind."""
    try:
        plain = json.loads(text) if text.strip() else []
    except (ValueError, RecursionError):
        return ()
    left: list[object] = []
    for one in plain[:MOST_RULES] if isinstance(plain, list) else []:
        try:
            _rule(one, 1)
        except SettingsError:
            if isinstance(one, dict) and isinstance(one.get("rule"), str):
                left.append(one)
    return tuple(left)


def parse_rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    """Read rules as they are given on a command line; without an id they are numbered.

    Raises
    ------
    SettingsError
        One cannot be used, or two have the same id.
    """
    rules = tuple(parse_rule(text, number) for number, text in enumerate(texts, 1))
    require_own_ids(rules)
    return rules


def require_own_ids(rules: Iterable[Rule]) -> None:
    """Accept rules that differ by their ids.

    Raises
    ------
    SettingsError
        Two have the same one, or there are too many.
    """
    ids = [one.id for one in rules]
    twice = sorted(one for one in set(ids) if ids.count(one) > 1)
    if twice:
        raise SettingsError(f"two alert rules have the id {twice[0]!r}; give each its own")
    if len(ids) > MOST_RULES:
        raise SettingsError(f"expected at most {MOST_RULES} alert rules, got {len(ids)}")


def _rule(plain: object, number: int) -> Rule:
    if not isinstance(plain, dict) or not isinstance(plain.get("rule"), str):
        raise SettingsError(f"an alert rule is no text: {str(plain)[:_LONGEST_SHOWN]!r}")
    rule = parse_rule(plain["rule"], number)
    return replace(rule, is_enabled=plain.get("enabled") is not False)
