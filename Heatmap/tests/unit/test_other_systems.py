"""What only POSIX has is used behind a guard; no file is read in the encoding of its system.

The host runs on Windows, where nothing can be tried from here, so the sources are looked at. A
guard is a condition or an ``assert`` that asks for the system (`sys.platform`, `os.name`,
`hasattr`), or pytest's ``skipif`` with one (`Heatmap.tests.systems`). What it leads to counts, and
what follows an ``assert`` in its block.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[3]
_FOLDERS = [folder for folder in (_ROOT / "Heatmap", _ROOT / "tools") if folder.is_dir()]
_FILES = sorted(path for folder in _FOLDERS for path in folder.rglob("*.py"))

_MODULES = frozenset(
    ["fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"]
)
_NAMES = {
    "os": frozenset(
        # os.kill: on Windows it ends a process, whichever the signal, also 0.
        [
            "O_CLOEXEC",
            "O_DIRECTORY",
            "O_NOFOLLOW",
            "O_NONBLOCK",
            "chown",
            "chroot",
            "fchmod",
            "fchown",
            "fork",
            "forkpty",
            "getegid",
            "geteuid",
            "getgid",
            "getgroups",
            "getloadavg",
            "getpgid",
            "getpgrp",
            "getpriority",
            "getuid",
            "kill",
            "killpg",
            "lchown",
            "mkfifo",
            "mknod",
            "nice",
            "openpty",
            "pread",
            "pwrite",
            "register_at_fork",
            "sched_getaffinity",
            "sched_setaffinity",
            "sendfile",
            "setpgid",
            "setpgrp",
            "setpriority",
            "setsid",
            "setuid",
            "statvfs",
            "sysconf",
            "uname",
            "wait",
            "wait3",
            "wait4",
        ]
    ),
    "select": frozenset(["epoll", "kqueue", "poll", "select"]),  # of sockets alone on Windows
    "signal": frozenset(
        [
            "SIGALRM",
            "SIGCHLD",
            "SIGCONT",
            "SIGHUP",
            "SIGKILL",
            "SIGPIPE",
            "SIGQUIT",
            "SIGSTOP",
            "SIGTSTP",
            "SIGTTIN",
            "SIGTTOU",
            "SIGUSR1",
            "SIGUSR2",
            "SIGWINCH",
            "SIGXFSZ",
            "alarm",
            "getitimer",
            "pause",
            "pthread_kill",
            "pthread_sigmask",
            "setitimer",
            "siginterrupt",
            "sigpending",
            "sigtimedwait",
            "sigwait",
        ]
    ),
    "socket": frozenset(
        ["AF_NETLINK", "AF_PACKET", "AF_UNIX", "SO_REUSEPORT", "recv_fds", "send_fds"]
    ),
    "time": frozenset(["clock_gettime", "tzset"]),
}
# Of an event loop, of a process; and of a path, whose address SQLite does not always take.
_METHODS = frozenset(
    [
        "add_reader",
        "add_signal_handler",
        "add_writer",
        "as_uri",
        "connect_read_pipe",
        "connect_write_pipe",
        "create_unix_connection",
        "create_unix_server",
        "open_unix_connection",
        "remove_signal_handler",
        "send_signal",
        "start_unix_server",
    ]
)
_POPEN_WORDS = frozenset(
    ["group", "pass_fds", "preexec_fn", "process_group", "start_new_session", "umask"]
)
_PATHS = tuple(f"/{name}/" for name in ("dev", "etc", "proc", "sys", "tmp"))
_GUARDS = ("sys.platform", "platform.system", "os.name", "hasattr(")
_MARKS = ("posix_only", "linux_only")
# Where `encoding` stands among the arguments of what reads or writes text.
_TEXT_FILES = {"read_text": 0, "write_text": 1, "Path.open": 2, "open": 3}


def _asks_for_system(node: ast.AST) -> bool:
    text = ast.unparse(node)
    return any(guard in text for guard in _GUARDS)


def _is_mark(node: ast.AST) -> bool:
    text = ast.unparse(node)
    return text in _MARKS or ("skipif" in text and _asks_for_system(node))


def _leads_on(node: ast.AST) -> bool:
    """Whether what lies within `node` is behind a guard."""
    match node:
        case ast.If() | ast.IfExp():
            return _asks_for_system(node.test)
        case ast.BoolOp():
            return _asks_for_system(node)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return any(_is_mark(one) for one in node.decorator_list)
    return False


def _closes_block(node: ast.AST) -> bool:
    """Whether what follows `node` is behind a guard."""
    match node:
        case ast.Assert():
            return _asks_for_system(node.test)
        case ast.Assign(targets=[ast.Name(id="pytestmark")]):
            return _is_mark(node.value)
    return False


def _uses(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (one.name for one in node.names if one.name in _MODULES)
        case ast.ImportFrom(module=str(module)):
            names = {one.name for one in node.names}
            yield from ([module] if module in _MODULES else [])
            yield from (f"{module}.{name}" for name in names & _NAMES.get(module, frozenset()))
        case ast.Attribute(value=ast.Name(id=module)) if node.attr in _NAMES.get(module, ()):
            yield f"{module}.{node.attr}"
        case ast.Attribute() if node.attr in _METHODS:
            yield node.attr
        case ast.Call():
            yield from (f"{one.arg}=" for one in node.keywords if one.arg in _POPEN_WORDS)
        case ast.Constant(value=str(text)) if text.startswith(_PATHS):
            yield text


def _unguarded(node: ast.AST, *, is_guarded: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line and name of what lies in `node`, outside of every guard."""
    if is_guarded:
        return
    for what in _uses(node):
        yield getattr(node, "lineno", 0), what
    leads_on = _leads_on(node)
    for _, value in ast.iter_fields(node):
        is_behind = leads_on
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _unguarded(child, is_guarded=is_behind)
                is_behind = is_behind or _closes_block(child)


def _reads_as_the_system_does(node: ast.AST) -> str | None:
    """Return the name of a call that reads or writes text without naming the encoding."""
    if not isinstance(node, ast.Call) or any(one.arg == "encoding" for one in node.keywords):
        return None
    is_method = isinstance(node.func, ast.Attribute)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if name == "open":
        modes = node.args[:1] if is_method else node.args[1:2]
        modes += [one.value for one in node.keywords if one.arg == "mode"]
        words = [one.value for one in modes if isinstance(one, ast.Constant)]
        # Dialogs, pages and links are opened as well, without a mode.
        is_text = all(isinstance(word, str) and set(word) <= set("rwax+t") for word in words)
        if not is_text or (is_method and not words):
            return None
        name = "Path.open" if is_method else "open"
    return name if name in _TEXT_FILES and len(node.args) <= _TEXT_FILES[name] else None


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_what_only_posix_has_is_used_behind_a_guard(path: Path) -> None:
    assert list(_unguarded(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_the_encoding_of_every_file_is_named() -> None:
    calls = [
        (path.name, node.lineno, name)
        for path in _FILES
        if _ROOT / "Heatmap" / "tests" not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (name := _reads_as_the_system_does(node))
    ]
    assert calls == []


@pytest.mark.parametrize(
    "text",
    [
        "import fcntl",
        "from resource import getrlimit",
        "from os import fork",
        "import os\nos.geteuid()",
        "def f(loop):\n    loop.add_signal_handler(2, print)",
        "import signal\nif True:\n    signal.SIGKILL",
        "import subprocess\nsubprocess.Popen([], preexec_fn=print)",
        "open('/proc/self/statm', encoding='utf-8')",
        # The guard is another's, or comes too late.
        "import os, sys\ndef f():\n    assert sys.platform != 'win32'\nos.fork()",
        "import os, sys\nos.fork()\nassert sys.platform != 'win32'",
        "import sys\nif sys.platform == 'linux':\n    pass\nimport pty",
        "import pty\npytestmark = posix_only",
        "@mark.skipif(is_slow)\ndef f(process):\n    process.send_signal(2)",
        "path.as_uri()",
    ],
)
def test_what_has_no_guard_is_found(text: str) -> None:
    assert list(_unguarded(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nif sys.platform != 'win32':\n    import fcntl",
        "import os\nif hasattr(os, 'fork'):\n    os.fork()",
        "import os, sys\nroot = sys.platform != 'win32' and os.geteuid() == 0",
        "import os, sys\ndef f():\n    assert sys.platform != 'win32'\n    os.fork()",
        "import os\nassert os.name == 'posix'\nos.fork()",
        "pytestmark = posix_only\ndef f(process):\n    process.send_signal(2)",
        "@posix_only\ndef f(process):\n    process.send_signal(2)",
        "@mark.skipif(os.name == 'nt', reason='')\ndef f(process):\n    process.send_signal(2)",
        "import signal\nsignal.signal(signal.SIGTERM, print)",
        "getattr(signal, 'SIGHUP', None)",
    ],
)
def test_what_has_a_guard_is_not(text: str) -> None:
    assert list(_unguarded(ast.parse(text))) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.write_text(text)", True),
        ("path.write_text(text, encoding='utf-8')", False),
        ("path.open('w')", True),
        ("path.open('rb')", False),
        ("path.open('w', encoding='utf-8')", False),
        ("dialog.open()", False),
        ("open(path)", True),
        ("open(path, 'rb')", False),
        ("open(path, mode='rb')", False),
        ("open(path, 'r', -1, 'utf-8')", False),
    ],
)
def test_a_file_without_an_encoding_is_found(text: str, is_found: bool) -> None:
    call = ast.parse(text, mode="eval").body
    assert bool(_reads_as_the_system_does(call)) is is_found
