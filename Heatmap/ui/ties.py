"""What a widget has others tell it, for as long as it lives."""

from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakMethod, finalize

from PyQt6 import sip
from PyQt6.QtCore import QObject

from Heatmap.runtime.compat import override
from Heatmap.ui.farewell import Farewell


class Ties:
    """Ends what was begun for an object, at the latest when Qt tells that the object is gone.

    Give `Weakly` to those who tell it something: then Python can take the object when nobody else
    knows it, and that ends the ties too.

    Parameters
    ----------
    owner
        The object. A method of its own would not be called any more when it is gone.
    """

    def __init__(self, owner: QObject) -> None:
        # By name, what ends a tie: a method of somebody else, see `Farewell`.
        self._ends = dict[Hashable, Callable[[], object]]()
        owner.destroyed.connect(Farewell((_end_all, self._ends)))
        # Where Python takes the object, it may have taken what Qt was to call before.
        finalize(owner, _end_all, self._ends).atexit = False

    def tie(self, name: Hashable, end: Callable[[], object]) -> None:
        """Have `end` called when the tie of this name ends; the one before ends now."""
        self.cut(name)
        self._ends[name] = end

    def cut(self, name: Hashable) -> None:
        """End a tie; nothing happens where there is none."""
        end = self._ends.pop(name, None)
        if end is not None:
            end()

    def cut_all(self) -> None:
        """End all of them, the oldest first."""
        _end_all(self._ends)

    def names(self) -> list[Hashable]:
        """Return which there are."""
        return [*self._ends]


class Weakly:
    """Calls a method for as long as its object lives, and does not keep it alive.

    Two of the same method are equal, so that a listener can be taken away by another one.

    Parameters
    ----------
    method
        A method of an object of Python or Qt.
    """

    def __init__(self, method: Callable[..., object]) -> None:
        self._method: WeakMethod[Any] = WeakMethod(method)

    def __call__(self, *arguments: Any, **named: Any) -> None:
        """Call it, unless its object has gone."""
        method = self._method()
        if method is None:
            return
        owner = method.__self__
        if not (isinstance(owner, sip.simplewrapper) and sip.isdeleted(owner)):
            method(*arguments, **named)

    @override
    def __eq__(self, other: object) -> bool:
        """Whether it is the same method of the same object."""
        return isinstance(other, Weakly) and self._method == other._method

    @override
    def __hash__(self) -> int:
        """Return a hash that stays."""
        return hash(self._method)


def _end_all(ends: dict[Hashable, Callable[[], object]]) -> None:
    while ends:
        ends.pop(next(iter(ends)))()
