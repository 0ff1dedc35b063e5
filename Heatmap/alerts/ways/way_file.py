"""Ways in a file of their own, which only its owner may read: for programs without a window."""

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from Heatmap.alerts.ways.way_spec import WaySpec, require_own_names
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, SettingsError

MOST_BYTES = 1_000_000
"""A file that is larger is none of ways, and is not read."""
_KIND = "heatmap_ways"
_OWNER_ONLY = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_ways(path: Path | str, specs: Iterable[WaySpec]) -> None:
    """Write ways to a file, whole or not at all, that only its owner may read (mode 0600).

    Raises
    ------
    SettingsError
        Two have one name, or the file cannot be written; one that was there stays as it was.
    """
    text = ways_to_text(specs)
    target = Path(path)
    try:
        # 0600 from its first moment: that is how `mkstemp` makes it.
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name cannot be used"
        kind = FailureKind.WAYS_NOT_WRITTEN
        raise raised(SettingsError, kind, path=target, reason=reason) from None


def read_ways(path: Path | str) -> tuple[WaySpec, ...]:
    """Read what `write_ways` wrote, or a user by hand.

    A file that others may read is closed to them first, where that can be.

    Raises
    ------
    SettingsError
        The file cannot be read, or is none of ways. The message repeats nothing of it.
    """
    source = Path(path)
    try:
        with source.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                with contextlib.suppress(OSError):
                    os.chmod(file.fileno(), _OWNER_ONLY)  # noqa: PTH101 - the file that is read
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name cannot be used"
        kind = FailureKind.WAYS_NOT_READ
        raise raised(SettingsError, kind, path=source, reason=reason) from None
    return ways_from_text(data, source)


def ways_to_text(specs: Iterable[WaySpec]) -> str:
    """Return ways as JSON **with their secrets**: only for where secrets are stored.

    Raises
    ------
    SettingsError
        Two have one name.
    """
    specs = list(specs)
    require_own_names(spec.name for spec in specs)
    plain = {"kind": _KIND, "version": 1, "ways": [spec.to_stored() for spec in specs]}
    return json.dumps(plain, indent=2)


def ways_from_text(data: bytes, source: Path | str) -> tuple[WaySpec, ...]:
    """Return the ways of what `ways_to_text` gave.

    Parameters
    ----------
    data
        UTF-8.
    source
        Where it is from, for the message.

    Raises
    ------
    SettingsError
        It is no such text, or two have one name. The message repeats nothing of it.
    """
    try:
        specs = _parse(data)
    except (ValueError, RecursionError) as error:
        kind = FailureKind.WAYS_NOT_READ
        raise raised(SettingsError, kind, path=source, reason=_reason(error)) from None
    require_own_names(spec.name for spec in specs)
    return specs


def _parse(data: bytes) -> tuple[WaySpec, ...]:
    if len(data) > MOST_BYTES:
        raise ValueError("it is too large")
    plain = json.loads(data.decode("utf-8-sig"))
    if not isinstance(plain, dict) or plain.get("kind") != _KIND or plain.get("version") != 1:
        raise ValueError(f"expected kind {_KIND}, version 1")
    ways = plain.get("ways")
    if not isinstance(ways, list) or not all(isinstance(way, dict) for way in ways):
        raise ValueError("expected a list of ways")
    return tuple(WaySpec.from_stored(way) for way in ways)


def _reason(error: ValueError | RecursionError) -> str:
    # What these say quotes the file.
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON, line {error.lineno}, column {error.colno}"
    return "no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
