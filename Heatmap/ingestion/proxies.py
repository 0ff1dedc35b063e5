"""Which proxy leads to an address: one decision for the websocket and for REST.

The system's settings decide, as for most programs: ``wss_proxy``, ``socks_proxy``, ``https_proxy``,
``all_proxy`` (in capitals or not), those of Windows and macOS, and ``no_proxy``. Proxies often have
a password in their address, so an address is never shown as it was set: `Proxy.shown` and what
`ProxyError` says are made of its harmless parts.
"""

import importlib.util
import re
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import ExchangeError, FailureKind
from Heatmap.ingestion.connection.addresses import is_loopback

#: What brings SOCKS, as it is installed.
SOCKS_PACKAGE = "python-socks"
_SOCKS_MODULE = "python_socks"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080
# As curl names them; with the h (and 4a) the proxy looks up the exchange's name.
_SOCKS = {"socks": "socks5h", "socks5": "socks5", "socks5h": "socks5h"}
_SOCKS |= {"socks4": "socks4", "socks4a": "socks4a"}
_LOOKS_UP = frozenset({"http", "https", "socks5h", "socks4a"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PLAIN_CREDENTIAL = re.compile(r"[^/?#\[\]:\s\x7f-\U0010ffff]*")
_HOST = re.compile(r"[^\s/?#@\[\]\\]+")
# Proxies for an address that is encrypted, and for one that is not, the first that is set. One that
# is named for websockets serves nothing else.
_SECURE = ("socks", "https", "all")
_PLAIN = ("socks", "https", "http", "all")


class ProxyError(ExchangeError):
    """The proxy that is set cannot be used; the message never holds its user or password."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes
    ----------
    scheme
        ``http``, ``https``, ``socks4``, ``socks4a``, ``socks5`` or ``socks5h``.
    host, port
        Where it is.
    user, password
        As they are, not percent-encoded; ``None``: it asks for none.
    setting
        Where it was set, such as ``all_proxy``.
    """

    scheme: str
    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    setting: str

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS."""
        return self.scheme.startswith("socks")

    @property
    def looks_up(self) -> bool:
        """Whether the proxy looks up the exchange's name, and not this machine."""
        return self.scheme in _LOOKS_UP

    @property
    def shown(self) -> str:
        """Its address without user and password."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def address(self) -> str:
        """The whole address, for the websockets library only: it may hold a password."""
        credentials = ""
        if self.user is not None:
            credentials = f"{_spelt(self.user)}:{_spelt(self.password or '')}@"
        return f"{self.scheme}://{credentials}{_bracketed(self.host)}:{self.port}"


def find_proxy(url: str) -> Proxy | None:
    """Return the proxy that leads to `url`; ``None``: none does.

    Parameters
    ----------
    url
        ``ws``, ``wss``, ``http`` or ``https``. No proxy leads to this machine itself.

    Raises
    ------
    ProxyError
        What is set is no address of a proxy, or it needs a package that is not installed.
    ValueError
        `url` is no address.
    """
    parts = urlsplit(url)
    is_secure = parts.scheme in ("https", "wss")
    port = parts.port or (443 if is_secure else 80)
    if not parts.hostname or is_loopback(url):
        return None
    if urllib.request.proxy_bypass(f"{_bracketed(parts.hostname)}:{port}"):
        return None
    settings = urllib.request.getproxies()
    own = (parts.scheme,) if parts.scheme in ("ws", "wss") else ()
    for name in own + (_SECURE if is_secure else _PLAIN):
        if text := settings.get(name, "").strip():
            return _usable(_parse(name, text))
    return None


def _parse(name: str, text: str) -> Proxy:
    setting = f"{name}_proxy"
    match = _SCHEME.match(text)
    # Without a scheme it is what its setting is named for, as for curl; and Windows writes the
    # SOCKS proxy as http://.
    scheme = match[1].lower() if match else "http"
    if name == "socks" and scheme == "http":
        scheme = "socks5h"
    scheme = _SOCKS.get(scheme, scheme)
    if scheme not in _DEFAULT_PORTS and not scheme.startswith("socks"):
        schemes = ("http", "https", *_SOCKS)
        raise _refused(FailureKind.PROXY_SCHEME, setting, schemes=schemes)
    try:
        parts = urlsplit(f"{scheme}://{text[match.end() :] if match else text}")
        port = parts.port
    except ValueError:
        raise _refused(FailureKind.PROXY_UNREADABLE, setting) from None
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0:
        raise _refused(FailureKind.PROXY_WITHOUT_HOST, setting)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _refused(FailureKind.PROXY_WITH_PATH, setting)
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    default = _DEFAULT_PORTS.get(scheme, _SOCKS_PORT)
    return Proxy(scheme, parts.hostname, port or default, user, password, setting)


def _refused(kind: FailureKind, setting: str, **values: object) -> ProxyError:
    return raised(ProxyError, kind, setting=setting, **values)


def _usable(proxy: Proxy) -> Proxy:
    if proxy.is_socks and importlib.util.find_spec(_SOCKS_MODULE) is None:
        raise raised(
            ProxyError,
            FailureKind.PROXY_NEEDS_PACKAGE,
            proxy=proxy.shown,
            setting=proxy.setting,
            package=SOCKS_PACKAGE,
        )
    return proxy


def _spelt(credential: str) -> str:
    # The library takes user and password as they stand; encoded is only what it could not read.
    return credential if _PLAIN_CREDENTIAL.fullmatch(credential) else quote(credential, safe="")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
