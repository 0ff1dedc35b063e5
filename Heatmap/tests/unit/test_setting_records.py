"""One record a setting: whatever else is known of a setting comes from it."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from Heatmap.aggregation.resolution import TIME_BINS_MS, choose_time_axis
from Heatmap.commands import window
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import SETTINGS, WINDOWS_S, HeatmapSettings, changed_fields
from Heatmap.setting_fields import Choice, Effect, Number, Page, Resolution

ROOT = Path(__file__).resolve().parents[3]
AUTO = Resolution()


def test_every_field_has_a_record_with_texts() -> None:
    assert SETTINGS.keys() == HeatmapSettings.__dataclass_fields__.keys()
    for name, record in SETTINGS.items():
        assert record.label, name
        assert record.help, name
        assert record.kind.allowed, name


def test_they_stand_page_by_page() -> None:
    pages = [record.page for record in SETTINGS.values()]
    # That of alerts has rules, and no settings.
    assert list(dict.fromkeys(pages)) == [page for page in Page if page is not Page.ALERTS]
    assert pages == sorted(pages, key=list(Page).index)


def test_every_default_is_allowed_and_survives_its_own_text() -> None:
    texts = HeatmapSettings().to_texts()
    for name, record in SETTINGS.items():
        default = getattr(HeatmapSettings(), name)
        assert record.kind.wrong(default) == ""
        assert record.kind.parse(texts[name]) == default


def test_every_setting_is_an_option_of_the_command_or_has_one_of_another_name() -> None:
    options = {
        action.dest.removeprefix("set_")
        for action in window._parser()._actions
        if isinstance(action, argparse._StoreAction)
    }
    assert set(SETTINGS) - options == {"enabled", "symbols"}


@pytest.mark.parametrize("text", ["1_0", "0.7_5", "0,5", "five", "", "0x1"])
@pytest.mark.parametrize(
    "name", [name for name, record in SETTINGS.items() if isinstance(record.kind, Number)]
)
def test_a_text_of_another_magnitude_is_refused_on_the_command_line(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        HeatmapSettings.from_texts({name: text})


@pytest.mark.parametrize("key", WINDOWS_S)
def test_a_window_of_any_length_has_columns_that_fit_the_pane(key: str) -> None:
    window_ms = HeatmapSettings(window=key).window_ms
    for width_px in (600, 1060, 1780):
        axis = choose_time_axis(1_764_460_000_000, window_ms, width_px, AUTO)
        assert axis.bin_ms in TIME_BINS_MS
        assert window_ms / axis.bin_ms <= 2_100
        assert window_ms / axis.bin_ms >= 500


def test_what_a_change_has_done_again_is_told_by_its_record() -> None:
    for name, record in SETTINGS.items():
        if isinstance(record.kind, Choice):
            other = next(
                key for key in record.kind.options if key != getattr(HeatmapSettings(), name)
            )
            changed = HeatmapSettings().changed(**{name: other})
            assert changed_fields(HeatmapSettings(), changed) == {name}
    rebuilt = SETTINGS.with_effect(Effect.REBUILD)
    assert {"window", "decay", "shape", "side", "minimum_notional", "resolution"} <= rebuilt
    # What rescales is drawn again as well.
    drawn_again = SETTINGS.with_effect(Effect.REBUILD, Effect.RESTYLE)
    assert SETTINGS.with_effect(Effect.RESCALE) <= drawn_again
    # Of these the page alone makes other colours.
    by_page = {"palette", "predicted_palette", "opacity"}
    assert by_page <= SETTINGS.page_options().keys()
    assert all(not SETTINGS[name].effects for name in by_page)


def test_the_readme_has_the_table_of_the_records() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, str(ROOT / "tools" / "settings_table.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
