"""Settings as JSON: they come back as they were, and what cannot be used is named and left out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.errors import FailureKind, SettingsError
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.tests.unit.test_heatmap_settings import any_settings

DEFAULTS = HeatmapSettings()


def whole(values: object) -> str:
    return json.dumps({"heatmap_settings": 1, "settings": values})


@given(any_settings, any_settings)
def test_what_was_written_comes_back_whatever_was_in_force(
    settings: HeatmapSettings, base: HeatmapSettings
) -> None:
    text = settings.to_json()
    assert HeatmapSettings.from_json(text, base) == (settings, ())
    assert set(json.loads(text)["settings"]) == set(SETTINGS)


def test_a_file_of_some_fields_leaves_the_others_as_they_are() -> None:
    base = HeatmapSettings(window="8h", opacity=0.4)
    settings, unused = HeatmapSettings.from_json(whole({"opacity": 1, "retention_days": 7.0}), base)
    assert settings == base.changed(opacity=1, retention_days=7)
    assert unused == ()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("window", "9h", 'window must be one of 2h, 8h, 24h, 2d, 7d, 30d, chart, got "9h"'),
        ("opacity", 1.5, "opacity must be a number from 0 to 1, got 1.5"),
        ("opacity", True, "opacity must be a number from 0 to 1, got true"),
        ("opacity", "0.5", 'opacity must be a number from 0 to 1, got "0.5"'),
        ("opacity", None, "opacity must be a number from 0 to 1, got null"),
        ("retention_days", 7.5, "retention_days must be a whole number, got 7.5"),
        ("enabled", "yes", 'enabled must be yes or no, got "yes"'),
        ("clip_usd", [], "clip_usd must be a number from 1 to 1e+12, got []"),
        ("symbols", "BTCUSDT", "symbols must be"),
        ("symbols", [1], "symbols must be"),
        ("symbols", [["BTCUSDT"]], "symbols must be"),
        ("resolution", ["auto"], "resolution must be"),
        ("side", {"both": 1}, "side must be"),
        ("colour", "red", '"colour" is no setting'),
        ("a\nb", 1, '"a\\nb" is no setting'),
    ],
)
def test_what_cannot_be_used_has_a_line_and_the_rest_is_taken(
    name: str, value: object, words: str
) -> None:
    base = HeatmapSettings(opacity=0.3, window="8h")
    settings, unused = HeatmapSettings.from_json(whole({name: value, "palette": "ice"}), base)
    assert settings == base.changed(palette="ice")
    (one,) = unused
    assert one.words.startswith(words)
    assert "\n" not in one.words
    assert (one.name, one.is_known) == (name, name in SETTINGS)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "1" * 400])
def test_a_number_beyond_all_bounds_is_refused(number: str) -> None:
    text = f'{{"heatmap_settings": 1, "settings": {{"minimum_notional": {number}}}}}'
    settings, unused = HeatmapSettings.from_json(text)
    assert settings == DEFAULTS
    assert unused[0].words.startswith("minimum_notional must be a number from 0 to 1e+12")


def test_a_field_that_is_there_twice_is_not_guessed() -> None:
    text = '{"heatmap_settings": 1, "settings": {"window": "8h", "window": "2d"}}'
    settings, unused = HeatmapSettings.from_json(text)
    assert settings == DEFAULTS
    assert [one.words for one in unused] == ['window must be there once, got "2d"']


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", FailureKind.SETTINGS_NOT_JSON),
        ('{"heatmap_settings": 1, "settings": {"opacity": .5}}', FailureKind.SETTINGS_NOT_JSON),
        ('{"heatmap_settings": 1,', FailureKind.SETTINGS_NOT_JSON),
        ("[" * 100_000, FailureKind.SETTINGS_ODD),
        ("1" * 5_000, FailureKind.SETTINGS_ODD),
        ("[]", FailureKind.SETTINGS_FOREIGN),
        ('{"opacity": 0.5}', FailureKind.SETTINGS_FOREIGN),
        ('{"heatmap_settings": true, "settings": {}}', FailureKind.SETTINGS_FOREIGN),
        ('{"heatmap_settings": 0, "settings": {}}', FailureKind.SETTINGS_FOREIGN),
        ('{"heatmap_settings": 1}', FailureKind.SETTINGS_FOREIGN),
        ('{"heatmap_settings": 1, "settings": []}', FailureKind.SETTINGS_FOREIGN),
        ('{"heatmap_settings": 2, "settings": {}}', FailureKind.SETTINGS_NEWER),
    ],
)
def test_a_text_of_another_form_is_refused_in_one_line(text: str, kind: FailureKind) -> None:
    with pytest.raises(SettingsError) as caught:
        HeatmapSettings.from_json(text)
    assert caught.value.failure.kind is kind
    assert len(str(caught.value).splitlines()) == 1


@given(
    st.text()
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(
        lambda value: whole(dict.fromkeys(SETTINGS, value))
    )
)
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        settings, unused = HeatmapSettings.from_json(text)
    except SettingsError:
        return
    assert {one.name for one in unused} <= set(SETTINGS)
    for name in SETTINGS:
        SETTINGS.check(name, getattr(settings, name))
