"""Get the programs that some tests start, on Debian and Ubuntu as root; else say what is skipped.

A test whose program is missing skips itself with its reason, so nothing here stops a set-up. No
package is taken that starts a service of the machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Program:
    """What some tests start.

    Attributes
    ----------
    what
        In words.
    names
        Each of these is it.
    packages
        Debian's, alternatives of one package split by ``|``.
    """

    what: str
    names: tuple[str, ...]
    packages: tuple[str, ...]


#: A program that tests start is a row here.
PROGRAMS = (
    # The server is in the package of its tools, under another name; redis-server adds the service.
    Program("Redis", ("redis-server", "redis-check-rdb"), ("redis-tools",)),
    # The driver's package brings the browser in the version that it drives.
    Program("pages in a browser", ("chromedriver",), ("chromium", "chromium-driver")),
    # A screen that nobody sees, and hands for the keyboard and mouse of it.
    Program("a window on a screen", ("Xvfb",), ("xvfb",)),
    Program("keys and clicks", ("xdotool",), ("xdotool",)),
)


def missing(find: Callable[[str], str | None] = shutil.which) -> list[Program]:
    """Return what this machine lacks."""
    return [one for one in PROGRAMS if not any(map(find, one.names))]


def ensure(refused: Path) -> None:
    """Get what is missing, as far as this user may.

    Parameters
    ----------
    refused
        A file that keeps, for root, the packages that could not be installed: without a network
        the attempt takes long, and fails every time.
    """
    lacking = missing()
    if not lacking or shutil.which("apt-get") is None:
        return
    packages = [name for one in lacking for name in one.packages]
    names = ", ".join(one.what for one in lacking)
    if not _is_root():
        shown = " ".join(one.partition("|")[0] for one in packages)
        _say(f"tests of {names} skip themselves; for them: sudo apt-get install -y {shown}")
        return
    wanted = "\n".join(packages)
    if refused.is_file() and refused.read_text(encoding="utf-8") == wanted:
        return
    command = ["bash", str(TOOLS / "apt_install.sh"), f"what tests of {names} start", *packages]
    if subprocess.run(command, check=False).returncode:
        refused.write_text(wanted, encoding="utf-8")
        _say(f"going on: tests of {names} skip themselves")


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)
