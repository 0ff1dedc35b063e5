"""Standard output as it is found: any encoding, nobody who reads, or none at all."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path


def prepare_output() -> None:
    r"""Let no character end the program because the console does not have it.

    A pipe or a file on Windows has the encoding of its language, such as cp1252, which knows
    neither Chinese contract names nor ``≥``; a file name on POSIX need not be text. Such
    characters are written as ``\\u5e01``. Without a console (`pythonw`) there is no output.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Stays open as long as the program runs.
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Let what is printed from now on go nowhere, as nobody reads it."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
