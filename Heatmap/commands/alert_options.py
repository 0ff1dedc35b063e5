"""``--alert``: rules on a command line, and what rings for `record`. Imports no numpy, no Qt."""

import argparse
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from Heatmap.alerts.alert import AlertKind
from Heatmap.alerts.alert_book import AlertNews
from Heatmap.alerts.follower import AlertFollower
from Heatmap.alerts.rule_list import parse_rules
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.texts import news_texts
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, SettingsError
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.storage.event_tape import EventTape

GRAMMAR = (
    "such as large,usd=500k or cascade,usd=500k,seconds=30,count=5,quiet=5m or stops,seconds=60 or "
    "unsaved,seconds=10; see docs/alerts.md"
)


def add_alert_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--alert``, which may be given again; the help says what for."""
    parser.add_argument(
        "--alert",
        action="append",
        default=[],
        metavar="RULE",
        help=f"{what}, {GRAMMAR}; may be given again",
    )


def given_rules(parser: argparse.ArgumentParser, texts: Sequence[str]) -> tuple[Rule, ...]:
    """Read the rules of ``--alert``, or end the program with one line."""
    try:
        return parse_rules(texts)
    except SettingsError as error:
        parser.error(f"--alert: {error}")


def headless_rules(parser: argparse.ArgumentParser, texts: Sequence[str]) -> tuple[Rule, ...]:
    """Read rules for a program that computes no levels, or end it with one line."""
    rules = given_rules(parser, texts)
    for rule in rules:
        if rule.kind is AlertKind.NEAR_LEVEL:
            parser.error(
                f"--alert: {rule.id} can never ring here: `record` computes no levels; use large, "
                "cascade, stops or unsaved, or the window"
            )
        if rule.ways:
            parser.error(f"--alert: {rule.id}: `record` tells by its output only; leave out ways=")
    return rules


class HeadlessAlerts:
    """Prints what rings while a recorder runs; enter it before that starts.

    Parameters
    ----------
    tape
        What is stored.
    rules
        Without any nothing is followed, and no file made.
    status
        The recorder's.
    tell
        Prints a line.
    """

    def __init__(
        self,
        tape: EventTape,
        rules: Sequence[Rule],
        status: Callable[[], RecorderStatus],
        tell: Callable[[str], None],
    ) -> None:
        self._tell = tell
        self._told: Failure | None = None
        self._follower = AlertFollower(tape, rules, status, self._take) if rules else None

    def __enter__(self) -> Self:
        """Begin."""
        if self._follower is not None:
            self._follower.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ring for what was stored until now, and end."""
        if self._follower is not None:
            self._follower.stop()

    def _take(self, news: AlertNews) -> None:
        assert self._follower is not None  # noqa: S101 - it calls this
        for line in news_texts(news):
            self._tell(line)
        self._follower.confirm(one.id for one in news.ringing)
        failure = self._follower.failure()
        if failure is not None and failure != self._told:
            self._tell(failure_text(failure))
        self._told = failure
