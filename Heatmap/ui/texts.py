"""The words of facts in the user's language: Qt's edge of what went wrong and how things are.

Templates of failures stand in `domain.failure_texts`, where logs have theirs from; a translation
has them in the context ``Failure``. What the status says stands here, in the context ``Status``.
"""

from collections.abc import Mapping
from contextlib import suppress

from PyQt6.QtCore import QCoreApplication

from Heatmap.domain.failure_texts import failure_text, symbols_text
from Heatmap.domain.phrases import Moment
from Heatmap.errors import Failure
from Heatmap.feeds.layer_state import LayerState
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.compat import override
from Heatmap.ui.number_texts import in_locale, moment_words


def tr(text: str) -> str:
    """Return a text of the status in the user's language."""
    return QCoreApplication.translate("Status", text)


def failure_words(failure: Failure | None) -> str:
    """Return what went wrong as one line; empty for ``None``."""
    return failure_text(failure, _translated_failure, _in_users_form)


def symbol_words(symbols: tuple[str, ...]) -> str:
    """Return names of symbols with commas between; ``ALL`` is all of them."""
    return symbols_text(symbols, _translated_failure)


def connection_words(recorder: RecorderStatus | None, *, is_running: bool) -> str:
    """Return how the connection is, with the reason while no data come.

    Parameters
    ----------
    recorder
        The recorder's status; ``None`` before it was started first.
    is_running
        Whether it records.
    """
    if recorder is None or not is_running:
        return tr("Not recording")
    if recorder.connection is ConnectionState.LIVE:
        if recorder.proven:
            return tr("Connected")
        return tr("Quiet: connected, but no liquidation of any symbol")
    state = {
        ConnectionState.STOPPED: tr("no connection"),
        ConnectionState.CONNECTING: tr("connecting"),
        ConnectionState.OPEN: tr("connected, but no data yet"),
        ConnectionState.BLIND: tr("no connection"),
    }[recorder.connection]
    if recorder.connection_failure is None:
        return tr("Blind: {state}").format(state=state)
    return tr("Blind: {state} ({reason})").format(
        state=state, reason=failure_words(recorder.connection_failure)
    )


def role_words(role: SinkRole, not_recorded: tuple[str, ...]) -> str:
    """Return whether this program records, and in a second line what nobody records."""
    words = {
        SinkRole.WRITER: tr("Recording: this program writes the database"),
        SinkRole.STANDBY: tr(
            "Standby: another program records; this one takes over when that ends"
        ),
        SinkRole.STOPPED: tr("Stopped: this program does not record"),
    }[role]
    if not not_recorded:
        return words
    missing = tr("The other program does not record {names}")
    return words + "\n" + missing.format(names=symbol_words(not_recorded))


def layer_words(state: LayerState) -> str:
    """Return whether a chart's picture is drawn, or why it is not."""
    return {
        LayerState.STOPPED: tr("stopped"),
        LayerState.OFF: tr("the heatmap is switched off"),
        LayerState.NO_CHART: tr("waiting for the page's chart"),
        LayerState.NO_SYMBOL: tr("the page has not named its symbol"),
        LayerState.NOT_RECORDED: tr("not recorded"),
        LayerState.NO_VIEW: tr("no candles yet, or too small to draw on"),
        LayerState.FAILED: tr("failed, trying again"),
        LayerState.BUILDING: tr("building"),
        LayerState.DRAWN: tr("drawn"),
    }[state]


def attention_words(
    recorder: RecorderStatus | None, dropped: str, plain_failures: list[Mapping[str, object] | None]
) -> list[str]:
    """Return what a user should look after, a line each.

    Parameters
    ----------
    recorder
        The recorder's status.
    dropped
        `RecorderStatus.overflowed` as the user's language writes numbers.
    plain_failures
        Failures of the service (first) and of its layers, as the status has them.
    """
    service, *layers = [None if one is None else Failure.from_plain(one) for one in plain_failures]
    lines = [failure_words(service)]
    if recorder is not None:
        if recorder.storage_fault is not None:
            reason = failure_words(recorder.storage_fault)
            lines.append(tr("Not written: {reason}").format(reason=reason))
        if recorder.without_heartbeat:
            names = symbol_words(recorder.without_heartbeat)
            lines.append(tr("No mark price for {names}: is the symbol right?").format(names=names))
        if recorder.overflowed:
            lines.append(
                tr("Events lost because the queue was full: {count}").format(count=dropped)
            )
        lines.extend(map(failure_words, recorder.storage_notices))
    lines.extend(map(failure_words, layers))
    return [line for line in lines if line]


class _LocaleNumber(float):
    """A number that is put into a text as the locale writes it."""

    __slots__ = ()

    @override
    def __format__(self, spec: str) -> str:
        return in_locale(super().__format__(spec))


def _in_users_form(name: str, value: object) -> object:
    """Return a value of a failure as the user reads it."""
    if isinstance(value, float):
        return _LocaleNumber(value)
    if name.endswith("_ms") and isinstance(value, int):
        with suppress(OverflowError, ValueError, OSError):
            return moment_words(Moment(value))
    return value


def _translated_failure(text: str) -> str:
    return QCoreApplication.translate("Failure", text)
