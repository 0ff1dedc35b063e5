"""What exporting and merging recordings says to a user, in words. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import venue_title
from Heatmap.history.recordings.reports import ExportReport, MergedInstrument, MergeReport
from Heatmap.ingestion.venue import Completeness

_MOST_SPANS = 20
_SHORT_MS = 600_000
_SECOND_MS, _MINUTE_S, _HOUR_S, _DAY_S = 1000, 60, 3600, 86_400
_REPORTS = {
    Completeness.CAPPED: "sends at most one liquidation of a symbol in a second",
    Completeness.LARGEST: "sends only the largest liquidation of a symbol in a second",
    Completeness.UNKNOWN: "may leave out liquidations",
}


def span_text(start_ms: int, end_ms: int, now_ms: int) -> str:
    """Say a time: ``5 Dec 01:54 to 06:43``, UTC; a short one with its seconds.

    Parameters
    ----------
    start_ms, end_ms
        Its ends, UTC milliseconds.
    now_ms
        A year is named where it is not that of now.
    """
    start, end, now = (
        datetime.fromtimestamp(ts_ms / _SECOND_MS, UTC) for ts_ms in (start_ms, end_ms, now_ms)
    )
    clock = "%H:%M:%S" if end_ms - start_ms < _SHORT_MS else "%H:%M"
    begin = f"{_day_text(start, now)} {start.strftime(clock)}"
    if start.date() == end.date():
        return f"{begin} to {end.strftime(clock)}"
    return f"{begin} to {_day_text(end, now)} {end.strftime(clock)}"


def length_text(length_ms: int) -> str:
    """Say how long something lasts: ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``."""
    seconds = length_ms // _SECOND_MS
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    if seconds < _DAY_S:
        minutes = seconds % _HOUR_S // _MINUTE_S
        return f"{seconds // _HOUR_S} h" + (f" {minutes} min" if minutes else "")
    hours = seconds % _DAY_S // _HOUR_S
    return f"{seconds // _DAY_S} d" + (f" {hours} h" if hours else "")


def export_text(report: ExportReport, now_ms: int) -> str:
    """Say what was exported."""
    count = sum(report.events.values())
    lines = [f"{_count(count, 'liquidation')} written to {report.files[0]}"]
    lines += [f"  {name}: {number:,}" for name, number in report.events.items()]
    if report.first_ms is not None and report.last_ms is not None:
        lines.append(f"  {span_text(report.first_ms, report.last_ms, now_ms)} UTC")
    intervals = _count(report.intervals, "interval")
    lines.append(
        f"when was recorded, {intervals}, written to {report.files[1]}; keep both files together"
    )
    if report.kind is not DataKind.LIVE:
        lines.append(f"these are {report.kind} data: they cannot be merged into a live database")
    for venue, completeness in report.venues.items():
        if reports := _REPORTS.get(completeness):
            lines.append(f"sums are lower bounds: {venue_title(venue)} {reports}")
    if report.left_out:
        lines.append(f"{_count(report.left_out, 'row')} left out: another program has spoilt them")
    return "\n".join(lines)


def merge_text(report: MergeReport, now_ms: int) -> str:
    """Say what a merge did, and which holes it filled."""
    known = report.events - report.added
    count = _count(report.events, "liquidation")
    lines = [f"{report.origin}: {count}, {report.added:,} added, {known:,} known already"]
    for one in report.instruments:
        lines += _instrument_lines(one, now_ms)
    if not report.has_coverage:
        lines.append(
            "its coverage file is not beside it: liquidations were added, but no hole is filled"
        )
    elif not report.intervals:
        lines.append(
            "it does not say when it was recorded (its coverage is empty or cut off): "
            "liquidations were added, but no hole is filled"
        )
    if report.left_out:
        lines.append(f"{_count(report.left_out, 'row')} left out: another program has spoilt them")
    if report.kept_ms not in (None, report.kept_before_ms):
        if report.kept_before_ms is not None:
            lines.append(
                f"this database kept {length_text(report.kept_before_ms)}; "
                f"{_count(report.older, 'liquidation')} in it now are older"
            )
        lines.append(
            "note: from now on nothing in it is deleted for its age; record --retention-days DAYS "
            "says how many liquidations a shorter time would delete, and asks first"
        )
    return "\n".join(lines)


def _instrument_lines(one: MergedInstrument, now_ms: int) -> list[str]:
    lines = []
    if one.filled:
        total = length_text(sum(end - start for start, end in one.filled))
        lines.append(f"{one.instrument}: filled {total} (times in UTC)")
        lines += _span_lines(one.filled, now_ms)
    else:
        lines.append(f"{one.instrument}: no hole was filled")
    if one.left:
        total = length_text(sum(end - start for start, end in one.left))
        holes = _count(len(one.left), "hole")
        lines.append(f"{one.instrument}: still not recorded: {total} in {holes}")
        lines += _span_lines(one.left, now_ms)
    if one.unproven_ms:
        lines.append(
            f"{one.instrument}: recorded without proof that liquidations came through: "
            f"{length_text(one.unproven_ms)}"
        )
    return lines


def _span_lines(spans: Sequence[tuple[int, int]], now_ms: int) -> list[str]:
    lines = [f"  {span_text(start, end, now_ms)}" for start, end in spans[:_MOST_SPANS]]
    if len(spans) > _MOST_SPANS:
        lines.append(f"  and {len(spans) - _MOST_SPANS:,} more; --json lists all")
    return lines


def _day_text(moment: datetime, now: datetime) -> str:
    text = f"{moment.day} {_MONTHS[moment.month - 1]}"
    return text if moment.year == now.year else f"{text} {moment.year}"


def _count(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


# Not by strftime, which asks the locale.
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
