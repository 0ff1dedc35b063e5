"""Errors as ``application/problem+json`` (RFC 9457)."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from Heatmap.errors import StorageError
from Heatmap.runtime.outside_text import LONGEST_MESSAGE_CHARS, shown_text
from Heatmap.runtime.safe_log import get_logger
from Heatmap.server import texts

logger = get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request that cannot be answered as it was asked.

    Parameters
    ----------
    status
        Of the answer.
    detail
        What is wrong and what to do, for who asked.
    parameter
        Which parameter it is about; ``None``: none.
    allowed
        The values that it may have; ``None``: they are not a list.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        parameter: str | None = None,
        allowed: Iterable[object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.allowed = None if allowed is None else [str(one) for one in allowed]


def bad_request(
    parameter: str, detail: str, allowed: Iterable[object] | None = None
) -> ProblemError:
    """Return the error of a parameter whose value is none."""
    return ProblemError(HTTPStatus.BAD_REQUEST, detail, parameter=parameter, allowed=allowed)


def problem_body(
    status: int,
    detail: str,
    parameter: str | None = None,
    allowed: list[str] | None = None,
) -> bytes:
    """Return a problem as JSON."""
    plain: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": shown_text(detail, LONGEST_MESSAGE_CHARS),
    }
    if parameter is not None:
        plain["parameter"] = parameter
    if allowed is not None:
        plain["allowed"] = allowed
    return json.dumps(plain).encode()


def problem(error: ProblemError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that tells a problem."""
    body = problem_body(error.status, error.detail, error.parameter, error.allowed)
    return Response(body, error.status, dict(headers or {}), PROBLEM_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Have every error of an application told as a problem."""
    app.add_exception_handler(ProblemError, _tell_problem)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(StorageError, _tell_storage)
    app.add_exception_handler(Exception, _tell_bug)


async def _tell_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - as it is registered
    return problem(error)


async def _tell_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as it is registered
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return problem(bad_request(name, f"{name}: {first['msg']}", _allowed(first)))


def _allowed(found: Mapping[str, Any]) -> list[str] | None:
    """Return the values that pydantic says are allowed: ``'a', 'b' or 'c'``."""
    expected = found.get("ctx", {}).get("expected")
    if found.get("type") not in ("enum", "literal_error") or not isinstance(expected, str):
        return None
    return [one.strip().strip("'") for one in expected.replace(" or ", ", ").split(",")]


async def _tell_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as it is registered
    is_nowhere = error.status_code == HTTPStatus.NOT_FOUND
    detail = texts.NOT_FOUND if is_nowhere else str(error.detail)
    headers = dict(error.headers or {})
    allowed = None
    if "Allow" in headers:
        # The guard answers HEAD by what GET gives.
        allowed = ["GET", "HEAD"]
        detail = texts.not_allowed("the method", allowed, request.method)
        headers["Allow"] = ", ".join(allowed)
    return problem(ProblemError(error.status_code, detail, allowed=allowed), headers)


async def _tell_storage(_request: Request, error: Exception) -> Response:
    return problem(ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)))


async def _tell_bug(request: Request, _error: Exception) -> Response:
    # Starlette raises it again, and the server logs it with its traceback.
    detail = f"{request.url.path} failed; the server's log says why"
    return problem(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, detail))
