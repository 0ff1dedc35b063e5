"""Failures and the status are plain facts, and each has its words at every edge."""

import copy
import dataclasses
import json
import logging
import pickle
import re
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest

import Heatmap
from Heatmap.domain.events import RejectReason
from Heatmap.domain.failure_texts import PARTS, TEMPLATES, failure_text, raised
from Heatmap.errors import DatabaseInUseError, Failure, FailureKind, StorageError
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_glance import TickOrigin
from Heatmap.ingestion.recorder.recorder_status import (
    RecorderStatus,
    SinkPart,
    StatusBoard,
    TickSizeStatus,
    UnreadOrderFact,
    storage_failure,
)
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.ingestion.recorder.texts import attention_texts, connection_text
from Heatmap.runtime.plain import as_plain

PACKAGE = Path(Heatmap.__file__).parent
ERRORS = PACKAGE / "errors.py"
FULL = RecorderStatus(
    role=SinkRole.STANDBY,
    recorded_by_writer=("BTCUSDT",),
    not_recorded=("ETHUSDT",),
    connection=ConnectionState.BLIND,
    connection_failure=Failure(FailureKind.BANNED, {"status": 418, "hold_s": 120.0}),
    heartbeats={"BTCUSDT": 1},
    mark_prices={"BTCUSDT": 93123.456},
    rejected={RejectReason.NOT_JSON: 2},
    unread_orders={RejectReason.BAD_VALUE: 1},
    last_unread_order=UnreadOrderFact("BTCUSDT", RejectReason.BAD_VALUE, "q is x"),
    storage_fault=Failure(FailureKind.NO_CLUSTERS, {"symbol": "X"}, Failure(FailureKind.CLOSED)),
    storage_notices=(Failure(FailureKind.ROWS_LEFT_OUT, {"path": "/x", "tables": {"a": 1}}),),
    retention=RetentionStatus(2 * 86_400_000, 86_400_000, 3),
    tick_sizes={"BTCUSDT": TickSizeStatus(Decimal("0.10"), 1.5, TickOrigin.EXCHANGE)},
)


@pytest.mark.parametrize("status", [RecorderStatus(), FULL, StatusBoard().snapshot(0.0)])
def test_a_status_can_be_copied_pickled_and_dumped(status: RecorderStatus) -> None:
    assert dataclasses.asdict(status)["stored"] == status.stored
    assert copy.deepcopy(status) == copy.copy(status) == status
    assert pickle.loads(pickle.dumps(status)) == status  # noqa: S301 - its own
    plain = json.loads(json.dumps(as_plain(status), allow_nan=False))
    assert set(plain) == {field.name for field in dataclasses.fields(RecorderStatus)}


def test_decimals_are_texts_and_enums_their_values_in_the_plain_form() -> None:
    plain = as_plain(FULL)
    assert isinstance(plain, dict)
    assert plain["tick_sizes"]["BTCUSDT"]["tick_size"] == "0.10"
    assert plain["mark_prices"] == {"BTCUSDT": 93123.456}
    assert plain["rejected"] == {"not JSON": 2}
    assert plain["connection_failure"] == {
        "kind": "banned",
        "values": {"status": 418, "hold_s": 120.0},
        "cause": None,
    }
    assert as_plain({"x": float("nan")}) == {"x": None}
    with pytest.raises(TypeError, match="expected a fact"):
        as_plain(object())


def test_a_failure_comes_back_from_its_plain_form() -> None:
    for failure in (FULL.connection_failure, FULL.storage_fault, *FULL.storage_notices):
        assert failure is not None
        plain = json.loads(json.dumps(as_plain(failure)))
        assert failure_text(Failure.from_plain(plain)) == failure_text(failure)


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_has_words_that_are_one_line_even_without_its_values(kind: FailureKind) -> None:
    text = failure_text(Failure(kind))
    assert text.isprintable()
    assert TEMPLATES[kind]
    assert failure_text(Failure(kind), lambda words: f"«{words}»").startswith("«")


def test_the_words_use_the_values_that_stand_beside_the_kind() -> None:
    lines = re.compile(r'^    ([A-Z_]+) = "[a-z_]+"(?:  # (.*))?$', re.MULTILINE)
    beside = dict(lines.findall(ERRORS.read_text("utf-8")))
    for kind in FailureKind:
        told = re.sub(r"\([^)]*\)", "", beside[kind.name])
        used = {name for _, name, _, _ in Formatter().parse(TEMPLATES[kind]) if name}
        named = set(re.findall(r"\w+", told)) - {"and", "a"}
        assert used <= named, kind
        assert ("cause" in used) == ("cause" in named), kind


@pytest.mark.parametrize("kind", FailureKind, ids=lambda kind: kind.value)
def test_a_value_that_is_not_known_leaves_its_place_empty(kind: FailureKind) -> None:
    names = {name for _, name, _, _ in Formatter().parse(TEMPLATES[kind]) if name}
    words = failure_text(Failure(kind, dict.fromkeys(names)))
    assert "None" not in words
    assert "\n" not in words


def test_all_that_can_fail_to_be_written_has_a_name() -> None:
    assert set(PARTS) == {part.value for part in SinkPart}


def test_an_error_of_ours_carries_its_fact_and_any_other_is_told_with_what_it_was_about() -> None:
    locked = raised(DatabaseInUseError, FailureKind.DATABASE_LOCKED, path=Path("/x"), reason="busy")
    assert storage_failure(SinkPart.EVENTS, locked).kind is FailureKind.DATABASE_LOCKED
    assert "is locked by another program" in str(locked)
    plain = StorageError("disk full")
    assert failure_text(storage_failure(SinkPart.EVENTS, plain)) == "disk full"
    other = storage_failure(SinkPart.COVERAGE, ValueError("x"))
    assert failure_text(other) == "covered time could not be written: ValueError('x')"


def test_the_words_of_a_status_are_made_of_its_facts() -> None:
    assert connection_text(FULL) == (
        "blind: HTTP 418: this address is banned for too many requests; waiting 120 s"
    )
    texts = attention_texts(FULL)
    assert texts[0].endswith("NOT recorded: ETHUSDT (it records BTCUSDT)")
    assert texts[1:] == [
        "not written: no clusters of X: the connection was closed",
        "the database /x has damaged rows, left out: 1 in a",
        (
            "liquidations are kept for 2 days; keeping them for 1 day would delete 3, confirm it "
            "first"
        ),
    ]


def test_every_logger_of_the_package_makes_its_lines_safe() -> None:
    makers = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "tests" not in path.parts and "logging.getLogger(" in path.read_text("utf-8")
    ]
    assert makers == ["runtime/safe_log.py"], "take runtime.safe_log.get_logger"
    assert logging.getLogger("Heatmap.ingestion.recorder.recorder").name
