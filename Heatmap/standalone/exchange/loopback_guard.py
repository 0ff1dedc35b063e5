"""Who may speak to the loopback exchange, and how much of it one machine can be made to hold.

It listens on this machine only, but the pages that a browser has open run on this machine as well.
A page is known by what its browser adds to each request: the page's origin, or the name that it had
made to point here (DNS rebinding). The exchange's own clients send neither.
"""

import asyncio
import re
from collections.abc import Sequence

from Heatmap.runtime.compat import override

MAX_CONNECTIONS = 64
"""Open at the same time, of either kind; the window and its recorder need fewer than ten."""
MAX_STREAMS = 1024
"""Subscribed by one connection, as the exchange allows."""
MAX_STREAM_LENGTH = 100
MAX_MESSAGE_BYTES = 131_072
"""Of one message of a client: enough to subscribe to as many streams as there may be."""

_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.IGNORECASE)
_STREAM = re.compile(rf"[^\x00-\x20\x7f]{{1,{MAX_STREAM_LENGTH}}}")
# What a browser says of a request that its user or a page of ours has made.
_OWN_SITES = ("none", "same-origin")


def foreign_words(hosts: Sequence[str], origins: Sequence[str], sites: Sequence[str]) -> str:
    """Say why a request is refused; empty: it is none of a foreign page.

    Parameters
    ----------
    hosts, origins, sites
        The values of its headers ``Host``, ``Origin`` and ``Sec-Fetch-Site``.
    """
    if len(hosts) != 1 or not _OWN_HOST.fullmatch(hosts[0]):
        found = ", ".join(hosts) or "none"
        return f"the host must be 127.0.0.1 or localhost, got {found!r:.80}"
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
        return f"pages of other origins are refused, got {', '.join(origins)!r:.80}"
    if any(site not in _OWN_SITES for site in sites):
        return f"pages of other sites are refused, got {', '.join(sites)!r:.80}"
    return ""


def stream_problem(names: Sequence[str], subscribed: int = 0) -> str:
    """Say why streams cannot be subscribed beside `subscribed` others; empty: they can."""
    if len(names) + subscribed > MAX_STREAMS:
        return f"at most {MAX_STREAMS} streams a connection, got {len(names) + subscribed}"
    for name in names:
        if not _STREAM.fullmatch(name):
            return (
                f"a stream's name has 1 to {MAX_STREAM_LENGTH} characters without blanks, "
                f"got {name!r:.80}"
            )
    return ""


class RefusedConnection(asyncio.Protocol):
    """A connection beyond `MAX_CONNECTIONS`: told so in one line, and closed."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer without waiting for the request."""
        if isinstance(transport, asyncio.WriteTransport):
            body = f"too many connections, at most {MAX_CONNECTIONS}\n".encode()
            transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            transport.close()
