"""How far an import, a download or a validation has come: counted here, drawn by `ProgressBar`."""

import threading
import time
from dataclasses import dataclass
from typing import TextIO

from Heatmap.history.texts import duration_text, size_text

_WIDTH = 24
_SPACING_S = 0.1


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it has come.

    Attributes
    ----------
    files, all_files
        Done, and in all.
    done_bytes, all_bytes
        The same in bytes.
    elapsed_s
        Since it began.
    is_by_files
        Whether files are counted, because nobody knows the bytes of all.
    """

    files: int
    all_files: int
    done_bytes: float
    all_bytes: float
    elapsed_s: float
    is_by_files: bool = False

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        done, whole = (
            (self.files, self.all_files) if self.is_by_files else (self.done_bytes, self.all_bytes)
        )
        return min(1.0, done / whole) if whole > 0 else 1.0

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.done_bytes / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """How long it still takes at this rate, seconds; ``None``: that is not known yet."""
        share = self.share
        return self.elapsed_s / share * (1 - share) if share > 0 else None


def bar_text(standing: Standing) -> str:
    """Return the line: ``[######------] 12/31 files, 120 MB/s, 0:14 left``."""
    full = int(standing.share * _WIDTH)
    left = "" if standing.left_s is None else f", {duration_text(standing.left_s)} left"
    return (
        f"[{'#' * full}{'-' * (_WIDTH - full)}] {standing.files}/{standing.all_files} files, "
        f"{size_text(standing.rate)}/s{left}"
    )


class Progress:
    """Counts; safe to use from any thread.

    Parameters
    ----------
    all_files, all_bytes
        What is to be done; of bytes ``None``: nobody knows.
    """

    def __init__(self, all_files: int, all_bytes: float | None) -> None:
        self._guard = threading.Lock()
        self._all_files, self._all_bytes = all_files, all_bytes or 0.0
        self._is_by_files = all_bytes is None
        self._files, self._done_bytes = 0, 0.0
        self._begun_s = time.monotonic()

    def expect(self, files: int) -> None:
        """Count so many files more that are to be done."""
        with self._guard:
            self._all_files += files

    def advance(self, size_bytes: float) -> None:
        """Count bytes that are done."""
        with self._guard:
            self._done_bytes += size_bytes

    def end_file(self, size_bytes: float = 0.0, *, left_out_bytes: float = 0.0) -> None:
        """Count a file that is done, with the rest of its bytes, or those that nobody needs."""
        with self._guard:
            self._files += 1
            self._done_bytes += size_bytes
            self._all_bytes -= left_out_bytes

    def standing(self) -> Standing:
        """Return how far it has come."""
        with self._guard:
            elapsed_s = time.monotonic() - self._begun_s
            return Standing(
                self._files,
                self._all_files,
                self._done_bytes,
                self._all_bytes,
                elapsed_s,
                self._is_by_files,
            )


class ProgressBar:
    """Draws progress on a terminal, in a thread of its own; on anything else it draws nothing.

    Use it in ``with``; at the end its line is gone.
    """

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self._progress = progress
        self._stream = stream
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        if self._stream.isatty():
            self._thread = threading.Thread(target=self._draw, name="progress", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _draw(self) -> None:
        width = 0
        try:
            is_over = False
            while not is_over:
                is_over = self._end.is_set()
                line = bar_text(self._progress.standing())
                self._stream.write("\r" + line.ljust(width))
                self._stream.flush()
                width = len(line)
                self._end.wait(0.0 if is_over else _SPACING_S)
            self._stream.write("\r" + " " * width + "\r")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody looks any more
