"""The doctor's look at the exchange's REST interface: its clock, its symbols, the tick size."""

import asyncio
import json
import time
from contextlib import suppress

from Heatmap.doctor.doctor_config import DoctorConfig
from Heatmap.doctor.doctor_words import (
    Finding,
    Result,
    Verdict,
    describe_refusal,
    describe_rest,
    describe_tick_size,
    reason_of,
)
from Heatmap.errors import ExchangeError
from Heatmap.ingestion.exchange_info import fetch_exchange_info
from Heatmap.ingestion.proxies import find_proxy
from Heatmap.ingestion.rest_client import RestAnswer, RestClient, RestError

_TIME_PATH = "/fapi/v1/time"
_LARGEST_ANSWER_BYTES = 2**16


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
    skew_ms, why_no_time, refusal = await _compare_clocks(config)
    if refusal is not None:
        return _without_tick_size(Finding("REST", *refusal))
    begun_s = time.perf_counter()
    try:
        async with asyncio.timeout(config.times.rest_s):
            info = await fetch_exchange_info(config.rest_url, (symbol,))
    except TimeoutError:
        words = f"exchangeInfo: no answer within {config.times.rest_s:g} s"
        return _without_tick_size(Finding("REST", Result.FAIL, words, _REST_ADVICE))
    except ExchangeError as error:
        return _without_tick_size(Finding("REST", Result.FAIL, str(error), _REST_ADVICE))
    took_s = time.perf_counter() - begun_s
    way = _proxy_words(config.rest_url)
    return (
        Finding("REST", *describe_rest(skew_ms, took_s, why_no_time, way)),
        Finding("tick size", *describe_tick_size(symbol, info.tick_sizes.get(symbol))),
    )


_REST_ADVICE = (
    "check --rest-url, the network and whether a proxy is needed; recording goes on without REST"
)


def _without_tick_size(rest: Finding) -> tuple[Finding, Finding]:
    return rest, Finding("tick size", Result.SKIP, "not possible, because REST failed")


async def _compare_clocks(config: DoctorConfig) -> tuple[float | None, str, Verdict | None]:
    """Ask for the exchange's clock.

    Returns
    -------
    (skew_ms, reason, refusal)
        The exchange's clock less this one, milliseconds, or ``None`` and why it is not known; and
        a refusal that asks for being left alone.
    """
    try:
        async with RestClient(
            config.rest_url, limit_bytes=_LARGEST_ANSWER_BYTES, timeout_s=config.times.rest_s
        ) as client:
            answer = await client.get(_TIME_PATH)
        if answer.refusal is not None:
            return None, f"{_TIME_PATH}: HTTP {answer.status}", _hold(answer)
        server_ms = int(json.loads(answer.body)["serverTime"])
        return float(server_ms - (answer.asked_ms + answer.answered_ms) / 2), "", None
    except RestError as error:
        return None, f"{_TIME_PATH}: {error}", None
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        return None, f"{_TIME_PATH}: {reason_of(error)}", None


def _hold(answer: RestAnswer) -> Verdict | None:
    verdict = describe_refusal(answer.status, answer.retry_after, answer.date)
    return verdict if answer.status in _LEAVE_ALONE else None


# Whoever answers so is not to be asked a second time.
_LEAVE_ALONE = (403, 418, 429, 451)


def _proxy_words(rest_url: str) -> str:
    """Say through which proxy REST goes; empty: through none. What is wrong with it is said."""
    with suppress(ExchangeError, ValueError):
        proxy = find_proxy(rest_url)
        return "" if proxy is None else f" through the proxy {proxy.shown} ({proxy.setting})"
    return ""
