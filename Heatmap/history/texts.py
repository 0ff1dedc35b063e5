"""What history says to a user, in words. Pure."""

from typing import Final

from Heatmap.history.faults import Fault, FaultKind
from Heatmap.runtime.outside_text import shown_text

_SHOWN_CHARS = 200

_FAULTS: Final = {
    FaultKind.NOT_READABLE: "it cannot be read ({reason}); change its permissions, or download "
    "it again",
    FaultKind.BROKEN: "it is damaged or cut off ({reason}); download it again",
    FaultKind.TOO_LARGE: "its {packed} unpack to {got}: too much for a file of the archive, "
    "or for the disk; download it again",
    FaultKind.WRONG_MEMBER: "expected one file {expected} in it, got {got}; download it again",
    FaultKind.WRONG_FOLDER: "it lies in the folder of {expected}, but its name says {got}; move it",
    FaultKind.CHECKSUM: "its checksum is {got}, published is {published}; download it again",
    FaultKind.CHECKSUM_FILE: "its .CHECKSUM says {got}, expected {expected}; download both again",
    FaultKind.EMPTY: "it has no rows; download it again",
    FaultKind.FIRST_BYTE: "expected a digit or a letter as its first character, got {got}",
    FaultKind.COLUMNS: "expected the columns {expected}, got {got}",
    FaultKind.UNIT: "its times are in {got}, which files of the market {market} are not; "
    "choose the right --market",
    FaultKind.MARKET: "it is of another market than {market}: {got}; choose the right --market",
    FaultKind.CUT_OFF: "its last line has no end, as if it were cut off; download it again",
    FaultKind.REJECTED: "{lines} cannot be read, the first: {reason}",
    FaultKind.NOT_PLAIN: "expected {expected} as {column}, got {got}, in {lines}",
    FaultKind.LINES: "of {expected} lines {got} are rows, as if some were blank; download it again",
    FaultKind.OUTSIDE: "{rows} outside its own time, the first: {got}",
    FaultKind.INVALID: "{rows} with a bad {column}, the first: {got}",
    FaultKind.SYMBOL: "{rows} of another symbol: expected {expected}, got {got}",
    FaultKind.KEY_CONFLICT: "{count} ids or times have different rows, the first: {got}",
    FaultKind.NOT_DOUBLED: "{count} of its rows are there only once, but files of this kind have "
    "each row twice; download it again",
    FaultKind.OVERLAP: "its ids overlap with those of {day}: {got}; download both days again",
    FaultKind.REPLACED: "{name} was imported with the checksum {had}, and this one has {got}: it "
    "was published again; --replace takes it",
    FaultKind.OTHER_MARKET: "the store has this symbol of the market {expected}, and this is "
    "{got}; choose another --store",
    FaultKind.NEWER_IMPORTER: "a newer version of this program has imported it (version {got}, "
    "this is {expected}); update this program",
    FaultKind.HELD: "the imported day cannot be replaced ({reason}); close the program that "
    "reads it and import again",
    FaultKind.HOLE_BEFORE: "{count} ids are missing between {day} and this day",
}


def fault_text(fault: Fault) -> str:
    """Say what is wrong with a file: one line."""
    values = {
        name: shown_text(value, _SHOWN_CHARS) if isinstance(value, str) else value
        for name, value in fault.values.items()
    }
    if isinstance(count := values.get("count"), int):
        values |= {"rows": count_text(count, "row"), "lines": count_text(count, "line")}
    text = _FAULTS[fault.kind].format(**values)
    return text if fault.line is None else f"line {fault.line}: {text}"


def size_text(size_bytes: float) -> str:
    """Say a number of bytes: ``17 MB``, as drives count them."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= step:
            amount = size_bytes / step
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"  # noqa: PLR2004
    return f"{size_bytes:.0f} bytes"


def duration_text(seconds: float) -> str:
    """Say how long something takes: ``0:09``, ``12:34``, ``1:02:03``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count_text(count: int, one: str, several: str | None = None) -> str:
    """Say a number of things: ``1 file``, ``2 files``."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
