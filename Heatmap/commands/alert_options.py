"""``--alert``: rules on a command line, and what rings for `record`. Imports no numpy, no Qt."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from Heatmap.alerts.alert import AlertKind
from Heatmap.alerts.alert_book import AlertNews
from Heatmap.alerts.follower import AlertFollower
from Heatmap.alerts.notices import offer_alert, offer_missed
from Heatmap.alerts.rule_list import parse_rules
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.texts import news_texts, way_text
from Heatmap.alerts.ways import WaySet, make_way, read_ways
from Heatmap.domain.failure_texts import failure_text
from Heatmap.domain.instruments import ALL_SYMBOLS, Instrument, parse_instrument, venue_title
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


def add_ways_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--ways``; the help says what for."""
    parser.add_argument(
        "--ways", type=Path, metavar="FILE", help=f"{what}; its form is in docs/alert-ways.md"
    )


def given_ways(parser: argparse.ArgumentParser, path: Path) -> WaySet:
    """Read the ways of ``--ways``, or end the program with one line."""
    try:
        return WaySet([make_way(spec) for spec in read_ways(path)])
    except SettingsError as error:
        parser.error(f"--ways: {error}")


def headless_rules(
    parser: argparse.ArgumentParser, texts: Sequence[str], ways: WaySet | None
) -> tuple[Rule, ...]:
    """Read rules for a program that computes no levels, or end it with one line."""
    rules = given_rules(parser, texts)
    for rule in rules:
        if rule.kind is AlertKind.NEAR_LEVEL:
            parser.error(
                f"--alert: {rule.id} can never ring here: `record` computes no levels; use large, "
                "cascade, stops or unsaved, or the window"
            )
        if rule.ways and ways is None:
            parser.error(f"--alert: {rule.id}: give --ways FILE, or leave out ways=")
        unknown = set(rule.ways).difference(() if ways is None else ways.names)
        if unknown:
            parser.error(f"--alert: {rule.id}: --ways has no way {min(unknown)!r}")
    return rules


def require_recorded(
    parser: argparse.ArgumentParser, rules: Sequence[Rule], venue: str, symbols: Sequence[str]
) -> None:
    """Accept rules on what is recorded, or end the program with one line.

    Parameters
    ----------
    venue
        As it is stored.
    symbols
        Of that venue; ``ALL`` may be among them.
    """
    recorded = [str(Instrument(venue, one)) for one in symbols if one != ALL_SYMBOLS]
    for rule in rules:
        if rule.symbol == ALL_SYMBOLS or rule.symbol in recorded:
            continue
        if ALL_SYMBOLS in symbols and parse_instrument(rule.symbol).venue == venue:
            continue
        what = ", ".join(recorded) or f"all of {venue_title(venue)}"
        parser.error(
            f"--alert: {rule.id} can never ring: {rule.symbol} is not recorded, but {what}"
        )


class HeadlessAlerts:
    """Prints what rings while a recorder runs, and sends it; enter it before that starts.

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
    ways
        Where rules that name ways are told, too; not started yet. ``None``: nowhere.
    """

    def __init__(
        self,
        tape: EventTape,
        rules: Sequence[Rule],
        status: Callable[[], RecorderStatus],
        tell: Callable[[str], None],
        ways: WaySet | None = None,
    ) -> None:
        self._tell = tell
        self._rules = rules
        self._ways = ways
        self._told: Failure | None = None
        self._follower = AlertFollower(tape, rules, status, self._take) if rules else None

    def __enter__(self) -> Self:
        """Begin."""
        if self._ways is not None:
            self._ways.start()
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
        if self._ways is not None:
            for name, ids in self._ways.stop().items():
                self._tell(f"alerts that have not arrived at {name}: {len(ids)}")
            for way in self._ways.status():
                if way.dropped or way.failed:
                    self._tell(f"alerts that were not told {way_text(way)}")

    def _take(self, news: AlertNews) -> None:
        assert self._follower is not None  # noqa: S101 - it calls this
        for line in news_texts(news):
            self._tell(line)
        if self._ways is not None:
            offer_missed(news, self._rules, self._ways)
            for alert in news.ringing:
                offer_alert(alert, self._rules, self._ways)
        self._follower.confirm(one.id for one in news.ringing)
        failure = self._follower.failure()
        if failure is not None and failure != self._told:
            self._tell(failure_text(failure))
        self._told = failure
