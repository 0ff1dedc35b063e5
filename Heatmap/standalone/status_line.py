"""The status bar's texts in the user's language, from a service's status."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from PyQt6.QtCore import QCoreApplication

from Heatmap import ConnectionState, RecorderStatus, SinkRole
from Heatmap.ui import StateWords, attention_words, failure_words, role_words, users_locale


def source_words(name: str) -> str:
    """Return what a source is called: ``Binance``, ``SIMULATED``, ``REPLAY 60x``."""
    kind, blank, speed = name.partition(" ")
    kinds = {"SIMULATED": _name("SIMULATED"), "REPLAY": _name("REPLAY")}
    return kinds.get(kind, kind) + blank + speed


def title_words(symbol: str, state: str, closes: tuple[float, float] | None, decimals: int) -> str:
    """Return the window's title: ``BTCUSDT 98,710.5 +0.28 % - Heatmap``.

    Parameters
    ----------
    symbol
        What is shown.
    state
        What has to be known before it; empty: nothing.
    closes
        Close of the candle before the newest, and of the newest one, USD; ``None``: not known.
    decimals
        Digits of a price.
    """
    words = symbol
    if closes is not None and closes[0] > 0:
        before, price = closes
        locale = users_locale()
        percent = round((price / before - 1) * 100, 2)
        # Rounded to nothing it is neither up nor down.
        change = locale.toString(abs(percent), "f", 2)
        sign = "+" if percent > 0 else "\u2212" if percent < 0 else ""
        words = f"{symbol} {locale.toString(price, 'f', decimals)} {sign}{change} %"
    title = _tr("{market} - Heatmap").format(market=words)
    return _tr("{state}: {title}").format(state=state, title=title) if state else title


def tray_words(symbol: str, word: str, amounts: tuple[str, str] | None) -> str:
    """Return what the icon in the tray says: ``BTCUSDT: Live``, and in a second line the last hour.

    Parameters
    ----------
    symbol
        Whose recording it is.
    word
        How that is.
    amounts
        Longs and shorts of the last hour, as they are written; ``None``: not known.
    """
    words = _tr("{symbol}: {word}").format(symbol=symbol, word=word)
    if amounts is None:
        return words
    hour = _tr("1 h at least: longs {longs}, shorts {shorts}")
    return f"{words}\n{hour.format(longs=amounts[0], shorts=amounts[1])}"


def connecting_words(symbol: str) -> str:
    """Return what is said while there is no source yet."""
    return _tr("{symbol}  connecting…").format(symbol=symbol)


def paused_words(words: StateWords, time: str) -> StateWords:
    """Return the words of a replayed run that stands still at a time."""
    sentence = _tr("The run waits at {time}; Space resumes it").format(time=time)
    return replace(words, word=_tr("Paused"), sentence=sentence, is_ring=True)


def without_candles_words(symbols: list[str]) -> str:
    """Say of which symbols there are no candles; empty: of all there are."""
    names = ", ".join(symbols)
    return _tr("no candles of {symbols} here").format(symbols=names) if symbols else ""


def connection_words(source: str, recorder: RecorderStatus | None, *, is_running: bool) -> str:
    """Return who delivers and how the connection is, as ``Binance: live since 09:12:05 UTC``."""
    if recorder is None or not is_running:
        return _tr("{source}: not recording").format(source=source_words(source))
    words = _tr("{source}: {state}").format(
        source=source_words(source), state=_state_words(recorder)
    )
    if recorder.connected_since_ms is not None:
        time = _clock_text(recorder.connected_since_ms)
        words = _tr("{words} since {time}").format(words=words, time=time)
        if not recorder.proven:
            words = _tr("{words}, no liquidation yet").format(words=words)
    lines = [words]
    if recorder.role is SinkRole.STANDBY:
        lines += role_words(recorder.role, recorder.not_recorded).split("\n")
    lines += attention_words(recorder, _number(recorder.overflowed), [None])
    retention = recorder.retention
    if retention is not None and retention.is_pending:
        lines.append(
            _tr("Events to delete once you confirm it in the settings: {count}").format(
                count=_number(retention.expired_events)
            )
        )
    return "; ".join(lines)


def event_words(recorder: RecorderStatus | None) -> str:
    """Return how many events were stored since the start, and when the last one was."""
    if recorder is None:
        return ""
    words = _tr("New liquidations since the start: {count}").format(count=_number(recorder.stored))
    if recorder.last_event_ms is None:
        return words
    return _tr("{words}, last {time}").format(words=words, time=_clock_text(recorder.last_event_ms))


def timing_words(status: Mapping[str, Any]) -> str:
    """Return how fast events are stored, and what building, sending and painting take.

    Of several layers the first one counts.
    """
    texts = []
    recorder = status["recorder"]
    if recorder is not None and status["running"]:
        stored = _number(recorder["inserts_per_minute"])
        texts.append(_tr("stored {count}/min").format(count=stored))
    measured = status["layers"][0]["measured"] if status["layers"] else {}
    if "rebuild_ms" in measured:
        texts.append(_tr("built in {time} ms").format(time=_number(measured["rebuild_ms"])))
    if "sent_bytes" in measured:
        texts.append(_tr("sent {size} kB").format(size=_number(measured["sent_bytes"] / 1000, 1)))
    if "paint_ms" in measured:
        texts.append(
            _tr("painted in {time} ms, {frames} frames/s").format(
                time=_number(measured["paint_ms"], 1), frames=_number(measured["frames"])
            )
        )
    return ", ".join(texts)


def _state_words(recorder: RecorderStatus) -> str:
    words = {
        ConnectionState.STOPPED: _tr("stopped"),
        ConnectionState.CONNECTING: _tr("connecting"),
        ConnectionState.OPEN: _tr("connected, no data yet"),
        ConnectionState.LIVE: _tr("live"),
        ConnectionState.BLIND: _tr("blind"),
    }[recorder.connection]
    if recorder.connection_failure is None:
        return words
    return _tr("{state} ({reason})").format(
        state=words, reason=failure_words(recorder.connection_failure)
    )


def _number(number: float, decimals: int = 0) -> str:
    return users_locale().toString(float(number), "f", decimals)


def _clock_text(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%H:%M:%S UTC")


def _tr(text: str) -> str:
    return QCoreApplication.translate("StatusLine", text)


def _name(text: str) -> str:
    # On the chart it is written large.
    return QCoreApplication.translate("Chart", text)
