"""The doctor's look at the exchange's REST interface: its clock, its symbols, the tick size."""

import asyncio
import json
import time

import aiohttp

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
from Heatmap.ingestion.connection.addresses import is_loopback
from Heatmap.ingestion.exchange_info import fetch_exchange_info

_OK = 200
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
    return (
        Finding("REST", *describe_rest(skew_ms, took_s, why_no_time)),
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
    timeout = aiohttp.ClientTimeout(total=config.times.rest_s)
    url = f"{config.rest_url.rstrip('/')}{_TIME_PATH}"
    try:
        async with aiohttp.ClientSession(
            timeout=timeout, trust_env=not is_loopback(config.rest_url)
        ) as session:
            begun_ms = time.time() * 1000
            async with session.get(url) as response:
                middle_ms = (begun_ms + time.time() * 1000) / 2
                if response.status != _OK:
                    return None, f"{_TIME_PATH}: HTTP {response.status}", _hold(response)
                body = await _body(response)
        return int(json.loads(body)["serverTime"]) - middle_ms, "", None
    except TimeoutError:
        return None, f"{_TIME_PATH} was not answered", None
    except (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError) as error:
        return None, f"{_TIME_PATH}: {reason_of(error)}", None


def _hold(response: aiohttp.ClientResponse) -> Verdict | None:
    headers = response.headers
    verdict = describe_refusal(response.status, headers.get("Retry-After"), headers.get("Date"))
    return verdict if response.status in _LEAVE_ALONE else None


# Whoever answers so is not to be asked a second time.
_LEAVE_ALONE = (403, 418, 429, 451)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > _LARGEST_ANSWER_BYTES:
            raise ValueError("the answer is far too long")
    return body
