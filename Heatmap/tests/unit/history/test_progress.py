"""The bar: on a terminal only, with a rate and the time that is left."""

import os
from io import StringIO

import pytest

from Heatmap.history.progress import Progress, ProgressBar, Standing, bar_text


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (
            Standing(3, 12, 5e8, 2e9, 4.0),
            "[######------------------] 3/12 files, 125 MB/s, 0:12 left",
        ),
        (Standing(0, 2, 0.0, 1e6, 1.0), "[------------------------] 0/2 files, 0 bytes/s"),
        # What is fetched: nobody knows the bytes of all.
        (
            Standing(9, 12, 3e6, 0.0, 9_000.0, is_by_files=True),
            "[##################------] 9/12 files, 333 bytes/s, 50:00 left",
        ),
        (
            Standing(1, 1, 2e6, 1e6, 1.0),
            "[########################] 1/1 files, 2.0 MB/s, 0:00 left",
        ),
    ],
)
def test_the_line(standing: Standing, text: str) -> None:
    assert bar_text(standing) == text


def test_files_that_nobody_needs_do_not_count_for_the_rate() -> None:
    progress = Progress(3, 300.0)
    progress.advance(30.0)
    progress.end_file(70.0)
    progress.end_file(left_out_bytes=100.0)
    standing = progress.standing()
    assert (standing.files, standing.done_bytes, standing.all_bytes) == (2, 100.0, 200.0)
    assert standing.share == 0.5


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo terminal")
def test_a_terminal_is_drawn_on_and_left_clean_and_nothing_else_is() -> None:
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as terminal, ProgressBar(Progress(2, 10.0), terminal):
        shown = os.read(leader, 1_000)  # comes with the first line
        assert b"0/2 files" in shown
    rest = b""
    while not rest.endswith(b"\r"):
        rest += os.read(leader, 1_000)
    os.close(leader)
    assert rest.split(b"\r")[-2].strip() == b""

    stream = StringIO()
    with ProgressBar(Progress(2, 10.0), stream):
        pass
    assert stream.getvalue() == ""
