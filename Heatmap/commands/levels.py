"""``python -m Heatmap levels show | fit | score | brackets``: predicted levels. Loads no Qt."""

import argparse
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from Heatmap.commands import level_texts
from Heatmap.commands.arguments import (
    Parser,
    add_database_option,
    file_path,
    say,
    say_json,
    whole_number,
)
from Heatmap.commands.log_output import start_log
from Heatmap.domain.candles import DAY_MS
from Heatmap.domain.failure_texts import failure_text
from Heatmap.domain.instruments import parse_symbol
from Heatmap.errors import StorageError
from Heatmap.feeds.level_market import LevelStore, StoredMarket
from Heatmap.history.market_history import MarketHistory
from Heatmap.levels.bracket_check import fit_tables
from Heatmap.levels.learn import Recording, prepare_recording, reliability, score_recording
from Heatmap.levels.models import LevelModel, taker_rule_of
from Heatmap.levels.predict import PREDICTED_MODELS, predict
from Heatmap.levels.shipped import shipped_brackets
from Heatmap.runtime.exchange_clock import wall_clock_ms
from Heatmap.runtime.plain import as_plain
from Heatmap.service.learning import LevelLearner
from Heatmap.standalone.exchange.recording import parse_time
from Heatmap.storage.level_arrays import order_array
from Heatmap.storage.store import open_store

_DEFAULT_DAYS = 45
_MOST_DAYS = 3650


def run(words: Sequence[str]) -> int:
    """Do what a command of levels asks for; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    try:
        query = _Query(options)
    except ValueError as error:
        parser.error(str(error))
    start_log(options)
    if not query.source.has(query.symbol):
        raise StorageError(
            f"there is no database {query.source.store.address}; record first, choose another one, "
            f"or import history of {query.symbol}"
        )
    return int(options.act(query, options))


class _Query:
    """What every command of levels is told."""

    def __init__(self, options: argparse.Namespace) -> None:
        store = open_store(options.db)
        days = MarketHistory.beside(store.address)
        if options.store is not None:
            days = MarketHistory(options.store)
        self.source = LevelStore.of(store, days)
        self.symbol = parse_symbol(options.symbol)
        if not 1 <= options.days <= _MOST_DAYS:
            raise ValueError(f"--days must be from 1 to {_MOST_DAYS}, got {options.days}")
        self.span_ms = options.days * DAY_MS
        self.is_json = bool(options.json)
        at = getattr(options, "at", None)
        self._at_ms = None if at is None else _parse_moment(at)
        if self._at_ms is not None and self._at_ms > wall_clock_ms():
            raise ValueError(f"--at must not lie in the future, got {at}")

    def at_ms(self) -> int:
        """Return as of when it is, UTC milliseconds: asked for, or until when there are candles."""
        if self._at_ms is not None:
            return self._at_ms
        newest_ms, _ = self.source.newest(self.symbol)
        return wall_clock_ms() if newest_ms is None else newest_ms

    def read(
        self, *, with_messages: bool = True, model: LevelModel | None = None
    ) -> tuple[int, StoredMarket]:
        """Return the time and the market as it was known then."""
        at_ms = self.at_ms()
        rule = None if model is None else taker_rule_of(model)
        found = self.source.read(
            self.symbol, at_ms, self.span_ms, with_messages=with_messages, taker_rule=rule
        )
        return at_ms, found

    def tell(self, plain: Mapping[str, Any], text: str) -> None:
        """Print one or the other."""
        if self.is_json:
            say_json(_finite(plain))
        else:
            say(text)


def _show(query: _Query, options: argparse.Namespace) -> int:
    model = LevelModel(options.model)
    at_ms, found = query.read(with_messages=False, model=model)
    if not query.source.store.exists() and not len(found.market.candles):
        reasons = [failure_text(one) for one in found.problems]
        raise StorageError(
            level_texts.no_market_text(query.symbol, query.source.store.address, at_ms, reasons)
        )
    levels = predict(found.market, at_ms, model)
    plain = levels.to_plain() | {"problems": [as_plain(one) for one in found.problems]}
    query.tell(
        plain,
        level_texts.levels_text(
            levels, options.rows, [failure_text(one) for one in found.problems]
        ),
    )
    return 0


def _fit(query: _Query, options: argparse.Namespace) -> int:
    del options
    learner = LevelLearner(query.source, tuple, lambda: query.span_ms)
    learned = learner.learn_now(query.symbol)
    if learned is None:
        query.tell({"result": None, "messages": 0, "minutes": 0}, level_texts.NO_CANDLES)
        return 1
    table = learned.fit.table
    names, folder = query.source.fits.names(query.symbol), str(query.source.fits.folder)
    plain = {
        "result": learned.result.value,
        "messages": learned.messages,
        "minutes": learned.minutes,
        "gain_bits": learned.fit.gain_bits,
        "file": names[-1] if names else None,
        "folder": folder,
        "fit": None if table is None else json.loads(table.to_json()),
        "ensemble": None if learned.ensemble is None else json.loads(learned.ensemble.to_json()),
        "notes": [asdict(one) for one in learned.fit.notes],
    }
    query.tell(plain, level_texts.fit_text(query.symbol, learned, folder))
    return 0 if table is not None else 1


def _score(query: _Query, options: argparse.Namespace) -> int:
    at_ms, found = query.read()
    market, data = found.market, found.data
    recording = prepare_recording(market, data.messages, data.coverage, at_ms)
    if recording is None:
        query.tell({"symbol": query.symbol, "scores": []}, level_texts.NO_CANDLES)
        return 1
    scorings = score_recording(recording, market)
    facts = level_texts.ScoreFacts(
        query.symbol,
        at_ms,
        recording,
        scorings,
        reliability(recording),
        market.table_at(at_ms),
    )
    if options.report is not None:
        _write(options.report, level_texts.report_text(facts))
        say(f"report written to {options.report}")
        return 0
    query.tell(_scores_plain(facts, recording), level_texts.score_text(facts))
    return 0


def _brackets(query: _Query, options: argparse.Namespace) -> int:
    book = shipped_brackets()
    at_ms = query.at_ms()
    if not options.check:
        table = book.in_force(query.symbol, at_ms)
        plain = {"symbol": query.symbol, "at_ms": at_ms, "table": asdict(table)}
        query.tell(plain, level_texts.brackets_text(query.symbol, table))
        return 0
    with closing(query.source.store.open_reader()) as reader:
        orders = reader.read_order_prices(query.symbol, 0, at_ms, order_array)
    tables = book.tables.get(query.symbol, ())
    if not tables:
        query.tell({"symbol": query.symbol, "tables": []}, level_texts.no_tables(query.symbol))
        return 1
    fits = fit_tables(
        orders["fill_price"], orders["limit_price"], orders["notional"], orders["is_long"], tables
    )
    plain = {
        "symbol": query.symbol,
        "tables": [
            {
                "valid_from_ms": one.table.valid_from_ms,
                "source": one.table.source,
                "orders": one.orders,
                "error_bp": one.error_bp,
            }
            for one in fits
        ],
    }
    query.tell(plain, level_texts.bracket_check_text(query.symbol, fits))
    return 0


def _scores_plain(facts: level_texts.ScoreFacts, recording: Recording) -> dict[str, Any]:
    return {
        "symbol": facts.symbol,
        "at_ms": facts.at_ms,
        "minutes": int(recording.counts.is_used.sum()),
        "messages": recording.messages,
        "scores": [
            {
                "held_out": one.folds,
                "minutes": one.minutes,
                "messages": one.events,
                "models": [
                    asdict(model) | {"verdict": model.verdict.value} for model in one.models
                ],
                "notes": [asdict(note) for note in one.notes],
            }
            for one in facts.scorings
        ],
        "reliability": [asdict(one) for one in facts.reliability],
    }


def _parse_moment(text: str) -> int:
    """Read a time, or a day for its begin; returns UTC milliseconds."""
    is_day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip())
    return parse_time(f"{text.strip()}T00:00:00Z" if is_day else text)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"the report {path} cannot be written ({error.strerror or error}); choose another file"
        ) from error


def _finite(value: Any) -> Any:
    """Return it with null in place of what JSON does not have: NaN and infinity."""
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m Heatmap levels",
        description="Predicted liquidation levels: what would be liquidated if the price went "
        "there. They do not say where the price goes. `fit` writes a file beside the database; "
        "the other commands only read.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(
        required=True, metavar="show|fit|score|brackets", parser_class=Parser
    )
    show = _action(actions, "show", "print the levels that stand", _show)
    show.add_argument(
        "--model",
        choices=[one.value for one in PREDICTED_MODELS],
        default="calibrated",
        help="how they are computed (docs/levels.md), default calibrated",
    )
    show.add_argument(
        "--rows",
        type=whole_number,
        default=20,
        metavar="N",
        help="print the N largest, default 20; 0: all",
    )
    _action(actions, "fit", "learn from your recording; keep the result if it is better", _fit)
    score = _action(actions, "score", "compare what was expected with what happened", _score)
    score.add_argument("--report", type=file_path, metavar="FILE.md", help="write a report to read")
    brackets = _action(
        actions, "brackets", "print the maintenance margins that are used", _brackets
    )
    brackets.add_argument(
        "--check", action="store_true", help="say which table fits the recorded liquidations"
    )
    for action in (show, score, brackets):
        action.add_argument(
            "--at",
            metavar="TIME",
            help="use only what was known then: 2026-11-05T01:00:00Z, or 2026-11-05 for the start "
            "of that day; default: the newest candle",
        )
    return parser


def _action(actions: Any, name: str, text: str, act: Any) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=f"{text.capitalize()}.", allow_abbrev=False
    )
    action.set_defaults(act=act)
    add_database_option(action)
    action.add_argument(
        "--store",
        type=file_path,
        metavar="DIR",
        help="directory of imported history; default: that of the database",
    )
    action.add_argument("--symbol", default="BTCUSDT", help="symbol, default BTCUSDT")
    action.add_argument("--json", action="store_true", help="print JSON")
    action.add_argument(
        "--days",
        type=whole_number,
        default=_DEFAULT_DAYS,
        metavar="N",
        help=f"use candles of so many days, default {_DEFAULT_DAYS}",
    )
    return action
