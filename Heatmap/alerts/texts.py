"""The words of alerts, for terminals, logs and messages. Pure.

Amounts are lower bounds: exchanges report at most one liquidation a second and symbol, or leave
some out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from Heatmap.alerts.alert import Alert, AlertKind
from Heatmap.alerts.alert_book import AlertNews
from Heatmap.alerts.backtest_result import AlertBacktest, Untold
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.domain.failure_texts import failure_text

_TITLES = {
    AlertKind.LARGE: "Large liquidation",
    AlertKind.CASCADE: "Cascade",
    AlertKind.NEAR_LEVEL: "Near a level",
    AlertKind.RECORDING_STOPS: "Recording stopped",
    AlertKind.NOT_SAVED: "Not saved",
}
_UNTOLD = {
    Untold.LEVELS: "not known: past levels are not kept",
    Untold.RECORDING: "not known: whether this program ran is not kept",
    Untold.NO_USUAL_MINUTE: "not known: less than an hour of it was recorded",
    Untold.NOTHING_RECORDED: "not known: nothing is recorded",
}


def alert_title(alert: Alert) -> str:
    """Return a few words: ``Cascade BTCUSDT``."""
    return f"{_TITLES[alert.kind]} {alert.instrument}".rstrip()


def alert_text(alert: Alert) -> str:
    """Return one line: what happened, when, and by which rule."""
    return f"{alert_title(alert)}: {_what(alert)}, {moment_text(alert.ts_ms)} ({alert.rule_id})"


def news_texts(news: AlertNews) -> Sequence[str]:
    """Return a line for each alert that rings, and one for those that do not ring any more."""
    lines = [f"ALERT {alert_text(one)}" for one in news.ringing]
    if news.late_count:
        newest = f", the newest: {alert_text(news.late[-1])}" if news.late else ""
        lines.append(f"{missed_text(news.late_count)}{newest}")
    return lines


def missed_text(count: int) -> str:
    """Say how many did not ring."""
    return f"{count} alert{'s' if count > 1 else ''} while this program was not running"


def way_text(way: WayFacts) -> str:
    """Say what of a way's alerts did not arrive: ``by phone: 3 dropped, 1 failed (HTTP 500)``."""
    counts = ((way.dropped, "dropped"), (way.failed, "failed"))
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    reason = failure_text(way.last_failure)
    return f"by {way.name}: {said} ({reason})" if reason else f"by {way.name}: {said}"


def backtest_text(result: AlertBacktest) -> str:
    """Say how often a rule would have rung, and how much of that time was recorded."""
    if result.count is None or result.from_ms is None or result.until_ms is None:
        return _UNTOLD[result.untold or Untold.NOTHING_RECORDED]
    days = (result.until_ms - result.from_ms) / 86_400_000
    often = "once" if result.count == 1 else f"{result.count} times"
    return (
        f"would have rung {often} in {days:.1f} days, of which {share_text(result.recorded_share)} "
        "were recorded"
    )


def share_text(share: float) -> str:
    """Return a share in percent; only all is 100 %, and only nothing 0 %."""
    if 0 < share < 1:
        return f"{min(max(share * 100, 0.1), 99.9):.1f} %"
    return f"{share * 100:.0f} %"


def moment_text(ts_ms: int) -> str:
    """Return a time, UTC milliseconds, to the second."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _what(alert: Alert) -> str:
    price = "" if alert.price is None else f" at {alert.price:,.10g}"
    usd = f"{alert.usd:,.0f} USD"
    if alert.kind is AlertKind.LARGE:
        return f"a {alert.side} of at least {usd} liquidated{price}"
    if alert.kind is AlertKind.CASCADE:
        several = f"{alert.count} {alert.side}s" if alert.count > 1 else f"a {alert.side}"
        return f"{several} of at least {usd} liquidated, the largest{price}"
    if alert.kind is AlertKind.NEAR_LEVEL:
        return f"the price is near {usd} of {alert.side or 'liquidation'}s{price}"
    if alert.kind is AlertKind.RECORDING_STOPS:
        return "nothing comes from the exchange"
    return "liquidations wait in memory and cannot be written"
