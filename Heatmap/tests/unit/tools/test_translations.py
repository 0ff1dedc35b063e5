"""The catalogues have every text of the code, translated, and Qt reads from them what they say."""

import ast
import runpy
import string
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QTranslator

from Heatmap.setting_fields import Section

ROOT = Path(__file__).resolve().parents[4]
CATALOGUES = sorted((ROOT / "Heatmap" / "ui" / "translations").glob("*.ts"))


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "translations.py"))


def messages(catalogue: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Give each context, source and its translations: one, or a form for one and for many."""
    for context in ET.parse(catalogue).getroot().iter("context"):  # noqa: S314 - our own file
        for message in context.iter("message"):
            target = message.find("translation")
            assert target is not None
            forms = [form.text or "" for form in target.iter("numerusform")]
            name, source = context.findtext("name"), message.findtext("source")
            yield name or "", source or "", forms or [target.text or ""]


def names_in(text: str) -> list[tuple[str, str]]:
    """Give the placeholders of a text with their formats, in no order."""
    return sorted((name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name)


def test_there_is_german() -> None:
    assert [path.stem for path in CATALOGUES] == ["heatmap_de"]


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_every_text_of_the_code_is_in_it_and_translated(
    catalogue: Path, tool: dict[str, Any], tmp_path: Path
) -> None:
    # Brought up to date, it is what it was: nothing is missing, nothing is left over.
    again = tmp_path / catalogue.name
    again.write_bytes(catalogue.read_bytes())
    tool["extract"](again, tmp_path)
    assert list(messages(again)) == list(messages(catalogue)), "make translations"
    assert tool["unfinished"](catalogue) == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_every_heading_of_the_settings_is_in_it(catalogue: Path) -> None:
    there = {source for context, source, _ in messages(catalogue) if context == "HeatmapSettings"}
    assert {section.heading for section in Section if section.heading} <= there


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_placeholders_are_those_of_the_source(catalogue: Path) -> None:
    wrong = [
        (source, text)
        for _, source, texts in messages(catalogue)
        for text in texts
        if names_in(text) != names_in(source)
    ]
    assert wrong == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_a_label_keeps_its_key_and_a_suffix_its_blank(catalogue: Path) -> None:
    wrong = [
        (source, text)
        for _, source, (text, *_) in messages(catalogue)
        if text.count("&") != source.count("&") or text[:1].isspace() != source[:1].isspace()
    ]
    assert wrong == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_qt_reads_what_it_says(catalogue: Path) -> None:
    translator = QTranslator()
    assert translator.load(str(catalogue.with_suffix(".qm")))
    for context, source, texts in messages(catalogue):
        # PyQt takes no other than ASCII as a text here.
        if len(texts) == 1:
            assert translator.translate(context, source.encode()) == texts[0]
        else:
            said = [translator.translate(context, source.encode(), "", n) for n in (1, 2, 0, 21)]
            assert said == [texts[0], texts[1], texts[1], texts[1]]


def test_a_phrase_that_is_put_together_is_refused(tool: dict[str, Any]) -> None:
    code = "from Heatmap.domain.phrases import say\nsay('a' + name)\n"
    with pytest.raises(Exception, match=r"made_up\.py:2: say takes a text that stands there"):
        list(tool["_phrase_texts"](ast.parse(code), ROOT / "made_up.py"))


def test_a_function_in_the_place_of_translate_is_seen(tool: dict[str, Any]) -> None:
    code = (
        "def _tr(text):\n    return QCoreApplication.translate('Place', text)\n"
        "def other(text):\n    return text\n"
        "_tr('seen')\nother('not')\n"
    )
    assert list(tool["_door_texts"](ast.parse(code))) == [("Place", "seen", False)]
