"""Bring the catalogues of translations up to date with the code, and build what Qt reads.

``make translations`` collects every text of the user interface with PyQt6's own ``pylupdate6``,
writes it into ``Heatmap/ui/translations/heatmap_*.ts``, where translations are entered (by hand, or
with Qt Linguist), and builds the ``.qm`` beside each. Texts that are not translated yet are listed,
and the status is 1.

``lrelease`` builds them; on Debian and Ubuntu it is in qt6-l10n-tools. Only who changes texts needs
it.
"""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from Heatmap.doctor.findings import CONNECTION_CHECKS  # noqa: E402
from Heatmap.doctor.texts import ADVICE, FOUND, FRAGMENTS  # noqa: E402
from Heatmap.domain.failure_texts import ALL_OF_THEM, PARTS, TEMPLATES  # noqa: E402
from Heatmap.heatmap_settings import SETTINGS  # noqa: E402
from Heatmap.setting_fields import Choice, Number, Section, Text  # noqa: E402

PLUGIN = ROOT / "Heatmap"
FOLDER = PLUGIN / "ui" / "translations"
_LRELEASE = (
    "lrelease6",
    "lrelease-qt6",
    "/usr/lib/qt6/bin/lrelease",
    "/usr/lib64/qt6/bin/lrelease",
)
# Where pylupdate6 finds texts by itself: in calls of tr and translate.
_QT_FOLDERS = (PLUGIN / "ui", PLUGIN / "standalone")
# What makes a phrase, and in which context all of them are.
_PHRASES, _PHRASE_CONTEXT = {"say": 0, "counted": 1}, "Chart"

#: A text with its context, and whether it counts something.
Found = tuple[str, str, bool]


class TranslationsError(Exception):
    """Something is missing, or is not as it should be; one line says what."""


def python_files() -> list[Path]:
    """Return the plugin's modules, without its tests."""
    return sorted(path for path in PLUGIN.rglob("*.py") if "tests" not in path.parts)


def hidden_texts() -> list[Found]:
    """Return the texts that pylupdate6 does not see, each once, in the order of the code.

    They are those of phrases, of settings' records, of failures, and what goes through a function
    of a module in the place of ``translate``.

    Raises
    ------
    TranslationsError
        A text is put together where a literal is expected: nobody could translate it.
    """
    found = [*_record_texts(), *_failure_texts(), *_doctor_texts()]
    for path in python_files():
        tree = ast.parse(path.read_text("utf-8"))
        found += _phrase_texts(tree, path)
        found += _door_texts(tree)
    return list(dict.fromkeys(found))


def _record_texts() -> Iterator[Found]:
    for section in Section:
        yield "HeatmapSettings", section.heading, False
    for record in SETTINGS.values():
        # Whatever texts a record has besides its own names.
        for one in fields(record):
            value = getattr(record, one.name)
            if isinstance(value, str) and one.name not in {"option", "formerly"}:
                yield "HeatmapSettings", value, False
        match record.kind:
            case Choice(options=options):
                for option in options.values():
                    yield "HeatmapSettings", option.label, False
                    yield "HeatmapSettings", option.short, False
            case Number(suffix=suffix):
                yield "HeatmapSettings", suffix, False
            case Text(refusal=refusal, placeholder=placeholder):
                yield "HeatmapSettings", refusal, False
                yield "HeatmapSettings", placeholder, False


def _failure_texts() -> Iterator[Found]:
    for text in (*TEMPLATES.values(), *PARTS.values(), ALL_OF_THEM):
        yield "Failure", text, False


def _doctor_texts() -> Iterator[Found]:
    # What is found of the database is told on the terminal only.
    texts = (*CONNECTION_CHECKS.values(), *FRAGMENTS)
    for text in (*texts, *_until(FOUND, "DISK_SILENT"), *_until(ADVICE, "LOCAL_DISK")):
        yield "Doctor", text, False


def _until(texts: Mapping[Any, str], name: str) -> Iterator[str]:
    """Return the texts before one of them."""
    for key, text in texts.items():
        if key.name == name:
            return
        yield text


def _phrase_texts(tree: ast.Module, path: Path) -> Iterator[Found]:
    if not any(
        isinstance(node, ast.ImportFrom) and node.module == "Heatmap.domain.phrases"
        for node in ast.walk(tree)
    ):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        place = _PHRASES.get(node.func.id)
        if place is None:
            continue
        text = node.args[place] if len(node.args) > place else None
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            raise TranslationsError(f"{where}: {node.func.id} takes a text that stands there")
        yield _PHRASE_CONTEXT, text.value, node.func.id == "counted"


def _door_texts(tree: ast.Module) -> Iterator[Found]:
    """Find calls of functions that do nothing but translate, and what they are given."""
    doors = {
        node.name: context
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and (context := _context_of(node))
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]) if (
                name in doors
            ):
                yield doors[name], text, False


def _context_of(function: ast.FunctionDef) -> str:
    """Return in which context a function translates its first argument; empty: it does not."""
    last = function.body[-1]
    call = last.value if isinstance(last, ast.Return) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return ""
    if call.func.attr != "translate" or not function.args.args:
        return ""
    match call.args:
        case [ast.Constant(value=str(context)), ast.Name(id=name)] if (
            name == function.args.args[0].arg
        ):
            return context
    return ""


def marker_module(texts: list[Found]) -> str:
    """Return a module for pylupdate6 that hands each of the texts to ``translate``."""
    lines = [
        f"translate({context!r}, {text!r}, '', 1)"
        if is_counted
        else f"translate({context!r}, {text!r})"
        for context, text, is_counted in texts
        if text
    ]
    return "\n".join(lines) + "\n"


def extract(catalogue: Path, folder: Path) -> None:
    """Bring a ``.ts`` up to date; what is not in the code any more goes.

    Parameters
    ----------
    catalogue
        The file; it is made where there is none.
    folder
        An empty one to work in.

    Raises
    ------
    TranslationsError
        pylupdate6 fails.
    """
    marker = folder / "texts.py"
    marker.write_text(marker_module(hidden_texts()), "utf-8")
    command = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", "--no-obsolete", "--no-summary"]
    sources = [path for path in python_files() if any(map(path.is_relative_to, _QT_FOLDERS))]
    _run([*command, "--ts", str(catalogue), *map(str, sources), str(marker)])
    tidy(catalogue)


def tidy(catalogue: Path) -> None:
    """Leave out where a text stands, so that a change elsewhere does not change the file."""
    text = catalogue.read_text("utf-8")
    catalogue.write_text(re.sub(r"\s*<location [^>]*/>", "", text), "utf-8", newline="\n")


def unfinished(catalogue: Path) -> list[str]:
    """Return the texts that have no translation yet, each with its context."""
    lines = []
    for context in ET.parse(catalogue).getroot().iter("context"):  # noqa: S314 - our own file
        for message in context.iter("message"):
            translation = message.find("translation")
            text = "" if translation is None else "".join(translation.itertext())
            is_open = translation is None or translation.get("type") == "unfinished"
            if is_open or not text.strip():
                lines.append(f"{context.findtext('name')}: {message.findtext('source')}")
    return lines


def build(catalogue: Path) -> None:
    """Build the ``.qm`` beside a ``.ts``.

    Raises
    ------
    TranslationsError
        There is no lrelease, or it fails.
    """
    lrelease = next(filter(None, map(shutil.which, _LRELEASE)), None)
    if lrelease is None:
        raise TranslationsError("no lrelease: apt-get install qt6-l10n-tools has it")
    _run([lrelease, "-silent", str(catalogue), "-qm", str(catalogue.with_suffix(".qm"))])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"]
        raise TranslationsError(f"{Path(command[0]).name}: {said[-1]}")


def main() -> int:
    """Update and build every catalogue; 1 where texts are not translated."""
    missing = []
    for catalogue in sorted(FOLDER.glob("heatmap_*.ts")):
        with tempfile.TemporaryDirectory(prefix="heatmap-") as folder:
            extract(catalogue, Path(folder))
        build(catalogue)
        missing += [f"{catalogue.name}: not translated: {line}" for line in unfinished(catalogue)]
    for line in missing:
        print(line)
    return 1 if missing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TranslationsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
