"""Settings that one layer has of its own."""

import pytest

from Heatmap import HeatmapSettings, LayerOverrides
from Heatmap.errors import SettingsError


def test_they_stand_in_the_place_of_the_services_until_they_are_taken_back() -> None:
    told: list[dict[str, object]] = []
    overrides = LayerOverrides(window="8h")
    overrides.add_listener(lambda: told.append(dict(overrides.values)))
    service = HeatmapSettings(window="2h", heat="both", opacity=0.5)
    assert overrides.applied(service) == service.changed(window="8h")
    overrides.change(heat="predicted")
    overrides.change(heat="predicted")
    assert overrides.applied(service) == service.changed(window="8h", heat="predicted")
    overrides.change(window=None, heat=None)
    assert overrides.applied(service) is service
    assert told == [{"window": "8h", "heat": "predicted"}, {}]


def test_what_is_the_recorders_or_not_allowed_is_refused_and_changes_nothing() -> None:
    overrides = LayerOverrides(window="8h")
    with pytest.raises(ValueError, match="symbols"):
        overrides.change(symbols=("ETHUSDT",))
    with pytest.raises(SettingsError):
        overrides.change(window="9h")
    assert overrides.values == {"window": "8h"}
