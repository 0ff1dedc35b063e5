"""When a layer's picture is built anew, rescaled or extended: debounce and throttle."""

from enum import Enum
from math import inf

QUIET_S = 0.3
"""A resize, pan or zoom is answered after this much quiet."""
LONGEST_QUIET_S = 1.0
"""A view that never rests is answered after this time all the same."""
SPACING_S = 0.1
"""From one rebuild to the next at least: a slider that is dragged asks for 50 a second."""


class Action(Enum):
    """A piece of work for the worker thread."""

    REBUILD = "rebuild"
    RESTYLE = "restyle"
    UPDATE = "update"


class FeedSchedule:
    """When which action is due. Pure: the caller tells the time, in seconds of a monotonic clock.

    A rebuild that follows a resize or a pan waits for `QUIET_S` without a further one; a rebuild
    makes a pending restyle superfluous; rebuilds keep `SPACING_S` between them, and updates
    `update_interval_s`.
    """

    def __init__(self, update_interval_s: float) -> None:
        self.update_interval_s = update_interval_s
        self._rebuild_due_s: float | None = None
        # When the first of the requests came that the next rebuild will answer.
        self._requested_s = 0.0
        # When the last rebuild began.
        self._rebuilt_s = -inf
        self._restyle = False
        self._update_due_s = 0.0
        self._has_picture = False

    def request_rebuild(self, now_s: float, *, quiet_s: float = 0.0) -> None:
        """Ask for a rebuild after `quiet_s`.

        A later request puts it off, but not one that is due already, and never beyond
        `LONGEST_QUIET_S` (or its own `quiet_s`) after the first.
        """
        if self._rebuild_due_s is None:
            self._requested_s = now_s
        elif self._rebuild_due_s <= now_s:
            return
        latest_s = self._requested_s + max(LONGEST_QUIET_S, quiet_s)
        due_s = min(now_s + quiet_s, latest_s)
        self._rebuild_due_s = max(due_s, self._rebuilt_s + SPACING_S)

    def request_restyle(self) -> None:
        """Ask for the same grid on another scale."""
        self._restyle = True

    def reset(self) -> None:
        """Forget everything: nothing is shown any more."""
        self._rebuild_due_s = None
        self._rebuilt_s = -inf
        self._restyle = False
        self._has_picture = False

    def next_action(self, now_s: float) -> tuple[Action | None, float | None]:
        """Return what is due now, or ``None`` and the seconds until something is.

        ``(None, None)`` means that nothing will be due until something is requested.
        """
        if self._rebuild_due_s is not None and self._rebuild_due_s <= now_s:
            return Action.REBUILD, None
        if not self._has_picture:
            due_s = self._rebuild_due_s
            return None, None if due_s is None else due_s - now_s
        if self._restyle:
            return Action.RESTYLE, None
        if self._update_due_s <= now_s:
            return Action.UPDATE, None
        due_s = min(self._update_due_s, self._rebuild_due_s or self._update_due_s)
        return None, due_s - now_s

    def begin(self, action: Action, now_s: float) -> None:
        """Note that `action` starts now: what is requested from here on comes on top."""
        self._update_due_s = now_s + self.update_interval_s
        if action is Action.REBUILD:
            self._rebuild_due_s = None
            self._rebuilt_s = now_s
            self._restyle = False
            self._has_picture = True
        elif action is Action.RESTYLE:
            self._restyle = False
