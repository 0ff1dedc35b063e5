"""Entries of alert rules that were refused, and rules made of entries. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from Heatmap.alerts.alert import AlertKind
from Heatmap.alerts.rules import Rule
from Heatmap.errors import SettingsError

Refusal = Callable[[str, dict[str, object], Rule], str]
"""Says why fields that were entered in a control make no rule."""

_USUAL: Mapping[AlertKind, Mapping[str, Any]] = {
    AlertKind.LARGE: {"usd": 500_000.0},
    AlertKind.CASCADE: {"usd": 500_000.0, "seconds": 30, "count": 5},
    AlertKind.NEAR_LEVEL: {"usd": 1_000_000.0, "distance": 0.3},
    AlertKind.RECORDING_STOPS: {"seconds": 60},
    AlertKind.NOT_SAVED: {"seconds": 10},
}


@dataclass(slots=True)
class _Draft:
    """What was refused in one control: fields that may go with others later, and why."""

    fields: dict[str, object]
    words: str


class RuleDrafts:
    """What was entered for each rule and refused, until it can be used or is given up.

    Seconds and a count may be refused by themselves and be right together: what was refused is
    tried once more with what is entered next.
    """

    def __init__(self) -> None:
        self._drafts: dict[str, dict[str, _Draft]] = {}

    def enter(
        self, rule: Rule, control: str, fields: Mapping[str, object], refusal: Refusal
    ) -> Rule | None:
        """Return the rule with what was entered; ``None``: it is refused, and kept here."""
        drafts = self._drafts.setdefault(rule.id, {})
        earlier = {
            name: value
            for other, draft in drafts.items()
            if other != control
            for name, value in draft.fields.items()
        }
        for tried in (earlier | dict(fields), dict(fields)):
            values: dict[str, Any] = tried
            try:
                changed = replace(rule, **values)
            except SettingsError:
                continue
            drafts.pop(control, None)
            for other, draft in list(drafts.items()):
                if draft.fields and draft.fields.keys() <= tried.keys():
                    del drafts[other]
            return changed
        drafts[control] = _Draft(dict(fields), refusal(control, dict(fields) | earlier, rule))
        return None

    def refuse(self, rule_id: str, control: str, words: str) -> None:
        """Keep that a text was entered that means nothing."""
        self._drafts.setdefault(rule_id, {})[control] = _Draft({}, words)

    def forget(self, rule_id: str) -> None:
        """Give up what was entered for a rule."""
        self._drafts.pop(rule_id, None)

    def clear(self) -> None:
        """Give up everything."""
        self._drafts.clear()

    def keep(self, rule_ids: Iterable[str]) -> None:
        """Give up what is of other rules than these."""
        for gone in self._drafts.keys() - set(rule_ids):
            del self._drafts[gone]

    def fields(self, rule_id: str) -> dict[str, object]:
        """Return what was entered for a rule and refused, by field."""
        drafts = self._drafts.get(rule_id, {})
        return {name: value for one in drafts.values() for name, value in one.fields.items()}

    def problems(self, rule_id: str) -> dict[str, str]:
        """Return why, by control."""
        drafts = self._drafts.get(rule_id, {})
        return {control: draft.words for control, draft in drafts.items()}

    def problem_texts(self) -> list[str]:
        """Return why, of all rules."""
        return [draft.words for drafts in self._drafts.values() for draft in drafts.values()]

    def problem_controls(self) -> list[str]:
        """Return the controls, of all rules."""
        return [control for drafts in self._drafts.values() for control in drafts]

    def first(self) -> tuple[str, str] | None:
        """Return the first rule, and the control; ``None``: nothing was refused."""
        for rule_id, drafts in self._drafts.items():
            for control in drafts:
                return rule_id, control
        return None

    def mark(self) -> object:
        """Return what is another thing after each change."""
        return {
            rule_id: {control: draft.words for control, draft in drafts.items()}
            for rule_id, drafts in self._drafts.items()
            if drafts
        }


def of_kind(rule: Rule, kind: AlertKind, rule_id: str) -> Rule:
    """Return a rule of another kind that keeps what both kinds use.

    It has an id of its own: what rang by the former one was something else.
    """
    made: dict[str, Any] = dict(_USUAL[kind])
    bare = Rule(rule_id, kind, **made)
    kept: dict[str, Any] = {
        name: getattr(rule, name) for name in ("symbol", "side", "quiet") if name in bare.uses
    }
    # A level's size is another thing than a liquidation's.
    if "normal" in rule.uses & bare.uses:
        kept |= {"usd": rule.usd, "normal": rule.normal}
    return replace(bare, ways=rule.ways, is_enabled=rule.is_enabled, **kept)


def free_id(kind: AlertKind, rules: Iterable[Rule]) -> str:
    """Return an id that no rule has: ``large-1``."""
    ids = {one.id for one in rules}
    return next(name for at in count(1) if (name := f"{kind.value}-{at}") not in ids)
