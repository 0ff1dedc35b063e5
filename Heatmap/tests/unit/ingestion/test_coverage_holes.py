"""What no coverage may claim: the time of force orders that could not be read."""

import json
import random

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import Rejection, UnreadOrder
from Heatmap.ingestion.coverage_holes import CoverageHoles, is_concerned, spans_of
from Heatmap.ingestion.venues.binance.force_order import parse_frame

T_MS = 1_790_000_000_400
E_MS = T_MS + 700


def order(**changes: object) -> dict[str, object]:
    inner = {"s": "BTCUSDT", "S": "SELL", "p": "1", "ap": "1", "q": "1", "z": "1", "T": T_MS}
    return {"e": "forceOrder", "E": E_MS, "o": inner | changes}


def unread(content: object) -> UnreadOrder | None:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    (item,) = parse_frame(text, 0, keep_raw=False)
    assert isinstance(item, Rejection)
    assert item.detail.isprintable()
    assert len(item.detail) < 130
    return item.unread


def enveloped(data: object, stream: str = "btcusdt@forceOrder") -> dict[str, object]:
    return {"stream": stream, "data": data}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (order(ap="-1"), UnreadOrder("BTCUSDT", (T_MS, E_MS))),
        (order(T="soon"), UnreadOrder("BTCUSDT", (E_MS,))),
        (order(s="BTC USDT", S="HOLD"), UnreadOrder("BTCUSDT", (T_MS, E_MS))),
        (order(s="\U0001f600"), UnreadOrder("?", (T_MS, E_MS))),
        (order(s=None), UnreadOrder(None, (T_MS, E_MS))),
        (order(st=3), UnreadOrder("BTCUSDT", (T_MS, E_MS))),
        ({"e": "forceOrder", "E": E_MS, "o": []}, UnreadOrder(None, (E_MS,))),
        ({"e": "forceorder", "E": 1}, UnreadOrder()),
        (enveloped({"e": "liquidation", "E": E_MS}), UnreadOrder("BTCUSDT", (E_MS,))),
        (enveloped({"E": E_MS, "o": {}}), UnreadOrder("BTCUSDT", (E_MS,))),
        (enveloped(None), UnreadOrder("BTCUSDT")),
        (enveloped([]), UnreadOrder("BTCUSDT")),
        (enveloped("x", "!forceOrder@arr"), UnreadOrder()),
        (enveloped(order(s=7), "!forceOrder@arr"), UnreadOrder(None, (T_MS, E_MS))),
        (
            enveloped(1, "\u5e01\u5b89\u4eba\u751fusdt@forceOrder"),
            UnreadOrder("\u5e01\u5b89\u4eba\u751fUSDT"),
        ),
        ('{"e":"forceOrder","E":17', UnreadOrder()),
        (b'\xff{"e":"forceOrder"}', UnreadOrder()),
        ('{"e":"forceOrder","E":' + "1" * 5000 + "}", UnreadOrder()),
        # Read, and not for this table; or no force order.
        (order(s="BTCUSD_PERP"), None),
        (order(st=2), None),
        ("garbage", None),
        ({"e": "aggTrade", "E": E_MS}, None),
        ({"result": None, "id": 1}, None),
        (enveloped({"e": "markPriceUpdate", "s": "BTCUSDT"}, "btcusdt@markPrice@1s"), None),
    ],
)
def test_what_can_be_known_of_an_order_that_cannot_be_read(
    content: object, expected: UnreadOrder | None
) -> None:
    assert unread(content) == expected


def test_an_unread_order_concerns_its_symbol_or_all_where_it_may_be_any() -> None:
    wanted = frozenset({"BTCUSDT"})
    assert is_concerned(UnreadOrder("BTCUSDT"), wanted)
    assert is_concerned(UnreadOrder(None), wanted)
    assert not is_concerned(UnreadOrder("ETHUSDT"), wanted)
    assert not is_concerned(UnreadOrder("?"), wanted)
    assert is_concerned(UnreadOrder("?"), None)


def test_the_second_that_an_order_stands_for_is_not_recorded() -> None:
    assert spans_of(UnreadOrder("X", (T_MS, E_MS)), None) == (
        (T_MS - 1000, T_MS + 1),
        (E_MS - 1000, E_MS + 1),
    )
    assert spans_of(UnreadOrder(), 5000) == ((4000, 7000),)
    assert spans_of(UnreadOrder(), None) == ()


def parts(holes: CoverageHoles, start_ms: int, end_ms: int, symbol: str = "X") -> list[object]:
    cut = holes.cut(CoverageInterval(symbol, start_ms, end_ms, True))
    assert all(one.symbol == symbol and one.proven for one in cut)
    return [(one.start_ms, one.end_ms) for one in cut]


def test_coverage_is_cut_whenever_it_comes() -> None:
    holes = CoverageHoles()
    assert parts(holes, 0, 10) == [(0, 10)]
    holes.add("X", [(2, 4), (3, 5)])
    holes.add(None, [(8, 9)])
    assert parts(holes, 0, 10) == [(0, 2), (5, 8), (9, 10)]
    assert parts(holes, 3, 5) == []
    assert parts(holes, 4, 8) == [(5, 8)]
    assert parts(holes, 0, 10, "Y") == [(0, 8), (9, 10)]
    assert holes.unwritten() == {"X": ((2, 5),), None: ((8, 9),)}
    holes.note_written("X", [(2, 5)])
    assert holes
    holes.note_written(None, [(8, 9)])
    assert not holes
    assert parts(holes, 0, 10) == [(0, 2), (5, 8), (9, 10)]


def test_cutting_leaves_exactly_the_rest() -> None:
    rng = random.Random(4)
    for _ in range(300):
        holes, lost = CoverageHoles(), set[int]()
        for _ in range(rng.randint(0, 8)):
            start = rng.randint(0, 40)
            end = start + rng.randint(1, 9)
            holes.add(rng.choice(["X", None]), [(start, end)])
            lost |= set(range(start, end))
        first = rng.randint(0, 20)
        last = first + rng.randint(1, 30)
        kept = {ms for start, end in parts(holes, first, last) for ms in range(start, end)}
        assert kept == set(range(first, last)) - lost


def test_a_flood_does_not_grow_without_end() -> None:
    holes = CoverageHoles()
    spans = [(number * 10, number * 10 + 1) for number in range(4100)]
    # Few at a time only towards the end: each time takes as long as there are many.
    holes.add("X", spans[:3900])
    for span in spans[3900:]:
        holes.add("X", [span])
    assert len(holes.unwritten()["X"]) == 4000
