"""The instruments that the exchange lists, for the search: asked for when they are first wanted.

A second client of the exchange, as the candles are: the recorder keeps only what it records.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from Heatmap.errors import ExchangeError
from Heatmap.ingestion.exchange_info import parse_exchange_info
from Heatmap.ingestion.rest_client import RestClient, RestError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.sources import Source

logger = get_logger(__name__)

_PATH = "/fapi/v1/exchangeInfo"
# The whole answer is about 2 MB.
_LARGEST_ANSWER_BYTES = 32 * 2**20
_TIMEOUT_S = 15.0
_OK = 200


class InstrumentList:
    """Fetches a source's instruments once, when `want` is called; `run` is its task.

    What fails is tried again when it is wanted again: the search goes on with what is known.

    Parameters
    ----------
    on_listed
        Called when there are more.
    """

    def __init__(self, on_listed: Callable[[], object]) -> None:
        self._on_listed = on_listed
        self._wanted: Source | None = None
        self._work = asyncio.Event()

    def want(self, source: Source) -> None:
        """Have a source's instruments fetched, unless they are known or it has one only."""
        if not source.symbol and not source.listed:
            self._wanted = source
            self._work.set()

    async def run(self) -> None:
        """Fetch what is wanted, until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            source = self._wanted
            if source is None or source.listed:
                continue
            try:
                source.listed = await _fetch(source.rest_url)
            except (RestError, ExchangeError) as error:
                logger.info("the exchange's instruments are not known yet: %s", error)
            else:
                self._on_listed()


async def _fetch(rest_url: str) -> dict[str, Decimal]:
    async with RestClient(
        rest_url, limit_bytes=_LARGEST_ANSWER_BYTES, timeout_s=_TIMEOUT_S
    ) as client:
        answer = await client.get(_PATH)
    if answer.status != _OK:
        logger.info("the exchange's instruments are refused: HTTP %s", answer.status)
        return {}
    info = await asyncio.to_thread(parse_exchange_info, answer.body, None)
    # Those with a date are delivered some day, and have hardly any liquidations.
    return {name: size for name, size in info.tick_sizes.items() if "_" not in name}
