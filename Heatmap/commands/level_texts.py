"""What the commands of levels say, in words a trader understands. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from Heatmap.commands.text_tables import aligned
from Heatmap.levels.arrays import SIDES
from Heatmap.levels.bracket_check import LEAST_USD, TableFit
from Heatmap.levels.brackets import BracketTable
from Heatmap.levels.learn import LEVELS, Learned, Learning, Recording, Reliability
from Heatmap.levels.models import Unit
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.predict import PredictedLevels
from Heatmap.levels.scoring.conditional import (
    DISTANCE,
    ConditionalScores,
    ModelScore,
    least_favourable,
)
from Heatmap.levels.standing import Level
from Heatmap.levels.texts import skill_words
from Heatmap.levels.yields import SPOT_OVER_FUTURES, Estimate, Verdict, YieldTable

NO_CANDLES = (
    "no candles of this symbol are stored yet: record it by name (record --symbol NAME), and try "
    "again in a minute"
)
_LOWER_BOUND = "as Binance reports them (at most one liquidation a second), so a lower bound"
_MOST_MESSAGES_SURE = 500


@dataclass(frozen=True)
class ScoreFacts:
    """What a score is made of.

    Attributes
    ----------
    symbol, at_ms
        Whose, and as of when, UTC milliseconds.
    recording
        What was expected of, and what came.
    scorings
        One for each way of holding time out.
    reliability
        Expected beside came, from little to much.
    table
        Yields in use; ``None``: none.
    """

    symbol: str
    at_ms: int
    recording: Recording
    scorings: Sequence[ConditionalScores]
    reliability: Sequence[Reliability]
    table: YieldTable | None


def levels_text(levels: PredictedLevels, rows: int, problems: Sequence[str]) -> str:
    """Return levels as a table, the largest `rows` of them (0: all) in order of price."""
    lines = [f"{levels.symbol}  {levels.model}  as of {_time(levels.at_ms)}"]
    if levels.price_usd is not None:
        lines[0] += f"  price {levels.price_usd:,.8g}"
    if levels.unit is Unit.EXPECTED_USD:
        lines.append(f"expected if the price goes there, {_LOWER_BOUND}")
        if levels.is_provisional:
            lines.append("dollars are provisional: nothing was learned from this market yet")
    else:
        lines.append("USD of open positions, if traders used the leverages that the model assumes")
    largest = sorted(levels.levels, key=lambda one: -one.expected_usd)
    kept = largest[:rows] if rows else largest
    table: list[tuple[str, ...]] = [
        ("price", "", "side", "USD", "USD up to there", "away", "leverage")
    ]
    table += [_level_row(one) for one in sorted(kept, key=lambda one: -one.low_usd)]
    lines += aligned(table) if kept else ["no levels"]
    if levels.candles_from_ms is not None and levels.candles_until_ms is not None:
        lines.append(
            f"from {levels.candles} candles, {_time(levels.candles_from_ms)} to "
            f"{_time(levels.candles_until_ms)}, {levels.minutes_without_candle} minutes without one"
        )
    lines.append(f"fit: {levels.fit or 'none'}; {_verdict(levels.verdict)}")
    lines += _notes(levels.notes)
    lines += problems
    return "\n".join(lines)


def fit_text(symbol: str, learned: Learned, folder: str) -> str:
    """Return what became of a fit."""
    lines = [
        (
            f"{symbol}: {learned.messages} liquidations in {learned.minutes} minutes that were "
            "recorded for certain and have candles"
        )
    ]
    table = learned.fit.table
    if learned.result is Learning.NOTHING or table is None:
        return "\n".join([*lines, "there is nothing to learn from yet", *_notes(learned.fit.notes)])
    longs, shorts = table.factors
    lines.append(
        f"compared with the shipped table (learned on spot volume): longs {longs:.3g}, shorts "
        f"{shorts:.3g} times as much; {SPOT_OVER_FUTURES:g} was assumed for futures"
    )
    carried = [f"{_share(side)} of {name}" for name, side in zip(SIDES, _sides(table), strict=True)]
    lines.append(
        f"your recording decides {' and '.join(carried)}; the rest comes from the shipped table"
    )
    if math.isfinite(learned.fit.gain_bits):
        lines.append(
            f"tested on time it had not seen: {learned.fit.gain_bits:+.3f} bits per liquidation "
            "compared with the fit in use"
        )
    lines.append(_verdict(table.verdict))
    if learned.result is Learning.TAKEN:
        lines.append(f"kept: a file in {folder}")
    else:
        lines.append(f"{learned.result.value}, which stays")
    lines += _ensemble_lines(learned)
    return "\n".join([*lines, *_notes(learned.fit.notes)])


def score_text(facts: ScoreFacts) -> str:
    """Return scores as tables."""
    used = int(facts.recording.counts.is_used.sum())
    lines = [f"{facts.symbol}: {facts.recording.messages} liquidations in {used} minutes"]
    for one in facts.scorings:
        lines += [
            "",
            (
                f"tested on time that the fit had not seen ({one.folds}, {one.events} "
                "liquidations); bits per liquidation, more is better"
            ),
        ]
        table = [("", "over a constant rate", "over distance only", "expected/came", "")]
        table += [
            (
                model.name,
                _estimate(model.over_constant),
                "" if model.name == DISTANCE else _estimate(model.over_distance),
                _ratios(model),
                "" if model.name == DISTANCE else skill_words(model.verdict),
            )
            for model in one.models
        ]
        lines += aligned(table) if one.models else []
        lines += _notes(one.notes)
    if facts.reliability:
        lines += [
            "",
            "minutes, from those in which little was expected to those in which much was",
            *_reliability_lines(facts),
        ]
    return "\n".join(lines)


def report_text(facts: ScoreFacts) -> str:
    """Return a report in Markdown: what was expected, what came, and how good that is."""
    recording = facts.recording
    used = recording.counts.is_used
    lines = [f"# Predicted levels of {facts.symbol}: what was expected and what came", ""]
    lines += [
        (
            f"As of {_time(facts.at_ms)}. {recording.messages} liquidations in {int(used.sum())} "
            "minutes that were recorded for certain and have candles."
        ),
        "",
        (
            "A level says: *if the price goes there, about so much is liquidated*. This report "
            "asks whether that was so. It does not ask where the price went."
        ),
        "",
        "## In short",
        "",
        *_in_short(facts),
        "",
        "## Expected and came",
        "",
        (
            "Each part of the time is predicted from what came before it. Minutes are sorted from "
            "little to much expected, in groups with the same total. Where levels are right, both "
            "bars are equally long."
        ),
        "",
        "```",
        *(_reliability_lines(facts) or ["too little was recorded for this"]),
        "```",
        "",
        "## Against simpler models",
        "",
        (
            "Bits per liquidation more than a rate that never changes, with 90 % intervals. "
            "*Distance only* knows how far the price moved and nothing of positions: it is the "
            "one to beat. A model is called better only where its whole interval over distance is "
            "above 0."
        ),
        "",
    ]
    for one in facts.scorings:
        lines += [
            (
                f"Tested on time that the fit had not seen: {one.folds}, {one.events} liquidations "
                f"in {one.minutes} minutes."
            ),
            "",
        ]
        lines += ["| model | over constant | over distance only | |", "|---|---|---|---|"]
        lines += [
            f"| {model.name} | {_estimate(model.over_constant)} | "
            + (
                "| the one to beat |"
                if model.name == DISTANCE
                else f"{_estimate(model.over_distance)} | {skill_words(model.verdict)} |"
            )
            for model in one.models
        ]
        lines += [f"- {text}" for text in _notes(one.notes)] + [""]
    lines += ["## The dollars", "", *_dollars(facts), ""]
    lines += [
        "## What this cannot tell",
        "",
        "- Where the price goes. As a forecast of places nothing was better than distance alone.",
        "- Anyone's leverage: farther than 2 % from the entry all leverages look alike.",
        f"- All liquidations: totals are {_LOWER_BOUND}.",
        "",
    ]
    return "\n".join(lines)


def _ensemble_lines(learned: Learned) -> list[str]:
    table = learned.ensemble
    if table is None:
        return ["ensemble: nothing better was learned, the old one stays"]
    shares = ", ".join(f"{one.name} {one.share:.0%}" for one in table.parts)
    return [f"ensemble: {shares}; {_verdict(table.verdict)}"]


def brackets_text(symbol: str, table: BracketTable) -> str:
    """Return a table of maintenance margins."""
    if table.is_flat:
        rate = table.brackets[0].rate
        return f"{symbol}: no table is known; {rate:.2%} is used for all sizes"
    lines = [f"{symbol}: since {_time(table.valid_from_ms)[:10]}, {table.source}"]
    rows = [("up to USD", "maintenance margin", "leverage up to")]
    rows += [
        (f"{one.cap_usd:,.0f}", f"{one.rate:.2%}", f"{one.max_leverage:g}x")
        for one in table.brackets
    ]
    return "\n".join([*lines, *aligned(rows)])


def bracket_check_text(symbol: str, fits: Sequence[TableFit]) -> str:
    """Return which table the recorded orders fit."""
    orders = fits[0].orders
    head = f"{symbol}: {orders} recorded orders of {LEAST_USD:,.0f} USD or more"
    if not orders:
        return f"{head}: so nothing says which table was valid"
    rows = [("table since", "off by, in the middle", "")]
    for number, one in enumerate(fits):
        mark = "fits best" if number == 0 else ""
        rows.append((_time(one.table.valid_from_ms)[:10], f"{one.error_bp / 100:.4f} %", mark))
    return "\n".join([head, *aligned(rows)])


def no_market_text(symbol: str, address: object, at_ms: int, problems: Sequence[str]) -> str:
    """Say that neither a database nor history has candles: one line."""
    return (
        f"there is no database {address}, and history has no candles of {symbol} to "
        f"{_time(at_ms)}; import these days, or choose another --at, --store or --db"
        + "".join(f" ({one})" for one in problems[:1])
    )


def no_tables(symbol: str) -> str:
    """Say that there is nothing to compare with."""
    return f"{symbol}: no table of maintenance margins is known, so there is nothing to check"


def _in_short(facts: ScoreFacts) -> list[str]:
    models = [one.of(LEVELS) for one in facts.scorings if one.models]
    if not models:
        return ["Too little was recorded to say anything. Record for some days, and ask again."]
    score = least_favourable(facts.scorings, LEVELS)
    words = skill_words(Verdict.UNKNOWN if score is None else score.verdict)
    lines = [f"By what was recorded, levels were **{words}**."]
    if facts.recording.messages < _MOST_MESSAGES_SURE:
        lines.append("There are few data so far: the intervals below are wide.")
    longs, shorts = models[-1].predicted_over_actual
    lines.append(
        f"Of longs {longs:.2f} and of shorts {shorts:.2f} times as many messages were expected as "
        "came, on time that the fit had not seen."
    )
    return lines


def _dollars(facts: ScoreFacts) -> list[str]:
    table = facts.table
    if table is None:
        return ["No yields are known for this market: there are no dollars."]
    if table.is_provisional:
        return [
            (
                "They are **provisional**: nothing was learned from this market yet. "
                "`python -m Heatmap levels fit` learns from 20 recorded liquidations or more."
            )
        ]
    return [
        (
            f"In use: {table.name}, fitted on {table.minutes} minutes until "
            f"{_time(table.data_until_ms)}. A single level is right within a factor of two or "
            "three."
        )
    ]


def _reliability_lines(facts: ScoreFacts) -> list[str]:
    groups = facts.reliability
    if not groups:
        return []
    largest = max(max(one.expected, one.came) for one in groups) or 1.0
    rows = [("minutes", "expected", "came", "")]
    for one in groups:
        bars = f"{_bar(one.expected, largest, '.')} | {_bar(one.came, largest, '#')}"
        rows.append((str(one.minutes), f"{one.expected:.1f}", f"{one.came:.0f}", bars))
    numbers = aligned([row[:3] for row in rows])
    return [f"{line}  {row[3]}".rstrip() for line, row in zip(numbers, rows, strict=True)]


def _bar(value: float, largest: float, sign: str, width: int = 20) -> str:
    return (sign * round(value / largest * width)).ljust(width)


def _level_row(level: Level) -> tuple[str, ...]:
    main = level.shares[0] if level.shares else None
    return (
        f"{level.low_usd:,.7g}",
        f"- {level.high_usd:,.7g}",
        level.side,
        f"{level.expected_usd:,.0f}",
        f"{level.cumulative_usd:,.0f}",
        f"{level.distance_pct:.2f} %",
        ""
        if main is None
        else f"{main.leverage_low:.0f}x to {main.leverage_high:.0f}x {main.share:.0%}",
    )


def _sides(table: YieldTable) -> tuple[Sequence[object], ...]:
    return (table.longs, table.shorts)


def _share(side: Sequence[object]) -> str:
    shares = [getattr(one, "data_share", 0.0) for one in side]
    return f"{sum(shares) / max(len(shares), 1):.0%}"


def _verdict(verdict: Verdict) -> str:
    words = skill_words(verdict)
    return words if verdict is Verdict.UNKNOWN else f"{words}, on time it had not seen"


def _ratios(model: ModelScore) -> str:
    longs, shorts = model.predicted_over_actual
    return f"{longs:.2f} longs, {shorts:.2f} shorts"


def _estimate(one: Estimate) -> str:
    if not math.isfinite(one.value):
        return "-"
    return f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"


def _notes(notes: Iterable[Note]) -> list[str]:
    return [_note(one) for one in dict.fromkeys(notes)]


def _note(one: Note) -> str:
    if one.kind is NoteKind.PATH_HAS_NO_PRICE and one.value is not None:
        return f"{one.kind.value}: {one.value:.0%} of all messages"
    if one.kind is NoteKind.FIT_OF_LATER and one.at_ms is not None:
        return f"{one.kind.value} {_time(one.at_ms)}"
    return one.kind.value + (f": {one.count}" if one.count else "")


def _time(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
