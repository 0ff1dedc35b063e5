"""Bring the builds of Lightweight Charts that the tests run against beside the packaged one.

The oldest and the newest 5.x, and the host's. They are test data only, taken by npm, compared with
the sums below, and kept under ``.venv`` with their licence. Where npm is missing or cannot get
them, the tests that need them are skipped and say so.
"""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

BUILDS = Path(__file__).resolve().parent.parent / ".venv" / "chart-builds"
_PRODUCTION = "lightweight-charts.standalone.production.js"
_DEVELOPMENT = "lightweight-charts.standalone.development.js"
_LICENSE = ("LICENSE", "70c9d5382506dd184465425c08a99ad9bd6d9ac1313c252968ba0b585e5ef823")
SUMS = {
    "5.0.0": {
        _PRODUCTION: "9d87136ed52f49ee5ede8531bfc7c4132e5568d8fc43355015ef9d388007f91d",
        _DEVELOPMENT: "72018e9db0b5d07a354a0dab8f268c655c677f65b0c4f4f2b82fa5a670333d9b",
    },
    "5.0.9": {
        _PRODUCTION: "e6bd6516d9ab9cb897c0d6438e3fe1126f2fdce07e68c23836e84d527de81f52",
    },
    "5.2.1": {
        _PRODUCTION: "e21cc5caa0226ef30bd8549c50b9ef926615f2a4ee6b4e486353477a55f598cf",
        _DEVELOPMENT: "d7b74180a63bde3d282e78f8b0bee5a648a85777c21dfa8a5090593a6db8d84a",
    },
}
"""SHA-256 of the files of each version, as published."""

_TIMEOUT_S = 60


def _say(text: str) -> None:
    print(f"chart builds: {text}", file=sys.stderr, flush=True)


def _download(version: str, folder: Path) -> bytes:
    command = ["npm", "pack", f"lightweight-charts@{version}", "--pack-destination", str(folder)]
    options = ["--silent", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000"]
    result = subprocess.run(
        [*command, *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    packages = list(folder.glob("*.tgz"))
    if result.returncode != 0 or len(packages) != 1:
        lines = result.stderr.strip().splitlines() or ["it gave no reason"]
        raise OSError(f"npm could not get version {version}: {lines[-1]}")
    return packages[0].read_bytes()


def _unpack(version: str, package: bytes) -> dict[str, bytes]:
    """Return the wanted files of a package, each with the sum that it should have.

    Raises
    ------
    ValueError
        A file is missing or is another one.
    """
    files = {}
    wanted = {f"package/dist/{name}": digest for name, digest in SUMS[version].items()}
    wanted["package/LICENSE"] = _LICENSE[1]
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for path, digest in wanted.items():
            try:
                member = archive.extractfile(path)
            except KeyError:
                member = None
            content = b"" if member is None else member.read()
            if hashlib.sha256(content).hexdigest() != digest:
                raise ValueError(f"{path} of version {version} is missing or is not the one known")
            files[Path(path).name] = content
    return files


def fetch(version: str, builds: Path = BUILDS) -> None:
    """Put one version's files into its folder, all or none; nothing where it is there."""
    wanted = {*SUMS[version], _LICENSE[0]}
    folder = builds / version
    if folder.is_dir() and {path.name for path in folder.iterdir()} == wanted:
        return
    builds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=builds) as scratch:
        files = _unpack(version, _download(version, Path(scratch)))
        draft = Path(scratch) / version
        draft.mkdir()
        for name, content in files.items():
            (draft / name).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    _say(f"Lightweight Charts {version} for the tests")


def main() -> int:
    """Fetch what is missing. Never fails: the tests do without."""
    if shutil.which("npm") is None:
        return 0
    for version in SUMS:
        try:
            fetch(version)
        except (OSError, ValueError, subprocess.TimeoutExpired, tarfile.TarError) as error:
            _say(f"{error}; the tests that need it are skipped")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
