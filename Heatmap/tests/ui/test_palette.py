"""The palettes' promises, checked on the colours that the page's own file gives."""

import itertools
from typing import Any

import pytest

from Heatmap.heatmap_settings import PALETTES
from Heatmap.ui.layer.page_scripts import call_script, read_script
from Heatmap.ui.palettes import swatch_colours

PyQt6_QtQml = pytest.importorskip("PyQt6.QtQml")

pytestmark = pytest.mark.usefixtures("qapp")


def evaluate(function: str, *arguments: object) -> Any:
    engine = PyQt6_QtQml.QJSEngine()
    engine.evaluate(read_script("heatmap_palette.js"))
    answer = engine.evaluate(f"Array.from({call_script(function, *arguments)[:-1]})")
    assert not answer.isError(), answer.toString()
    return answer.toVariant()


def lightness(colour: str) -> float:
    """CIE L* of an sRGB colour, from the definition of both."""
    luminance = 0.0
    for weight, start in ((0.2126729, 1), (0.7151522, 3), (0.0721750, 5)):
        channel = int(colour[start : start + 2], 16) / 255
        linear = channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        luminance += weight * linear
    return 116 * luminance ** (1 / 3) - 16 if luminance > 216 / 24389 else luminance * 24389 / 27


def test_the_page_knows_exactly_the_palettes_of_the_settings() -> None:
    assert evaluate("OrderPilotHeatmap.palette.names") == list(PALETTES)


@pytest.mark.parametrize("name", PALETTES)
def test_lightness_runs_one_way_and_evenly(name: str) -> None:
    steps = [
        lightness(colour) for colour in evaluate("OrderPilotHeatmap.palette.swatches", name, 64)
    ]
    sign = -1 if name == "daylight" else 1
    differences = [sign * (after - before) for before, after in itertools.pairwise(steps)]
    # Eight-bit colours round by up to half a step in lightness; a reversal would be larger.
    assert min(differences) > 0
    assert sign * (steps[-1] - steps[0]) > 55
    mean = sum(differences) / len(differences)
    assert max(differences) < 2.6 * mean


@pytest.mark.parametrize("name", PALETTES)
def test_alpha_rises_with_the_byte_and_ends_at_the_opacity(name: str) -> None:
    table = evaluate("OrderPilotHeatmap.palette.lookUpTable", name, 0.6)
    alphas = table[3::4]
    assert alphas[0] == 0
    assert 0 < alphas[8] < alphas[64] < alphas[160] < alphas[255]
    assert alphas[255] == pytest.approx(0.6 * 255, abs=1)
    assert all(before <= after for before, after in itertools.pairwise(alphas))


def test_no_two_palettes_look_alike() -> None:
    samples = {tuple(swatch_colours(name)) for name in PALETTES}
    assert len(samples) == len(PALETTES)


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("side", ["long", "short"])
def test_each_side_of_a_split_runs_one_way_in_lightness(ground: str, side: str) -> None:
    steps = [
        lightness(to_hex(colour))
        for colour in (
            evaluate("OrderPilotHeatmap.palette.sideColourAt", ground, side, step / 63)
            for step in range(64)
        )
    ]
    sign = -1 if ground == "light" else 1
    assert min(sign * (after - before) for before, after in itertools.pairwise(steps)) > 0
    assert sign * (steps[-1] - steps[0]) > 55


def to_hex(colour: list[float]) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in colour[:3])


def as_drawn(table: list[float], level: int, ground: int) -> float:
    """Lightness of a level over a grey ground, as the page blends it."""
    *colour, alpha = table[4 * level : 4 * level + 4]
    part = alpha / 255
    return lightness(to_hex([part * one + (1 - part) * ground for one in colour]))


@pytest.mark.parametrize("opacity", [0.3, 0.75, 1.0])
@pytest.mark.parametrize("name", PALETTES)
def test_what_is_drawn_runs_one_way_in_lightness_on_its_ground(name: str, opacity: float) -> None:
    """On a dark ground more is lighter, on a light one (daylight) darker, faint heat included."""
    is_light = name == "daylight"
    table = evaluate("OrderPilotHeatmap.palette.lookUpTable", name, opacity)
    steps = [as_drawn(table, level, 255 if is_light else 11) for level in range(1, 256, 6)]
    sign = -1 if is_light else 1
    # Eight bits round; nothing turns back by what an eye could see.
    assert min(sign * (after - before) for before, after in itertools.pairwise(steps)) > -0.5
    assert sign * (steps[-1] - steps[0]) > 12


@pytest.mark.parametrize(("ground", "grey"), [("dark", 11), ("light", 255)])
@pytest.mark.parametrize("side", [0, 1])
def test_a_side_as_drawn_runs_one_way_in_lightness(ground: str, grey: int, side: int) -> None:
    table = evaluate("OrderPilotHeatmap.palette.splitLookUpTable", ground, 0.75)
    steps = [as_drawn(table, 2 * level + side, grey) for level in range(1, 128, 3)]
    sign = -1 if ground == "light" else 1
    assert min(sign * (after - before) for before, after in itertools.pairwise(steps)) > -0.5


@pytest.mark.parametrize(
    ("colour", "ground"),
    [("#000000", "dark"), ("#0b0b0d", "dark"), ("#ffffff", "light"), ("#f5f0e6", "light")],
)
def test_a_ground_is_dark_or_light_by_its_lightness(colour: str, ground: str) -> None:
    engine = PyQt6_QtQml.QJSEngine()
    engine.evaluate(read_script("heatmap_palette.js"))
    script = call_script("OrderPilotHeatmap.palette.groundOf", colour)
    assert engine.evaluate(script).toString() == ground


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_the_split_table_tells_sides_apart_and_keeps_levels(ground: str) -> None:
    table = evaluate("OrderPilotHeatmap.palette.splitLookUpTable", ground, 0.6)
    pixels = [table[4 * byte : 4 * byte + 4] for byte in range(256)]
    assert pixels[0][3] == pixels[1][3] == 0
    # The same level of both sides is as strong, and orange against blue.
    for level in range(1, 128):
        short, long = pixels[2 * level], pixels[2 * level + 1]
        assert short[3] == long[3] > 0
        assert long[0] - long[2] > short[0] - short[2] + 30
    assert pixels[255][3] == pytest.approx(0.6 * 255, abs=1)
