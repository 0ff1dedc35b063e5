"""The words of a market's state: one for the dot, one sentence, one line on the chart.

Beside a chart nothing contradicts them: status bar, card, window title and tool tips all take
theirs from here. A translation has them in the context ``State``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PyQt6.QtCore import QCoreApplication

from Heatmap.domain.events import DataKind
from Heatmap.errors import FailureKind
from Heatmap.service.market_state import MarketState, ShownTime, Situation
from Heatmap.ui.number_texts import whole_number
from Heatmap.ui.texts import failure_words

# None and one of them are said in the words for what comes: no number is needed.
_SEVERAL = 2
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


class StateTone(StrEnum):
    """The colour of a state's dot, by its role in the table of colours."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    FAINT = "faint"
    SIMULATED = "simulated"
    REPLAY = "replay"


class StateAction(StrEnum):
    """What a state's card offers to do."""

    SHOW_PREDICTED = "show predicted"
    CHECK_CONNECTION = "check connection"
    SHOW_SIMULATED = "show simulated"
    OPEN_DATA_FOLDER = "open data folder"
    RECORD_SYMBOL = "record symbol"


@dataclass(frozen=True, slots=True)
class StateWords:
    """How a state is said.

    Attributes
    ----------
    tone
        The dot's colour.
    is_ring
        Whether the dot is a ring: connected, but not all is well or as usual.
    word
        One word, such as ``Live``.
    sentence
        What it means, in one line.
    card
        One line on the chart: what is the matter and what to do; empty: nothing.
    action, button
        What the card offers, and its name; ``None`` and empty: nothing.
    has_fault_behind
        The chart shows another time or market, and behind it the recording has stopped.
    """

    tone: StateTone
    is_ring: bool
    word: str
    sentence: str
    card: str = ""
    action: StateAction | None = None
    button: str = ""
    has_fault_behind: bool = False


def state_words(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    """Return the words of a state in the user's language.

    Parameters
    ----------
    state
        Of `Heatmap.market_state`.
    clock
        Writes a time, UTC milliseconds, as the chart's axis does.
    """
    if state.shown is ShownTime.NOW:
        return _WORDS[state.situation](state, clock)
    word, sentence = _shown_words(state, clock)
    return StateWords(
        StateTone.SIMULATED if state.shown is ShownTime.SIMULATED else StateTone.REPLAY,
        state.shown is ShownTime.AS_OF,
        word,
        sentence,
        has_fault_behind=state.is_bad,
    )


def span_words(span_ms: int) -> str:
    """Return a span as a trader says it, rounded down: ``3 s``, ``22 min``, ``5 h``, ``2 d``."""
    if span_ms < _MINUTE_MS:
        return tr("{count} s").format(count=span_ms // 1000)
    if span_ms < _HOUR_MS:
        return tr("{count} min").format(count=span_ms // _MINUTE_MS)
    if span_ms < 2 * _DAY_MS:
        return tr("{count} h").format(count=span_ms // _HOUR_MS)
    return tr("{count} d").format(count=span_ms // _DAY_MS)


def tr(text: str) -> str:
    """Return a text of a state in the user's language."""
    return QCoreApplication.translate("State", text)


def _shown_words(state: MarketState, clock: Callable[[int], str]) -> tuple[str, str]:
    if state.shown is ShownTime.SIMULATED:
        return tr("Simulated"), _simulated_sentence(state)
    if state.shown is ShownTime.AS_OF:
        time = "" if state.shown_ms is None else clock(state.shown_ms)
        word = tr("As of {time}").format(time=time)
        return word, _with_recording(tr("Stopped there, as it was known then."), state, clock)
    word, sentence = tr("Replay"), tr("Shown as it was known then. Alerts do not ring.")
    if state.shown_ms is None and state.recorded_kind is DataKind.REPLAY:
        return word, tr(
            "A past market, played from files. Alerts do not ring. "
            "Live data are not recorded meanwhile."
        )
    return word, _with_recording(sentence, state, clock)


def _simulated_sentence(state: MarketState) -> str:
    """Say whether live data are tried for, and what keeps them away."""
    if state.recorded_kind is not DataKind.LIVE:
        return tr("Invented market to look around in. Nothing of it is real")
    if state.situation is Situation.REFUSED:
        status = "" if state.failure is None else state.failure.values.get("status", "")
        return tr(
            "Invented market: the exchange refuses this computer (HTTP {status}), still trying; "
            "live data replace it by themselves"
        ).format(status=status)
    if state.situation is Situation.OFFLINE:
        return tr(
            "Invented market: this computer has no network; live data replace it by themselves"
        )
    if state.situation in {Situation.BLIND, Situation.CONNECTING, Situation.STOPPED}:
        return tr(
            "Invented market: the exchange has not answered, still trying; "
            "live data replace it by themselves"
        )
    return tr("Invented market. Live data replace it as soon as they come")


def _with_recording(sentence: str, state: MarketState, clock: Callable[[int], str]) -> str:
    """Say behind an earlier time how the recording is: that it goes on only where it does."""
    if state.situation in _RECORDING:
        is_live = state.recorded_kind is DataKind.LIVE
        goes_on = tr("Recording goes on.") if is_live else ""
        return f"{sentence} {goes_on}".rstrip()
    now = _WORDS[state.situation](state, clock)
    return f"{sentence} {now.word}: {now.sentence}"


def _live(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    if state.span_ms is None:
        # What was recorded before this connection is no news of it.
        return StateWords(StateTone.OK, False, tr("Live"), _none_yet(state, clock))
    sentence = tr("Recording {symbol} since {time}, last liquidation {span} ago").format(
        symbol=state.symbol, time=_since(state, clock), span=span_words(state.span_ms)
    )
    return StateWords(StateTone.OK, False, tr("Live"), sentence)


def _none_yet(state: MarketState, clock: Callable[[int], str]) -> str:
    return tr("Recording {symbol} since {time}, none liquidated yet").format(
        symbol=state.symbol, time=_since(state, clock)
    )


def _first_start(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    return StateWords(
        StateTone.OK,
        False,
        tr("Live"),
        _none_yet(state, clock),
        tr(
            "Nothing recorded yet. Past liquidations cannot be fetched. "
            "From now on the chart fills by itself."
        ),
        StateAction.SHOW_PREDICTED,
        tr("Show predicted levels"),
    )


def _quiet(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    sentence = tr(
        "Connected and recording; no {symbol} liquidation for {span}, other symbols come in"
    ).format(symbol=state.symbol, span=span_words(state.span_ms or 0))
    return StateWords(StateTone.OK, True, tr("Quiet"), sentence)


def _unproven(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    sentence = tr(
        "Connected, but no liquidation of any symbol for {span}; hatched lightly until one comes"
    ).format(span=span_words(state.span_ms or 0))
    return StateWords(StateTone.WARN, True, tr("Not proven"), sentence)


def _untimed(_state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    sentence = tr(
        "Data come, but not at this computer's time; hatched until it is clear which clock is wrong"
    )
    return StateWords(StateTone.WARN, True, tr("Not proven"), sentence)


def _standby(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    sentence = tr(
        "Another program records {symbol}; this window shows it and takes over when that one ends"
    ).format(symbol=state.symbol)
    return StateWords(StateTone.OK, True, tr("Standby"), sentence)


def _writer_silent(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    time = _since(state, clock)
    return StateWords(
        StateTone.BAD,
        False,
        tr("Blind"),
        tr("The program that records has stored nothing since {time}").format(time=time),
        tr(
            "The program that records has stored nothing since {time}. "
            "End it, and this window goes on in its place."
        ).format(time=time),
    )


def _not_sent(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    if state.since_ms is None:
        sentence = tr("The exchange sends nothing of {symbol}; other symbols are recorded")
        card = tr("The exchange sends nothing of {symbol}. Is that its name?")
    else:
        sentence = tr("Nothing of {symbol} comes since {time}; the exchange sends others")
        card = tr(
            "Nothing of {symbol} comes since {time}, while the exchange sends others. "
            "It may no longer be traded."
        )
    values = {"symbol": state.symbol, "time": _since(state, clock)}
    return StateWords(
        StateTone.BAD, False, tr("Blind"), sentence.format(**values), card.format(**values)
    )


def _connecting(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    sentence = tr("Waiting for the exchange's first data")
    if state.span_ms is not None:
        sentence = tr("Waiting for the exchange's first data, {span}").format(
            span=span_words(state.span_ms)
        )
    return StateWords(StateTone.FAINT, True, tr("Connecting"), sentence)


def _stopped(_state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    return StateWords(
        StateTone.BAD, False, tr("Stopped"), tr("This program does not record at present")
    )


def _blind(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    if state.since_ms is None:
        sentence = tr("Nothing has come from the exchange yet; connecting, attempt {attempt}")
        card = tr(
            "Nothing has come from the exchange yet. What happens meanwhile is missed for good."
        )
    else:
        sentence = tr("Nothing recorded since {time}; connecting again, attempt {attempt}")
        card = tr(
            "Nothing has come from the exchange since {time}. "
            "What happens meanwhile is missed for good."
        )
    values = {"time": _since(state, clock), "attempt": max(1, state.attempt)}
    return StateWords(
        StateTone.BAD,
        False,
        tr("Blind"),
        sentence.format(**values),
        card.format(**values),
        StateAction.CHECK_CONNECTION,
        tr("Check the connection"),
    )


def _offline(state: MarketState, clock: Callable[[int], str]) -> StateWords:
    if state.since_ms is None:
        card = tr("No network. Recording begins by itself when it is there.")
    else:
        card = tr(
            "No network. Candles and liquidations stand still at {time}; "
            "recording goes on by itself when it is back."
        ).format(time=_since(state, clock))
    return StateWords(
        StateTone.BAD,
        False,
        tr("Offline"),
        tr("This computer has no network; nothing is recorded until it is back"),
        card,
        # Nothing was shown so far: there is something else to look at.
        StateAction.SHOW_SIMULATED if state.since_ms is None else None,
        tr("Show simulated market") if state.since_ms is None else "",
    )


def _refused(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    failure = state.failure
    status = "" if failure is None else failure.values.get("status", "")
    is_place = failure is not None and failure.kind is FailureKind.REGION
    if is_place:
        sentence = tr("The exchange does not serve this place (HTTP {status}); nothing is recorded")
        card = tr(
            "The exchange does not serve this place (HTTP {status}). "
            "Look at a simulated market meanwhile."
        )
    else:
        sentence = tr("The exchange refuses this computer (HTTP {status}); nothing is recorded")
        card = tr(
            "The exchange refuses this computer for now (HTTP {status}). "
            "The program waits and tries again by itself."
        )
    return StateWords(
        StateTone.BAD,
        False,
        tr("Refused"),
        sentence.format(status=status),
        card.format(status=status),
        StateAction.SHOW_SIMULATED if is_place else None,
        tr("Show simulated market") if is_place else "",
    )


def _not_saved(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    is_full = state.failure is not None and state.failure.kind is FailureKind.DISK_FULL
    sentence, card = _full_texts(state.waiting) if is_full else _unsaved_texts(state.waiting)
    values = {"count": whole_number(state.waiting), "reason": failure_words(state.failure)}
    return StateWords(
        StateTone.BAD,
        False,
        tr("Not saved"),
        sentence.format(**values),
        card.format(**values),
        StateAction.OPEN_DATA_FOLDER,
        tr("Open data folder"),
    )


def _full_texts(waiting: int) -> tuple[str, str]:
    if waiting < _SEVERAL:
        return tr("The disk is full; what comes now waits in memory"), tr(
            "The disk is full: what comes now is in memory only "
            "and would be lost if this program ended."
        )
    return tr("The disk is full; {count} liquidations wait in memory"), tr(
        "The disk is full: {count} liquidations are in memory only "
        "and would be lost if this program ended."
    )


def _unsaved_texts(waiting: int) -> tuple[str, str]:
    if waiting < _SEVERAL:
        return tr("What comes now waits in memory: {reason}"), tr(
            "The database cannot be written: what comes now is in memory only "
            "and would be lost if this program ended."
        )
    return tr("{count} liquidations wait in memory: {reason}"), tr(
        "The database cannot be written: {count} liquidations are in memory only "
        "and would be lost if this program ended."
    )


def _not_recorded(state: MarketState, _clock: Callable[[int], str]) -> StateWords:
    return StateWords(
        StateTone.FAINT,
        False,
        tr("Not recorded"),
        tr("{symbol} is not recorded; only predicted levels can be shown").format(
            symbol=state.symbol
        ),
        tr("{symbol} is not recorded. Past liquidations cannot be fetched.").format(
            symbol=state.symbol
        ),
        StateAction.RECORD_SYMBOL,
        tr("Record {symbol} too").format(symbol=state.symbol),
    )


# In these the symbol is recorded, by whomever.
_RECORDING = frozenset(
    {
        Situation.LIVE,
        Situation.FIRST_START,
        Situation.QUIET,
        Situation.UNPROVEN,
        Situation.STANDBY,
    }
)

_WORDS: dict[Situation, Callable[[MarketState, Callable[[int], str]], StateWords]] = {
    Situation.NOT_SAVED: _not_saved,
    Situation.REFUSED: _refused,
    Situation.OFFLINE: _offline,
    Situation.BLIND: _blind,
    Situation.CONNECTING: _connecting,
    Situation.STOPPED: _stopped,
    Situation.NOT_RECORDED: _not_recorded,
    Situation.WRITER_SILENT: _writer_silent,
    Situation.NOT_SENT: _not_sent,
    Situation.UNTIMED: _untimed,
    Situation.UNPROVEN: _unproven,
    Situation.STANDBY: _standby,
    Situation.QUIET: _quiet,
    Situation.FIRST_START: _first_start,
    Situation.LIVE: _live,
}


def _since(state: MarketState, clock: Callable[[int], str]) -> str:
    return "" if state.since_ms is None else clock(state.since_ms)
