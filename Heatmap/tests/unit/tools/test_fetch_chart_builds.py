"""The builds for the tests are taken whole and as published, or not at all."""

import hashlib
import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOL = Path(__file__).parents[4] / "tools" / "fetch_chart_builds.py"
pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="only in the repository")

FILES = {"package/dist/build.js": b"let it = 1;", "package/LICENSE": b"Apache"}


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Load the tool, with one small version of its own."""
    spec = importlib.util.spec_from_file_location("fetch_chart_builds", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sums: dict[str, Any] = {
        name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()
    }
    monkeypatch.setattr(module, "SUMS", {"9.9.9": {"build.js": sums["package/dist/build.js"]}})
    monkeypatch.setattr(module, "_LICENSE", ("LICENSE", sums["package/LICENSE"]))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return module


def put_npm(folder: Path, files: dict[str, bytes], *, exit_status: int = 0) -> None:
    """Put a program called npm on PATH that packs these files."""
    package = folder / "lightweight-charts-9.9.9.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    npm = folder / "bin" / "npm"
    npm.parent.mkdir(exist_ok=True)
    npm.write_text(
        f'#!/bin/sh\necho ran >> "{folder}/runs"\ncp "{package}" "$4"\nexit {exit_status}\n'
    )
    npm.chmod(0o755)


def test_a_version_is_fetched_once_with_its_licence(tool: ModuleType, tmp_path: Path) -> None:
    put_npm(tmp_path, FILES)
    builds = tmp_path / "builds"
    for _ in range(2):
        tool.fetch("9.9.9", builds)
    assert {path.name: path.read_bytes() for path in (builds / "9.9.9").iterdir()} == {
        "build.js": b"let it = 1;",
        "LICENSE": b"Apache",
    }
    assert [path.name for path in builds.iterdir()] == ["9.9.9"]
    assert (tmp_path / "runs").read_text() == "ran\n"


@pytest.mark.parametrize(
    "files",
    [{**FILES, "package/dist/build.js": b"let it = 2;"}, {"package/LICENSE": b"Apache"}],
    ids=["another content", "a file missing"],
)
def test_what_is_not_as_published_is_not_kept(
    files: dict[str, bytes], tool: ModuleType, tmp_path: Path
) -> None:
    put_npm(tmp_path, files)
    with pytest.raises(ValueError, match=r"build\.js of version 9\.9\.9"):
        tool.fetch("9.9.9", tmp_path / "builds")
    assert list((tmp_path / "builds").iterdir()) == []


def test_an_index_that_cannot_be_reached_fails_nothing(
    tool: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        tool, "fetch", lambda version: tool.__dict__["_download"](version, tmp_path)
    )
    put_npm(tmp_path, FILES, exit_status=1)
    assert tool.main() == 0
    assert "skipped" in capsys.readouterr().err


def test_without_npm_nothing_is_tried(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tool.main() == 0
    assert not (tmp_path / "builds").exists()
