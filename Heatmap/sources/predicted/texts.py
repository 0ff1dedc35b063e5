"""The words of predicted levels: the corner's lines, the crosshair's box, amounts. Pure."""

from datetime import UTC, datetime

from Heatmap.levels.standing import DistanceShare
from Heatmap.levels.texts import skill_words
from Heatmap.sources.amount_texts import usd_text
from Heatmap.sources.predicted.level_facts import FitFacts, LevelFacts, MapFacts
from Heatmap.sources.recorded.texts import counted_text, none_text, recorded_text, totals_lines

#: Of what a colour means.
UNIT = "per 0.1 %"
_TITLE = "Colour: USD expected per 0.1 % of price, if reached"
_FIXED = "better than any fixed leverage table"
_PROVISIONAL = "amounts provisional"
# Of the distances at which positions were opened, so many are told.
_TOLD_SHARES = 3
_CENT_USD = 0.01
_LOWEST_LEVERAGE = 1.5
# Less than two hours are told in minutes.
_DAY_MINUTES, _HOURS_FROM = 1_440, 120


def map_words(facts: MapFacts) -> str:
    """Return what the corner says of a map, in lines."""
    if facts.fit is None:
        return f"{_TITLE}\nNo candles of {facts.symbol} yet, so no levels"
    if not facts.has_volume:
        reason = f"The candles of {facts.symbol} have no volume, so no levels"
        return f"{_TITLE}\n{reason}\n{_sentence(candle_words(facts))}"
    lines = [_TITLE, _sentence(verdict_words(facts.fit))]
    words = [learned_words(facts.fit, facts.symbol)]
    if facts.fit.is_provisional:
        words.append(_PROVISIONAL)
    words.append(candle_words(facts))
    lines.append(_sentence(", ".join(words)))
    if facts.fit_changed_ms is not None:
        lines.append(
            f"Learned anew at {_moment(facts.fit_changed_ms)}: another scale from there on"
        )
    if facts.drawn_from_ms is not None:
        lines.append(f"Nothing is drawn before {_moment(facts.drawn_from_ms)}: prices too far away")
    return "\n".join(lines)


def verdict_words(fit: FitFacts) -> str:
    """Return how good a fit is."""
    words = skill_words(fit.verdict)
    return f"{words}, {_FIXED}" if fit.beats_fixed else words


def learned_words(fit: FitFacts, symbol: str) -> str:
    """Return what a fit was learned from, and when."""
    words = f"learned {_days(fit.data_from_ms, fit.data_until_ms)}"
    if fit.messages:
        words += f" from {fit.messages:,} liquidations"
    return words if fit.symbol == symbol else f"{words} of {fit.symbol}"


def candle_words(facts: MapFacts) -> str:
    """Return how many days of candles a map is made of."""
    if facts.candle_days >= 1:
        number, unit = round(facts.candle_days), "day"
    else:
        minutes = round(facts.candle_days * _DAY_MINUTES)
        number, unit = (minutes // 60, "hour") if minutes >= _HOURS_FROM else (minutes, "minute")
    have = f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    if facts.is_complete:
        return f"{have} of candles"
    if unit == "day":
        have = str(number)
    return f"{have} of {facts.wanted_days} days of candles"


def place_lines(facts: LevelFacts, symbol: str) -> tuple[tuple[str, str], ...]:
    """Return what the box at the crosshair says."""
    lines = _expected_lines(facts)
    for number, share in enumerate(facts.shares[:_TOLD_SHARES]):
        lines.append(("Opened" if number == 0 else "", _share_text(share)))
    if facts.fit is not None:
        lines.append(("Score", skill_words(facts.fit.verdict)))
        if facts.fit.beats_fixed:
            lines.append(("", _FIXED))
        lines.append(("Learned", learned_words(facts.fit, symbol).removeprefix("learned ")))
        lines.append(
            (
                "Amounts",
                "provisional, a lower bound"
                if facts.fit.is_provisional
                else "as Binance reports, a lower bound",
            )
        )
    here = facts.recorded
    if here is not None:
        lines += totals_lines("Liquidated here", here.totals, none_text(here.recorded))
        if here.recorded.missing < 1.0:
            lines.append(("Recorded", recorded_text(here.recorded)))
    if facts.counted_side:
        lines.append(("Counted", counted_text(facts.counted_side, 0.0)))
    return tuple(lines)


def _expected_lines(facts: LevelFacts) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if facts.fit is None:
        lines.append(("Expected if reached", "not known, there are no candles"))
    elif facts.per_unit_usd < _CENT_USD:
        lines.append(("Expected if reached", "nothing stands here"))
    else:
        lines.append(
            (
                f"If reached, {facts.side}",
                f"\u2248 {usd_text(facts.per_unit_usd)} USD per 0.1 %",
            )
        )
        if facts.level_usd >= _CENT_USD:
            lines.append(("The whole level", f"\u2248 {usd_text(facts.level_usd)} USD"))
    if facts.fit is not None and facts.cumulative_usd >= _CENT_USD:
        away = f"{facts.distance_pct:.2g} % away"
        lines.append(
            ("From the price to here", f"\u2248 {usd_text(facts.cumulative_usd)} USD, {away}")
        )
    return lines


def _share_text(share: DistanceShare) -> str:
    words = f"{share.share * 100:.0f} % from {share.from_pct:g}\u2013{share.to_pct:g} % away"
    low, high = share.leverage_low, share.leverage_high
    if low < _LOWEST_LEVERAGE:
        return words
    return f"{words}, {low:.0f}\u2013{high:.0f}x"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _days(from_ms: int, until_ms: int) -> str:
    first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (from_ms, until_ms))
    if first.date() == last.date():
        return f"{last.day} {last:%b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last.day} {last:%b %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%b} to {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
