"""Make ``.venv`` hold the packages of requirements.txt, once; started by setup.sh.

``.venv/.complete`` is written last and names what was installed, with which interpreter. Whatever
interrupts an installation leaves no such file, and the next run begins again from nothing.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import programs_for_tests
import system_libraries

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".complete"
LOCK = VENV / ".lock"
LOG = VENV / "install.log"
REQUIREMENTS = ROOT / "requirements.txt"

_IDENTITY = "import os, sys; print(sys.implementation.cache_tag, os.path.realpath(sys.base_prefix))"


def _say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def _own_identity() -> str:
    return f"{sys.implementation.cache_tag} {os.path.realpath(sys.base_prefix)}"


def _wanted(identity: str) -> str:
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    return f"{digest}\n{identity}\n"


def _stamp() -> str:
    try:
        return STAMP.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def _locked() -> Iterator[int]:
    """Hold the lock of the set-up, for ``make -j2 test check`` and for two terminals."""
    VENV.mkdir(exist_ok=True)
    with LOCK.open("a", encoding="utf-8") as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say("another set-up is at work in .venv; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _clear() -> None:
    # Everything but the lock: a new lock file would let a third process in.
    for path in VENV.iterdir():
        if path == LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def pip_environment() -> dict[str, str]:
    """Return this process's environment with the user's index, but with none of their folders."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    # A user's habits for other projects would put the packages elsewhere.
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH"):
        environment.pop(name, None)
    environment["PIP_USER"] = "0"
    home = environment.get("HOME", "")
    if not (home and os.access(home, os.W_OK)):
        environment["PIP_NO_CACHE_DIR"] = "1"
    return environment


def _run_logged(command: list[str], lock: int) -> bool:
    """Run a command with its output in the log; show all of it where the command fails."""
    assert sys.platform != "win32"  # noqa: S101 - refused by main
    with LOG.open("w+", encoding="utf-8", errors="replace") as log:
        # The child holds the lock too: should this process be killed, the next set-up still waits
        # until pip has let go of the folder.
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=pip_environment(),
            cwd=ROOT,
            pass_fds=(lock,),
            check=False,
        )
        if result.returncode == 0:
            return True
        log.seek(0)
        sys.stderr.write(log.read())
    _say(f"failed (exit status {result.returncode}); the output is above and in {LOG}")
    return False


def _install(lock: int) -> int:
    started = time.monotonic()
    keep = bool(_stamp())
    STAMP.unlink(missing_ok=True)
    if keep:
        _say("requirements.txt has changed; bringing .venv up to date")
    else:
        version = ".".join(map(str, sys.version_info[:3]))
        _say(f"installing requirements.txt into .venv (Python {version}); once, some minutes")
        _clear()
        if not _run_logged([sys.executable, "-m", "venv", str(VENV)], lock):
            return 2
    pip = [str(VENV_PYTHON), "-m", "pip", "install"]
    # Wheels only: building Qt from source, for want of a wheel, would fail after an hour.
    if not _run_logged([*pip, "--only-binary=:all:", "-r", str(REQUIREMENTS)], lock):
        return 2
    identity = subprocess.run(
        [str(VENV_PYTHON), "-c", _IDENTITY], capture_output=True, text=True, check=True
    ).stdout.strip()
    draft = STAMP.with_name(".complete.new")
    draft.write_text(_wanted(identity), encoding="utf-8")
    draft.replace(STAMP)
    _say(f"packages installed in {time.monotonic() - started:.0f} s")
    return 0


def _prepare_packages() -> int:
    wanted = _wanted(_own_identity())
    if _stamp() == wanted:
        return 0
    with _locked() as lock:
        stamp = _stamp()
        if stamp == wanted:
            return 0
        if stamp and stamp.partition("\n")[2] != wanted.partition("\n")[2]:
            # Another interpreter: what lies in .venv was built for the old one.
            STAMP.unlink()
            if Path(sys.prefix).resolve() == VENV.resolve():
                # The interpreter under .venv was exchanged; setup.sh looks for a whole one.
                script = ROOT / "tools" / "setup.sh"
                os.execvp("bash", ["bash", str(script), *sys.argv[1:]])  # noqa: S606 no shell text
        return _install(lock)


def _prepare_qt() -> int:
    site_packages = next(VENV.glob("lib/python3*/site-packages"))
    return system_libraries.ensure(site_packages, VENV / ".refused-packages")


def _prepare(arguments: list[str]) -> int:
    status = _prepare_packages() or (_prepare_qt() if arguments else 0)
    if not status and arguments == ["--tests"]:
        programs_for_tests.ensure(VENV / ".refused-programs")
    return status


def main(arguments: list[str]) -> int:
    """Run the set-up; ``--qt`` adds the system's shared libraries, ``--tests`` programs too."""
    if arguments not in ([], ["--qt"], ["--tests"]):
        _say("usage: tools/setup.sh [--qt | --tests]")
        return 2
    if os.name == "nt":
        _say("this is for make on Linux; docs/install.md has the three lines for Windows")
        return 2
    try:
        return _prepare(arguments)
    except KeyboardInterrupt:
        _say("interrupted; the next run begins the installation again")
        return 130
    except OSError as error:
        _say(f"cannot set up .venv: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
