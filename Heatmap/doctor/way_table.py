"""The way to the exchange: name, TCP, TLS. Facts and what they mean; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from Heatmap.doctor.findings import Advice, Found, Result, Row, always
from Heatmap.errors import Failure

_EXPIRY_WARNING_S = 14 * 86_400.0


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What was looked up: the exchange's name, or the proxy's where one leads there.

    Attributes
    ----------
    host
        The name.
    addresses
        What it resolved to.
    proxy, setting
        The proxy without user and password, and where it was set; empty: there is none.
    proxy_looks_up
        Whether the proxy looks up the exchange's name.
    failure
        Why the proxy that is set cannot be used.
    reason
        Why the address is none, or why the name did not resolve.
    is_address_odd
        Whether it is the address that is none.
    waited_s
        How long was waited in vain; ``None``: an answer came.
    """

    host: str = ""
    addresses: tuple[str, ...] = ()
    proxy: str = ""
    setting: str = ""
    proxy_looks_up: bool = False
    failure: Failure | None = None
    reason: str = ""
    is_address_odd: bool = False
    waited_s: float | None = None


NAME: Sequence[Row[NameFacts]] = (
    Row(lambda f: f.failure is not None, Result.FAIL, Found.PROXY_UNUSABLE, Advice.MEND_PROXY),
    Row(lambda f: f.is_address_odd, Result.FAIL, Found.ADDRESS_ODD, Advice.CHECK_WS_URL),
    Row(lambda f: f.waited_s is not None, Result.FAIL, Found.NAME_NO_ANSWER, Advice.CHECK_NAME),
    Row(lambda f: bool(f.reason), Result.FAIL, Found.NAME_UNKNOWN, Advice.CHECK_NAME),
    Row(lambda f: f.addresses == (f.host,), Result.SKIP, Found.IS_ADDRESS),
    Row(always, Result.OK, Found.RESOLVED),
)


@dataclass(frozen=True, slots=True)
class TcpFacts:
    """Which address accepted.

    Attributes
    ----------
    address, port
        What accepted; the address is empty where none did.
    took_s
        How long that took, seconds.
    failed
        Why, by address that was tried before.
    """

    address: str
    port: int
    took_s: float = 0.0
    failed: Mapping[str, Failure] = field(default_factory=dict)


TCP: Sequence[Row[TcpFacts]] = (
    Row(lambda f: not f.address, Result.FAIL, Found.NOT_REACHED, Advice.CHECK_PORT),
    Row(lambda f: bool(f.failed), Result.WARN, Found.REACHED_AFTER_OTHERS, Advice.CHECK_IPV6),
    Row(always, Result.OK, Found.REACHED),
)


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the secure connection showed.

    Attributes
    ----------
    is_wanted
        Whether the address asks for one.
    is_behind_proxy
        Whether it is made through a proxy, with the handshake.
    version
        Such as ``TLSv1.3``.
    names
        Whom the certificate is for.
    expiry
        End of the certificate as its text.
    left_s
        How long it is valid by the local clock, seconds.
    waited_s
        How long was waited in vain; ``None``: an answer came.
    reason
        Why there is none; empty: there is.
    is_certificate
        Whether the certificate is the reason.
    """

    is_wanted: bool = True
    is_behind_proxy: bool = False
    version: str = ""
    names: tuple[str, ...] = ()
    expiry: str = ""
    left_s: float = 0.0
    waited_s: float | None = None
    reason: str = ""
    is_certificate: bool = False


TLS: Sequence[Row[TlsFacts]] = (
    Row(lambda f: not f.is_wanted, Result.SKIP, Found.NOT_ENCRYPTED),
    Row(lambda f: f.is_behind_proxy, Result.SKIP, Found.TLS_BEHIND_PROXY),
    Row(lambda f: f.waited_s is not None, Result.FAIL, Found.TLS_NO_ANSWER, Advice.CHECK_TLS),
    Row(
        lambda f: f.is_certificate,
        Result.FAIL,
        Found.CERTIFICATE_REFUSED,
        Advice.CHECK_CERTIFICATE,
    ),
    Row(lambda f: bool(f.reason), Result.FAIL, Found.TLS_FAILED, Advice.CHECK_TLS),
    Row(
        lambda f: f.left_s < _EXPIRY_WARNING_S,
        Result.WARN,
        Found.CERTIFICATE_ENDS,
        Advice.CERTIFICATE_ENDS,
    ),
    Row(always, Result.OK, Found.SECURE),
)
