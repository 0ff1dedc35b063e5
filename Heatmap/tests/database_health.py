"""What the doctor says of a database, for tests that look at one in some state."""

from dataclasses import dataclass
from pathlib import Path

from Heatmap.doctor.database_table import DATABASE, DatabaseCheck
from Heatmap.doctor.doctor import database_finding
from Heatmap.doctor.findings import Check, Finding, decide
from Heatmap.doctor.texts import advice_text, found_text
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite import health
from Heatmap.storage.store import DatabaseFacts


@dataclass(frozen=True, slots=True)
class Health:
    """A finding in words."""

    level: str
    words: str
    advice: str


def examine_database(path: Path, kind: DataKind, *, timeout_s: float = 10.0) -> Health:
    return _words(
        database_finding(lambda: health.examine_database(path, timeout_s=timeout_s), kind)
    )


def describe_database(facts: DatabaseFacts, kind: DataKind) -> Health:
    return _words(decide(Check.DATABASE, DATABASE, DatabaseCheck.of(facts, kind)))


def _words(finding: Finding) -> Health:
    return Health(finding.result.value, found_text(finding), advice_text(finding))
