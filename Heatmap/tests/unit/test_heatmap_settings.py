"""Settings: validated once, immutable, to and from texts, repaired where a store is damaged."""

import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import (
    DECAYS_S,
    HEATS,
    NORMALIZATIONS,
    PALETTES,
    SHAPES,
    SIDES,
    WINDOWS_S,
    HeatmapSettings,
)
from Heatmap.setting_fields import Resolution

any_settings = st.builds(
    HeatmapSettings,
    enabled=st.booleans(),
    window=st.sampled_from(tuple(WINDOWS_S)),
    heat=st.sampled_from(HEATS),
    predicted_palette=st.sampled_from(PALETTES),
    predicted_clip_usd=st.none() | st.floats(1, 1e12),
    bubbles=st.sampled_from(("auto", "recorded", "on", "off")),
    bubble_least_usd=st.none() | st.floats(0, 1e12),
    opacity=st.floats(0, 1),
    palette=st.sampled_from(PALETTES),
    normalization=st.sampled_from(NORMALIZATIONS),
    decay=st.sampled_from(tuple(DECAYS_S)),
    shape=st.sampled_from(SHAPES),
    side=st.sampled_from(SIDES),
    minimum_notional=st.floats(0, 1e12),
    clip_percentile=st.floats(90, 100),
    clip_usd=st.none() | st.floats(1, 1e12),
    resolution=st.sampled_from(("auto", "240x920", "2.5px")),
    update_interval_ms=st.integers(250, 1000),
    retention_days=st.integers(1, 3650),
    keep_raw=st.booleans(),
    symbols=st.sampled_from((("BTCUSDT",), ("BTCUSDT", "ETHUSDT"), ("ALL",), ("BTCUSDT_260327",))),
    gap_hatch=st.booleans(),
    colour_bar=st.booleans(),
    price_profile=st.booleans(),
    tooltip=st.booleans(),
    source_line=st.booleans(),
    cluster_lines=st.booleans(),
    cluster_line_count=st.integers(1, 30),
    cluster_window_pct=st.floats(1e-6, 1),
    min_cluster_size=st.integers(1, 1_000_000),
    time_decay_minutes=st.floats(0.01, 100_000),
    lookback_time_constants=st.floats(0.1, 50),
    cluster_interval_s=st.floats(1, 60),
)


@examples(deadline=None)
@given(any_settings)
def test_texts_give_the_same_settings_back(settings: HeatmapSettings) -> None:
    assert HeatmapSettings.from_texts(settings.to_texts()) == settings
    assert HeatmapSettings.repaired(settings.to_texts()) == (settings, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", "9h"),
        ("window", ["2h"]),
        ("opacity", 1.01),
        ("opacity", -0.01),
        ("opacity", float("nan")),
        ("opacity", "0.5"),
        ("opacity", True),
        ("palette", "grey"),
        ("heat", "liquidations"),
        ("predicted_palette", "grey"),
        ("predicted_clip_usd", 0),
        ("bubbles", True),
        ("bubble_least_usd", -1),
        ("normalization", "cbrt"),
        ("decay", "7h"),
        ("shape", "dots"),
        ("side", "left"),
        ("minimum_notional", -1),
        ("clip_percentile", 89.9),
        ("clip_usd", 0),
        ("resolution", "20x19"),
        ("resolution", "0px"),
        ("resolution", "51px"),
        ("resolution", "many"),
        ("update_interval_ms", 249),
        ("update_interval_ms", 1001),
        ("update_interval_ms", 300.5),
        ("retention_days", 0),
        ("retention_days", 3651),
        ("price_profile", 1),
        ("cluster_line_count", 0),
        ("cluster_line_count", 5.5),
        ("cluster_window_pct", 0.0),
        ("min_cluster_size", 1_000_001),
        ("time_decay_minutes", 0.009),
        ("cluster_interval_s", 61),
        ("keep_raw", "yes"),
        ("enabled", 1),
        ("symbols", ()),
        ("symbols", ("btcusdt",)),
        ("symbols", "BTCUSDT"),
        ("symbols", ("BTC/USDT",)),
        ("symbols", ("BTCUSDT", "BTCUSDT")),
        ("symbols", ("ALL", "BTCUSDT")),
        ("symbols", ("BTCUSDT", 1)),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_the_name_of_its_field(
    name: str, value: object
) -> None:
    with pytest.raises(SettingsError, match=name):
        HeatmapSettings().changed(**{name: value})


def test_an_unknown_field_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="opacity"):
        HeatmapSettings().changed(brightness=1)
    with pytest.raises(SettingsError, match="brightness"):
        HeatmapSettings.from_texts({"brightness": "1"})


def test_a_text_that_cannot_be_read_is_refused() -> None:
    for name, text in {"opacity": "half", "retention_days": "1.5", "keep_raw": "maybe"}.items():
        with pytest.raises(SettingsError, match=name):
            HeatmapSettings.from_texts({name: text})


@given(
    st.dictionaries(
        st.sampled_from([*HeatmapSettings.__dataclass_fields__, "unknown"]), st.text(max_size=12)
    )
)
def test_a_damaged_store_is_repaired_and_each_repair_is_named(texts: dict[str, str]) -> None:
    settings, warnings = HeatmapSettings.repaired(texts)
    for name in HeatmapSettings.__dataclass_fields__:
        if name not in texts:
            assert getattr(settings, name) == getattr(HeatmapSettings(), name)
    refused = 0
    for name, text in texts.items():
        try:
            accepted = HeatmapSettings.from_texts({name: text})
        except SettingsError:
            refused += 1
        else:
            assert getattr(settings, name) == getattr(accepted, name)
    assert len(warnings) == refused


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HeatmapSettings().window = "8h"  # type: ignore[misc]


def test_derived_values_are_in_milliseconds() -> None:
    settings = HeatmapSettings(window="8h", decay="20m", retention_days=2)
    assert settings.window_ms == 28_800_000
    assert settings.decay_tau_ms == 1_200_000.0
    assert settings.retention_ms == 172_800_000
    assert HeatmapSettings(decay="off").decay_tau_ms is None
    with_window = HeatmapSettings(window="24h", decay="window")
    assert with_window.decay_tau_ms == with_window.decay_tau_on(1) == 3 * 3_600_000.0
    assert with_window.changed(window="chart").decay_tau_on(16_000) == 2_000.0


def test_resolution_texts() -> None:
    assert Resolution.parse("auto") == Resolution()
    assert Resolution.parse("240x920") == Resolution(rows=240, columns=920)
    assert Resolution.parse("2.5px") == Resolution(pixels_per_bin=2.5)


def test_importing_the_package_loads_neither_qt_nor_numpy() -> None:
    code = (
        "import sys, Heatmap; Heatmap.HeatmapSettings(); Heatmap.__version__;"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('PyQt6', 'numpy', 'qasync')];"
        "sys.exit(', '.join(bad) or None)"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter, a fixed text
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
