"""Rules are read, written and refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.alerts.alert import AlertKind
from Heatmap.alerts.rules import LEVEL_KINDS, SIDES, Rule, parse_rule, rule_text
from Heatmap.errors import SettingsError

amounts = st.one_of(
    st.integers(1, 10**9).map(float),
    st.floats(0.01, 1e9).map(lambda n: round(n, 2)),
    st.integers(1, 10**6).map(lambda n: n / 10**9),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    kind = draw(st.sampled_from(list(AlertKind)))
    seconds = draw(st.integers(1, 3_600))
    values = {
        "symbol": draw(st.sampled_from(["ALL", "BTCUSDT", "bybit:ETHUSDT"])),
        "side": draw(st.sampled_from(SIDES)),
        "usd": draw(amounts),
        "seconds": seconds,
        "count": draw(st.integers(1, seconds + 1)),
        "levels": draw(st.sampled_from(LEVEL_KINDS)),
        "distance": draw(st.integers(1, 2_000)) / 100,
        "quiet": draw(st.integers(0, 86_400)),
    }
    uses = Rule("x", kind, usd=1.0).uses
    given_values = {name: value for name, value in values.items() if name in uses}
    ways = draw(st.sampled_from([(), ("sound",), ("sound", "webhook")]))
    return Rule("a-1", kind, ways=ways, **given_values)


@given(rules())
def test_a_rule_is_read_as_it_is_written(rule: Rule) -> None:
    assert parse_rule(rule_text(rule)) == rule


def test_amounts_and_times_take_units() -> None:
    rule = parse_rule("cascade,usd=2.5M,seconds=5m,count=5,quiet=1h,symbol=btcusdt", 3)
    assert (rule.id, rule.usd, rule.seconds, rule.quiet) == ("cascade-3", 2.5e6, 300, 3_600)
    assert rule.symbol == "BTCUSDT"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "huge,usd=1",
        "large",
        "large,usd=1,normal=2",
        "large,usd=0",
        "large,usd=-5",
        "large,usd=nan",
        "large,usd=1e3",
        "large,usd=500 k",
        "large,normal=50%",
        "large,usd=1,ways=x\ud800",
        "large,usd=1,usd=2",
        "large,usd=1,seconds=5",
        "large,usd=1,side=up",
        "large,usd=1,symbol=BTC USDT",
        "large,usd=1,id=a b",
        "large,usd",
        "cascade,usd=1,count=1.5",
        "cascade,usd=1,seconds=2h",
        "cascade,usd=1,seconds=30,count=32",
        "cascade,usd=1,seconds=30,count=32,symbol=BTCUSDT",
        "near,distance=1",
        "near,usd=1,distance=50",
        "near,usd=1,levels=mine",
        "stops,seconds=0",
        "stops,usd=5",
    ],
)
def test_what_is_no_rule_or_can_never_ring_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_rule(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["a,b", "a+b", "", " a", "a" * 41])
def test_a_way_that_no_text_of_a_rule_can_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="without commas"):
        Rule("a", AlertKind.LARGE, usd=1.0, ways=(name,))


def test_a_venue_that_sends_everything_may_have_more_in_a_second() -> None:
    assert parse_rule("cascade,usd=1,seconds=1,count=50,symbol=bybit:BTCUSDT").count == 50
