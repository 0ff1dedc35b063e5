"""The faults of a torture run, by name: each does its harm to the exchange's open connections.

A fault that ends a connection is told by the outage it leaves; the others must leave none.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from Heatmap.tests.torture.hostile_exchange import Beat, Frame, Gate, HostileExchange, Line
from Heatmap.tests.torture.order_source import SYMBOLS, garbled

# The client's limit is 1 MiB.
_OVERSIZE_BYTES = 2**20 + 1
_WILD_MS = 400 * 86_400_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes
    ----------
    act
        Does it; returns once it is done. What it leaves open is closed by `Step.clean_up`.
    ends
        Whether connections end by it; otherwise the client must keep them.
    faults
        How many faults in a row it is: a connection that drops, and one that is accepted and then
        closed, are two.
    silences
        How many times in it only the limit of silence can tell the client.
    refused
        A handshake is refused, which the exchange can do for as long as it likes.
    rotating
        It is done while two connections are open.
    """

    act: "Callable[[Step], Awaitable[None]]"
    ends: bool = True
    faults: int = 1
    silences: int = 0
    refused: bool = False
    rotating: bool = False


class Step:
    """One fault being done.

    Parameters
    ----------
    exchange
        Whose.
    delay_s
        For how long a delayed connection sends nothing.
    """

    def __init__(self, exchange: HostileExchange, delay_s: float) -> None:
        self.exchange = exchange
        self.rng = exchange.rng
        self.delay_s = delay_s
        self._leftovers: list[Line] = []

    def each(self) -> list[Line]:
        return [line for line in self.exchange.lines[-8:] if line.ended is None]

    def leave(self, line: Line) -> None:
        self._leftovers.append(line)

    def clean_up(self) -> None:
        for line in self._leftovers:
            line.connection.transport.abort()

    async def proven(self) -> None:
        """Wait until all that was sent so far is known to have been read."""
        goals = [(line, line.taken) for line in self.each()]
        await self.exchange.until(
            lambda: all(line.reached >= goal or line.ended for line, goal in goals), 5
        )


async def _reset(step: Step) -> None:
    for line in step.each():
        line.reset()


def _closes(code: int) -> Callable[[Step], Awaitable[None]]:
    async def close(step: Step) -> None:
        lines = step.each()
        for line in lines:
            line.end(f"closed with {code}")
        await asyncio.gather(*(line.connection.close(code, "scripted") for line in lines))

    return close


async def _half_open(step: Step) -> None:
    for line in step.each():
        line.end("half-open")
        line.connection.transport.pause_reading()
        step.leave(line)


async def _hang_up(step: Step) -> None:
    """End the TCP connection without a closing handshake."""
    for line in step.each():
        line.end("hung up")
        line.connection.transport.close()


async def _oversize(step: Step) -> None:
    frame = b"\x81\x7f" + struct.pack("!Q", _OVERSIZE_BYTES) + b"x" * _OVERSIZE_BYTES
    for line in step.each():
        line.write_raw(frame, "oversize")


async def _cut_frame(step: Step) -> None:
    for line in step.each():
        line.write_raw(b"\x81\x7e" + struct.pack("!H", 1000) + b'{"stream": "btc', "cut frame")
        line.connection.transport.close()


async def _bad_frame(step: Step) -> None:
    """Break the protocol: reserved bits, unknown opcode, masked, stray continuation."""
    for line in step.each():
        bad = step.rng.choice((b"\xf1\x02hi", b"\x83\x02hi", b"\x81\x82\0\0\0\0hi", b"\x80\x02hi"))
        line.write_raw(bad, "bad frame")


def _gated(gate: Gate) -> Callable[[Step], Awaitable[None]]:
    async def drop(step: Step) -> None:
        step.exchange.gates.append(gate)
        await step.rng.choice((_reset, _hang_up, _closes(1001)))(step)

    return drop


def _refusal(status: int, headers: tuple[tuple[str, str], ...] = ()) -> Fault:
    return Fault(_gated(Gate("refuse", status, headers)), faults=2, refused=True)


async def _reset_one(step: Step) -> None:
    step.rng.choice(step.each()).reset()


async def _refuse_successor(step: Step) -> None:
    # The attempt that follows is the next rotation's.
    lines = step.each()
    if len(lines) > 1:
        step.exchange.gates.append(Gate("refuse", 503))
        lines[-1].reset()


async def _rotation(step: Step) -> None:
    """Let the client replace its connection undisturbed."""
    await step.exchange.until(lambda: len(step.each()) < 2, 15)
    await step.proven()


async def _delay(step: Step) -> None:
    lines = step.each()
    for line in lines:
        line.held = True
    # The fault is this time; nothing is waited for.
    await asyncio.sleep(step.delay_s)
    for line in lines:
        line.release()
    await step.proven()


def _sends(make: Callable[[Step], object], least: int, most: int) -> Fault:
    async def send(step: Step) -> None:
        for _ in range(step.rng.randint(least, most)):
            make(step)
        await step.proven()

    return Fault(send, ends=False)


def _put(step: Step, frame: Frame) -> None:
    for line in step.each():
        line.put(frame)


def _garbled(step: Step) -> None:
    _put(step, Frame(garbled(step.rng, step.exchange.now_ms())))


def _binary(step: Step) -> None:
    size = step.rng.choice((0, 1, 100, 60_000))
    _put(step, Frame(step.rng.randbytes(size), binary=True))


def _foreign(step: Step) -> None:
    step.exchange.add_order(step.exchange.orders.foreign(step.exchange.now_ms()))


def _coin_margined(step: Step) -> None:
    step.exchange.add_order(step.exchange.orders.coin_margined(step.exchange.now_ms()))


def _duplicate(step: Step) -> None:
    # Just sent, or long ago on a connection that is gone.
    issued = step.exchange.issued
    known = issued[-30:] if step.rng.random() < 0.5 else issued[-20_000:]
    if known:
        step.exchange.repeat(step.rng.choice(known))


async def _wild_beat(step: Step) -> None:
    """Send one heartbeat whose time is wrong by more than a year, and a right one after it."""
    exchange = step.exchange
    wild_ms = exchange.now_ms() + step.rng.choice((-_WILD_MS, _WILD_MS))
    for line in step.each():
        for symbol in SYMBOLS:
            line.put(Beat(symbol, wild_ms, wild=True))
        for symbol in SYMBOLS:
            line.put(Beat(symbol, exchange.now_ms()))
    await step.proven()


async def _flood(step: Step) -> None:
    pace = step.exchange.pace
    usual, pace.events_per_s = pace.events_per_s, 500.0
    try:
        # The fault is this time; nothing is waited for.
        await asyncio.sleep(step.rng.uniform(0.3, 1.5))
    finally:
        pace.events_per_s = usual
    await step.proven()


# Longer than the first backoff, which would hide that it was not kept.
_RETRY_SOON = (("Retry-After", "2"),)

FAULTS: dict[str, Fault] = {
    "reset": Fault(_reset),
    "hang up": Fault(_hang_up),
    "close 1001": Fault(_closes(1001)),
    "close 1008": Fault(_closes(1008)),
    "close 1011": Fault(_closes(1011)),
    "half-open": Fault(_half_open, silences=1),
    "oversize frame": Fault(_oversize),
    "cut frame": Fault(_cut_frame),
    "bad frame": Fault(_bad_frame),
    "accept and close": Fault(_gated(Gate("accept_close")), faults=2),
    "garbage handshake": Fault(_gated(Gate("garbage")), faults=2),
    "acknowledge, stay silent": Fault(_gated(Gate("silent")), faults=2, silences=1),
    "refuse 403": _refusal(403, _RETRY_SOON),
    "refuse 418": _refusal(418, _RETRY_SOON),
    "refuse 429": _refusal(429, _RETRY_SOON),
    "refuse 451": _refusal(451, _RETRY_SOON),
    "refuse 503": _refusal(503),
    "reset while rotating": Fault(_reset_one, rotating=True),
    "refuse the successor": Fault(_refuse_successor, refused=True, rotating=True),
    "rotation": Fault(_rotation, ends=False, rotating=True),
    "delay": Fault(_delay, ends=False),
    "garbled frames": _sends(_garbled, 1, 30),
    "binary frames": _sends(_binary, 1, 5),
    "foreign symbols": _sends(_foreign, 1, 20),
    "COIN-M orders": _sends(_coin_margined, 1, 20),
    "duplicates": _sends(_duplicate, 1, 50),
    "wild heartbeat": Fault(_wild_beat, ends=False),
    "flood": Fault(_flood, ends=False),
}

# Drops are the bulk; what takes long, because the client may or must wait, comes less often.
_WEIGHTS = {
    "half-open": 0.5,
    "accept and close": 0.4,
    "garbage handshake": 0.4,
    "acknowledge, stay silent": 0.4,
    "delay": 0.3,
    "refuse 403": 0.3,
    "refuse 418": 0.3,
    "refuse 429": 0.3,
    "refuse 451": 0.3,
    "refuse 503": 0.3,
    "reset while rotating": 0.15,
    "refuse the successor": 0.08,
    "rotation": 0.15,
    "garbled frames": 1.5,
    "binary frames": 1.5,
    "foreign symbols": 1.5,
    "COIN-M orders": 1.5,
    "duplicates": 1.5,
    "wild heartbeat": 1.5,
    "flood": 0.7,
}


def weight(name: str) -> float:
    """Return how often a kind comes, against 1 for most of them."""
    return _WEIGHTS.get(name, 1.0)
