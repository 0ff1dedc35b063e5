"""Rules on the recording: it stops, or what it receives is not saved. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from Heatmap.alerts.alert import Alert, alert_id
from Heatmap.alerts.rules import Rule


@dataclass(slots=True)
class RecordingWatch:
    """One rule; it rings once each time it is so for long enough.

    Attributes
    ----------
    rule
        Which.
    began_ms
        Since when it is so, UTC milliseconds; ``None``: it is not.
    has_rung
        Whether it rang since then.
    rung_ms
        When it rang last; ``None``: never.
    """

    rule: Rule
    began_ms: int | None = None
    has_rung: bool = False
    rung_ms: int | None = None

    def receive(self, now_ms: int, since_ms: int | None) -> Iterator[Alert]:
        """Look at how it is.

        Parameters
        ----------
        now_ms
            UTC milliseconds.
        since_ms
            Since when nothing comes, or is saved; ``None``: all is well.
        """
        if since_ms is None:
            self.began_ms, self.has_rung = None, False
            return
        # A clock that was put back must not silence it until it is as late as before.
        self.began_ms = min(since_ms if self.began_ms is None else self.began_ms, now_ms)
        if self.has_rung or now_ms - self.began_ms < self.rule.seconds * 1000:
            return
        self.has_rung = True
        quiet_ms = self.rule.quiet * 1000
        if self.rung_ms is not None and abs(now_ms - self.rung_ms) < quiet_ms:
            return
        self.rung_ms = now_ms
        mark = self.began_ms // 1000
        yield Alert(
            alert_id(self.rule.id, "", "", mark), self.rule.id, self.rule.kind, "", "", now_ms
        )

    def to_plain(self) -> dict[str, Any]:
        """Return what is to be kept over a restart."""
        return {"began_ms": self.began_ms, "has_rung": self.has_rung, "rung_ms": self.rung_ms}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Go on where `to_plain` was made."""
        self.began_ms, self.has_rung = plain["began_ms"], plain["has_rung"]
        self.rung_ms = plain["rung_ms"]
