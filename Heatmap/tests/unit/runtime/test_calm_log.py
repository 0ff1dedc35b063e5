"""The same is logged once a minute, and counted in between."""

import logging

from Heatmap.runtime.calm_log import EVERY_S, CalmFilter


def test_the_same_is_let_through_once_in_a_time_and_then_says_how_much_was_left_out() -> None:
    now_s = 5.0
    calm = CalmFilter(lambda: now_s)

    def passed(text: str, *args: object, fault: Exception | None = None) -> str | None:
        found = None if fault is None else (type(fault), fault, None)
        record = logging.LogRecord("x", logging.INFO, "x.py", 1, text, args, found)
        return record.getMessage() if calm.filter(record) else None

    assert passed("bad request of %s", "a") == "bad request of a"
    assert [passed("bad request of %s", name) for name in "bcd"] == [None] * 3
    assert passed("another of %s", "a") == "another of a"
    # Errors of other classes are other news.
    assert passed("failed\n", fault=ValueError()) is not None
    assert passed("failed\n", fault=ValueError()) is None
    assert passed("failed\n", fault=KeyError()) is not None
    now_s += EVERY_S
    told = passed("bad request of %s", "e")
    assert told is not None
    assert told.startswith("bad request of e (and 3 more")
    assert passed("bad request of %s", "f") is None
    now_s += EVERY_S
    assert passed("another of %s", "b") == "another of b"
