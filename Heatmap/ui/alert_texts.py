"""Rules and alerts in the user's language; amounts are lower bounds, and are rounded down."""

from collections.abc import Iterable

from PyQt6.QtCore import QCoreApplication, QTimeZone

from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.alert_state import AlertState
from Heatmap.alerts.notices import MissedAlerts
from Heatmap.alerts.rules import Rule
from Heatmap.alerts.ways.messages import PlainNotice
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.ui.number_texts import clock_text, day_text, in_locale, short_usd
from Heatmap.ui.texts import failure_words

_DAY_MS = 86_400_000


def tr(text: str) -> str:
    """Return a text of alerts in the user's language."""
    return QCoreApplication.translate("Alerts", text)


def rule_words(rule: Rule) -> str:
    """Return what a rule watches for: ``Cascade ≥ 500k in 30 s, BTCUSDT longs``."""
    if rule.kind is AlertKind.RECORDING_STOPS:
        return tr("Recording stops")
    if rule.kind is AlertKind.NOT_SAVED:
        return tr("Recording cannot be saved")
    if rule.usd is not None:
        size = short_usd(rule.usd)
    else:
        size = tr("{number}\u00d7 a usual minute").format(number=in_locale(f"{rule.normal:g}"))
    template = {
        AlertKind.LARGE: tr("One liquidation ≥ {size}"),
        AlertKind.CASCADE: tr("Cascade ≥ {size} in {seconds} s"),
        AlertKind.NEAR_LEVEL: tr("Within {distance} % of a level ≥ {size}"),
    }[rule.kind]
    distance = in_locale(f"{rule.distance:g}")
    words = template.format(size=size, seconds=rule.seconds, distance=distance)
    sides = {"long": tr("longs"), "short": tr("shorts")}
    symbol = "" if rule.symbol == ALL_SYMBOLS else rule.symbol
    about = " ".join(filter(None, (symbol, sides.get(rule.side, ""))))
    return f"{words}, {about}" if about else words


def alert_words(alert: Alert) -> str:
    """Return what rang: ``1.02M shorts``; empty for the recording."""
    if alert.kind in (AlertKind.RECORDING_STOPS, AlertKind.NOT_SAVED):
        return ""
    sides = {"long": tr("{usd} longs"), "short": tr("{usd} shorts")}
    return sides.get(alert.side, tr("a level of {usd}")).format(usd=short_usd(alert.usd))


def last_words(rule: Rule, state: AlertState, now_ms: int, zone: QTimeZone) -> str:
    """Return what `rang_words` does, and why: ``last 23:30:34: 1.02M shorts``."""
    last = state.last.get(rule.id) if rule.is_enabled else None
    why = "" if last is None else alert_words(last)
    return ": ".join(filter(None, (rang_words(rule, state, now_ms, zone), why)))


def rang_words(rule: Rule, state: AlertState, now_ms: int, zone: QTimeZone) -> str:
    """Return when a rule rang last, and how often: ``last 23:30:34``.

    Parameters
    ----------
    rule
        Which.
    state
        What is known of alerts.
    now_ms
        Data time, UTC milliseconds: counted are the last 24 hours.
    zone
        Of the clock times.
    """
    if not rule.is_enabled:
        return tr("Off")
    last = state.last.get(rule.id)
    if last is None:
        return tr("Not fired yet")
    when = clock_text(last.ts_ms, zone)
    if now_ms - last.ts_ms >= _DAY_MS:
        when = f"{day_text(last.ts_ms, zone)} {when}"
    if last.is_late:
        return tr("Missed {when}").format(when=when)
    count = sum(
        one.rule_id == rule.id and not one.is_late and now_ms - one.ts_ms < _DAY_MS
        for one in state.latest
    )
    template = tr("{count}\u00d7, last {when}") if count else tr("Last {when}")
    return template.format(count=count, when=when)


def missed_words(count: int) -> str:
    """Say how many did not ring; empty: none."""
    if count <= 0:
        return ""
    if count == 1:
        return tr("One alert while this program was not running")
    return tr("{count} alerts while this program was not running").format(count=count)


def way_words(way: WayFacts) -> str:
    """Say what of a way's alerts did not arrive, and why; empty: nothing is amiss with it.

    ``phone: 3 dropped, 1 not delivered: HTTP 500: the receiver refuses the message``.
    """
    names = {"tray": tr("Notification"), "sound": tr("Sound")}
    counts = (
        (way.dropped, tr("{count} dropped")),
        (way.failed, tr("{count} not delivered")),
        (way.waiting if way.is_failing else 0, tr("{count} waiting")),
    )
    said = ", ".join(template.format(count=count) for count, template in counts if count)
    reason = failure_words(way.last_failure) if way.is_failing else ""
    told = ": ".join(filter(None, (said, reason)))
    return f"{names.get(way.kind, way.name)}: {told}" if told else ""


def ways_words(ways: Iterable[WayFacts]) -> str:
    """Say in one line what is amiss with ways; empty: nothing."""
    return "; ".join(filter(None, map(way_words, ways)))


def missed_notice(missed: MissedAlerts) -> PlainNotice:
    """Return as ways tell it how many were missed, and which came last."""
    newest = notice_of(missed.newest)
    body = tr("The newest: {title}, {body}").format(title=newest.title, body=newest.body)
    return PlainNotice(missed.id, missed_words(missed.count), body, missed.to_json())


def notice_of(alert: Alert) -> PlainNotice:
    """Return an alert as ways tell it, in the user's language; times are UTC there."""
    titles = {
        AlertKind.LARGE: tr("Large liquidation"),
        AlertKind.CASCADE: tr("Cascade"),
        AlertKind.NEAR_LEVEL: tr("Near a level"),
        AlertKind.RECORDING_STOPS: tr("Recording stopped"),
        AlertKind.NOT_SAVED: tr("Not saved"),
    }
    title = f"{titles[alert.kind]} {alert.instrument}".rstrip()
    when = f"{clock_text(alert.ts_ms, QTimeZone(b'UTC'))} UTC"
    if alert.kind is AlertKind.RECORDING_STOPS:
        what = tr("Nothing comes from the exchange.")
    elif alert.kind is AlertKind.NOT_SAVED:
        what = tr("Liquidations wait in memory and cannot be written.")
    else:
        at_least = alert_words(alert)
        what = tr("At least {what}").format(what=at_least) if alert.side else at_least
    return PlainNotice(alert.id, title, f"{when}: {what}", alert.to_json())
