"""Files of the archive, unpacked and counted: zip, gzip and plain CSV. Reads them, changes none."""

import errno
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.history.file_names import CHECKSUM_ENDING, parse_checksum
from Heatmap.history.texts import size_text

_CHUNK_BYTES = 2**20
# Two lines of any dataset are far shorter.
_HEAD_BYTES = 2**16
_MOST_CHECKSUM_BYTES = 2**12
# The archive's files are packed to a tenth; what is smaller than this does no harm however packed.
_ANY_BYTES, _MOST_TIMES = 64_000_000, 100


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A CSV that can be read.

    Attributes
    ----------
    path
        Where it is: the file itself where it was not packed.
    size_bytes
        Its size.
    lines
        How many lines it has; a last one without an end counts too.
    first, second
        Its first two lines.
    """

    path: Path
    size_bytes: int
    lines: int
    first: bytes
    second: bytes


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Raises
    ------
    FileFaultError
        It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(error) from error


def published_sha256(path: Path) -> str | None:
    """Return the checksum that was published with a file; ``None``: none lies beside it.

    Raises
    ------
    FileFaultError
        What lies beside it is no checksum of this file.
    """
    beside = path.with_name(path.name + CHECKSUM_ENDING)
    try:
        with beside.open("rb") as file:
            text = file.read(_MOST_CHECKSUM_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(error) from error
    found = parse_checksum(text)
    if found is None or found[1] != path.name:
        raise FileFaultError(
            FaultKind.CHECKSUM_FILE,
            expected=f"a SHA-256 and the name {path.name}",
            got=repr(text.strip()[:120]),
        )
    return found[0]


def checked_sha256(path: Path) -> tuple[str, str | None]:
    """Return a file's SHA-256 and the published one, which agree.

    Raises
    ------
    FileFaultError
        They do not, or cannot be read.
    """
    published = published_sha256(path)
    got = sha256_of(path)
    if published is not None and published != got:
        raise FileFaultError(FaultKind.CHECKSUM, published=published, got=got)
    return got, published


def unpacked_size(path: Path, stem: str) -> int:
    """Return how large the CSV of a file is, bytes; of gzip an estimate.

    Raises
    ------
    FileFaultError
        It cannot be read, or is no zip with the one file in it.
    """
    with _faults():
        size = path.stat().st_size
        if path.name.endswith(".zip"):
            with zipfile.ZipFile(path) as packed:
                unpacked = _member(packed, stem).file_size
            _require_plausible(size, unpacked)
            return unpacked
        if not path.name.endswith(".gz"):
            return size
        return _gzip_size(path, size)


def first_lines(path: Path, stem: str) -> tuple[bytes, bytes]:
    """Return the first two lines of a file, unpacking no more than that.

    Raises
    ------
    FileFaultError
        It cannot be read.
    """
    with _faults(), _opened(path, stem) as file:
        return _two_lines(file.read(_HEAD_BYTES))


def unpack(
    path: Path,
    stem: str,
    target: Path,
    *,
    advance: Callable[[int], object] = lambda _: None,
    watch: Callable[[bytes], object] = lambda _: None,
) -> Unpacked:
    """Unpack a file, and count its lines.

    Parameters
    ----------
    path
        The file; plain CSV is read where it is.
    stem
        Its name without the ending: a zip has one file of that name, and ``.csv``.
    target
        Where to write to, unless it is plain.
    advance
        Told of each piece how many bytes it had.
    watch
        Given each piece in its order, by another thread, while the next one is unpacked. When this
        returns it was given all.

    Raises
    ------
    FileFaultError
        It cannot be read, or is damaged.
    OSError
        `target` cannot be written; it is then left as it is.
    """
    is_plain = path.name.endswith(".csv")
    expected = unpacked_size(path, stem)
    packed = path.stat().st_size
    lines = size = 0
    head, last = b"", b""
    with ExitStack() as stack:
        watcher = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="unpack"))
        watched: Future[object] | None = None
        written = None if is_plain else stack.enter_context(target.open("wb"))
        for chunk in _chunks(path, stem):
            # One piece waits at most.
            if watched is not None:
                watched.result()
            watched = watcher.submit(watch, chunk)
            if written is not None:
                _require_plausible(packed, size + len(chunk))
                try:
                    written.write(chunk)
                except OSError as error:
                    # More than was counted with: that is the file's fault, and not the disk's.
                    if error.errno == errno.ENOSPC and size > expected:
                        raise _too_large(packed, size) from error
                    raise
            lines += chunk.count(b"\n")
            size += len(chunk)
            if len(head) < _HEAD_BYTES:
                head += chunk[: _HEAD_BYTES - len(head)]
            last = chunk[-1:]
            advance(len(chunk))
        if watched is not None:
            watched.result()
    has_end = last in (b"", b"\n")
    if is_plain and not has_end:
        # What is packed has a checksum of its own, and is whole.
        raise FileFaultError(FaultKind.CUT_OFF, lines + 1)
    return Unpacked(path if is_plain else target, size, lines + (not has_end), *_two_lines(head))


def _gzip_size(path: Path, size: int) -> int:
    """Return what the end of a gzip file says of its size; where that cannot be, a guess."""
    with path.open("rb") as file:
        file.seek(max(0, size - 4))
        said = int.from_bytes(file.read(4), "little")
    # It has 32 bits, and is of the last part only where there are several.
    return said if size * 2 <= said <= size * 20 else size * 6


def _require_plausible(packed: int, unpacked: int) -> None:
    """Refuse what no rows of trades or candles are packed as: it would fill the disk."""
    if unpacked > max(_ANY_BYTES, packed * _MOST_TIMES):
        raise _too_large(packed, unpacked)


def _too_large(packed: int, unpacked: int) -> FileFaultError:
    got = f"more than {size_text(unpacked)}"
    return FileFaultError(FaultKind.TOO_LARGE, packed=size_text(packed), got=got)


def _chunks(path: Path, stem: str) -> Iterator[bytes]:
    """Yield a file's content; only reading it is guarded, and not what is done with it."""
    with _opened_guarded(path, stem) as file:
        while True:
            with _faults():
                chunk = file.read(_CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


@contextmanager
def _opened_guarded(path: Path, stem: str) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        with _faults():
            file = stack.enter_context(_opened(path, stem))
        yield file


@contextmanager
def _opened(path: Path, stem: str) -> Iterator[Any]:
    with ExitStack() as stack:
        if path.name.endswith(".zip"):
            packed = stack.enter_context(zipfile.ZipFile(path))
            yield stack.enter_context(packed.open(_member(packed, stem)))
        elif path.name.endswith(".gz"):
            yield stack.enter_context(gzip.open(path, "rb"))
        else:
            yield stack.enter_context(path.open("rb"))


def _member(packed: zipfile.ZipFile, stem: str) -> zipfile.ZipInfo:
    expected = f"{stem}.csv"
    found = packed.infolist()
    if len(found) != 1 or found[0].filename != expected:
        got = ", ".join(one.filename for one in found[:3]) or "nothing"
        raise FileFaultError(FaultKind.WRONG_MEMBER, expected=expected, got=got)
    return found[0]


@contextmanager
def _faults() -> Iterator[None]:
    """Say of what goes wrong with reading that it does with the file."""
    try:
        yield
    except (zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFaultError(FaultKind.BROKEN, reason=str(error) or type(error).__name__) from error
    except (NotImplementedError, RuntimeError) as error:  # packed or encrypted in another way
        raise FileFaultError(FaultKind.BROKEN, reason=str(error)) from error
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> FileFaultError:
    return FileFaultError(FaultKind.NOT_READABLE, reason=error.strerror or str(error))


def _two_lines(head: bytes) -> tuple[bytes, bytes]:
    lines = [*head.split(b"\n", 2), b"", b""]
    return lines[0], lines[1]
