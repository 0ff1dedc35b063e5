"""What the doctor looks at, and how long it may take."""

from dataclasses import dataclass, field

from Heatmap.doctor.addresses import read_endpoint, require_address
from Heatmap.domain.events import DataKind
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.ingestion.venues.binance.streams import HEARTBEAT_SYMBOL


@dataclass(frozen=True, slots=True)
class DoctorTimes:
    """How long each check may take, seconds.

    Attributes
    ----------
    name_s
        Looking up a name.
    address_s, tcp_s
        Connecting to one address, and to all of them.
    tls_s
        The TLS handshake.
    open_s, close_s
        The websocket's opening and closing handshakes.
    acknowledge_s
        From a subscription to its answer.
    heartbeat_s
        Until the mark price, which comes every second.
    rest_s
        One request.
    database_s
        Everything about the database.
    """

    name_s: float = 5.0
    address_s: float = 4.0
    tcp_s: float = 10.0
    tls_s: float = 5.0
    open_s: float = 10.0
    close_s: float = 1.0
    acknowledge_s: float = 5.0
    heartbeat_s: float = 10.0
    rest_s: float = 15.0
    database_s: float = 15.0


@dataclass(frozen=True, slots=True)
class DoctorConfig:
    """What is looked at.

    Attributes
    ----------
    ws_url, rest_url
        The bases, as the recorder takes them.
    symbol
        Whose mark price and tick size are wanted, or ``ALL``.
    order_s
        How long after the handshake some symbol's force order is waited for, seconds.
    times
        The other limits.
    kind
        What is to be recorded into the database.

    Raises
    ------
    SettingsError
        An address is none.
    """

    ws_url: str
    rest_url: str
    symbol: str = HEARTBEAT_SYMBOL
    order_s: float = 20.0
    times: DoctorTimes = field(default_factory=DoctorTimes)
    kind: DataKind = DataKind.LIVE

    def __post_init__(self) -> None:
        read_endpoint(self.ws_url)
        require_address("--rest-url", self.rest_url, ("http", "https"))

    @property
    def heartbeat_symbol(self) -> str:
        """The symbol whose mark price is the heartbeat."""
        return HEARTBEAT_SYMBOL if self.symbol == ALL_SYMBOLS else self.symbol
