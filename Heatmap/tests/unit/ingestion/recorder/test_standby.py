"""What a standby keeps, and what it says that nobody records."""

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.ingestion.recorder.standby import KeepWindow, not_recorded
from Heatmap.ingestion.recorder.texts import standby_text


@pytest.mark.parametrize(
    ("wanted", "recorded", "expected"),
    [
        (("BTCUSDT",), ("BTCUSDT", "ETHUSDT"), ()),
        (("BTCUSDT", "XRPUSDT"), ("BTCUSDT",), ("XRPUSDT",)),
        (("BTCUSDT", "XRPUSDT"), ("ALL",), ()),
        (("ALL",), ("ALL",), ()),
        (("ALL",), ("BTCUSDT",), ("ALL",)),
        (("BTCUSDT",), None, ()),
    ],
)
def test_what_the_writer_does_not_record_is_named(
    wanted: tuple[str, ...], recorded: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    assert not_recorded(wanted, recorded) == expected


def test_the_words_name_the_symbols_that_are_not_recorded() -> None:
    assert "NOT recorded: XRPUSDT" in standby_text(("XRPUSDT",), ("BTCUSDT",))
    assert "NOT recorded: all symbols" in standby_text(("ALL",), ("BTCUSDT",))
    assert "NOT" not in standby_text((), ("BTCUSDT",))


def covered(start_ms: int, end_ms: int, symbol: str = "BTCUSDT") -> CoverageInterval:
    return CoverageInterval(symbol, start_ms, end_ms, proven=True)


def test_a_mark_passes_when_it_is_as_old_as_what_is_kept() -> None:
    window = KeepWindow(30.0)
    for second in range(5):
        window.mark(100.0 + second, accepted=second * 10)
    assert window.passed(129.9) is None
    passed = window.passed(132.5)
    assert passed is not None
    assert (passed.at_s, passed.accepted) == (102.0, 20)
    assert window.passed(132.5) is None
    window.clear()
    assert window.passed(1000.0) is None


def test_coverage_is_kept_from_the_first_heartbeat_after_the_mark() -> None:
    window = KeepWindow(30.0)
    window.mark(0.0, 0)
    window.note_coverage(covered(1000, 2000))
    window.note_coverage(covered(2000, 3000))
    window.note_coverage(covered(1500, 2500, "ETHUSDT"))
    window.mark(1.0, 0)
    window.note_coverage(covered(3000, 4000))
    first = window.passed(30.5)
    second = window.passed(31.5)
    assert first is not None
    assert second is not None
    assert first.cuts_ms == {"BTCUSDT": 2000, "ETHUSDT": 2500}
    assert second.cuts_ms == {"BTCUSDT": 4000}
