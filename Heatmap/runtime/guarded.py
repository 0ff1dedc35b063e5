"""Keeps the plugin's own errors from whoever calls it: the host's loop, Qt, or the host itself."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class NotesErrors(Protocol):
    """Has a place for an error of its own methods."""

    def note_error(self, error: Exception) -> None:
        """Log an error, and keep it for the status; must not raise."""


Owner = TypeVar("Owner", bound=NotesErrors)
Parameters = ParamSpec("Parameters")


def guarded(
    method: Callable[Concatenate[Owner, Parameters], None],
) -> Callable[Concatenate[Owner, Parameters], None]:
    """Have the owner's `note_error` take what a method raises, in place of its caller.

    For methods without a result that the host calls, or that are called back from its loop or from
    Qt: there an exception ends the process (PyQt), or lands in the host's log (asyncio).
    """

    @wraps(method)
    def call(self: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - told there
            self.note_error(error)

    return call
