"""The doctor's look at the exchange's REST interface: its clock, its symbols, the tick size."""

import asyncio
import json
import time

from Heatmap.doctor.doctor_config import DoctorConfig
from Heatmap.doctor.findings import Check, Finding, decide, not_possible
from Heatmap.doctor.rest_table import REST, TICK_SIZE, RestFacts, TickSizeFacts
from Heatmap.doctor.stream_table import LEAVE_ALONE, Refusal, refused
from Heatmap.errors import ExchangeError, Failure, FailureKind
from Heatmap.ingestion.exchange_info import fetch_exchange_info
from Heatmap.ingestion.proxies import Proxy, find_proxy
from Heatmap.ingestion.rest_client import RestClient, RestError

_TIME_PATH = "/fapi/v1/time"
_LARGEST_ANSWER_BYTES = 2**16
# What reading an answer of another shape raises.
_ODD_ANSWER = (ValueError, LookupError, TypeError, OverflowError, RecursionError)


async def examine_rest(config: DoctorConfig) -> tuple[Finding, Finding]:
    """Ask for the exchange's clock and for its symbols.

    Parameters
    ----------
    config
        What to look at, and for how long.

    Returns
    -------
    tuple of Finding
        ``REST`` and ``tick size``.
    """
    symbol = config.heartbeat_symbol
    clock = await _compare_clocks(config)
    if isinstance(clock, Refusal):
        return _without_tick_size(refused(Check.REST, clock))
    skew_ms, why_no_time = clock
    begun_s = time.perf_counter()
    facts: RestFacts
    try:
        async with asyncio.timeout(config.times.rest_s):
            info = await fetch_exchange_info(config.rest_url, (symbol,))
    except TimeoutError:
        facts = RestFacts(waited_s=config.times.rest_s)
    except ExchangeError as error:
        facts = RestFacts(failure=error.failure)
    else:
        took_s = time.perf_counter() - begun_s
        proxy = _proxy_of(config.rest_url)
        shown, setting = ("", "") if proxy is None else (proxy.shown, proxy.setting)
        facts = RestFacts(took_s, skew_ms, why_no_time, shown, setting)
        listed = TickSizeFacts(symbol, info.tick_sizes.get(symbol))
        return decide(Check.REST, REST, facts), decide(Check.TICK_SIZE, TICK_SIZE, listed)
    return _without_tick_size(decide(Check.REST, REST, facts))


def _without_tick_size(rest: Finding) -> tuple[Finding, Finding]:
    return rest, not_possible(Check.TICK_SIZE, Check.REST)


async def _compare_clocks(config: DoctorConfig) -> tuple[float | None, Failure | None] | Refusal:
    """Ask for the exchange's clock.

    Returns
    -------
    (skew_ms, failure) or Refusal
        The exchange's clock less this one, milliseconds, or ``None`` and why it is not known; or a
        refusal that asks for being left alone.
    """
    try:
        async with RestClient(
            config.rest_url, limit_bytes=_LARGEST_ANSWER_BYTES, timeout_s=config.times.rest_s
        ) as client:
            answer = await client.get(_TIME_PATH)
        if answer.refusal is None:
            server_ms = int(json.loads(answer.body)["serverTime"])
            return float(server_ms - (answer.asked_ms + answer.answered_ms) / 2), None
        if answer.status in LEAVE_ALONE:
            return Refusal.of(answer.status, answer.retry_after, answer.date)
        cause = answer.refusal
    except RestError as error:
        cause = error.failure
    except _ODD_ANSWER as error:
        cause = Failure(FailureKind.REQUEST_FAILED, {"reason": error})
    return None, Failure(FailureKind.NOT_ANSWERED, {"request": _TIME_PATH}, cause)


def _proxy_of(rest_url: str) -> Proxy | None:
    """Return through which proxy REST goes. What is wrong with it is told where it was used."""
    try:
        return find_proxy(rest_url)
    except (ExchangeError, ValueError):
        return None
