"""What is done when Qt tells that an object is gone."""

from collections.abc import Callable
from typing import Any

from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)


class Farewell:
    """Makes calls when Qt tells that an object is gone, whoever ended it; for ``destroyed``.

    A lambda or an inner function will not do. Where the garbage collector takes the object with all
    that it knows, it may clear the function before Qt calls it, and to call one that was cleared
    ends the process (CPython 3.11). An object of this class loses its attributes at worst.

    Parameters
    ----------
    calls
        What to call, each with its arguments: methods, or functions of a module. An argument that
        is the object itself is not touched by Qt any more; pass it on only to be forgotten.
    """

    def __init__(self, *calls: tuple[Callable[..., object], *tuple[Any, ...]]) -> None:
        self._calls = calls

    def __call__(self, *_gone: object) -> None:
        """Make the calls, one after the other; what went together with the object is passed by."""
        for function, *arguments in getattr(self, "_calls", ()):
            try:
                function(*arguments)
            except AttributeError:
                logger.debug("something went together with what knew it", exc_info=True)
