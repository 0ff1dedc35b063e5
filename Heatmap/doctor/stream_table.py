"""The websocket: handshake, acknowledgement, heartbeat, orders. Facts and what they mean; pure.

An acknowledgement proves nothing: the exchange's old paths give one and stay silent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from Heatmap.doctor.addresses import Endpoint
from Heatmap.doctor.findings import Advice, Check, Finding, Found, Result, Row, always, decide
from Heatmap.domain.events import LiquidationEvent, RejectReason
from Heatmap.errors import Failure
from Heatmap.ingestion.connection.supervisor import classify_status
from Heatmap.ingestion.venues.binance.force_order import MarkPrice

#: Beyond this the local clock is worth a warning, milliseconds.
LARGEST_SKEW_MS = 2000

_SERVER_ERRORS = range(500, 600)
_REFUSAL_ADVICE: Mapping[int, Advice] = {
    HTTPStatus.FORBIDDEN: Advice.OTHER_NETWORK,
    HTTPStatus.IM_A_TEAPOT: Advice.STAY_AWAY_BANNED,
    HTTPStatus.TOO_MANY_REQUESTS: Advice.STAY_AWAY,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: Advice.OTHER_REGION,
}
#: Whoever answers so is not to be asked a second time.
LEAVE_ALONE = frozenset(_REFUSAL_ADVICE)


# -- what is refused ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status that was not the wanted one.

    Attributes
    ----------
    failure
        What it means.
    status
        The status.
    retry_after
        The answer's ``Retry-After``; ``None``: there is none.
    endpoint
        What was asked, where it was the websocket.
    """

    failure: Failure
    status: int
    retry_after: str | None
    endpoint: Endpoint | None = None

    @classmethod
    def of(
        cls,
        status: int,
        retry_after: str | None,
        date: str | None,
        endpoint: Endpoint | None = None,
    ) -> "Refusal":
        """Return the refusal that an answer is; its headers as `classify_status` takes them."""
        return cls(classify_status(status, retry_after, date), status, retry_after, endpoint)


def _refusal_advice(facts: Refusal) -> Advice:
    if facts.status in _SERVER_ERRORS:
        return Advice.WAIT
    return _REFUSAL_ADVICE.get(facts.status, Advice.CHECK_ADDRESS)


REFUSAL: Sequence[Row[Refusal]] = (
    Row(
        lambda f: f.failure.hold_s is not None and f.retry_after is None,
        Result.FAIL,
        Found.REFUSED_WITHOUT_TIME,
        _refusal_advice,
    ),
    Row(lambda f: f.failure.hold_s is not None, Result.FAIL, Found.REFUSED_UNTIL, _refusal_advice),
    Row(lambda f: f.retry_after is not None, Result.FAIL, Found.REFUSED_LATER, _refusal_advice),
    Row(always, Result.FAIL, Found.REFUSED, _refusal_advice),
)


# -- handshake and acknowledgement ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HandshakeFacts:
    """How the opening handshake ended.

    Attributes
    ----------
    endpoint
        What ``--ws-url`` names.
    path
        Where the handshake was made.
    took_s
        How long it took, seconds.
    tls, proxy, setting
        What is known of the way inside a proxy; empty: nothing, or there is none.
    failure
        Why there was no HTTP answer; ``None``: there was.
    """

    endpoint: Endpoint
    path: str = ""
    took_s: float = 0.0
    tls: str = ""
    proxy: str = ""
    setting: str = ""
    failure: Failure | None = None


HANDSHAKE: Sequence[Row[HandshakeFacts]] = (
    Row(lambda f: f.failure is not None, Result.FAIL, Found.NOT_CONNECTED, Advice.CHECK_ADDRESS),
    Row(lambda f: f.endpoint.route is None, Result.OK, Found.ACCEPTED),
    # With the old paths what follows shows the fault; with the right one nothing else would.
    Row(lambda f: f.endpoint.is_old, Result.WARN, Found.ACCEPTED_ELSEWHERE, Advice.USE_BASE),
    Row(always, Result.FAIL, Found.ACCEPTED_ELSEWHERE, Advice.USE_BASE),
)


@dataclass(frozen=True, slots=True)
class AcknowledgementFacts:
    """How a subscription was answered.

    Attributes
    ----------
    endpoint
        What ``--ws-url`` names.
    failure
        Why it could not be sent; ``None``: it was.
    waited_s
        How long was waited in vain, seconds; ``None``: an answer came.
    refusal
        What the answer says against it; ``None``: nothing.
    took_s
        How long the answer took, seconds.
    """

    endpoint: Endpoint
    failure: Failure | None = None
    waited_s: float | None = None
    refusal: str | None = None
    took_s: float = 0.0


ACKNOWLEDGEMENT: Sequence[Row[AcknowledgementFacts]] = (
    Row(lambda f: f.failure is not None, Result.FAIL, Found.NOT_CONNECTED, Advice.CHECK_ADDRESS),
    Row(
        lambda f: f.waited_s is not None,
        Result.WARN,
        Found.SUBSCRIPTION_UNANSWERED,
        Advice.SEE_HEARTBEAT,
    ),
    Row(
        lambda f: f.refusal is not None,
        Result.FAIL,
        Found.SUBSCRIPTION_REFUSED,
        Advice.CHECK_SYMBOL_ONLY,
    ),
    Row(always, Result.OK, Found.ACKNOWLEDGED),
)


def read_acknowledgement(answer: Mapping[str, object]) -> str | None:
    """Return what an answer says against a subscription; ``None``: its result is empty, a yes."""
    if "error" in answer or answer.get("result") is not None:
        return str(answer.get("error", answer.get("result")))
    return None


# -- data -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received:
    """What has come over the recorder's connection so far.

    Attributes
    ----------
    mark_prices
        The first mark price of each symbol, and the local clock when it came, UTC milliseconds.
    order
        The first force order; ``None``: none came.
    order_after_s
        How long after the handshake it came, seconds.
    others
        How many frames were neither, by reason.
    latest_other
        Why the latest of those was neither.
    unread
        Force orders that could not be read; they are among `others` too.
    ended
        Why the connection has ended; ``None``: it is open.
    """

    mark_prices: Mapping[str, tuple[MarkPrice, int]] = field(default_factory=dict)
    order: LiquidationEvent | None = None
    order_after_s: float = 0.0
    others: Mapping[RejectReason, int] = field(default_factory=dict)
    latest_other: str = ""
    unread: int = 0
    ended: Failure | None = None

    @property
    def is_anything(self) -> bool:
        """Whether the exchange's data came at all."""
        return bool(self.mark_prices) or self.order is not None

    @property
    def other_orders(self) -> int:
        """How many force orders came that are of other contracts: those margined in coin."""
        return self.others.get(RejectReason.COIN_M, 0)


@dataclass(frozen=True, slots=True)
class HeartbeatFacts:
    """Whether the mark price of a symbol came.

    Attributes
    ----------
    endpoint
        What ``--ws-url`` names.
    symbol
        Whose mark price is wanted.
    waited_s
        How long it was waited for, seconds.
    is_acknowledged
        Whether a subscription was acknowledged.
    price
        USD, as it came; ``None``: none came.
    delay_ms
        The local clock when it came less its own time, milliseconds.
    is_anything
        Whether the exchange's data came at all.
    others, latest_other
        As in `Received`.
    ended
        Why the connection has ended; ``None``: it is open.
    """

    endpoint: Endpoint
    symbol: str
    waited_s: float
    is_acknowledged: bool
    price: float | None = None
    delay_ms: int = 0
    is_anything: bool = False
    others: Mapping[RejectReason, int] = field(default_factory=dict)
    latest_other: str = ""
    ended: Failure | None = None

    @classmethod
    def of(
        cls,
        received: Received,
        symbol: str,
        waited_s: float,
        endpoint: Endpoint,
        *,
        is_acknowledged: bool,
    ) -> "HeartbeatFacts":
        """Return the facts about `symbol` among what was received."""
        mark, receive_ms = received.mark_prices.get(symbol, (None, 0))
        return cls(
            endpoint,
            symbol,
            waited_s,
            is_acknowledged,
            None if mark is None else mark.price,
            0 if mark is None else receive_ms - mark.ts_ms,
            received.is_anything,
            received.others,
            received.latest_other,
            received.ended,
        )


def _path_advice(facts: "HeartbeatFacts | OrderFacts") -> Advice:
    return Advice.USE_MARKET if facts.endpoint.is_old else Advice.CHECK_PATH


HEARTBEAT: Sequence[Row[HeartbeatFacts]] = (
    Row(
        lambda f: f.price is not None and 0 <= f.delay_ms <= LARGEST_SKEW_MS,
        Result.OK,
        Found.MARK_PRICE,
    ),
    Row(
        lambda f: f.price is not None and abs(f.delay_ms) <= LARGEST_SKEW_MS,
        Result.OK,
        Found.MARK_PRICE_OFF,
    ),
    Row(
        lambda f: f.price is not None,
        Result.WARN,
        Found.MARK_PRICE_OFF,
        Advice.SET_CLOCK_OR_NETWORK,
    ),
    Row(lambda f: f.is_anything, Result.FAIL, Found.OTHER_SYMBOLS_ONLY, Advice.CHECK_SYMBOL),
    Row(lambda f: f.ended is not None, Result.FAIL, Found.ENDED_EARLY, Advice.WAIT),
    Row(always, Result.FAIL, Found.SILENT, _path_advice),
)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Whether some symbol's force order came.

    Attributes
    ----------
    endpoint
        What ``--ws-url`` names.
    waited_s
        How long after the handshake it was waited for, seconds.
    is_over
        Whether waiting longer would be of no use: nothing comes over this connection.
    symbol, side, liquidated
        Of the first one; empty: none came.
    after_s
        How long after the handshake it came, seconds.
    other_orders
        How many came of other contracts (COIN-M).
    unread
        How many came that could not be read.
    latest_other
        Why the latest frame of another sort was none.
    ended
        Why the connection has ended; ``None``: it is open.
    """

    endpoint: Endpoint
    waited_s: float
    is_over: bool
    symbol: str = ""
    side: str = ""
    liquidated: str = ""
    after_s: float = 0.0
    other_orders: int = 0
    unread: int = 0
    latest_other: str = ""
    ended: Failure | None = None

    @classmethod
    def of(
        cls, received: Received, waited_s: float, endpoint: Endpoint, *, is_over: bool
    ) -> "OrderFacts":
        """Return the facts about force orders among what was received."""
        order = received.order
        return cls(
            endpoint,
            waited_s,
            is_over,
            "" if order is None else order.symbol,
            "" if order is None else order.liquidated.order_side,
            "" if order is None else order.liquidated.value,
            received.order_after_s,
            received.other_orders,
            received.unread,
            received.latest_other,
            received.ended,
        )


ORDERS: Sequence[Row[OrderFacts]] = (
    Row(lambda f: bool(f.symbol), Result.OK, Found.ORDER),
    Row(lambda f: f.unread > 0, Result.FAIL, Found.ORDERS_UNREADABLE, Advice.NEWER_VERSION),
    Row(lambda f: f.other_orders > 0, Result.WARN, Found.OTHER_ORDERS_ONLY, Advice.WAIT_LONGER),
    Row(lambda f: f.endpoint.is_old, Result.FAIL, Found.NEVER_ORDERS, _path_advice),
    Row(lambda f: f.ended is not None, Result.SKIP, Found.ENDED_BEFORE_ORDER),
    Row(lambda f: f.is_over, Result.SKIP, Found.NOT_WAITED_FOR),
    Row(always, Result.WARN, Found.NO_ORDER, Advice.WAIT_LONGER),
)


def refused(check: Check, refusal: Refusal) -> Finding:
    """Return the finding of a check that was refused with an HTTP status."""
    return decide(check, REFUSAL, refusal)
