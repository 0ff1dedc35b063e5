"""A webhook: messages to an address of the user's by HTTP, signed where there is a key.

What answers is another machine: whatever it does takes two seconds at most, no redirect is
followed, and only status and headers are read. Nothing of what it says is repeated anywhere.
"""

import asyncio
import ssl
import time
from email.utils import formatdate
from http import HTTPStatus

import aiohttp

from Heatmap._version import __version__
from Heatmap.alerts.ways.address import check_webhook_address
from Heatmap.alerts.ways.delivery_queue import Rate
from Heatmap.alerts.ways.messages import Message
from Heatmap.alerts.ways.secret import Secret
from Heatmap.alerts.ways.signature import SIGNATURE_HEADER, signature
from Heatmap.alerts.ways.way import WayError
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.ingestion.connection.supervisor import retry_after_s
from Heatmap.ingestion.rest_client import RestClient, RestError

TIMEOUT_S = 2.0
SHORTEST_KEY_CHARS = 16
KEY_HEADER = "Idempotency-Key"
#: What most receivers take; one message a second on the long run.
USUAL_RATE = Rate(10, 10.0)

_ANSWER_BYTES = 2**18
_REDIRECTS = range(300, 400)
_SUCCESSES = range(200, 300)
# The message or the address is wrong: the same again would be refused again.
_FINAL = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.GONE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_PROXY_FAULTS = frozenset(
    {
        FailureKind.PROXY_SCHEME,
        FailureKind.PROXY_UNREADABLE,
        FailureKind.PROXY_WITHOUT_HOST,
        FailureKind.PROXY_WITH_PATH,
        FailureKind.PROXY_NEEDS_PACKAGE,
    }
)
# The first that fits: some are kinds of a later one.
_CAUSES: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (aiohttp.ClientConnectorDNSError, FailureKind.WAY_NAME_UNKNOWN),
    (aiohttp.ClientSSLError, FailureKind.WAY_NOT_SECURE),
    (ssl.SSLError, FailureKind.WAY_NOT_SECURE),
    (aiohttp.ClientConnectorError, FailureKind.WAY_NOT_REACHED),
    (aiohttp.ClientConnectionError, FailureKind.WAY_BROKE_OFF),
    (aiohttp.ClientPayloadError, FailureKind.WAY_BROKE_OFF),
    (aiohttp.ClientResponseError, FailureKind.WAY_ANSWER_ODD),
)


class Webhook:
    """Sends messages to one address; see `Way`. Belongs to one event loop.

    Parameters
    ----------
    name
        What the user calls it.
    address
        Where: https, or http where it is this machine itself.
    signing_key
        What the receiver tells our messages by; ``None``: they are not signed.
    rate
        How many messages the receiver takes.
    timeout_s
        What an attempt may take in all, seconds.

    Raises
    ------
    SettingsError
        The address or the key is none; the message does not repeat it.
    """

    kind = "webhook"

    def __init__(
        self,
        name: str,
        address: Secret,
        signing_key: Secret | None = None,
        *,
        rate: Rate = USUAL_RATE,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        check_webhook_address(address)
        if signing_key is not None and len(signing_key.reveal()) < SHORTEST_KEY_CHARS:
            raise raised(SettingsError, FailureKind.WAY_KEY_SHORT, limit=SHORTEST_KEY_CHARS)
        self.name = name
        self.rate = rate
        self._address = address
        self._signing_key = signing_key
        self._client = RestClient("", limit_bytes=_ANSWER_BYTES, timeout_s=timeout_s)
        # The client asks one thing at a time; a test may come beside an alert.
        self._turn = asyncio.Lock()

    async def send(self, message: Message) -> None:
        """Send a message.

        Raises
        ------
        WayError
            No answer with a status of 200 to 299 came; it may have arrived nevertheless.
        """
        failure, is_final = await self._attempt(message)
        # Not within `except`: no traceback leads to what names the address.
        if failure is not None:
            raise WayError(failure, is_final=is_final)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.close()

    async def _attempt(self, message: Message) -> tuple[Failure | None, bool]:
        async with self._turn:
            try:
                answer = await self._client.post(
                    self._address.reveal(), message.data, self._headers(message)
                )
            except RestError as error:
                return _failure_of(error), False
        if answer.status in _SUCCESSES:
            return None, False
        values: dict[str, object] = {"status": answer.status}
        if answer.status in _REDIRECTS:
            return Failure(FailureKind.WAY_REDIRECTED, values), False
        hold_s = retry_after_s(answer.retry_after, answer.date or formatdate(usegmt=True))
        is_final = answer.status in _FINAL
        if hold_s is None or is_final:
            return Failure(FailureKind.WAY_REFUSED, values), is_final
        # So many digits may follow that it is infinite, which JSON does not know.
        values["hold_s"] = min(max(hold_s, 0.0), 86_400.0)
        return Failure(FailureKind.WAY_BUSY, values), False

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Heatmap/{__version__}",
            KEY_HEADER: message.key,
        }
        if self._signing_key is not None:
            headers[SIGNATURE_HEADER] = signature(self._signing_key, int(time.time()), message.data)
        return headers


def _failure_of(error: RestError) -> Failure:
    """Say what happened without what the library says, which may hold the address."""
    failure, cause = error.failure, error.__cause__
    if failure.kind in _PROXY_FAULTS:
        return failure
    if failure.kind is FailureKind.NO_ANSWER_WITHIN:
        return Failure(FailureKind.WAY_SILENT, failure.values)
    if failure.kind is FailureKind.ANSWER_TOO_LONG:
        return Failure(FailureKind.WAY_ANSWER_ODD)
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return Failure(FailureKind.PROXY_REFUSED, {"status": cause.status})
    kinds = (kind for known, kind in _CAUSES if isinstance(cause, known))
    return Failure(next(kinds, FailureKind.WAY_NOT_REACHED))
