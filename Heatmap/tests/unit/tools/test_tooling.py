"""The repository's tools: what the loader says, which packages mend it, limits, benchmarks."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

_ROOT = Path(__file__).resolve().parents[4]
_TOOLS = _ROOT / "tools"

pytestmark = pytest.mark.skipif(
    not (_TOOLS / "system_libraries.py").is_file(),
    reason="the package was copied without the repository's tools",
)


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"heatmap_{name}", _TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def libraries() -> ModuleType:
    return _load("system_libraries")


@pytest.fixture(scope="module")
def lines() -> ModuleType:
    return _load("check_lines")


@pytest.fixture(scope="module")
def benchmarks() -> ModuleType:
    return _load("run_benchmarks")


def test_a_library_that_several_files_miss_is_named_once(libraries: ModuleType) -> None:
    output = (
        "/x/QtWebEngineWidgets.abi3.so:\n"
        "\tlinux-vdso.so.1 (0x00007ffd0a5c7000)\n"
        "\tlibnss3.so => not found\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0c00000000)\n"
        "/x/libqxcb.so:\n"
        "\tlibxcb-icccm.so.4 => not found\n"
        "\tlibnss3.so => not found\n"
    )
    missing = libraries.parse_ldd(output)
    assert missing.libraries == {"libnss3.so", "libxcb-icccm.so.4"}
    assert missing.versions == set()


def test_a_c_library_that_is_too_old_is_told_apart_from_a_missing_one(
    libraries: ModuleType,
) -> None:
    output = (
        "./QtCore.abi3.so: /lib/x86_64-linux-gnu/libc.so.6: "
        "version `GLIBC_2.34' not found (required by ./libQt6Core.so.6)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0c00000000)\n"
    )
    missing = libraries.parse_ldd(output)
    assert missing.libraries == set()
    assert missing.versions == {"GLIBC_2.34"}


def test_libraries_of_one_package_ask_for_it_once(libraries: ModuleType) -> None:
    packages, unknown = libraries.packages_for(["libnss3.so", "libsmime3.so", "libnssutil3.so"])
    assert packages == ["libnss3"]
    assert unknown == []


def test_a_renamed_package_is_offered_under_both_names_the_newer_first(
    libraries: ModuleType,
) -> None:
    packages, _ = libraries.packages_for(["libasound.so.2", "libglib-2.0.so.0"])
    assert packages == ["libasound2t64|libasound2", "libglib2.0-0t64|libglib2.0-0"]


def test_a_library_that_no_package_is_known_for_is_named(libraries: ModuleType) -> None:
    packages, unknown = libraries.packages_for(["libwonder.so.7", "libX11.so.6"])
    assert packages == ["libx11-6"]
    assert unknown == ["libwonder.so.7"]


def test_package_names_are_names_that_apt_accepts(libraries: ModuleType) -> None:
    for choices in libraries.PACKAGES.values():
        assert choices
        for name in choices:
            assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)


def test_a_program_that_tests_start_is_there_under_any_of_its_names() -> None:
    programs = _load("programs_for_tests")
    for one in programs.PROGRAMS:
        others = set(programs.PROGRAMS) - {one}
        for name in one.names:
            assert set(programs.missing({name: "/usr/bin/x"}.get)) == others
    assert programs.missing({}.get) == list(programs.PROGRAMS)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"DISPLAY": ""}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen:fontconfig"}, False),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "xcb"}, True),
    ],
)
def test_a_display_is_wanted_unless_qt_draws_offscreen(
    libraries: ModuleType, environment: dict[str, str], wanted: bool
) -> None:
    assert libraries.wants_display(environment) is wanted


def test_a_file_of_600_lines_passes_and_one_of_601_is_named(
    lines: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "long.py").write_text("x = 1\n" * 600, encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "other.py").write_text("x = 1\n" * 700, encoding="utf-8")
    assert lines.main(tmp_path) == 0
    (tmp_path / "package" / "long.py").write_text("x = 1\n" * 601, encoding="utf-8")
    assert lines.main(tmp_path) == 1
    assert "long.py: 601 lines" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("methods", "docstring", "passes"),
    [
        (25, "Small.", True),
        (26, "Large.", False),
        (26, "More than 25 methods: a page can do much.", True),
        (26, "More than 25 methods, because all of them end in the same decision.", True),
        (26, "Large.\n\n    More than 25\n    methods: a page can do much.", True),
        # Words that only seem to be a reason.
        (26, "More than 25 methods: yes.", False),
        (26, "Not more than 30 methods: a page can do much.", False),
    ],
)
def test_a_class_of_more_than_25_methods_says_why(
    lines: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    methods: int,
    docstring: str,
    *,
    passes: bool,
) -> None:
    kinds = ("def _m{}(self): pass", "async def m{}(self): pass", "@property\n    def m{}(self): 1")
    body = "".join(f"\n    {kinds[number % 3].format(number)}" for number in range(methods))
    (tmp_path / "large.py").write_text(
        f'class Large:\n    """{docstring}"""\n{body}\n\n    class Inner:\n        pass\n', "utf-8"
    )
    assert lines.main(tmp_path) == (0 if passes else 1)
    assert (f"Large has {methods} methods" in capsys.readouterr().out) != passes


def test_a_folder_without_python_files_fails_the_length_check(
    lines: ModuleType, tmp_path: Path
) -> None:
    assert lines.main(tmp_path) == 1


def test_measurements_come_out_one_object_a_line_with_their_file(
    benchmarks: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bench_good.py").write_text(
        "print('{\"ms\": 1.5}')\nprint('{\"ms\": 2.5}')\n", encoding="utf-8"
    )
    assert benchmarks.main([], tmp_path) == 0
    values = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert values == [{"file": "bench_good.py", "ms": 1.5}, {"file": "bench_good.py", "ms": 2.5}]


@pytest.mark.parametrize(
    "program",
    [
        "print('{\"ms\": 1.5}')\nassert 1 + 1 == 3\n",
        "",
        "print('fast')\n",
        "print('[1, 2]')\n",
    ],
    ids=["wrong answer", "no measurement", "no JSON", "no object"],
)
def test_a_benchmark_that_fails_or_measures_nothing_fails_the_run(
    benchmarks: ModuleType, tmp_path: Path, program: str
) -> None:
    (tmp_path / "bench_bad.py").write_text(program, encoding="utf-8")
    assert benchmarks.main([], tmp_path) == 1


def test_a_name_that_no_benchmark_bears_fails_the_run(
    benchmarks: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "bench_good.py").write_text("print('{}')\n", encoding="utf-8")
    assert benchmarks.main(["absent"], tmp_path) == 1


@pytest.mark.parametrize("script", ["tools/setup.sh", "tools/apt_install.sh", ".ci/run"])
def test_shell_scripts_parse(script: str) -> None:
    result = subprocess.run(  # noqa: S603 our own script, a fixed command
        ["/usr/bin/env", "bash", "-n", str(_ROOT / script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_an_unknown_option_of_the_set_up_is_refused() -> None:
    result = subprocess.run(  # noqa: S603 our own script, a fixed command
        [sys.executable, str(_TOOLS / "environment.py"), "--wrong"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "--qt" in result.stderr


def test_requirements_hold_what_the_package_asks_for_and_nothing_of_one_system_only() -> None:
    # Windows' users install from either, without the set-up of `make`.
    text = (_ROOT / "requirements.txt").read_text(encoding="ascii")
    pinned = {
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    }
    described = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = described["project"]
    # What `uv sync` installs is the same.
    groups = described["dependency-groups"]
    grouped = {one for one in groups["dev"] if isinstance(one, str)}
    assert grouped == pinned - set(project["dependencies"])
    coverage = (_ROOT / "requirements-coverage.txt").read_text(encoding="ascii").splitlines()
    assert groups["coverage"] == [line for line in coverage if not line.startswith("#")]
    asked = {*project["dependencies"], *project["optional-dependencies"]["standalone"]}
    assert asked <= pinned
    # One name and its versions: no marker, no address, no option.
    assert [line for line in pinned if not re.fullmatch(r"[\w.-]+(==|>=)[\w.,<>=]+", line)] == []


def test_programs_of_the_tests_share_bytecode_also_where_none_may_lie_beside_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = _load("run_tests")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    found = tool._environment(str(tmp_path))
    assert found["PYTHONPYCACHEPREFIX"] == str(tmp_path)
    assert "PYTHONDONTWRITEBYTECODE" not in found
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    assert "PYTHONPYCACHEPREFIX" not in tool._environment(str(tmp_path))


def test_each_test_of_pages_and_of_behaviour_is_in_one_part_and_the_torture_runs_alone() -> None:
    tool = _load("run_tests")
    parts = dict(tool.parts())
    assert parts.pop(tool.ALONE) == [tool.TORTURE]
    ignored = {word.removeprefix("--ignore=") for word in parts.pop(tool.OTHERS)}
    ignored -= set(parts.pop(tool.STORAGE))
    assert ignored == {f"Heatmap/tests/{folder}" for folder in ("ui", "behaviour")}
    files = [path for folder in ignored for path in (_ROOT / folder).glob("test_*.py")]
    named = sorted([tool.TORTURE, *(word for part in parts.values() for word in part)])
    assert named == sorted(path.relative_to(_ROOT).as_posix() for path in files)
    assert all(parts.values())
