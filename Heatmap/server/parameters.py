"""The parameters that routes share: instruments, times, models. Bad ones become problems."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query, Request

from Heatmap.domain.instruments import parse_instrument
from Heatmap.levels.models import LevelModel
from Heatmap.levels.shipped import shipped_brackets
from Heatmap.server import texts
from Heatmap.server.problems import ProblemError, bad_request

LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""
DAY_MS = 86_400_000
HIGHEST_LEVERAGE = shipped_brackets().highest_leverage
"""Of any table that `/brackets` has; what a size may have at a time can be less."""
# Python reads more than is a time, such as one with a NUL at its end.
_TIME = re.compile(r"[0-9T:.,Z +-]+")

_TIME_EXAMPLE = "2026-11-05T01:00:00Z"
_TIME_WORDS = f"UTC milliseconds since 1970, or a time such as {_TIME_EXAMPLE} (UTC unless it says)"


def parse_moment(name: str, text: str) -> int:
    """Read a time, UTC milliseconds.

    Raises
    ------
    ProblemError
        It is none.
    """
    try:
        if text.isascii() and text.isdigit():
            found = int(text)  # of very many digits a ValueError too
        elif not _TIME.fullmatch(text):
            found = -1
        else:
            # A plus sign that was not escaped arrives as a blank.
            moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            found = round(moment.timestamp() * 1_000)
    except (ValueError, OverflowError):
        found = -1
    if 0 <= found <= LAST_MS:
        return found
    raise bad_request(name, f"{name} must be {_TIME_WORDS}; got {text[:80]!r}")


def _instrument(
    symbol: Annotated[
        str, Query(description="Such as BTCUSDT or BTC/USDT; bybit:BTCUSDT is another venue's.")
    ] = "BTCUSDT",
) -> str:
    try:
        return str(parse_instrument(symbol))
    except ValueError as error:
        raise bad_request("symbol", str(error)) from None


def _at(
    at: Annotated[
        str | None, Query(description=f"As of when; nothing later is looked at. {_TIME_WORDS}.")
    ] = None,
) -> int | None:
    return None if at is None else parse_moment("at", at)


def _start(
    start: Annotated[
        str | None, Query(description=f"Where the time begins. {_TIME_WORDS}.")
    ] = None,
) -> int | None:
    return None if start is None else parse_moment("start", start)


def _end(
    end: Annotated[
        str | None, Query(description=f"Where it ends, itself not included. {_TIME_WORDS}.")
    ] = None,
) -> int | None:
    return None if end is None else parse_moment("end", end)


SymbolParameter = Annotated[str, Depends(_instrument)]
AtParameter = Annotated[int | None, Depends(_at)]
StartParameter = Annotated[int | None, Depends(_start)]
EndParameter = Annotated[int | None, Depends(_end)]
ModelParameter = Annotated[
    LevelModel, Query(description="Which model says where liquidations are expected.")
]


def time_between(
    start_ms: int | None, end_ms: int | None, now_ms: int, usual_ms: int
) -> tuple[int, int]:
    """Return a time that is not empty; by default the latest `usual_ms` up to now.

    Raises
    ------
    ProblemError
        It ends before it begins.
    """
    end = now_ms if end_ms is None else end_ms
    start = max(end - usual_ms, 0) if start_ms is None else start_ms
    if start >= end:
        raise bad_request("start", texts.empty_time(start, end))
    return start, end


def refuse_unknown(request: Request) -> None:
    """Refuse parameters that a route does not have: mostly one that is written wrong.

    Raises
    ------
    ProblemError
        There is one.
    """
    # As the document has them, which is made once.
    operations = request.app.openapi()["paths"].get(request.url.path, {})
    parameters = operations.get("get", {}).get("parameters", ())
    known = sorted(one["name"] for one in parameters if one["in"] == "query")
    require_known(request.query_params, known)


def require_known(names: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names of parameters that are none.

    Raises
    ------
    ProblemError
        There is one.
    """
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ProblemError(
            400, texts.unknown_parameters(unknown), parameter=unknown[0], allowed=known
        )
