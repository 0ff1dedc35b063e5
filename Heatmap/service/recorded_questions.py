"""What a host asks about what was recorded: the newest liquidations of a symbol, and totals.

Whoever follows a symbol is told on the loop, while the service runs, also after it was stopped and
started again: the first time the whole, then what has changed.
"""

from collections.abc import Callable

from Heatmap.domain.instruments import InstrumentName, asked_symbol
from Heatmap.feeds.recorded_books import RecordedTotals
from Heatmap.feeds.recorded_feed import RecordedFeed, TapeListener, TimeListener, TotalsListener


class RecordedQuestions:
    """The part of a service that tells what was recorded; belongs on the loop's thread.

    Parameters
    ----------
    feed
        Reads and tells.
    look_around
        Has the service notice that another loop runs than the one in which it was started.
    """

    def __init__(self, feed: RecordedFeed, look_around: Callable[[], object]) -> None:
        self._feed = feed
        self._look_around = look_around

    def follow_tape(
        self, symbol: InstrumentName, listener: TapeListener, *, least_usd: float = 0.0
    ) -> Callable[[], None]:
        """Call `listener` with the newest liquidations of a symbol, and then with what is new.

        Parameters
        ----------
        symbol
            ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not; an `Instrument` for another
            venue's. Of one that is not recorded there are none.
        listener
            Takes a `TapeNews`, at most four times a second.
        least_usd
            Smaller ones are left out, USD.

        Returns
        -------
        callable
            Ends it; idempotent.

        Raises
        ------
        ValueError
            The symbol is none.
        """
        self._look_around()
        return self._feed.follow_tape(asked_symbol(symbol), listener, least_usd)

    def follow_totals(self, symbol: InstrumentName, listener: TotalsListener) -> Callable[[], None]:
        """Call `listener` with a symbol's totals of 1, 4 and 24 hours, soon and after each change.

        They change with the clock too; they are looked at once a second.

        Parameters
        ----------
        symbol
            As in `follow_tape`.
        listener
            Takes a `RecordedTotals`.

        Returns
        -------
        callable
            Ends it; idempotent.

        Raises
        ------
        ValueError
            The symbol is none.
        """
        self._look_around()
        return self._feed.follow_totals(asked_symbol(symbol), listener)

    def follow_time(self, symbol: InstrumentName, listener: TimeListener) -> Callable[[], None]:
        """Call `listener` with what time was recorded of a symbol, soon, and now and then.

        Parameters
        ----------
        symbol
            As in `follow_tape`.
        listener
            Takes a `RecordedTime`, or ``None`` where nothing was recorded.

        Returns
        -------
        callable
            Ends it; idempotent.

        Raises
        ------
        ValueError
            The symbol is none.
        """
        self._look_around()
        return self._feed.follow_time(asked_symbol(symbol), listener)

    async def totals(self, symbol: InstrumentName) -> RecordedTotals:
        """Return what was liquidated in the last 1, 4 and 24 hours, and how much was recorded.

        Raises
        ------
        ValueError
            The symbol is none, or the service does not run.
        StorageError
            The database cannot be read.
        """
        self._look_around()
        return await self._feed.totals(asked_symbol(symbol))
