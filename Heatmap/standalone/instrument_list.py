"""The instruments that the exchange lists, for the search: asked for when they are first wanted.

A second client of the exchange, as the candles are: the recorder keeps only what it records.
"""

import asyncio
import random
import time
from collections.abc import Callable
from decimal import Decimal

from Heatmap.errors import ExchangeError
from Heatmap.ingestion.connection.supervisor import Backoff
from Heatmap.ingestion.exchange_info import parse_exchange_info
from Heatmap.ingestion.rest_client import RestClient, RestError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.sources import Source
from Heatmap.standalone.symbol_list import ListNotice

logger = get_logger(__name__)

FRESH_S = 3600.0
"""What was listed longer ago is asked for again, when it is wanted: there may be new ones."""
FIRST_RETRY_S, LONGEST_RETRY_S = 2.0, 300.0
_PATH = "/fapi/v1/exchangeInfo"
# The whole answer is about 2 MB.
_LARGEST_ANSWER_BYTES = 32 * 2**20
_TIMEOUT_S = 15.0


class InstrumentList:
    """Fetches a source's instruments, when `want` is called; `run` is its task.

    What fails is tried again after a while, which grows, and not before the exchange allows it: the
    search goes on with what is known.

    Parameters
    ----------
    on_told
        Called when there are more, or when it is known that there are none yet.
    first_retry_s
        Least time between two attempts, seconds.

    Attributes
    ----------
    state
        Why the instruments of the source that was wanted last are not known; ``None``: they are, or
        were never wanted.
    """

    def __init__(self, on_told: Callable[[], object], first_retry_s: float = FIRST_RETRY_S) -> None:
        self._on_told = on_told
        self._wanted: Source | None = None
        self._work = asyncio.Event()
        self._backoff = Backoff(first_retry_s, LONGEST_RETRY_S, random.Random())  # noqa: S311 - jitter
        # By the monotonic clock.
        self._not_before_s = 0.0
        self.state: ListNotice | None = None

    def want(self, source: Source) -> None:
        """Have a source's instruments fetched, unless they are known or it has one only."""
        if source.symbol or _is_fresh(source):
            self.state = None
            return
        if source is not self._wanted:
            self.state = None if source.listed else ListNotice.ASKING
        self._wanted = source
        self._work.set()

    async def run(self) -> None:
        """Fetch what is wanted, until cancelled."""
        while True:
            await self._work.wait()
            await asyncio.sleep(max(0.0, self._not_before_s - time.monotonic()))
            self._work.clear()
            source = self._wanted
            if source is not None and not _is_fresh(source):
                await self._fetch_for(source)

    async def _fetch_for(self, source: Source) -> None:
        hold_s = 0.0
        try:
            async with RestClient(
                source.rest_url, limit_bytes=_LARGEST_ANSWER_BYTES, timeout_s=_TIMEOUT_S
            ) as client:
                answer = await client.get(_PATH)
            if answer.refusal is not None:
                hold_s = answer.refusal.hold_s or 0.0
                logger.info("the exchange's instruments are refused: HTTP %s", answer.status)
            else:
                source.listed = await _read(answer.body)
                source.listed_s = time.monotonic()
        except (RestError, ExchangeError) as error:
            logger.info("the exchange's instruments are not known yet: %s", error)
        if _is_fresh(source):
            self._backoff.reset()
        else:
            self._not_before_s = time.monotonic() + max(self._backoff.next_delay(), hold_s)
        if source is self._wanted:
            self.state = None if source.listed else ListNotice.FAILED
        self._on_told()


def _is_fresh(source: Source) -> bool:
    return bool(source.listed) and time.monotonic() - source.listed_s < FRESH_S


async def _read(body: bytes) -> dict[str, Decimal]:
    info = await asyncio.to_thread(parse_exchange_info, body, None)
    # Those with a date are delivered some day, and have hardly any liquidations.
    return {name: size for name, size in info.tick_sizes.items() if "_" not in name}
