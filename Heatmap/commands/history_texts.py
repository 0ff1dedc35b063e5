"""What ``python -m Heatmap history`` prints, in words. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from Heatmap.history.days import spans, spans_text
from Heatmap.history.importer import ImportReport, Result
from Heatmap.history.texts import count_text, duration_text, fault_text, size_text
from Heatmap.runtime.outside_text import shown_text

if TYPE_CHECKING:
    from Heatmap.history.download import DownloadReport

_MOST_LINES = 50
STOPPED = "stopped; nothing is half done, and the same command goes on from here"


def import_plain(
    report: ImportReport, missing: dict[str, list[date]], ignored: Sequence[str]
) -> dict[str, Any]:
    """Return what became of an import as an object for JSON."""
    return {
        "is_whole": report.is_whole,
        "stopped": report.stopped or None,
        "elapsed_s": round(report.elapsed_s, 3),
        "files": [
            {
                "file": str(one.path),
                "dataset": one.dataset,
                "result": one.result.value,
                "days": one.days,
                "rows": one.rows,
                "kind": None if one.fault is None else one.fault.kind.value,
                "line": None if one.fault is None else one.fault.line,
                "detail": None if one.fault is None else fault_text(one.fault),
            }
            for one in report.outcomes
        ],
        "missing_days": {
            name: [[str(low), str(high)] for low, high in spans(days)]
            for name, days in missing.items()
        },
        "ignored": list(ignored),
    }


def import_text(
    report: ImportReport, missing: dict[str, list[date]], ignored: Sequence[str] = ()
) -> str:
    """Say what became of an import."""
    imported = report.of(Result.IMPORTED)
    lines = []
    if imported:
        csv_bytes = sum(one.csv_bytes for one in imported)
        rate = csv_bytes / report.elapsed_s if report.elapsed_s else 0.0
        lines.append(
            f"imported {count_text(len(imported), 'file')}: "
            f"{count_text(sum(one.days for one in imported), 'day')}, "
            f"{count_text(sum(one.rows for one in imported), 'row')}, "
            f"{size_text(csv_bytes)} of CSV in {duration_text(report.elapsed_s)} "
            f"({size_text(rate)}/s)"
        )
    if skipped := report.of(Result.SKIPPED):
        lines.append(f"skipped {count_text(len(skipped), 'file')} that had been imported before")
    if others := report.of(Result.THERE_ALREADY):
        lines.append(
            f"skipped {count_text(len(others), 'file')} whose days are there from other files (a "
            "day's own file counts before a month's, and the first of two of one day)"
        )
    lines += _missing_lines(missing)
    if kept_out := report.of(Result.KEPT_OUT):
        lines.append(f"not imported, {count_text(len(kept_out), 'file')}:")
        lines += _shortened(
            f"  {one.path}: {fault_text(one.fault)}" for one in kept_out if one.fault is not None
        )
    if ignored:
        lines.append(
            f"ignored {count_text(len(ignored), 'file')}, whose names the archive does not use:"
        )
        lines += _shortened(f"  {shown_text(one, 200)}" for one in ignored)
    if report.stopped:
        not_reached = count_text(len(report.of(Result.NOT_REACHED)), "file")
        lines.append(f"{report.stopped} ({not_reached} not reached)")
    return "\n".join(lines) or "there was nothing to import"


def download_text(report: "DownloadReport", to: Path, elapsed_s: float) -> str:
    """Say what became of a download."""
    fetched, present = report.fetched, report.present
    lines = [
        (
            f"fetched {count_text(fetched, 'file')}, {size_text(report.size_bytes)} "
            f"in {duration_text(elapsed_s)}, into {to}"
        )
    ]
    if present:
        lines.append(f"{count_text(present, 'file was', 'files were')} complete already")
    lines += _missing_lines(report.absent_days, "the archive does not have")
    if report.problems:
        lines.append(f"not fetched, {count_text(len(report.problems), 'file')}:")
        lines += _shortened(f"  {path}: {reason}" for path, reason in report.problems)
    return "\n".join(lines)


def _missing_lines(missing: dict[str, list[date]], says: str = "no file for") -> list[str]:
    return [
        f"{name}: {says} {count_text(len(days), 'day')}: {spans_text(days)}"
        for name, days in missing.items()
        if days
    ]


def _shortened(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    if len(found) <= _MOST_LINES:
        return found
    return [
        *found[:_MOST_LINES],
        f"  and {len(found) - _MOST_LINES} more; `history status` lists all",
    ]
