"""``python -m Heatmap alerts``: the rules, how often each would have rung, a test of a way.

The database is only read.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from Heatmap.alerts.alert_file import AlertFile
from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.backtest import backtest
from Heatmap.alerts.rules import Rule, rule_text
from Heatmap.alerts.texts import alert_text, backtest_text, missed_text, moment_text
from Heatmap.alerts.ways import Way, WaySpec, make_way, read_ways, send_test
from Heatmap.commands.alert_options import add_alert_option, add_ways_option, given_rules
from Heatmap.commands.arguments import Parser, add_database_option, say, say_json
from Heatmap.commands.log_output import start_log
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import SettingsError
from Heatmap.runtime.exchange_clock import wall_clock_ms
from Heatmap.storage.store import Store, open_store

_MOST_SHOWN = 5


def run(words: Sequence[str]) -> int:
    """List or replay rules, or test a way; returns the exit code: 1 where a test failed."""
    parser = Parser(
        prog="python -m Heatmap alerts",
        description="Tell about alert rules: those of the window, or those given by --alert.",
        epilog="Amounts are lower bounds, since exchanges do not report every liquidation.",
        allow_abbrev=False,
    )
    tasks = parser.add_subparsers(dest="task", metavar="list|replay|test", required=True)
    for name, text in (
        ("list", "the rules, and when each rang last"),
        ("replay", "how often each rule would have rung in what is recorded"),
    ):
        one = tasks.add_parser(name, help=text, description=f"Print {text}.", allow_abbrev=False)
        add_database_option(one)
        one.add_argument("--json", action="store_true", help="print JSON")
        add_alert_option(one, "this rule in the place of the window's")
    text = "whether a test alert arrives on a way"
    one = tasks.add_parser("test", help=text, description=f"Print {text}.", allow_abbrev=False)
    one.add_argument("--way", required=True, metavar="NAME", help="what you call it")
    add_ways_option(one, "take the ways of this file in the place of the window's")
    options = parser.parse_args(words)
    if options.task == "test":
        start_log(options)
        return _test(_way(parser, options.way, options.ways))
    rules = _rules(parser, options.alert)
    start_log(options)
    store = open_store(options.db)
    if options.task == "list":
        _list(rules, AlertFile(store.address), is_json=options.json)
    else:
        _replay(rules, store, is_json=options.json)
    return 0


def _rules(parser: argparse.ArgumentParser, texts: Sequence[str]) -> tuple[Rule, ...]:
    if texts:
        return given_rules(parser, texts)
    # Only here: the window's settings are Qt's.
    from PyQt6.QtCore import QSettings  # noqa: PLC0415

    from Heatmap.standalone.stores import STORE  # noqa: PLC0415
    from Heatmap.ui.settings.alert_store import load_alert_rules  # noqa: PLC0415

    return load_alert_rules(QSettings(*STORE))


def _way(parser: argparse.ArgumentParser, name: str, path: Path | None) -> Way:
    """Return the way of this name, or end the program with one line."""
    try:
        specs = _window_ways() if path is None else read_ways(path)
        found = [one for one in specs if one.name == name]
        if not found:
            names = ", ".join(one.name for one in specs) or "none"
            where = "the window's settings" if path is None else str(path)
            parser.error(f"--way: expected one of {where} ({names}), got {name!r}")
        return make_way(found[0])
    except SettingsError as error:
        parser.error(str(error))


def _window_ways() -> Iterable[WaySpec]:
    # Only here: the window's settings are Qt's.
    from PyQt6.QtCore import QSettings  # noqa: PLC0415

    from Heatmap.standalone.stores import STORE  # noqa: PLC0415
    from Heatmap.ui.alert_ways import load_ways  # noqa: PLC0415

    return load_ways(QSettings(*STORE))


def _test(way: Way) -> int:
    failure = send_test(way)
    if failure is None:
        say(f"{way.name}: a test alert has arrived")
        return 0
    say(f"{way.name}: the test alert did not arrive: {failure_text(failure)}")
    return 1


def _list(rules: Sequence[Rule], file: AlertFile, *, is_json: bool) -> None:
    try:
        state = file.read()
    except (OSError, ValueError) as error:
        say(f"when they rang is not known: {file.path} cannot be read ({error})")
        state = AlertState()
    if is_json:
        last = {rule_id: one.to_json() for rule_id, one in state.last.items()}
        listed = [
            {
                "id": one.id,
                "rule": rule_text(one),
                "enabled": one.is_enabled,
                "last": last.get(one.id),
            }
            for one in rules
        ]
        latest = [one.to_json() for one in state.latest]
        say_json({"rules": listed, "missed": state.missed, "latest": latest}, indent=2)
        return
    if not rules:
        say("no rules: the window has none, and none was given by --alert")
    for rule in rules:
        say(f"{rule_text(rule)}{'' if rule.is_enabled else ' (off)'}: {_last_text(rule, state)}")
    if state.missed:
        say(missed_text(state.missed))


def _last_text(rule: Rule, state: AlertState) -> str:
    last = state.last.get(rule.id)
    if last is None:
        return "has not rung yet"
    late = ", found too late to ring" if last.is_late else ""
    return f"last {moment_text(last.ts_ms)}{late}"


def _replay(rules: Sequence[Rule], store: Store, *, is_json: bool) -> None:
    results = backtest(store, rules, wall_clock_ms())
    if is_json:
        plain: list[dict[str, Any]] = [one.to_plain() for one in results]
        say_json({"rules": plain}, indent=2)
        return
    if not rules:
        say("no rules: the window has none, and none was given by --alert")
    for result in results:
        say(f"{rule_text(result.rule)}: {backtest_text(result)}")
        for alert in result.latest[-_MOST_SHOWN:]:
            say(f"    {alert_text(alert)}")
