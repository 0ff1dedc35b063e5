"""What a user enters for a way, and the way that is made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from Heatmap.alerts.ways.apprise_way import AppriseWay
from Heatmap.alerts.ways.secret import Secret
from Heatmap.alerts.ways.way import Way
from Heatmap.alerts.ways.webhook import Webhook
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, SettingsError

LONGEST_NAME_CHARS = 40


class WayKind(StrEnum):
    """By what a way tells."""

    WEBHOOK = "webhook"
    APPRISE = "apprise"


@dataclass(frozen=True, slots=True)
class WaySpec:
    """A way as it is entered and stored.

    Attributes
    ----------
    name
        What the user calls it; it is shown, so it is no place for a token.
    kind
        See `WayKind`.
    address
        Where to send.
    signing_key
        For a webhook: what its messages are signed with; ``None``: they are not.
    """

    name: str
    kind: WayKind
    address: Secret
    signing_key: Secret | None = None

    def to_stored(self) -> dict[str, str]:
        """Return it as plain texts, **with its secrets**: only for where secrets are stored."""
        stored = {"name": self.name, "kind": self.kind.value, "address": self.address.reveal()}
        if self.signing_key is not None:
            stored["signing_key"] = self.signing_key.reveal()
        return stored

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "WaySpec":
        """Return what `to_stored` made plain.

        Raises
        ------
        ValueError
            It is no such data. The message repeats nothing of it.
        """
        texts = {name: stored.get(name, "") for name in ("name", "kind", "address", "signing_key")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("expected texts")
        if texts["kind"] not in {kind.value for kind in WayKind}:
            raise ValueError("expected webhook or apprise as kind")
        key = texts["signing_key"]
        return cls(
            texts["name"],
            WayKind(texts["kind"]),
            Secret(texts["address"]),
            Secret(key) if key else None,
        )


def make_way(spec: WaySpec) -> Way:
    """Return the way that sends.

    Raises
    ------
    SettingsError
        Name, address or key cannot be used, or a package is missing; one line without secrets.
    """
    if not 0 < len(spec.name) <= LONGEST_NAME_CHARS or not spec.name.isprintable():
        raise raised(SettingsError, FailureKind.WAY_NAME_WRONG, limit=LONGEST_NAME_CHARS)
    if spec.kind is WayKind.WEBHOOK:
        return Webhook(spec.name, spec.address, spec.signing_key)
    return AppriseWay(spec.name, spec.address)


def require_own_names(names: Iterable[str]) -> None:
    """Accept names that are each given once.

    Raises
    ------
    SettingsError
        One is given twice.
    """
    names = list(names)
    if len(set(names)) != len(names):
        raise raised(SettingsError, FailureKind.WAY_NAME_WRONG, limit=LONGEST_NAME_CHARS)
