"""The words of predicted levels: the corner's lines, the crosshair's box, amounts. Pure."""

from Heatmap.domain.phrases import (
    Joined,
    Moment,
    MomentForm,
    Number,
    Phrase,
    counted,
    joined,
    say,
    significant,
    whole,
)
from Heatmap.levels.standing import DistanceShare
from Heatmap.levels.texts import skill_words
from Heatmap.sources.amount_texts import EXPECTED_DIGITS, usd_text
from Heatmap.sources.predicted.level_facts import FitFacts, LevelFacts, MapFacts
from Heatmap.sources.recorded.texts import counted_text, none_text, recorded_text, totals_lines

UNIT = say("per 0.1 %")
"""Of what a colour means."""
HEAT_TITLE = say("Still to be hit: USD expected per 0.1 %")
HEAT_BRIEF = say("Still to be hit, USD")
"""What its colours are, beside the colour bar: at length and in few words."""
HEAT_PER = say("/0.1 %")
"""Of what price range its USD are, behind these few words."""
HEAT_HINT = say(
    "To come: what would be liquidated if the price went there, longs below it, shorts above it. "
    "A level ends where the price has passed it. It does not say that the price goes there."
)
"""What a reader of the colours may ask, in a tool tip."""
MISSING = say("no candles")
"""What the hatch means."""
_TITLE = say("Colour: USD expected per 0.1 % of price, if reached")
_FIXED = say("better than any fixed leverage table")
_PROVISIONAL = say("amounts provisional")
# Of the distances at which positions were opened, so many are told.
_TOLD_SHARES = 3
_CENT_USD = 0.01
_LOWEST_LEVERAGE = 1.5
# Less than two hours are told in minutes.
_DAY_MINUTES, _HOURS_FROM = 1_440, 120
_SIDES = {"longs": say("If reached, longs"), "shorts": say("If reached, shorts")}


def map_words(facts: MapFacts) -> str:
    """Return what the corner says of a map, in lines."""
    symbol = facts.symbol
    if facts.fit is None:
        return joined(
            "\n", [_TITLE, say("No candles of {symbol} yet, so no levels", symbol=symbol)]
        )
    if not facts.has_volume:
        reason = say("The candles of {symbol} have no volume, so no levels", symbol=symbol)
        return joined("\n", [_TITLE, reason, _sentence(candle_words(facts))])
    lines: list[str] = [_TITLE, _sentence(verdict_words(facts.fit))]
    words: list[str] = [say("learned {span}", span=learned_words(facts.fit, symbol))]
    if facts.fit.is_provisional:
        words.append(_PROVISIONAL)
    words.append(candle_words(facts))
    lines.append(_sentence(*words))
    if facts.fit_changed_ms is not None:
        lines.append(
            say(
                "Learned again at {time}: the scale changes there",
                time=Moment(facts.fit_changed_ms),
            )
        )
    if facts.drawn_from_ms is not None:
        lines.append(
            say(
                "Nothing is drawn before {time}: prices too far away",
                time=Moment(facts.drawn_from_ms),
            )
        )
    return joined("\n", lines)


def verdict_words(fit: FitFacts) -> str:
    """Return how good a fit is."""
    words = skill_words(fit.verdict)
    return joined(", ", [words, _FIXED]) if fit.beats_fixed else words


def learned_words(fit: FitFacts, symbol: str) -> str:
    """Return what a fit was learned from, and when."""
    words = _days(fit.data_from_ms, fit.data_until_ms)
    if fit.messages:
        words = counted(
            "{days} from {count} liquidation",
            "{days} from {count} liquidations",
            fit.messages,
            days=words,
        )
    return (
        words if fit.symbol == symbol else say("{what} of {symbol}", what=words, symbol=fit.symbol)
    )


def candle_words(facts: MapFacts) -> Phrase:
    """Return how many days of candles a map is made of."""
    if facts.candle_days >= 1:
        number = round(facts.candle_days)
        have = counted("{count} day", "{count} days", number)
        if not facts.is_complete:
            return say(
                "{number} of {days} days of candles",
                number=whole(number),
                days=whole(facts.wanted_days),
            )
    else:
        minutes = round(facts.candle_days * _DAY_MINUTES)
        if minutes >= _HOURS_FROM:
            have = counted("{count} hour", "{count} hours", minutes // 60)
        else:
            have = counted("{count} minute", "{count} minutes", minutes)
        if not facts.is_complete:
            return say("{span} of {days} days of candles", span=have, days=whole(facts.wanted_days))
    return say("{span} of candles", span=have)


def place_lines(facts: LevelFacts, symbol: str) -> tuple[tuple[str, str], ...]:
    """Return what the box at the crosshair says."""
    lines = _expected_lines(facts)
    for number, share in enumerate(facts.shares[:_TOLD_SHARES]):
        lines.append((say("Opened") if number == 0 else "", _share_text(share)))
    if facts.fit is not None:
        lines.append((say("Score"), skill_words(facts.fit.verdict)))
        if facts.fit.beats_fixed:
            lines.append(("", _FIXED))
        lines.append((say("Learned"), learned_words(facts.fit, symbol)))
        lines.append(
            (
                say("Amounts"),
                say("provisional, a lower bound")
                if facts.fit.is_provisional
                else say("as Binance reports, a lower bound"),
            )
        )
    here = facts.recorded
    if here is not None:
        lines += totals_lines(say("Liquidated here"), here.totals, none_text(here.recorded))
        if here.recorded.missing < 1.0:
            lines.append((say("Recorded"), recorded_text(here.recorded)))
    if facts.counted_side:
        lines.append((say("Counted"), counted_text(facts.counted_side, 0.0)))
    return tuple(lines)


def _expected_lines(facts: LevelFacts) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if facts.fit is None:
        lines.append((say("Expected if reached"), say("not known, there are no candles")))
    elif facts.per_unit_usd < _CENT_USD:
        lines.append((say("Expected if reached"), say("nothing stands here")))
    else:
        amount = usd_text(facts.per_unit_usd, EXPECTED_DIGITS)
        lines.append((_SIDES[facts.side], say("\u2248 {amount} USD per 0.1 %", amount=amount)))
        if facts.level_usd >= _CENT_USD:
            amount = usd_text(facts.level_usd, EXPECTED_DIGITS)
            lines.append((say("The whole level"), say("\u2248 {amount} USD", amount=amount)))
    if facts.fit is not None and facts.cumulative_usd >= _CENT_USD:
        text = say(
            "\u2248 {amount} USD, {distance} % away",
            amount=usd_text(facts.cumulative_usd, EXPECTED_DIGITS),
            distance=significant(facts.distance_pct, 2),
        )
        lines.append((say("From the price to here"), text))
    return lines


def _share_text(share: DistanceShare) -> Phrase:
    words = say(
        "{share} % from {low}\u2013{high} % away",
        share=Number(f"{share.share * 100:.0f}"),
        low=Number(f"{share.from_pct:g}"),
        high=Number(f"{share.to_pct:g}"),
    )
    low, high = share.leverage_low, share.leverage_high
    if low < _LOWEST_LEVERAGE:
        return words
    return say(
        "{distance}, {low}\u2013{high}x",
        distance=words,
        low=Number(f"{low:.0f}"),
        high=Number(f"{high:.0f}"),
    )


def _sentence(*words: str) -> Joined:
    return joined(", ", words, is_sentence=True)


def _days(from_ms: int, until_ms: int) -> str:
    first, last = (Moment(ms, MomentForm.DATE) for ms in (from_ms, until_ms))
    if first == last:
        return first
    if first.split()[1:] == last.split()[1:]:
        first = Moment(from_ms, MomentForm.DAY_OF_MONTH)
    elif first.split()[2:] == last.split()[2:]:
        first = Moment(from_ms, MomentForm.DAY)
    return say("{first} to {last}", first=first, last=last)
