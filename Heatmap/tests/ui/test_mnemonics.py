"""A letter for each row: its own, in both languages and beside a host's rows."""

from collections import Counter
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QTabWidget,
    QWidget,
)

from Heatmap import HeatmapService
from Heatmap.standalone.window_choices import window_choices
from Heatmap.tests.ui.settings_controls import pages
from Heatmap.ui import HeatmapSettingsTab, install_translation
from Heatmap.ui.settings.mnemonics import marked, spread
from Heatmap.ui.settings.segments import Segments


class Chart:
    """A chart whose axes are chosen."""

    scale, time_zone, look = "linear", "UTC", "colour"

    def take(self, value: str) -> bool:
        return bool(value)

    set_scale = set_look = set_time_zone = take


@pytest.fixture(params=["en", "de"])
def window_tab(
    request: pytest.FixtureRequest, qtbot: Any, service: HeatmapService, store: QSettings
) -> Iterator[HeatmapSettingsTab]:
    """The settings as they stand in the window, with its rows for axes, look and language."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    install_translation(application, request.param)
    try:
        tab = HeatmapSettingsTab(service, store, has_close=True, has_switch=False)
        qtbot.addWidget(tab)
        chart: Any = Chart()
        nothing = chart.take
        choices = window_choices(store, chart, lambda: "dark", nothing, nothing)
        tab.add_choices("chart", "Axes", choices)
        tab.show()
        yield tab
    finally:
        install_translation(application, "en")


def rows_of(page: QWidget) -> list[QLabel | QAbstractButton]:
    labels = [one for one in page.findChildren(QLabel) if one.buddy() is not None and one.text()]
    buttons = [one for one in page.findChildren(QAbstractButton) if marked(one.text())]
    return [*labels, *buttons]


def test_each_row_has_a_letter_and_hardly_two_the_same(window_tab: HeatmapSettingsTab) -> None:
    box = window_tab.findChild(QTabWidget, "pages")
    titles = [box.tabText(at) for at in range(box.count())]
    footer = [
        window_tab.findChild(QWidget, name).text() for name in ("page_defaults", "undo", "close")
    ]
    always = [letter for text in [*titles, *footer] if (letter := marked(text))]
    assert len(always) >= 6
    assert len(set(always)) == len(always)
    count = 0
    for page in pages(window_tab):
        seen = [one for one in rows_of(page) if one.isVisibleTo(page)]
        letters = [marked(one.text()) for one in rows_of(page)]
        assert all(letters), [one.text() for one in rows_of(page) if not marked(one.text())]
        # What is on all pages has its letter alone.
        assert not {*letters} & {*always}
        twice = [key for key, n in Counter(marked(one.text()) for one in seen).items() if n > 1]
        # Twenty rows and seven around them are more than there are letters.
        assert len(twice) <= max(0, len(seen) + len(always) - len(ascii_lowercase)) + 1, twice
        count += len(letters)
    assert count > 50


def test_the_letters_lead_to_the_rows_of_the_window(
    qtbot: Any, window_tab: HeatmapSettingsTab
) -> None:
    window_tab.page_number = 1
    page = pages(window_tab)[1]
    with qtbot.waitActive(window_tab):
        window_tab.activateWindow()
    labels = {one.buddy().objectName(): one for one in page.findChildren(QLabel) if one.buddy()}
    for name in ("price_axis", "time_zone", "candle_colours", "look", "language"):
        control = page.findChild(QWidget, name)
        assert isinstance(control, QComboBox | Segments)
        letter = marked(labels[name].text())
        for _ in range(3):
            focus = QApplication.focusWidget()
            if focus is not None and (focus is control or control.isAncestorOf(focus)):
                break
            # As often as rows share the letter.
            key = Qt.Key(ord(letter.upper()))
            QTest.keyClick(window_tab, key, Qt.KeyboardModifier.AltModifier)
        focus = QApplication.focusWidget()
        assert focus is not None
        assert focus is control or control.isAncestorOf(focus), (name, letter)


@given(
    st.lists(st.text("abcXÖ &19-", min_size=0, max_size=8), max_size=9), st.text("abx", max_size=2)
)
def test_texts_stay_the_same_and_letters_are_their_own(texts: list[str], taken: str) -> None:
    # A mark that marks nothing, or two of them, is no text of ours.
    texts = [text.replace("&", "&&") for text in texts]
    found = spread(texts, taken)
    plain = [text.replace("&&", "\0").replace("&", "").replace("\0", "&&") for text in found]
    assert plain == texts
    letters = [marked(text) for text in found]
    for text, letter in zip(texts, letters, strict=True):
        others = [one for one in text.lower() if one.isalnum() and one not in taken]
        assert letter not in taken or not letter or not others
    free = {one.lower() for text in texts for one in text if one.isalnum()} - {*taken}
    # The most texts that can have one: tried out by taking them one after the other.
    assert len({*letters} - {"", *taken}) == most_pairs([{*text.lower()} & free for text in texts])


def most_pairs(choices: list[set[str]]) -> int:
    """Return how many texts can have a letter of their own, by trying all ways."""
    best = {frozenset[str](): 0}
    for letters in choices:
        more = dict(best)
        for used, count in best.items():
            for one in letters - used:
                more[used | {one}] = max(more.get(used | {one}, 0), count + 1)
        best = more
    return max(best.values())


def test_a_letter_that_is_marked_stays_where_it_can() -> None:
    assert spread(["&Open", "Sa&ve", "Open &all"]) == ["&Open", "Sa&ve", "Open &all"]
    assert spread(["&Open", "&Over"], "v") == ["&Open", "Ov&er"]
    # The first one gives way where the second has no other.
    assert spread(["&ab", "a"]) == ["a&b", "&a"]
    # What comes first keeps its own letter, whatever the others lose.
    assert spread(["&a", "&ab", "a"], first=1) == ["&a", "a&b", "&a"]
    assert spread(["b", "&ab", "&b"], first=1) == ["&b", "&ab", "&b"]
    assert spread(["Bids && asks"]) == ["&Bids && asks"]
    assert spread(["&", "", "--"]) == ["&", "", "--"]
