"""What Python 3.11 lacks of the newer versions."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override as override  # noqa: PLC0414 - re-exported
else:

    def override(method):
        """Mark a method that replaces one of a base class (`typing.override` from 3.12 on)."""
        return method
