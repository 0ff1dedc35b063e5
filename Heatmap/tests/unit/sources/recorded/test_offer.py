"""Where nothing was recorded the chart offers predicted levels; quiet is no reason for it."""

import pytest

from Heatmap.domain.events import Liquidated
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.picture.picture_requests import NOW_MS, event, request, whole

WINDOW_MS = 7_200_000
LIQUIDATION = event(NOW_MS - 60_000, 98_000.0, 50_000.0, Liquidated.LONG)


def test_a_chart_on_which_nothing_was_recorded_offers_the_map(picture: HeatPicture) -> None:
    offer = whole(picture.rebuild(request())).meta["offer"]
    assert offer["heat"] == "both"
    assert offer["words"].startswith("Nothing recorded here yet")
    assert "predicted levels" in offer["words"]


def test_the_offer_goes_with_the_first_liquidation(
    picture: HeatPicture, writer: HandingWriter
) -> None:
    whole(picture.rebuild(request()))
    writer.write([LIQUIDATION])
    message = picture.update(request(NOW_MS + 1_000))
    assert message is not None
    assert message.meta["offer"] is None


@pytest.mark.parametrize(("covered", "is_offered"), [(0.4, True), (0.6, False), (1.0, False)])
def test_a_quiet_time_that_was_recorded_is_no_reason(
    picture: HeatPicture, writer: HandingWriter, covered: float, is_offered: bool
) -> None:
    start_ms = NOW_MS - round(WINDOW_MS * covered)
    writer.extend_coverage("BTCUSDT", start_ms, NOW_MS, proven=True)
    offer = whole(picture.rebuild(request())).meta["offer"]
    assert (offer is not None) == is_offered


def test_what_the_settings_leave_out_was_recorded_all_the_same(
    picture: HeatPicture, writer: HandingWriter
) -> None:
    writer.write([LIQUIDATION])
    assert whole(picture.rebuild(request(side="shorts"))).meta["offer"] is None
    assert whole(picture.rebuild(request(minimum_notional=1e6))).meta["offer"] is None
