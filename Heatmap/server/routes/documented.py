"""What every route's documentation shares: the shape of its answer, and of its problems."""

from typing import Any

from pydantic import BaseModel

from Heatmap.server.problems import PROBLEM_TYPE
from Heatmap.server.shapes import Problem

_PROBLEM_CONTENT = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEM_WORDS = {
    400: "A parameter is not one of those that are allowed; the problem names them.",
    401: "Off this machine a token is asked for.",
    403: "A page of another origin asks.",
    421: "The request is addressed to another host.",
    503: "The database cannot be read, or there is no candle to measure from.",
}


def answers(shape: Any, *, words: str) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of a route's answers.

    Parameters
    ----------
    shape
        Of the answer.
    words
        What it is.
    """
    found: dict[int | str, dict[str, Any]] = {200: {"model": shape, "description": words}}
    for status, description in PROBLEM_WORDS.items():
        found[status] = {"description": description, "content": _PROBLEM_CONTENT}
    return found


PROBLEM_SHAPE: type[BaseModel] = Problem
