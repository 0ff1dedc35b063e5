"""A venue is chosen by its row of the table."""

import pytest

from Heatmap.ingestion.venues.table import BINANCE, VENUES, venue_named, venue_names


def test_each_row_is_found_by_its_written_name() -> None:
    assert [venue_named(name) for name in venue_names()] == list(VENUES.values())
    assert venue_named(venue_names()[0]) is BINANCE


@pytest.mark.parametrize("name", ["", "BINANCE", "bybit", "binance "])
def test_another_name_is_refused_with_those_that_there_are(name: str) -> None:
    expected = f"^expected a venue of {', '.join(venue_names())}, got {name!r}$"
    with pytest.raises(ValueError, match=expected):
        venue_named(name)
