"""What things are called in Redis. Pure.

Data of another kind than live have the kind in their names, so that nobody takes them for live.
"""

import re
from dataclasses import dataclass

from Heatmap.domain.events import DataKind
from Heatmap.errors import SettingsError

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one publisher.

    Attributes
    ----------
    kind
        What the data are.
    prefix
        What all of them begin with.

    Raises
    ------
    SettingsError
        The prefix has other characters, or too many.
    """

    kind: DataKind = DataKind.LIVE
    prefix: str = "heatmap"

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise SettingsError(
                "names in Redis begin with up to 40 letters, digits, dots, dashes or underscores, "
                f"got {self.prefix[:60]!r}"
            )

    @property
    def root(self) -> str:
        """What all names begin with: ``heatmap``, ``heatmap:simulated``."""
        return self.prefix if self.kind is DataKind.LIVE else f"{self.prefix}:{self.kind.value}"

    @property
    def cursor(self) -> str:
        """The key that says what was published last."""
        return f"{self.root}:published"

    def liquidations(self, instrument: str) -> str:
        """Name an instrument's channel of liquidations, and the stream beside it."""
        return f"{self.root}:liquidations:{instrument}"

    def newest(self, instrument: str) -> str:
        """Name the key of an instrument's newest liquidation."""
        return f"{self.root}:newest:{instrument}"

    def state(self, what: str, instrument: str) -> str:
        """Name the channel of an instrument's clusters or levels, and the key of the newest."""
        return f"{self.root}:{what}:{instrument}"
