"""What is done about a force order that could not be read: it is told, and its time is a hole."""

from collections.abc import Callable, Sequence

from Heatmap.domain.events import Rejection
from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.ingestion.coverage_holes import Span, is_concerned, spans_of
from Heatmap.ingestion.recorder.recorder_status import StatusBoard, UnreadOrderFact
from Heatmap.ingestion.recorder.texts import unread_order_text
from Heatmap.runtime.safe_log import get_logger

_logger = get_logger(__name__)

# The log is told of the first, and then of how many there were in this time.
_LOG_PERIOD_S = 60.0


class UnreadOrders:
    """Takes note of them; lives in the recorder's loop.

    Parameters
    ----------
    wanted
        The recorded symbols; ``None``: all.
    board
        Where they are counted and the latest is shown.
    put_hole
        Told whose time is not recorded (``None``: any symbol's), and which.
    """

    def __init__(
        self,
        wanted: frozenset[str] | None,
        board: StatusBoard,
        put_hole: Callable[[str | None, Sequence[Span]], None],
    ) -> None:
        self._wanted = wanted
        self._board = board
        self._put_hole = put_hole
        self._log_due_s = float("-inf")
        self._unlogged = 0

    def take(self, rejection: Rejection, heartbeat_ms: int | None, now_s: float) -> None:
        """Record a rejection, if it was a recorded symbol's order.

        Parameters
        ----------
        rejection
            Any.
        heartbeat_ms
            The exchange's time of the latest heartbeat; ``None``: there was none yet.
        now_s
            The monotonic clock.
        """
        order = rejection.unread
        if order is None or not is_concerned(order, self._wanted):
            return
        fact = UnreadOrderFact(order.symbol, rejection.reason, rejection.detail)
        self._board.note_unread_order(fact)
        # Where all are recorded they have one coverage.
        symbol = ALL_SYMBOLS if self._wanted is None else order.symbol
        self._put_hole(symbol, spans_of(order, heartbeat_ms))
        self._unlogged += 1
        if now_s >= self._log_due_s:
            self._log_due_s = now_s + _LOG_PERIOD_S
            _logger.warning(
                "%d force orders could not be read and are missing, the latest of %s",
                self._unlogged,
                unread_order_text(fact),
            )
            self._unlogged = 0
