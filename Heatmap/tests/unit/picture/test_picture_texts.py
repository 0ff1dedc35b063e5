"""Amounts, the colour bar's labels and the source line."""

import pytest

from Heatmap.aggregation.normalization import Scale, to_usd
from Heatmap.domain.events import DataKind
from Heatmap.picture.texts import colour_bar_labels
from Heatmap.sources.amount_texts import usd_text
from Heatmap.sources.recorded.texts import source_since, source_words

AT_LEAST = "\u2265"


def test_the_colour_bar_says_what_the_levels_stand_for() -> None:
    assert colour_bar_labels(Scale("linear", 0.0, 260_000.0)) == [
        [0.0, "0"],
        [0.5, "130k"],
        [1.0, f"{AT_LEAST}260k USD"],
    ]
    assert colour_bar_labels(Scale("sqrt", 0.0, 1e6))[1] == [0.5, "250k"]
    assert colour_bar_labels(Scale("log", 100.0, 1e6)) == [
        [0.0, "100"],
        [0.5, "10k"],
        [1.0, f"{AT_LEAST}1M USD"],
    ]


@pytest.mark.parametrize("mode", ["linear", "sqrt", "log"])
def test_its_amounts_are_those_of_the_function_that_makes_the_levels(mode: str) -> None:
    scale = Scale(mode, 85.0, 850_000.0)
    for place, text in colour_bar_labels(scale)[1:-1]:
        assert text == usd_text(float(to_usd(255 * place, scale)))


@pytest.mark.parametrize(("mode", "nothing"), [("linear", "0"), ("sqrt", "0"), ("log", "100")])
def test_with_split_sides_it_runs_from_shorts_over_nothing_to_longs(
    mode: str, nothing: str
) -> None:
    assert colour_bar_labels(Scale(mode, 100.0, 1e6), is_split=True) == [
        [0.0, f"shorts {AT_LEAST}1M USD"],
        [0.5, nothing],
        [1.0, f"longs {AT_LEAST}1M USD"],
    ]


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0, "0"),
        (0.5, "0.5"),
        (949.9, "949"),
        (999.6, "999"),
        (1_234.0, "1.23k"),
        (34_800.0, "34.8k"),
        (999_600.0, "999k"),
        (1_027_145.0, "1.02M"),
        (2_520_530.0, "2.52M"),
        (3.1e9, "3.1B"),
    ],
)
def test_amounts_have_three_digits_and_are_never_more_than_they_are(usd: float, text: str) -> None:
    assert usd_text(usd) == text


@pytest.mark.parametrize("kind", DataKind)
def test_the_source_line_says_what_the_data_are_and_since_when(kind: DataKind) -> None:
    since = source_words(kind, 1_733_360_340_000)
    assert since.endswith(", lower bound, recorded since 5 Dec 2024 00:59 UTC")
    nothing = source_words(kind, None)
    assert nothing.endswith(": none recorded yet")
    assert since.split(",")[0] == nothing.split(":")[0]
    # What is not live says so.
    assert since.startswith("Binance") is (kind is DataKind.LIVE)
    # A chart says the time in its own way.
    parts = source_since(kind, 1_733_360_340_000)
    assert parts is not None
    assert since == f"{parts['words']} 5 Dec 2024 00:59 UTC"
    assert parts["ms"] == 1_733_360_340_000
    assert source_since(kind, None) is None
