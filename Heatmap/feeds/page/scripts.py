"""The layer's JavaScript as one text. The files are the user interface's, read by their path."""

from collections.abc import Mapping, Sequence
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from importlib.resources.abc import Traversable

# Each file adds to the one object on `window`. A folder needs no list of its files.
_FOLDERS: Sequence[Traversable] = (
    files("Heatmap") / "ui" / "js",
    # What is drawn: one file for each part, which registers itself.
    files("Heatmap") / "ui" / "js" / "parts",
)
# The first line of a file that takes something of others while it is loaded.
_NEEDS = "// needs:"


def read_script(name: str) -> str:
    """Return the text of one of the layer's JavaScript files."""
    found = [folder / name for folder in _FOLDERS if (folder / name).is_file()]
    return found[0].read_text(encoding="utf-8")


def _script_texts() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        file.name: file.read_text(encoding="utf-8")
        for folder in _FOLDERS
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".js")
    }


@cache
def layer_script() -> str:
    """Return all JavaScript of the layer as one script: each file behind those that it needs.

    One script, because a page that navigates between two would get only the second.
    """
    texts = _script_texts()
    return "\n".join(texts[name] for name in in_order(texts))


def in_order(texts: Mapping[str, str]) -> list[str]:
    """Return the names of files in the order in which they can be loaded.

    Parameters
    ----------
    texts
        Name to text. Where a file takes something of others while it is loaded, its first line is
        ``// needs: one.js other.js``.

    Raises
    ------
    ValueError
        A file needs one that there is not, or two need each other.
    """
    needs = {
        name: set(text.splitlines()[0].removeprefix(_NEEDS).split())
        for name, text in texts.items()
        if text.startswith(_NEEDS)
    }
    missing = {name: each - texts.keys() for name, each in needs.items() if each - texts.keys()}
    if missing:
        raise ValueError(f"scripts need what there is not: {missing}")
    graph = {name: sorted(needs.get(name, ())) for name in texts}
    return list(TopologicalSorter(graph).static_order())
