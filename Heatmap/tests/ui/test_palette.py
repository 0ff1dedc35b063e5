"""The palettes' promises, checked on the colours that the page's own file gives."""

import itertools
from typing import Any

import pytest

from Heatmap.feeds.page.scripts import read_script
from Heatmap.heatmap_settings import PALETTES
from Heatmap.ui.layer.page_scripts import call_script
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


GROUNDS = (
    *("#000000", "#0b0b0d", "#131722", "#0b2030", "#2b2b2b", "#402020", "#5f5f66", "#777777"),
    *("#787878", "#9aa0a8", "#b0c4de", "#f5f0e6", "#fffbe0", "#ffffff"),
)


def channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def lab(colour: list[float]) -> list[float]:
    """CIE L*a*b* of an sRGB colour, from the definition of both."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    ]
    rows = (
        (0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883),
    )
    ratios = [sum(w * c for w, c in zip(row, linear, strict=True)) for row in rows]
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in ratios)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def distance(one: list[float], other: list[float]) -> float:
    """CIE76 Delta E."""
    return sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5


def drawn(table: list[float], byte: int, ground: str) -> list[float]:
    *colour, alpha = table[4 * byte : 4 * byte + 4]
    part = alpha / 255
    under = channels(ground)
    return [part * one + (1 - part) * two for one, two in zip(colour, under, strict=True)]


def assert_runs_away(steps: list[list[float]], ground: str) -> None:
    """Check that a series of colours leaves its ground, ever further, and is seen on it."""
    under = channels(ground)
    from_ground = [lightness(to_hex(step)) - lightness(ground) for step in steps]
    sign = 1 if lightness(ground) < 50 else -1
    # Eight bits round; nothing turns back by what an eye could see.
    assert min(sign * (b - a) for a, b in itertools.pairwise(from_ground)) > -0.6
    assert sign * from_ground[-1] > 24
    distances = [distance(step, under) for step in steps]
    assert distances[-1] > 30
    assert max(distances) < distances[-1] + 12
    assert distances[len(steps) // 4] > 6


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_runs_away_from_any_ground(name: str, ground: str) -> None:
    table = evaluate("OrderPilotHeatmap.palette.lookUpTable", name, 0.75, ground)
    assert_runs_away([drawn(table, byte, ground) for byte in range(1, 256, 6)], ground)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("side", [0, 1])
def test_a_side_runs_away_from_any_ground(side: int, ground: str) -> None:
    table = evaluate("OrderPilotHeatmap.palette.splitLookUpTable", ground, 0.75)
    steps = [drawn(table, 2 * level + side, ground) for level in range(1, 128, 3)]
    assert_runs_away(steps, ground)


@pytest.mark.parametrize("ground", GROUNDS)
def test_what_is_drawn_beside_the_heat_is_told_from_the_ground_and_each_other(ground: str) -> None:
    engine = PyQt6_QtQml.QJSEngine()
    engine.evaluate(read_script("heatmap_palette.js"))
    script = call_script("OrderPilotHeatmap.palette.sideColours", ground)
    sides = engine.evaluate(script).toVariant()
    long, short = (channels(sides[side]) for side in ("long", "short"))
    assert distance(long, channels(ground)) > 30
    assert distance(short, channels(ground)) > 24
    assert distance(long, short) > 60


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("ground", ["dark", "light"])
def test_each_version_of_a_palette_is_even_and_unlike_the_others(name: str, ground: str) -> None:
    colours = [
        evaluate("OrderPilotHeatmap.palette.colourAt", name, step / 63, ground)
        for step in range(64)
    ]
    steps = [lightness(to_hex(colour)) for colour in colours]
    sign = 1 if ground == "dark" else -1
    differences = [sign * (after - before) for before, after in itertools.pairwise(steps)]
    assert min(differences) > 0
    assert sign * (steps[-1] - steps[0]) > 55
    assert max(differences) < 2.6 * sum(differences) / len(differences)
    for other in PALETTES:
        if other != name:
            sample = [
                evaluate("OrderPilotHeatmap.palette.colourAt", other, step / 63, ground)
                for step in range(0, 64, 9)
            ]
            apart = [distance(a, b) for a, b in zip(colours[::9], sample, strict=True)]
            assert max(apart) > 10, other


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
