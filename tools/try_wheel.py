"""Build the wheel and try it where nothing else is: empty environments, another folder.

`python -m build` makes it from a copy of what the repository ships, pip installs it with the
packages that it declares and no others, and it runs without the repository on its path. What has
passed is in ``dist``. pip's usual variables (``PIP_INDEX_URL``, ``PIP_CERT``, ``HTTPS_PROXY``) are
respected.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from environment import pip_environment

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
_PLUGIN = "Heatmap"
_EXTRA = "standalone"
_SERVING = "history,web,redis"
#: What the extras bring, by the names that are imported.
EXTRA_PACKAGES = ("duckdb", "fastapi", "litecharts", "plotly", "pydantic", "redis", "uvicorn")
_NOTIFYING, _NOTIFY_PACKAGE = "notify", "apprise"
# Of this machine, what a program may need to run at all; nothing that tells where modules are.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
_INSTALL_LIMIT_S, _RUN_LIMIT_S = 1800.0, 120.0
# The chart without its heatmap has about 900 colours, with it about 2,800.
_FEWEST_COLOURS = 1500

_CHECK_NAMES = """
import sys
from importlib import import_module, metadata
for name in ("Heatmap", "Heatmap.ui"):
    module = import_module(name)
    assert module.__file__.startswith(sys.prefix), f"{name} came from {module.__file__}"
    for public in module.__all__:
        getattr(module, public)
installed = {found.name.lower() for found in metadata.distributions()}
extra = sorted(installed & set(sys.argv[1:]))
assert not extra, f"installed without an extra: {', '.join(extra)}"
"""
_CHECK_COMMANDS = """
import contextlib, io
from Heatmap.__main__ import main
for words in (
    "", "record", "status", "clusters", "levels", "history", "serve", "alerts list", "doctor",
):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        raise AssertionError(f"{words} --help ended with {main([*words.split(), '--help'])}")
with open("ways.json", "w") as file:
    file.write('{"kind": "heatmap_ways", "version": 1, "ways": ')
    file.write('[{"name": "phone", "kind": "apprise", "address": "json://127.0.0.1:9"}]}')
days = "--data-dir . --start-date 2025-01-01 --end-date 2025-01-31"
for words, lacks in (
    (f"history import {days}", "duckdb"),
    ("serve", "uvicorn"),
    ("record --redis redis://h", "redis"),
    ("alerts test --way phone --ways ways.json", "apprise"),
):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            status = main(words.split())
        except SystemExit as error:
            status = error.code
    told = said.getvalue()
    assert (status, told.count("\\n")) == (2, 1) and lacks in told.lower(), f"{words}: {told!r}"
"""
_CHECK_EXTRAS = """
import sys
from importlib import import_module
for name in sys.argv[1:]:
    import_module(name)
from Heatmap.history.engine import open_engine
assert open_engine().execute("SELECT 42").fetchone() == (42,)
"""
_CHECK_SERVING = """
import json, signal, subprocess, sys, time, urllib.error, urllib.request
words = ["serve", "--source", "demo", "--port", "0", "--redis", "redis://127.0.0.1:1"]
program = subprocess.Popen(
    [sys.executable, "-m", "Heatmap", *words, "--db", "served.sqlite3"],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
)
try:
    said = [""]
    while not said[-1].startswith("serving "):
        said.append(program.stdout.readline())
        assert said[-1], f"serve ended: {said[-2]!r}"
    line = said[-1]
    url = line.split(" at ")[1].split()[0]
    def ask(path):
        return urllib.request.urlopen(url + path, timeout=30).read()
    def ask_until(path, is_so):
        until_s = time.monotonic() + 60
        while True:
            try:
                if is_so(found := json.loads(ask(path))):
                    return
            except urllib.error.HTTPError as error:
                found = error
            assert time.monotonic() < until_s, f"{path}: {found}"
            time.sleep(0.1)
    for path in ("/", "/docs", "/openapi.json"):
        assert ask(path), f"{path} is empty"
    # Candles come first.
    ask_until("/liquidations/levels?symbol=BTCUSDT", lambda found: found["long_liquidations"])
    ask_until("/health", lambda found: found["redis"]["state"] == "away")
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 0, f"serve ended with {program.returncode}"
finally:
    program.kill()
"""
_CHECK_NOTIFYING = """
import http.server, json, subprocess, sys, threading
got = []
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
way = {"name": "phone", "kind": "apprise", "address": f"json://127.0.0.1:{server.server_port}"}
with open("ways.json", "w") as file:
    json.dump({"kind": "heatmap_ways", "version": 1, "ways": [way]}, file)
words = "alerts test --way phone --ways ways.json".split()
done = subprocess.run([sys.executable, "-m", "Heatmap", *words], capture_output=True, text=True)
assert done.returncode == 0, done.stderr or done.stdout
assert [one["title"] for one in got] == ["Heatmap: a test"], got
"""
_CHECK_LANGUAGE = """
import os, sys
os.environ["LC_ALL"] = os.environ["LANG"] = sys.argv[1]
from PyQt6.QtWidgets import QApplication
from Heatmap.ui import install_translation
app = QApplication([])
install_translation(app)
said = [app.translate("ToolBar", "Candle interval"), app.translate("QPlatformTheme", "Cancel")]
assert ", ".join(said) == sys.argv[2], f"it says {said}"
"""
_CHECK_FILES = """
import sys
from importlib.resources import files
missing = [name for name in sys.argv[1:] if not files("Heatmap").joinpath(name).is_file()]
assert not missing, f"{len(missing)} missing, as " + ", ".join(missing[:5])
"""
_CHECK_PICTURE = """
import sys
from PyQt6.QtGui import QImage
picture = QImage(sys.argv[1]).convertToFormat(QImage.Format.Format_RGB32)
assert not picture.isNull(), "it is no picture"
data = picture.constBits().asstring(picture.sizeInBytes())
colours = len({data[place : place + 4] for place in range(0, len(data), 4)})
assert colours >= int(sys.argv[2]), f"it is blank, or without heat: {colours} colours"
"""


class WheelError(Exception):
    """The wheel, or what it was to do, is not as it should be; one line says why."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An environment of its own, and a folder and variables that know nothing of the repository.

    Attributes
    ----------
    python
        Its interpreter.
    folder
        Where programs run.
    """

    python: Path
    folder: Path

    def run(self, what: str, *words: str | Path) -> None:
        """Run Python with `words`.

        Raises
        ------
        WheelError
            It ends with another status than 0, or not at all.
        """
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
        }
        run(what, [self.python, *words], self.folder, environment, _RUN_LIMIT_S)


def _say(text: str) -> None:
    print(f"wheel: {text}", file=sys.stderr, flush=True)


def run(
    what: str,
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    limit_s: float,
) -> None:
    """Run a command.

    Raises
    ------
    WheelError
        It ends with another status than 0, or not within `limit_s` seconds. The line has `what`
        and why.
    """
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WheelError(f"{what}: not done after {limit_s:.0f} s") from None
    if result.returncode:
        reason = _reason(result.stdout, result.stderr)
        raise WheelError(f"{what}: {reason} (exit status {result.returncode})")


def _reason(stdout: str, stderr: str) -> str:
    """Return pip's last word on an error, else the last line on stderr, or on stdout."""
    said = [line.strip() for line in (*stdout.splitlines(), *stderr.splitlines()) if line.strip()]
    errors = [line for line in said if "ERROR: " in line]
    return (errors or said or ["it gave no reason"])[-1]


def data_files(root: Path = ROOT) -> list[str]:
    """Return what the plugin ships beside its modules, relative to its folder, sorted."""
    plugin = root / _PLUGIN
    found = []
    for path in plugin.rglob("*"):
        relative = path.relative_to(plugin)
        is_shipped = relative.parts[0] != "tests" and "__pycache__" not in relative.parts
        # A catalogue to edit is the repository's; a program reads what is built of it.
        is_other = (
            path.suffix in {".py", ".ts"} or ".sqlite3" in path.name or path.name.startswith(".")
        )
        if path.is_file() and is_shipped and not is_other:
            found.append(relative.as_posix())
    return sorted(found)


def build_wheel(folder: Path, *options: str, root: Path = ROOT) -> Path:
    """Build from a copy: a ``build`` folder of another day would add its files to the wheel.

    Parameters
    ----------
    folder
        Where to work, empty; the wheel is in its ``dist``.
    options
        For ``python -m build``; with none it builds an sdist, and the wheel from that.
    root
        The repository.

    Raises
    ------
    WheelError
        It cannot be built.
    """
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(root / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / _PLUGIN, source / _PLUGIN, ignore=ignored)
    command = [sys.executable, "-m", "build", *options, "--outdir", str(folder / "dist"), "."]
    run("it cannot be built", command, source, pip_environment(), _INSTALL_LIMIT_S)
    wheels = list((folder / "dist").glob("*.whl"))
    if len(wheels) != 1:
        raise WheelError(f"one wheel was expected, and {len(wheels)} were built")
    return wheels[0]


def install(python: Path, what: str) -> None:
    """Install a wheel, with its extra in brackets, and what it declares.

    Raises
    ------
    WheelError
        pip cannot.
    """
    options = ["--quiet", "--only-binary=:all:"]
    command = [str(python), "-m", "pip", "install", *options, what]
    run("it cannot be installed", command, python.parent, pip_environment(), _INSTALL_LIMIT_S)


def failures(trial: Trial, checks: Mapping[str, Sequence[str | Path]]) -> list[str]:
    """Run Python with the words of each check, by name; returns a line for each that fails."""
    lines = []
    for what, words in checks.items():
        try:
            trial.run(what, *words)
        except WheelError as error:
            lines.append(str(error))
    return lines


def base_checks(files: Sequence[str]) -> dict[str, list[str | Path]]:
    """Return what the wheel does without its extra."""
    return {
        "the public names": ["-c", _CHECK_NAMES, *EXTRA_PACKAGES, _NOTIFY_PACKAGE],
        "the commands without extras": ["-c", _CHECK_COMMANDS],
        "the files beside the modules": ["-c", _CHECK_FILES, *files],
        "python -m Heatmap --version": ["-m", _PLUGIN, "--version"],
        "German": ["-c", _CHECK_LANGUAGE, "de_DE.UTF-8", "Kerzenintervall, Abbrechen"],
        "English": ["-c", _CHECK_LANGUAGE, "en_US.UTF-8", "Candle interval, Cancel"],
    }


def window_check(folder: Path, picture: Path) -> dict[str, list[str | Path]]:
    """Return how the wheel with its extra makes a picture of its window, working in `folder`."""
    demo: list[str | Path] = ["-m", _PLUGIN, "--source", "demo", "--db", folder / "demo.sqlite3"]
    return {"the window": [*demo, "--screenshot", picture, "--exit-after", "3"]}


def serving_checks() -> dict[str, list[str | Path]]:
    """Return what the wheel does with the extras of `history`, `serve` and ``--redis``."""
    return {
        "what the extras bring": ["-c", _CHECK_EXTRAS, *EXTRA_PACKAGES],
        "serve with Redis": ["-c", _CHECK_SERVING],
    }


def notifying_checks() -> dict[str, list[str | Path]]:
    """Return what the wheel does with the extra of alerts by other services."""
    return {"an alert by a service": ["-c", _CHECK_NOTIFYING]}


def picture_check(picture: Path) -> dict[str, list[str | Path]]:
    """Return what finds out whether the picture shows candles with heat."""
    return {"the picture of the window": ["-c", _CHECK_PICTURE, picture, str(_FEWEST_COLOURS)]}


def _empty(folder: Path) -> Trial:
    """Make an empty environment, and beside it the folder where its programs run."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(parents=True)
    command = [sys.executable, "-m", "venv", str(folder / "venv")]
    run("no empty environment", command, folder, pip_environment(), _INSTALL_LIMIT_S)
    return Trial(folder / "venv" / "bin" / "python", elsewhere)


def _try_window(folder: Path, wheel: Path) -> list[str]:
    """Try the wheel without an extra, then with that of the window."""
    trial = _empty(folder)
    install(trial.python, str(wheel))
    lines = failures(trial, base_checks(data_files()))
    install(trial.python, f"{wheel}[{_EXTRA}]")
    picture = trial.folder / "demo.png"
    return lines + (
        failures(trial, window_check(trial.folder, picture))
        or failures(trial, picture_check(picture))
    )


def _try_serving(folder: Path, wheel: Path) -> list[str]:
    """Try the wheel with the extras of `serve`, in an environment that had none."""
    trial = _empty(folder)
    install(trial.python, f"{wheel}[{_SERVING}]")
    return failures(trial, serving_checks()) + _try_notifying(trial, wheel)


def _try_notifying(trial: Trial, wheel: Path) -> list[str]:
    """Try the extra of other services too, unless the index does not have it."""
    try:
        install(trial.python, f"{wheel}[{_NOTIFYING}]")
    except WheelError as error:
        _say(f"the extra {_NOTIFYING} was not tried: {error}")
        return []
    return failures(trial, notifying_checks())


def _try_in(folder: Path) -> list[str]:
    """Build, install and run in an empty folder; returns a line for each failure.

    Raises
    ------
    WheelError
        It cannot be built or installed, so there is nothing to run.
    """
    (folder / "build").mkdir()
    wheel = build_wheel(folder / "build")
    _say(f"{wheel.name} is built; installing it into two empty environments")
    # Beside each other: pip mostly waits for the disk.
    with ThreadPoolExecutor(1) as beside:
        serving = beside.submit(_try_serving, folder / "serving", wheel)
        lines = _try_window(folder / "window", wheel)
        lines += serving.result()
    if not lines:
        DIST.mkdir(exist_ok=True)
        shutil.copy(wheel, DIST)
    return lines


def main() -> int:
    """Try the wheel; 1 where it does not do what it should."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heatmap-", ignore_cleanup_errors=True) as folder:
        try:
            lines = _try_in(Path(folder))
        except (WheelError, OSError) as error:
            lines = [str(error)]
    for line in lines:
        _say(line)
    if not lines:
        _say(f"it runs from empty environments; dist has it ({time.monotonic() - started:.0f} s)")
    return 1 if lines else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
