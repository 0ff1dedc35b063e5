"""What is kept of alerts over a restart, as plain data. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from Heatmap.alerts.alert import Alert
from Heatmap.alerts.engine_state import is_engine_state

STATE_FORM = 1
"""Of the file; another one is not read."""
_TIGHT = ",", ":"
MOST_LATEST = 100
"""So many alerts are kept to be shown."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """How far rules have looked, what they wait for, and what rang. Never changes.

    Attributes
    ----------
    row_id
        Everything that was stored up to this row was judged; ``None``: nothing was looked at yet.
    mark
        What is in that row, to know the database by; empty: no row was looked at.
    engine
        `Engine.state`; ``None``: rules begin anew.
    pending
        What rings and was not told yet, or nobody knows whether it was.
    latest
        The newest `MOST_LATEST`, in the order in which they were found; late ones are among them.
    last
        What each rule found last, by its id.
    missed
        How many did not ring since the program began, as they were found too late.
    """

    row_id: int | None = None
    mark: str = ""
    engine: Mapping[str, Any] | None = None
    pending: tuple[Alert, ...] = ()
    latest: tuple[Alert, ...] = ()
    last: Mapping[str, Alert] = field(default_factory=dict)
    missed: int = 0

    def engine_json(self) -> str:
        """Return the engine's part as it is kept: most of all, and the same after it was told."""
        return json.dumps(self.engine, separators=_TIGHT)

    def to_json(self, engine_json: str | None = None) -> str:
        """Return it as it is kept; `engine_json` ``None``: it is made anew."""
        plain = {
            "form": STATE_FORM,
            "row_id": self.row_id,
            "mark": self.mark,
            "pending": [one.to_json() for one in self.pending],
            "latest": [one.to_json() for one in self.latest],
            "last": {rule_id: one.to_json() for rule_id, one in self.last.items()},
            "missed": self.missed,
        }
        engine = self.engine_json() if engine_json is None else engine_json
        return f'{json.dumps(plain, separators=_TIGHT)[:-1]},"engine":{engine}}}'

    @classmethod
    def from_json(cls, text: str) -> "AlertState":
        """Return the state that `to_json` wrote.

        Raises
        ------
        ValueError
            It is no such text, or of another form.
        """
        try:
            plain = json.loads(text)
            if plain["form"] != STATE_FORM:
                raise ValueError(f"expected the form {STATE_FORM}, got {plain['form']!r:.20}")
            row_id, mark, missed = plain["row_id"], plain["mark"], plain["missed"]
            is_sound = (
                (row_id is None or type(row_id) is int)
                and isinstance(mark, str)
                and type(missed) is int
                and missed >= 0
                and (plain["engine"] is None or is_engine_state(plain["engine"]))
            )
            if not is_sound:
                raise ValueError("a value is of another type")
            return cls(
                row_id,
                mark,
                plain["engine"],
                tuple(Alert.from_json(one) for one in plain["pending"]),
                tuple(Alert.from_json(one) for one in plain["latest"]),
                {rule_id: Alert.from_json(one) for rule_id, one in plain["last"].items()},
                missed,
            )
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"it is none of ours: {error!r:.80}") from error
