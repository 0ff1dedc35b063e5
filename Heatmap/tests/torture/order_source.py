"""Force orders for a torture run, each with the row that it must become; seeded.

The row is worked out here from the exchange's rules alone and not by the parser under test.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SYMBOLS = ("BTCUSDT", "ETHUSDT")
FOREIGN_SYMBOLS = ("BTCUSDC", "BTCUSDT_260327", "SOLUSDT", "1000PEPEUSDT", "BTCUSDT1", "XBTCUSDT")

# What identifies a message: symbol, T, S, p, ap, q, z.
Key = tuple[str, int, str, float, float, float, float]
# ts_ms, symbol, side, price, qty, notional, source, limit_price, original_qty, push_ms
Row = tuple[int, str, str, float, float, float, str, float, float, int]


@dataclass(slots=True)
class Issued:
    """A force order that the exchange made, and what became of it on the wire.

    Attributes
    ----------
    data
        The message, without the envelope of the combined stream.
    row
        What must stand in the database; ``None`` for an order that must not.
    key
        What tells it from every other order.
    written_s, written_ms
        When it was first written to an open connection, monotonic and wall clock; ``None``: never.
    reached_s
        When it was first known to have reached the client; ``None``: it is not known.
    """

    data: dict[str, Any]
    row: Row | None
    key: Key
    written_s: float | None = None
    written_ms: int | None = None
    reached_s: float | None = None

    @property
    def symbol(self) -> str:
        return str(self.data["o"]["s"])

    def text(self, stream: str) -> str:
        """Return the frame in which a stream carries the order."""
        return envelope(stream, self.data)

    def texts(self) -> Iterator[str]:
        """Yield every frame in which the order can have come."""
        for stream in streams_of(self.symbol):
            yield self.text(stream)


def streams_of(symbol: str) -> tuple[str, str]:
    """Return the streams that carry a symbol's orders."""
    return f"{symbol.lower()}@forceOrder", "!forceOrder@arr"


def envelope(stream: str, data: object) -> str:
    return json.dumps({"stream": stream, "data": data})


class OrderSource:
    """Makes orders; no two are the same message.

    Parameters
    ----------
    rng
        Where every choice comes from.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._keys: set[Key] = set()

    def wanted(self, now_ms: int) -> Issued:
        """Return an order that must be stored, in one of the shapes that the feed is known for."""
        return self._new(self._rng.choice(SYMBOLS), now_ms, is_wanted=True)

    def foreign(self, now_ms: int) -> Issued:
        """Return an order of a symbol that is not recorded."""
        return self._new(self._rng.choice(FOREIGN_SYMBOLS), now_ms, is_wanted=False)

    def coin_margined(self, now_ms: int) -> Issued:
        """Return a COIN-M order: told by its symbol, or under a recorded symbol by its ``st``."""
        if self._rng.random() < 0.5:
            return self._new("BTCUSD_PERP", now_ms, is_wanted=False)
        issued = self._new(self._rng.choice(SYMBOLS), now_ms, is_wanted=False)
        order = issued.data["o"]
        order.pop("st", None)
        issued.data.pop("st", None)
        self._rng.choice((order, issued.data))["st"] = self._rng.choice((2, "2"))
        return issued

    def _new(self, symbol: str, now_ms: int, *, is_wanted: bool) -> Issued:
        while True:
            issued = self._draw(symbol, now_ms)
            if issued.key not in self._keys:
                self._keys.add(issued.key)
                return issued if is_wanted else Issued(issued.data, None, issued.key)

    def _draw(self, symbol: str, now_ms: int) -> Issued:
        rng = self._rng
        side = rng.choice(("BUY", "SELL"))
        # Several orders may share a millisecond, and T may lie up to a second before E.
        trade_ms = now_ms - rng.choice((0, 1, 5, rng.randrange(1000)))
        limit, average = (f"{rng.uniform(2000, 99000):.{digits}f}" for digits in (1, 2))
        filled = f"{rng.uniform(0.001, 30):.3f}"
        original = filled if rng.random() < 0.7 else f"{rng.uniform(30, 60):.3f}"
        order: dict[str, Any] = {"s": symbol, "S": side, "o": "LIMIT", "f": "IOC", "X": "FILLED"}
        order |= {"q": original, "p": limit, "ap": average, "l": "0.001", "z": filled}
        order["T"] = trade_ms
        data: dict[str, Any] = {"e": "forceOrder", "E": now_ms, "o": order}
        # ps and st stand inside or beside the order, or nowhere.
        rng.choice((order, data, {})).update(ps=symbol, st=rng.choice((1, 1, "1")))
        price, qty = average, filled
        if rng.random() < 0.1:
            # No average: the limit price stands in.
            price = limit
            _without(order, "ap", rng.choice((None, "", "None", "0", "0.00")))
        if rng.random() < 0.05:
            qty = original
            _without(order, "z", rng.choice((None, "", "None")))
        if rng.random() < 0.1:
            order["added in a later version"] = [1, {"x": None}]
        row = (
            *(trade_ms, symbol, side, float(price), float(qty), float(price) * float(qty)),
            *("BINANCE_USDM", float(limit), float(original), now_ms),
        )
        # As the database identifies it: by what a row keeps of the message.
        key = (symbol, trade_ms, side, float(limit), float(price), float(original), float(qty))
        return Issued(data, row, key)


def _without(order: dict[str, Any], name: str, stand_in: str | None) -> None:
    if stand_in is None:
        del order[name]
    else:
        order[name] = stand_in


def garbled(rng: random.Random, now_ms: int) -> str | bytes:
    """Return a frame that looks like an order or a mark price and must give neither."""
    return rng.choice(_GARBLERS)(rng, now_ms)


def _an_order(rng: random.Random, now_ms: int, **changes: object) -> str:
    symbol = rng.choice(SYMBOLS)
    order: dict[str, Any] = {"s": symbol, "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "1"}
    order |= {"p": "100.1", "ap": "100.5", "X": "FILLED", "l": "1", "z": "1", "T": now_ms}
    event_type = changes.pop("e", "forceOrder")
    return envelope(
        streams_of(symbol)[0], {"e": event_type, "E": now_ms, "o": {**order, **changes}}
    )


def _cut_off(rng: random.Random, now_ms: int) -> str:
    text = _an_order(rng, now_ms)
    return text[: rng.randrange(len(text))]


def _not_utf_8(rng: random.Random, _: int) -> bytes:
    return b"\xff\xfe" + rng.randbytes(50)


def _wrong_type(rng: random.Random, now_ms: int) -> str:
    name = rng.choice(("s", "S", "T", "z", "ap", "p", "q"))
    wrong = rng.choice(([], {}, True, -1, "NaN", "-5", "1e400", "x", [[]]))
    return _an_order(rng, now_ms, **{name: wrong})


def _impossible_time(rng: random.Random, now_ms: int) -> str:
    # Also numbers that JSON does not have, and an integer that no float holds.
    times = (float("nan"), float("inf"), 10**400, 1.5, 0, -now_ms)
    return _an_order(rng, now_ms, T=rng.choice(times))


def _other_type(rng: random.Random, now_ms: int) -> str:
    return _an_order(rng, now_ms, e=rng.choice(("aggTrade", "kline", "", 5, None)))


def _nested(rng: random.Random, _: int) -> str:
    return "[" * rng.choice((1, 100, 5000))


def _no_message(rng: random.Random, _: int) -> str:
    stray = '{"stream": 1, "data": null}'
    return rng.choice(('""', "null", "5", "{}", "[]", "true", "", stray))


def _useless_beat(rng: random.Random, _: int) -> str:
    wrong = rng.choice((None, "x", -1, 0, 10**18, []))
    data = {"e": "markPriceUpdate", "E": wrong, "s": rng.choice(SYMBOLS), "p": "100.25"}
    return envelope("btcusdt@markPrice@1s", data)


def _error(rng: random.Random, _: int) -> str:
    return json.dumps({"error": {"code": 3, "msg": "Invalid JSON"}, "id": rng.randrange(9)})


_GARBLERS: tuple[Callable[[random.Random, int], str | bytes], ...] = (
    *(_cut_off, _not_utf_8, _wrong_type, _impossible_time, _other_type, _nested, _no_message),
    *(_useless_beat, _error),
)
