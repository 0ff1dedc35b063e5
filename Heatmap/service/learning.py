"""Learns from the recording, once a day for each symbol, in a thread of its own.

- Time is the data's: what is learned is dated by the newest candle that was fetched.
- Work gives way to other threads every few milliseconds, and ends within one when it is stopped.
- A fit that is taken is a file beside the database from then on; the ones before stay. What scores
  worse on time held out than what is in use is not written.
- Whatever fails is told in the status, and tried again a day later, or at the next start.
"""

import atexit
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from Heatmap.domain.instruments import instrument_of
from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.learn import Learned, Learning, learn, prepare_recording
from Heatmap.levels.learn_ensemble import learn_ensemble
from Heatmap.levels.yields import in_force
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

_DAY_S = 86_400.0
_DAY_MS = 86_400_000
# Not amid the start, when pictures are built and candles are fetched.
_FIRST_S = 120.0
_LOOK_S = 600.0
_PAUSE_S = 0.0005
_STOP_LIMIT_S = 2.0


class _StoppedError(Exception):
    """Ends work that is under way."""


@dataclass(frozen=True, slots=True)
class LearningStatus:
    """What was last learned of a symbol.

    Attributes
    ----------
    symbol
        Whose.
    fit, fitted_ms
        Name of the yields in use, and when they were fitted, UTC milliseconds; ``None``: the
        shipped ones, or none.
    is_provisional
        The dollars are not fitted to this market yet.
    last_result
        What became of the last attempt; ``None``: there was none since the start.
    gain_bits
        Bits per message that its fit was better on time held out; ``None``: not known.
    messages, minutes
        What there was to learn from then.
    failure
        Why it failed, or what of earlier fits cannot be used; ``None``: all is well.
    """

    symbol: str
    fit: str | None
    fitted_ms: int | None
    is_provisional: bool
    last_result: Learning | None = None
    gain_bits: float | None = None
    messages: int = 0
    minutes: int = 0
    failure: Failure | None = None


class LevelLearner:
    """Learns between `start` and `stop`, which may alternate. Thread-safe.

    Parameters
    ----------
    source
        What is stored, and where fits are kept.
    symbols
        Gives of which symbols; called in the learner's thread.
    span_ms
        Gives how far back candles are used, milliseconds; called there too.
    first_s, look_s
        When it first looks what is due, and how often then, seconds.
    """

    def __init__(
        self,
        source: LevelStore,
        symbols: Callable[[], Iterable[str]],
        span_ms: Callable[[], int],
        *,
        first_s: float = _FIRST_S,
        look_s: float = _LOOK_S,
    ) -> None:
        self._source = source
        self._symbols = symbols
        self._span_ms = span_ms
        self._first_s, self._look_s = first_s, look_s
        self._lifecycle = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._statuses: dict[str, LearningStatus] = {}
        # When each symbol was last tried, on the monotonic clock.
        self._tried_s: dict[str, float] = {}

    def start(self) -> None:
        """Begin; does nothing while it runs."""
        with self._lifecycle:
            if self._thread is not None and self._thread.is_alive() and not self._stop.is_set():
                return
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="heatmap-levels", daemon=True
            )
            # A daemon thread would be cut off amid numpy's work at the end of the interpreter.
            atexit.register(self.stop)
            self._thread.start()

    def request_stop(self) -> None:
        """End it soon, without waiting: for a GUI's loop. Idempotent."""
        self._stop.set()

    def stop(self) -> None:
        """End it; what is under way is given up, within a second at the most. Idempotent."""
        with self._lifecycle:
            thread, self._thread = self._thread, None
            self._stop.set()
            if thread is not None and thread is not threading.current_thread():
                thread.join(_STOP_LIMIT_S)
            atexit.unregister(self.stop)

    def statuses(self) -> tuple[LearningStatus, ...]:
        """Return what was learned of each symbol since the start."""
        return tuple(dict(self._statuses).values())

    def learn_now(self, symbol: str, pause: Callable[[], None] | None = None) -> Learned | None:
        """Learn from what is stored of a symbol, and keep what is taken.

        Parameters
        ----------
        symbol
            Such as ``BTCUSDT``.
        pause
            Called every few milliseconds; what it raises ends it.

        Returns
        -------
        Learned or None
            ``None``: no candles were fetched yet.

        Raises
        ------
        StorageError
            The store cannot be read, or the fit cannot be written.
        """
        until_ms, _ = self._source.newest(symbol)
        if until_ms is None:
            return None
        found = self._source.read(symbol, until_ms, self._span_ms(), with_messages=True)
        recording = prepare_recording(
            found.market, found.data.messages, found.data.coverage, until_ms, pause
        )
        venue = instrument_of(symbol).venue
        learned = learn(recording, found.market, until_ms, venue, pause)
        table = learned.fit.table
        if learned.result is Learning.TAKEN and table is not None:
            self._source.fits.write(symbol, until_ms, table.to_json())
        if recording is None or table is None:
            return learned
        ensemble = learn_ensemble(
            recording, found.market, until_ms, venue, table.usd_per_message, pause
        )
        if ensemble is not None:
            self._source.ensembles.write(symbol, until_ms, ensemble.to_json())
        return replace(learned, ensemble=ensemble)

    def _run(self, stop: threading.Event) -> None:
        def pause() -> None:
            if stop.is_set():
                raise _StoppedError
            time.sleep(_PAUSE_S)

        wait_s = self._first_s
        while not stop.wait(wait_s):
            wait_s = self._look_s
            for symbol in list(self._symbols()):
                try:
                    if self._is_due(symbol):
                        self._tried_s[symbol] = time.monotonic()
                        self._note(symbol, self.learn_now(symbol, pause), None)
                except _StoppedError:
                    return
                except Exception as error:
                    logger.exception("nothing could be learned of %s", symbol)
                    values = {"symbol": symbol}
                    failure = Failure(FailureKind.NOT_LEARNED, values, Failure.of(error))
                    self._note(symbol, None, failure)

    def _is_due(self, symbol: str) -> bool:
        """Whether a day has passed since the last fit, and since the last attempt."""
        tried_s = self._tried_s.get(symbol)
        if tried_s is not None and time.monotonic() - tried_s < _DAY_S:
            return False
        if not self._source.store.exists():
            return False
        until_ms, _ = self._source.newest(symbol)
        if until_ms is None:
            return False
        fits, _ = self._source.read_fits(symbol)
        newest = in_force(fits, None, until_ms)
        return newest is None or until_ms - newest.fitted_ms >= _DAY_MS

    def _note(self, symbol: str, learned: Learned | None, failure: Failure | None) -> None:
        if learned is None and failure is None:
            return
        fits, problems = self._source.read_fits(symbol)
        newest = max(fits, key=lambda one: one.fitted_ms, default=None)
        gain = None if learned is None else learned.fit.gain_bits
        self._statuses[symbol] = LearningStatus(
            symbol=symbol,
            fit=None if newest is None else newest.name,
            fitted_ms=None if newest is None else newest.fitted_ms,
            is_provisional=newest is None or newest.is_provisional,
            last_result=None if learned is None else learned.result,
            # Where nothing was held out there is no number, and JSON has no NaN.
            gain_bits=gain if gain is not None and math.isfinite(gain) else None,
            messages=0 if learned is None else learned.messages,
            minutes=0 if learned is None else learned.minutes,
            failure=failure or next(iter(problems), None),
        )
