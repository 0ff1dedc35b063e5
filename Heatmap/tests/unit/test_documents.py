"""The documents lead somewhere, and what they name is there: files, names, commands, keys."""

import re
import tomllib
from pathlib import Path

import pytest

from Heatmap.__main__ import _COMMANDS, main
from Heatmap.tests.unit.source_words import PACKAGE, ROOT, source_text, source_words

README = ROOT / "README.md"
MOST_LINES = 75
LARGEST_PICTURE_BYTES = 400_000
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), PACKAGE / "README.md"])
ACCEPTANCE = PACKAGE / "tests" / "ACCEPTANCE.md"
# Files that only a reader has.
THEIRS = {".venv/bin/python", "ui/translations/heatmap_xx.ts", "/openapi.json"}
# Names of the system, of other programs and of a host, and letters of a formula.
FOREIGN = {"Aborted", "CERTIFICATE_VERIFY_FAILED", "SOCKS_PROXY", "xhost", "getUpdates", "newbot"}
FOREIGN |= {"botTOKEN", "myLegend", "sum_b"}
WITH_SUBCOMMANDS = {"alerts", "history", "levels"}

pytestmark = pytest.mark.skipif(
    not README.is_file(), reason="the package was copied without the repository's documents"
)


def anchors(page: Path) -> set[str]:
    """Return the names that headings have in a link."""
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_each_link_has_a_target() -> None:
    broken, count = [], 0
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            if ":" in link:
                continue
            count += 1
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.name}: {link}")
    assert count > 20
    assert broken == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_it_is_read_on_one_screen(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= MOST_LINES


def test_architecture_has_the_layers_in_their_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if "layers" in one)
    table = re.findall(
        r"^\| (`.*?) \|", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE
    )
    assert re.findall(r"\w+", " ".join(table)) == re.findall(r"\w+", " ".join(layers))


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        names = re.findall(r"\]\(([^)#:\s]+\.md)", page.read_text("utf-8"))
        waiting += [(page.parent / name).resolve() for name in names]
    assert sorted(path.name for path in set((ROOT / "docs").glob("*.md")) - seen) == []


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert sizes
    assert {name for name, size in sizes.items() if size > LARGEST_PICTURE_BYTES} == set()


def test_each_picture_is_shown() -> None:
    shown = {
        (page.parent / name).resolve()
        for page in PAGES
        for name in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", page.read_text("utf-8"))
    }
    assert shown
    assert shown == set((ROOT / "docs" / "pictures").iterdir())


def test_each_named_file_is_there() -> None:
    files = [
        path.relative_to(ROOT).as_posix()
        for top in (PACKAGE, ROOT / "docs", ROOT / "tools")
        for path in top.rglob("*.*")
    ]
    lost, count = [], 0
    for page in [*PAGES, ACCEPTANCE]:
        named = re.findall(r"`([\w./-]+\.(?:py|js|ts|sql|json|md))`", page.read_text("utf-8"))
        for name in set(named) - THEIRS:
            # Files of users have no folder.
            if "/" in name or name.endswith((".py", ".js")):
                count += 1
                if not any(f"/{file}".endswith(f"/{name}") for file in files):
                    lost.append(f"{page.name}: {name}")
    assert count > 100
    assert lost == []


def test_each_name_of_code_is_there() -> None:
    words = source_words() | FOREIGN
    lost, count = [], 0
    # The changelog tells of what was, and how-to-add.md is looked through by test_recipes.
    for page in PAGES:
        if page.name in ("CHANGELOG.md", "how-to-add.md"):
            continue
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for code in re.findall(r"`([^`]+)`", text):
            names = set(re.findall(r"\b_?[A-Za-z][A-Za-z0-9_]{2,}[A-Za-z0-9]\b", code))
            count += len(names)
            lost += [f"{page.name}: {name}" for name in sorted(names - words)]
    assert count > 500
    assert lost == []


def test_each_key_is_there() -> None:
    lost, count = [], 0
    for page in PAGES:
        keys = re.findall(r"\b(?:(?:Ctrl|Shift)\+)+\w+|\bF\d{1,2}\b", page.read_text("utf-8"))
        for key in set(keys):
            count += 1
            if f'"{key.replace("comma", ",")}"' not in source_text():
                lost.append(f"{page.name}: {key}")
    assert count > 10
    assert lost == []


def test_each_target_of_make_is_there() -> None:
    targets = set(
        re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\bmake ([a-z][\w-]+)`", page.read_text("utf-8"))
    }
    assert named
    assert named - targets == set()


def test_each_command_and_option_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    used: dict[tuple[str, ...], set[str]] = {}
    call = re.compile(r"(?:-m Heatmap|make run ARGS=\"?)([^`#\n]*(?:\n {8,}[^`#\n]*)*)")
    for page in PAGES:
        for text in call.findall(page.read_text("utf-8")):
            words = [word.strip("\"'[]|") for word in text.split()]
            depth = 0
            if words and words[0] in _COMMANDS:
                depth = 1 + (words[0] in WITH_SUBCOMMANDS and len(words) > 1)
            options = {word for word in words if re.fullmatch(r"--[a-z-]+", word)}
            used.setdefault(tuple(words[:depth]), set()).update(options)
    lost = []
    for words, options in used.items():
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
        told = capsys.readouterr().out
        known = set(re.findall(r"--[a-z-]+", told))
        lost += [f"{words}: {option}" for option in sorted(options - known)]
        assert ended.value.code == 0, words
    assert len(used) > 15
    assert lost == []


def test_nobody_installs_what_is_not_ours() -> None:
    """The package is on no index: its bare name would fetch somebody else's."""
    told = [page.read_text("utf-8") for page in PAGES] + [source_text()]
    assert [found for text in told for found in re.findall("install '?heatmap.*", text)] == []
