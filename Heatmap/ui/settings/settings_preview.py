"""What the changes of a settings tab have replaced, for as long as they may be taken back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.settings.settings_store import SettingsWriter

logger = get_logger(__name__)

ONE_STEP_S = 1.0
"""Changes of the same fields that follow each other this soon are undone as one: a slider's."""

TakeBack = Callable[[], object]
"""Puts back what was there before a change."""


@dataclass(slots=True)
class _Step:
    """What one change has replaced: values in force and stored texts, by field.

    `others` take back what no field of the settings is.
    """

    in_force: dict[str, object]
    stored: dict[str, str | None]
    changed_s: float
    others: tuple[TakeBack, ...] = ()


class SettingsPreview:
    """Remembers what was in force and stored before the changes that a settings tab makes.

    It outlives the tab: where a dialog is deleted while it is open, the end of the tab is the only
    sign that nobody has accepted. `remember` comes before each change; `take_back` and `forget`
    may come at any time, and do nothing a second time; `step_back` takes back one change after the
    other, the last one first; `end` comes last, when the tab is gone.

    Parameters
    ----------
    service
        The service to set.
    writer
        Stores what the tab changes.
    clock
        Gives the time, seconds from any beginning.

    Attributes
    ----------
    is_undecided
        The tab is in a modal dialog that was neither accepted nor rejected.
    """

    def __init__(
        self,
        service: HeatmapService,
        writer: SettingsWriter,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._clock = clock
        self._steps: list[_Step] = []
        self._service = service
        self._writer = writer
        self.is_undecided = False
        # By field, two things: options of this run only are in force without being stored.
        self._in_force: dict[str, object] = {}
        self._stored: dict[str, str | None] = {}

    def remember(self, names: Iterable[str], others: Sequence[TakeBack] = ()) -> None:
        """Remember of the fields called `names` what is in force and stored, unless it is known.

        `others` take back what else is about to change; the same change undoes all of it.
        """
        values = self._service.settings.as_mapping()
        stored = {name: self._writer.stored_text(name) for name in names}
        in_force = {name: values[name] for name in stored if name in values}
        now_s = self._clock()
        last = self._steps[-1] if self._steps else None
        is_same = last is not None and last.stored.keys() == stored.keys() and not others
        if last is not None and is_same and now_s - last.changed_s < ONE_STEP_S:
            last.changed_s = now_s
        else:
            self._steps.append(_Step(in_force, stored, now_s, tuple(others)))
        self._stored = stored | self._stored
        self._in_force = in_force | self._in_force

    def join_last(self) -> None:
        """Have the last two changes be taken back as one, where neither has the other's fields."""
        if len(self._steps) > 1:
            last = self._steps.pop()
            before = self._steps[-1]
            before.in_force = last.in_force | before.in_force
            before.stored = last.stored | before.stored
            before.others += last.others

    def can_step_back(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._steps)

    def step_back(self) -> HeatmapSettings | None:
        """Store what was stored before the last change.

        Returns
        -------
        HeatmapSettings or None
            What the caller puts in force; ``None``: nothing was changed.
        """
        if not self._steps:
            return None
        step = self._steps.pop()
        for put_back in step.others:
            put_back()
        self._writer.write_now(step.stored)
        return self._service.settings.changed(**step.in_force)

    def forget(self) -> None:
        """Make what was changed so far final, and store what waits."""
        self._in_force.clear()
        self._stored.clear()
        self._steps.clear()
        self._writer.flush()

    def take_back(self) -> HeatmapSettings | None:
        """Store what was stored before.

        Returns
        -------
        HeatmapSettings or None
            What the caller puts in force; ``None``: nothing was changed.
        """
        steps, self._steps = self._steps, []
        for step in reversed(steps):
            for put_back in step.others:
                put_back()
        in_force, self._in_force = self._in_force, {}
        stored, self._stored = self._stored, {}
        if not in_force:
            return None
        self._writer.write_now(stored)
        return self._service.settings.changed(**in_force)

    def end(self) -> None:
        """Take back what nobody has accepted, or store what waits: the tab is gone."""
        try:
            settings = self.take_back() if self.is_undecided else None
            if settings is not None:
                self._service.apply_settings(settings)
            self._writer.flush()
        except Exception:
            # The caller is Qt, which would end the host's process.
            logger.exception("previewed settings could not be taken back")
