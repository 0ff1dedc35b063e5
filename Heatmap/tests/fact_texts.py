"""Facts in words, for tests that look at what a user reads of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure


def notices_text(notices: Iterable[Failure]) -> str:
    """Join what a user should know about a database, as the terminal would have it."""
    return "; ".join(map(failure_text, notices))


def told_text(told: Mapping[str, Any]) -> str:
    """Say what a status, or what it says of a layer, tells as its failure; empty for none."""
    plain = told["failure"]
    return "" if plain is None else failure_text(Failure.from_plain(plain))
