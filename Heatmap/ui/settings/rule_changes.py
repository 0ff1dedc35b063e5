"""Puts changed alert rules and ways in force, keeps them, and has Undo take them back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from Heatmap.alerts.rules import Rule
from Heatmap.alerts.ways import WaySpec
from Heatmap.errors import SettingsError
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.alert_ways import load_ways, save_ways
from Heatmap.ui.host_alerts import HostAlerts
from Heatmap.ui.settings.alert_store import save_alert_rules
from Heatmap.ui.settings.settings_preview import ONE_STEP_S, SettingsPreview
from Heatmap.ui.settings.settings_store import SettingsWriter

logger = get_logger(__name__)


class RuleChanges:
    """The rules and ways of a settings tab. It outlives the tab, as `SettingsPreview` does.

    Parameters
    ----------
    service
        Whose rules.
    preview
        Remembers what each change has replaced.
    writer
        Knows the store in which rules and ways are kept.

    Attributes
    ----------
    specs
        The ways as they were read or kept last.
    """

    def __init__(
        self, service: HeatmapService, preview: SettingsPreview, writer: SettingsWriter
    ) -> None:
        self._service = service
        self._preview = preview
        self._writer = writer
        self._last: _RuleStep | None = None
        self.specs: tuple[WaySpec, ...] = ()
        self.read_ways()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force."""
        return self._service.alert_rules

    @property
    def host_alerts(self) -> HostAlerts | None:
        """What tells alerts of the service outside its windows; ``None``: nothing of ours."""
        ways = self._service.alert_ways
        return ways if isinstance(ways, HostAlerts) else None

    @property
    def has_store(self) -> bool:
        """Whether there is a place for addresses."""
        return self._writer.opened_store() is not None

    def put(self, rules: Iterable[Rule], what: str = "") -> None:
        """Put rules in force in the place of those that are, and keep them.

        Parameters
        ----------
        rules
            All of them.
        what
            Names what is changed: changes of one thing that follow each other soon are undone as
            one; empty: nothing else is this.

        Raises
        ------
        SettingsError
            Two have one id, or there are too many; nothing has changed.
        """
        before, after = self.rules, tuple(rules)
        if before == after:
            return
        self._put(after)
        last, now_s = self._last, monotonic()
        if what and last is not None and last.may_grow(what, now_s):
            last.after, last.changed_s = after, now_s
            return
        self._last = _RuleStep(self, before, after, what, now_s)
        self._preview.remember((), [self._last.put_back])

    def read_ways(self) -> tuple[WaySpec, ...]:
        """Read the ways that are kept; what cannot be read counts as none."""
        store = self._writer.opened_store()
        try:
            self.specs = () if store is None else load_ways(store)
        except SettingsError as error:
            logger.debug("%s", error)
            self.specs = ()
        return self.specs

    def put_way(self, spec: WaySpec) -> None:
        """Put a way in force and keep it, in the place of the one of its name.

        Raises
        ------
        SettingsError
            It cannot be stored.
        """
        before = self.read_ways()
        if any(one.name == spec.name for one in before):
            self._change_ways([spec if one.name == spec.name else one for one in before])
        else:
            self._change_ways([*before, spec])

    def remove_way(self, name: str) -> None:
        """Forget a way.

        Raises
        ------
        SettingsError
            That cannot be stored.
        """
        self._change_ways([one for one in self.read_ways() if one.name != name])

    def _change_ways(self, specs: Iterable[WaySpec]) -> None:
        before, after = self.specs, tuple(specs)
        if before != after:
            self._put_ways(after)
            self._last = None
            self._preview.remember((), [lambda: self._put_ways(before)])

    def put_back(self, before: Sequence[Rule], after: Sequence[Rule]) -> None:
        """Undo what lies between two lists, and leave alone what was changed elsewhere since."""
        was, became = ({one.id: one for one in rules} for rules in (before, after))
        changed = {name for name in was.keys() | became.keys() if was.get(name) != became.get(name)}
        rules = [was.get(one.id) if one.id in changed else one for one in self.rules]
        kept = [one for one in rules if one is not None]
        ids = {one.id for one in kept}
        for at, one in enumerate(before):
            if one.id in changed and one.id not in ids:
                kept.insert(min(at, len(kept)), one)
        self._put(kept)

    def _put(self, rules: Iterable[Rule]) -> None:
        asked = tuple(rules)
        self._service.set_alert_rules(asked)
        store = self._writer.opened_store()
        if store is not None:
            save_alert_rules(store, asked)

    def _put_ways(self, specs: tuple[WaySpec, ...]) -> None:
        store = self._writer.opened_store()
        if store is not None:
            save_ways(store, specs)
        self.specs = specs
        if (alerts := self.host_alerts) is not None:
            alerts.set_ways(specs)


@dataclass(eq=False, slots=True)
class _RuleStep:
    """One change: rules before and after it."""

    owner: RuleChanges
    before: Sequence[Rule]
    after: Sequence[Rule]
    what: str
    changed_s: float
    is_over: bool = field(default=False)

    def may_grow(self, what: str, now_s: float) -> bool:
        """Whether another change of the same thing belongs to it."""
        return not self.is_over and self.what == what and now_s - self.changed_s < ONE_STEP_S

    def put_back(self) -> None:
        """Undo it."""
        self.is_over = True
        self.owner.put_back(self.before, self.after)
