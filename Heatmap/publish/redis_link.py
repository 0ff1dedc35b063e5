"""The connection to Redis: what is sent there in one transaction, and what its errors mean.

One thread uses it. A command that fails closes the connection; the next one makes another.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError, WatchError
from redis.retry import Retry

from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.publish.address import RedisAddress, parse_redis_address
from Heatmap.publish.messages import Liquidation
from Heatmap.publish.names import Names
from Heatmap.runtime.outside_text import error_text

#: What a failing command raises; its own errors, and those of sockets, names and certificates.
LINK_ERRORS = (RedisError, OSError, ValueError)


def check_redis(url: str, prefix: str) -> RedisAddress:
    """Return an address that the library takes, with names that may be; connects to nothing.

    Raises
    ------
    SettingsError
        One of them is not usable; the message has no password.
    """
    address = parse_redis_address(url)
    RedisLink(address, Names(prefix=prefix), 1.0, 1)
    return address


class RedisLink:
    """Speaks to one Redis.

    Parameters
    ----------
    address
        Where it is; nothing is connected before the first command.
    names
        What things are called.
    timeout_s
        How long connecting, and each answer, may take, seconds.
    stream_length
        About so many messages are kept in each stream.

    Raises
    ------
    SettingsError
        The library does not take the address; the message has no password.
    """

    def __init__(
        self, address: RedisAddress, names: Names, timeout_s: float, stream_length: int
    ) -> None:
        self._address = address
        self._names = names
        self._stream_length = stream_length
        try:
            # Waiting and trying again is the publisher's.
            client: Any = Redis.from_url(
                address.url,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
            )
            # Options are looked at here, not by `from_url`.
            client.connection_pool.make_connection()
        except (ValueError, TypeError, RedisError, OSError) as error:
            reason = error_text(error)
            raise SettingsError(f"Redis cannot be addressed as {address}: {reason}") from None
        self._client = client

    def cursor(self) -> bytes | None:
        """Return what is kept of how far was published."""
        kept: bytes | None = self._client.get(self._names.cursor)
        return kept

    def publish(
        self, expected: bytes | None, cursor: bytes, liquidations: Sequence[Liquidation]
    ) -> list[str] | None:
        """Publish liquidations and move the cursor, all or nothing.

        Parameters
        ----------
        expected
            What the cursor is to be before.
        cursor
            And after.

        Returns
        -------
        list of str or None
            For each message of which Redis refused a part, why. ``None``: nothing happened, since
            the cursor is another one: somebody else has published.
        """
        with self._client.pipeline(transaction=True) as pipe:
            pipe.watch(self._names.cursor)
            if pipe.get(self._names.cursor) != expected:
                return None
            pipe.multi()
            for one in liquidations:
                name = self._names.liquidations(one.instrument)
                pipe.xadd(
                    name,
                    {"data": one.body},
                    id=one.stream_id,
                    maxlen=self._stream_length,
                    approximate=True,
                )
                pipe.publish(name, one.body)
                pipe.set(self._names.newest(one.instrument), one.body)
            pipe.set(self._names.cursor, cursor)
            try:
                answers = pipe.execute(raise_on_error=False)
            except WatchError:
                return None
        refused = []
        for k in range(0, 3 * len(liquidations), 3):
            errors = [one for one in answers[k : k + 3] if isinstance(one, Exception)]
            refused += [error_text(one) for one in errors[:1]]
        return refused

    def publish_states(self, states: Iterable[tuple[str, str, bytes]]) -> None:
        """Publish clusters and levels: what, whose, and the message."""
        with self._client.pipeline(transaction=True) as pipe:
            for what, instrument, body in states:
                name = self._names.state(what, instrument)
                pipe.set(name, body)
                pipe.publish(name, body)
            pipe.execute()

    def failure_of(self, error: BaseException) -> Failure:
        """Return what an error of a command means."""
        is_refusal = isinstance(error, ResponseError | AuthenticationError)
        kind = FailureKind.REDIS_REFUSED if is_refusal else FailureKind.REDIS_AWAY
        return Failure(kind, {"address": str(self._address), "reason": error_text(error)})

    def drop(self) -> None:
        """Close the connection; the next command makes another. Idempotent."""
        self._client.connection_pool.disconnect()
