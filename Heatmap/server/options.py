"""What may be chosen of a server."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Who may ask a server, and from where.

    Attributes
    ----------
    token_file
        Where the token is kept that is asked for off loopback; it is made at the first start.
        ``None``: ``heatmap-token`` beside the database.
    hosts
        Further names by which the server may be addressed, such as ``charts.example.net``.
    origins
        Pages of these origins may ask too, such as ``https://charts.example.net``.
    """

    token_file: Path | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
