"""The documents lead somewhere: links have targets, and the README fits on one screen."""

import re
from pathlib import Path

import pytest

import Heatmap

ROOT = Path(Heatmap.__file__).resolve().parent.parent
README = ROOT / "README.md"
MOST_LINES = 75
LARGEST_PICTURE_BYTES = 400_000
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "Heatmap" / "README.md"])

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


def test_a_trader_reads_the_readme_on_one_screen() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= MOST_LINES


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
