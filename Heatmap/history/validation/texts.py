"""What a validation says to a user: what was found, where, and what to do. Pure."""

from datetime import UTC, datetime
from typing import Final

from Heatmap.history.validation.findings import (
    MOST_PLACES,
    Check,
    Finding,
    Place,
    Summary,
    Validation,
    Weight,
)
from Heatmap.runtime.outside_text import shown_text

_MINUTE_MS = 60_000
_FETCH_AGAIN = "download and import these days again; --replace takes files published again"
_IMPORT_AGAIN = "import these days again with --replace"
_ASK = "compare with another source before you rely on it"

# What is counted, what is said of it, and what to do. {n} is the count with its noun.
_TEXTS: Final[dict[Check, tuple[str, str, str]]] = {
    Check.UNREADABLE: ("file", "{n} cannot be read ({reason})", _IMPORT_AGAIN),
    Check.COLUMNS: (
        "file",
        "{n} with other columns: expected {expected}; got {got}",
        _IMPORT_AGAIN,
    ),
    Check.LOST_FILE: ("day", "{n} imported, but the file is gone", _IMPORT_AGAIN),
    Check.UNKNOWN_FILE: ("file", "{n} that no import has written", "move it to another directory"),
    Check.MANIFEST: (
        "day",
        "{n} not as they were imported: expected {expected}, got {got}",
        _IMPORT_AGAIN,
    ),
    Check.OLDER_IMPORTER: (
        "day",
        "{n} imported by version {got}, this program has {expected}",
        "import these days again",
    ),
    Check.CHECKSUM: ("day", "{n} whose file did not have the published checksum", _FETCH_AGAIN),
    Check.KEPT_OUT: (
        "file",
        "{n} refused by the last import",
        "do what the reason says, and import again",
    ),
    Check.REJECTED: ("line", "{n} of the archive could not be read", _FETCH_AGAIN),
    Check.EMPTY: ("day", "{n} without a row", _FETCH_AGAIN),
    Check.UNSORTED: ("row", "{n} out of order", _IMPORT_AGAIN),
    Check.DUPLICATES: ("row", "{n} with the same key as another row", _IMPORT_AGAIN),
    Check.MISSING_VALUE: ("row", "{n} without {column}", _FETCH_AGAIN),
    Check.NOT_FINITE: ("row", "{n} whose {column} is not a number", _FETCH_AGAIN),
    Check.NOT_POSITIVE: ("row", "{n} whose {column} is not above 0", _FETCH_AGAIN),
    Check.IMPOSSIBLE: ("row", "{n} with impossible values: {rule}", _FETCH_AGAIN),
    Check.OUTSIDE_DAY: ("row", "{n} of another day", _IMPORT_AGAIN),
    Check.MISSING_DAYS: (
        "day",
        "{n} missing",
        "download and import them; some days reach the archive late",
    ),
    Check.MISSING_IDS: (
        "trade",
        "{n} missing: ids have holes",
        "download and import these days again; levels of this time are too low",
    ),
    Check.OVERLAPPING_IDS: ("trade", "{n} in two days", _FETCH_AGAIN),
    Check.IN_TWO_DAYS: (
        "row",
        "{n} in the files of two days",
        "nothing: the one in the file of its own day counts",
    ),
    Check.MISSING_STEPS: (
        "row",
        "{n} missing, one is due every {step}",
        "download and import these days again; what the exchange never had stays missing",
    ),
    Check.LONG_GAP: ("gap", "{n} of more than {limit_time} between rows", _ASK),
    Check.QUIET: (
        "gap",
        "{n} of more than {limit_time} without a trade, and no id is missing",
        "nothing, if the exchange was down then",
    ),
    Check.TIME_BACKWARD: ("trade", "{n} earlier than the trade with the id before", _ASK),
    Check.BLANK: (
        "row",
        "{n} without {column}",
        "nothing: it counts as unknown",
    ),
    Check.JUMP: ("jump", "{n} of the price by more than {limit_percent} %", _ASK),
    Check.UNUSUAL: ("row", "{n} to look at: {rule}", _ASK),
    Check.PROFILE_SUM: ("day", "{n} whose sums by minute differ from its trades", _IMPORT_AGAIN),
    Check.VOLUME_DIFFERS: (
        "day",
        "{n} whose candles and trades differ by more than 1 % of the volume",
        _ASK,
    ),
}
_WEIGHTS = {Weight.WRONG: "wrong", Weight.ODD: "odd  "}


def validation_text(validation: Validation) -> str:
    """Say what there is and what was found, for a terminal."""
    lines = [f"history in {validation.store}"]
    for one in validation.summaries:
        lines += ["", *_summary_lines(one)]
        found = [
            finding
            for finding in validation.findings
            if (finding.dataset, finding.symbol) == (one.dataset, one.symbol)
        ]
        for finding in found:
            lines += _finding_lines(finding)
        if not found:
            lines.append("  nothing wrong")
    wrong = sum(one.weight is Weight.WRONG for one in validation.findings)
    odd = len(validation.findings) - wrong
    lines += ["", _verdict(wrong, odd)]
    return "\n".join(lines)


def finding_text(finding: Finding) -> str:
    """Say what was found: one line without its place."""
    noun, template, _ = _TEXTS[finding.check]
    values = {name: _shown(value) for name, value in finding.values.items()}
    if "step_ms" in finding.values:
        values["step"] = _length(int(finding.values["step_ms"]))
    if "limit_ms" in finding.values:
        values["limit_time"] = _length(int(finding.values["limit_ms"]))
    if "limit" in finding.values:
        values["limit_percent"] = f"{100 * float(finding.values['limit']):g}"
    text = template.format(n=_count(finding.count, noun), **values)
    return (
        text
        if finding.days <= 1 or noun in ("day", "file")
        else f"{text} (in {finding.days:,} days)"
    )


def advice_text(check: Check) -> str:
    """Say what to do."""
    return _TEXTS[check][2]


def place_text(place: Place) -> str:
    """Say where something was found: ``2025-01-03 04:05:06.789 to 04:06:00, ids 5 to 9``."""
    parts = []
    if place.start_ms is not None:
        text = _time(place.start_ms)
        if place.end_ms is not None:
            end = _time(place.end_ms)
            text += f" to {end[11:] if end[:10] == text[:10] else end}"
        parts.append(text)
    elif place.day and place.day not in place.detail:
        parts.append(place.day)
    if place.detail:
        parts.append(shown_text(place.detail, 200))
    return ", ".join(parts)


def _summary_lines(one: Summary) -> list[str]:
    days = f"{one.first_day} to {one.last_day}" if one.first_day else "no day"
    market = {"um": "USD-M futures", "cm": "COIN-M futures", "spot": "spot"}.get(one.market, "")
    head = f"{one.dataset} of {one.symbol}" + (f" ({market})" if market else "")
    lines = [head, f"  {_count(one.days, 'day')}, {days}; {_count(one.rows, 'row')}"]
    if one.first_ms is not None and one.last_ms is not None:
        lines.append(f"  {_time(one.first_ms)} to {_time(one.last_ms)} UTC")
    if one.price_low is not None and one.price_high is not None:
        lines.append(f"  prices {one.price_low:,.10g} to {one.price_high:,.10g}")
    return lines


def _finding_lines(finding: Finding) -> list[str]:
    lines = [f"  {_WEIGHTS[finding.weight]} {finding_text(finding)}"]
    shown = [text for text in map(place_text, finding.places) if text]
    lines += [f"          {text}" for text in shown]
    if len(finding.places) == MOST_PLACES and finding.count > MOST_PLACES:
        lines.append("          ...")
    lines.append(f"        do: {advice_text(finding.check)}")
    return lines


def _verdict(wrong: int, odd: int) -> str:
    if wrong:
        text = f"{_count(wrong, 'finding')} wrong"
        return text + (f", {odd:,} odd" if odd else "")
    return f"nothing is wrong, {_count(odd, 'finding')} to look at" if odd else "nothing is wrong"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _shown(value: object) -> object:
    return shown_text(value, 300) if isinstance(value, str) else value


def _length(length_ms: int) -> str:
    minutes = length_ms / _MINUTE_MS
    return f"{minutes / 60:g} h" if minutes >= 60 and minutes % 60 == 0 else f"{minutes:g} min"  # noqa: PLR2004


def _time(ts_ms: int) -> str:
    try:
        moment = datetime.fromtimestamp(ts_ms // 1000, UTC)
    except (OverflowError, ValueError, OSError):  # far from any day
        return f"{ts_ms} ms"
    fraction = f".{ts_ms % 1000:03}" if ts_ms % 1000 else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}"
