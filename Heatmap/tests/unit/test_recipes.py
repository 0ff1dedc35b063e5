"""What docs/how-to-add.md says is so: its files are there, and what was added before follows it."""

import ast
import re
import sys
from dataclasses import dataclass
from importlib import import_module
from inspect import isabstract
from pathlib import Path
from types import ModuleType

import pytest

from Heatmap.__main__ import _COMMANDS, main
from Heatmap.errors import SettingsError
from Heatmap.feeds.followers import Followers
from Heatmap.heatmap_settings import HEATS, PALETTES, SHAPES, HeatmapSettings
from Heatmap.ingestion.venues.table import VENUES
from Heatmap.setting_fields import Effect, Number, Page, Section, setting
from Heatmap.sources.heat_source import HeatSource
from Heatmap.sources.registry import HEAT_SOURCES, source_of
from Heatmap.storage.store import _ENGINES
from Heatmap.tests.unit.source_words import PACKAGE, ROOT, source_words

RECIPES = ROOT / "docs" / "how-to-add.md"

pytestmark = pytest.mark.skipif(
    not RECIPES.is_file(), reason="the package was copied without the repository's documents"
)

TEXT = RECIPES.read_text("utf-8") if RECIPES.is_file() else ""
CODE = [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", TEXT)]
FILES = sorted(
    {word for code in CODE for word in code.split() if re.search(r"[\w>]\.(py|js|md)$", word)}
)
# Names that a recipe tells to write, or that are a program's.
OURS = {"python", "make", "name", "pip"}
NAMES = sorted(
    {
        name
        for code in CODE
        if "/" not in code and "<" not in code
        for name in re.findall(r"\b_?[A-Za-z][A-Za-z0-9_]{3,}\b", code)
    }
    - OURS
)

WORDS = source_words() if TEXT else frozenset()


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 25
    assert len(NAMES) > 40


@pytest.mark.parametrize("name", [one for one in FILES if "<" not in one])
def test_each_file_that_a_recipe_names_is_there(name: str) -> None:
    folders = (ROOT, PACKAGE, PACKAGE / "tests", PACKAGE / "tests" / "ui")
    beside = [path for path in PACKAGE.rglob(Path(name).name) if "/" not in name]
    assert beside or any((folder / name).is_file() for folder in folders)


@pytest.mark.parametrize("name", [one for one in FILES if "<" in one])
def test_each_folder_that_a_recipe_writes_to_is_there(name: str) -> None:
    assert (ROOT / name.partition("<")[0]).is_dir()


@pytest.mark.parametrize("name", NAMES)
def test_each_name_that_a_recipe_uses_is_in_the_code(name: str) -> None:
    assert name in WORDS


def test_each_venue_is_a_file_or_a_folder_of_its_own() -> None:
    for venue in VENUES.values():
        assert type(venue).__module__.startswith("Heatmap.ingestion.venues.")
        assert type(venue).__module__ != "Heatmap.ingestion.venues.table"


def test_each_heat_source_is_a_class_of_the_interface_and_can_be_chosen() -> None:
    for path in (PACKAGE / "sources").glob("*.py"):
        import_module(f"Heatmap.sources.{path.stem}")
    found = {
        one
        for one in subclasses(HeatSource)
        if one.__module__.startswith("Heatmap.sources.") and not isabstract(one)
    }
    assert found == set(HEAT_SOURCES.values())
    # One file each.
    assert len({one.__module__ for one in found}) == len(found)
    assert all(one.__module__.count(".") == 2 for one in found)
    assert {source_of(heat) for heat in HEATS} == set(HEAT_SOURCES) <= set(HEATS)


def subclasses(base: type) -> set[type]:
    """Return all classes of a base, those of its classes too."""
    return {base}.union(*map(subclasses, base.__subclasses__()))


def test_nobody_outside_asks_which_heat_source_it_is() -> None:
    """What they need is a fact of the source's class; a new source changes none of them."""
    asked = []
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in ("tests", "sources"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Compare):
                named = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                names = [one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)]
                names += [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
                if set(named) & set(HEATS) and "heat" in names:
                    asked.append(f"{path.name}:{node.lineno}")
    assert asked == []


def test_each_palette_has_colours_for_both_grounds() -> None:
    text = (PACKAGE / "ui" / "js" / "heatmap_palette.js").read_text("utf-8")
    colours = text[text.index("CONTROL_COLOURS") : text.index("HOME_GROUNDS")]
    found = re.findall(r"^    (\w+): \{\s+dark: \[[^]]+\],\s+light: \[", colours, re.MULTILINE)
    assert found == list(PALETTES)


def test_each_shape_is_one_of_the_field() -> None:
    text = (PACKAGE / "aggregation" / "heat_field.py").read_text("utf-8")
    assert set(SHAPES) == set(re.findall(r'shape [!=]= "(\w+)"', text))


def test_each_command_is_a_module_with_a_word_in_the_window() -> None:
    epilog = import_module("Heatmap.commands.window")._parser().epilog
    assert epilog is not None
    for name in _COMMANDS:
        assert callable(import_module(f"Heatmap.commands.{name}").run)
        assert re.search(rf"\b{name} \(", epilog)


def test_each_engine_is_in_a_folder_of_its_own() -> None:
    for engine in _ENGINES.values():
        # Of the tests' own engine too, where another test has added it.
        folder = engine.__module__.rpartition(".")[0]
        assert folder.rpartition(".")[2] not in ("storage", "tests")


@dataclass(frozen=True, slots=True)
class MoreSettings(HeatmapSettings):
    """The settings with one more."""

    made_up: int = setting(
        5,
        Number(1, 9, is_whole=True),
        Section.SCALE,
        "Made &up",
        "What it does",
        effects=(Effect.RESTYLE,),
        option="madeUp",
    )


def test_a_setting_is_one_record() -> None:
    made, records = MoreSettings.from_texts({"made_up": "7"}), MoreSettings.records()
    assert made.made_up == 7
    assert made.to_texts()["made_up"] == "7"
    with pytest.raises(SettingsError, match="made_up must be a number from 1 to 9, got 12"):
        made.changed(made_up=12)
    assert list(records.on_page(Page.HEAT))[-3] == "made_up"
    assert "made_up" in records.with_effect(Effect.RESTYLE)
    assert records.page_options()["made_up"] == "madeUp"


def test_a_command_is_a_module_and_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("Heatmap.commands.made_up")
    module.run = len  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("Heatmap.__main__._COMMANDS", (*_COMMANDS, "made_up"))
    # Its words, without its name.
    assert main(["made_up", "--db", "x", "y"]) == 3


class MadeUpFollower:
    """Notes what it is told."""

    effect = Effect.LINES

    def __init__(self) -> None:
        self.symbols: list[str | None] = []

    def follow(self, symbol: str | None, *_more: object) -> None:
        self.symbols.append(symbol)


def test_a_follower_is_told_what_its_effect_names_and_what_restarts() -> None:
    made, settings = MadeUpFollower(), HeatmapSettings()
    followers = Followers(made)  # type: ignore[arg-type]  # what the others do is not called
    for symbol, changed in (
        ("all", None),
        ("its own", {"cluster_line_count"}),
        ("whether anything is drawn", {"enabled"}),
        ("of what", {"symbols"}),
        ("another's", {"bubble_least_usd"}),
        ("nobody's", {"palette"}),
    ):
        followers.follow(symbol, settings, None, changed)
    assert made.symbols == ["all", "its own", "whether anything is drawn", "of what"]


def test_no_two_parts_of_the_page_have_the_same_order() -> None:
    texts = [path.read_text("utf-8") for path in (PACKAGE / "ui" / "js" / "parts").glob("*.js")]
    orders = re.findall(r"^    order: (\d+),", "\n".join(texts), re.MULTILINE)
    assert len(set(orders)) == len(texts)


def test_each_part_of_the_page_registers_itself_under_the_name_of_its_file() -> None:
    parts = sorted((PACKAGE / "ui" / "js" / "parts").glob("*.js"))
    assert parts
    for path in parts:
        text = path.read_text("utf-8")
        assert re.findall(r"heatmap\.parts\.register\(\{\s*name: \"(\w+)\"", text) == [path.stem]
        # Nobody else has to know of it.
        others = [other for other in parts if other != path]
        assert not any(f"parts/{path.stem}" in other.read_text("utf-8") for other in others)
