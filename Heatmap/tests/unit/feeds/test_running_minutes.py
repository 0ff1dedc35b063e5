"""What the price has reached since the newest candles."""

from Heatmap.domain.candles import RunningMinute
from Heatmap.feeds.running_minutes import RunningMinutes

M = 60_000


def test_prices_of_a_minute_are_joined_and_minutes_kept_until_their_candles_come() -> None:
    minutes = RunningMinutes()
    assert minutes.receive(None, None, M) == ()
    assert minutes.receive(None, 100.0, M + 1) == (RunningMinute(M, 100.0, 100.0),)
    minutes.receive(None, 99.0, M + 500)
    assert minutes.receive(None, 101.0, 2 * M - 1) == (RunningMinute(M, 99.0, 101.0),)
    # Without a price nothing is added, and nothing is lost.
    assert minutes.receive(None, None, 2 * M) == (RunningMinute(M, 99.0, 101.0),)
    found = minutes.receive(None, 101.5, 2 * M)
    assert found == (RunningMinute(M, 99.0, 101.0), RunningMinute(2 * M, 101.5, 101.5))
    assert minutes.receive(None, 101.5, 4 * M)[0].open_ms == M


def test_what_was_touched_counts_for_an_hour_however_late_its_candle_is() -> None:
    minutes = RunningMinutes()
    minutes.receive(None, 99.0, M)
    for minute in range(2, 61):
        found = minutes.receive(None, 101.5, minute * M)
    assert found[0] == RunningMinute(M, 99.0, 99.0)
    assert len(found) == 60
    assert minutes.receive(None, 101.5, 61 * M)[0].open_ms == 2 * M


def test_what_the_exchange_tells_of_a_minute_counts_and_not_the_mark_price() -> None:
    minutes = RunningMinutes()
    minutes.receive(None, 105.0, M)
    told = RunningMinute(M, 98.0, 102.0)
    assert minutes.receive(told, 105.0, M + 10) == (told,)
    assert minutes.receive(told, 106.0, M + 20) == (told,)
    # It stays until its candle comes; of the next minute nothing has been told yet.
    assert minutes.receive(told, 103.0, 2 * M) == (told, RunningMinute(2 * M, 103.0, 103.0))
    ahead = RunningMinute(3 * M, 100.0, 101.0)
    assert minutes.receive(ahead, 103.0, 3 * M - 5)[-1] == ahead


def test_a_clock_that_is_set_back_has_no_minutes_of_the_future() -> None:
    minutes = RunningMinutes()
    minutes.receive(None, 100.0, 500 * M)
    assert minutes.receive(None, 90.0, 3 * M) == (RunningMinute(3 * M, 90.0, 90.0),)
