"""Find the shared libraries that Qt lacks on this machine, and get them on Debian and Ubuntu.

The loader itself is asked (``ldd``) about the installed Qt files that the program loads, so that
the answer is true for this machine and this Qt. Plugins that nobody loads here (wayland, GTK
themes, SQL drivers) are not looked at. Run alone with ``--expected``, before Qt is installed, it
prints the packages that will be wanted, one line each with the alternatives split by ``|``.
"""

import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent

# What the Qt 6.10 wheels take from the system, with the Debian packages that carry it, best first.
# The t64 names are those of Debian 13 and Ubuntu 24.04; Debian 12 and Ubuntu 22.04 have the others.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "libEGL.so.1": ("libegl1",),
    "libGL.so.1": ("libgl1",),
    "libGLX.so.0": ("libglx0",),
    "libOpenGL.so.0": ("libopengl0",),
    "libX11-xcb.so.1": ("libx11-xcb1",),
    "libX11.so.6": ("libx11-6",),
    "libXcomposite.so.1": ("libxcomposite1",),
    "libXdamage.so.1": ("libxdamage1",),
    "libXext.so.6": ("libxext6",),
    "libXfixes.so.3": ("libxfixes3",),
    "libXi.so.6": ("libxi6",),
    "libXrandr.so.2": ("libxrandr2",),
    "libXrender.so.1": ("libxrender1",),
    "libXtst.so.6": ("libxtst6",),
    "libasound.so.2": ("libasound2t64", "libasound2"),
    "libatomic.so.1": ("libatomic1",),
    "libbrotlidec.so.1": ("libbrotli1",),
    "libdbus-1.so.3": ("libdbus-1-3",),
    "libexpat.so.1": ("libexpat1",),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libfreetype.so.6": ("libfreetype6",),
    "libgbm.so.1": ("libgbm1",),
    "libgcc_s.so.1": ("libgcc-s1",),
    "libglib-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libgssapi_krb5.so.2": ("libgssapi-krb5-2",),
    "libgthread-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libnspr4.so": ("libnspr4",),
    "libnss3.so": ("libnss3",),
    "libnssutil3.so": ("libnss3",),
    "libplc4.so": ("libnspr4",),
    "libplds4.so": ("libnspr4",),
    "libpulse.so.0": ("libpulse0",),
    "libpulse-mainloop-glib.so.0": ("libpulse-mainloop-glib0",),
    "libsmime3.so": ("libnss3",),
    "libstdc++.so.6": ("libstdc++6",),
    "libudev.so.1": ("libudev1",),
    "libxcb-cursor.so.0": ("libxcb-cursor0",),
    "libxcb-dri3.so.0": ("libxcb-dri3-0",),
    "libxcb-glx.so.0": ("libxcb-glx0",),
    "libxcb-icccm.so.4": ("libxcb-icccm4",),
    "libxcb-image.so.0": ("libxcb-image0",),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1",),
    "libxcb-randr.so.0": ("libxcb-randr0",),
    "libxcb-render-util.so.0": ("libxcb-render-util0",),
    "libxcb-render.so.0": ("libxcb-render0",),
    "libxcb-shape.so.0": ("libxcb-shape0",),
    "libxcb-shm.so.0": ("libxcb-shm0",),
    "libxcb-sync.so.1": ("libxcb-sync1",),
    "libxcb-util.so.1": ("libxcb-util1",),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0",),
    "libxcb-xkb.so.1": ("libxcb-xkb1",),
    "libxcb.so.1": ("libxcb1",),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0",),
    "libxkbcommon.so.0": ("libxkbcommon0",),
    "libxkbfile.so.1": ("libxkbfile1",),
    "libxshmfence.so.1": ("libxshmfence1",),
    "libz.so.1": ("zlib1g",),
    "libzstd.so.1": ("libzstd1",),
}
# Of these, what only wheels of other versions link; not to be expected before Qt is installed.
_SELDOM = frozenset(
    {"libGLX.so.0", "libOpenGL.so.0", "libpulse.so.0", "libpulse-mainloop-glib.so.0"}
)

# Relative to site-packages/PyQt6. Their own libraries follow from them.
_ALWAYS_LOADED = (
    "QtWebEngineWidgets.abi3.so",
    "QtWebChannel.abi3.so",
    "Qt6/lib/libQt6WebEngineCore.so.6",
    "Qt6/libexec/QtWebEngineProcess",
    "Qt6/plugins/platforms/libqoffscreen.so",
)
_LOADED_ON_A_DISPLAY = (
    "Qt6/plugins/platforms/libqxcb.so",
    "Qt6/plugins/xcbglintegrations/libqxcb-egl-integration.so",
    "Qt6/plugins/xcbglintegrations/libqxcb-glx-integration.so",
)

_NOT_FOUND = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
_NOT_OPENED = re.compile(r"ImportError: (\S+): cannot open shared object file")
_TOO_OLD = re.compile(r"version [`']([^']+)' not found")

_FONT_SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".pfb"})


@dataclass(frozen=True, slots=True)
class Missing:
    """What the loader could not find.

    ``libraries`` are sonames; ``versions`` are symbol versions such as ``GLIBC_2.34`` that an
    installed library is too old to have, which no further package mends.
    """

    libraries: frozenset[str]
    versions: frozenset[str]


def parse_ldd(output: str) -> Missing:
    """Read the output of ``ldd`` over one or more files."""
    return Missing(frozenset(_NOT_FOUND.findall(output)), frozenset(_TOO_OLD.findall(output)))


def packages_for(libraries: Iterable[str]) -> tuple[list[str], list[str]]:
    """Name the packages that carry the libraries.

    Returns
    -------
    packages : list of str
        Sorted, each once, the alternatives of one package split by ``|``.
    unknown : list of str
        The sonames that stand in no table, sorted.
    """
    names = set(libraries)
    packages = {"|".join(PACKAGES[name]) for name in names if name in PACKAGES}
    return sorted(packages), sorted(name for name in names if name not in PACKAGES)


def wants_display(environment: Mapping[str, str]) -> bool:
    """Tell whether Qt is going to open windows on a display in this environment."""
    if environment.get("QT_QPA_PLATFORM", "").partition(":")[0] in {"offscreen", "minimal", "vnc"}:
        return False
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _ask_loader(pyqt: Path, names: Iterable[str]) -> Missing:
    files = [str(pyqt / name) for name in names]
    result = subprocess.run(
        ["ldd", *files],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    missing = parse_ldd(result.stdout + result.stderr)
    if result.returncode == 0 or missing.versions:
        return missing
    # Before glibc 2.36 the loader may stop at the first library that it misses, and ldd then
    # prints nothing at all about that file (Ubuntu 22.04, with libQt6WebEngineCore).
    libraries = missing.libraries | _expected()
    return Missing(libraries or _first_import_error(pyqt), missing.versions)


def _first_import_error(pyqt: Path) -> frozenset[str]:
    """Import what the program imports and name the library that this stumbles over."""
    result = subprocess.run(
        [str(pyqt.parents[3] / "bin" / "python"), "-c", "import PyQt6.QtWebEngineWidgets"],
        capture_output=True,
        text=True,
        check=False,
    )
    return frozenset(_NOT_OPENED.findall(result.stderr))


def _expected() -> frozenset[str]:
    """Name the libraries that Qt is going to want and that the loader's list does not have."""
    ldconfig = next((p for p in ("/sbin/ldconfig", "/usr/sbin/ldconfig") if Path(p).exists()), "")
    if not ldconfig:
        return frozenset()
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    present = {line.split()[0] for line in listing.splitlines() if "=>" in line}
    return frozenset(PACKAGES.keys() - present - _SELDOM)


def _has_font() -> bool:
    home = Path(os.environ.get("HOME") or "/nonexistent")
    folders = ("/usr/share/fonts", "/usr/local/share/fonts", home / ".local/share/fonts")
    for folder in (*folders, home / ".fonts"):
        for _, _, files in os.walk(folder):
            if any(Path(name).suffix.lower() in _FONT_SUFFIXES for name in files):
                return True
    return False


def _has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))


def _say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def _apt_install(what: str, packages: list[str]) -> int:
    return subprocess.run(
        ["bash", str(TOOLS / "apt_install.sh"), what, *packages], check=False
    ).returncode


@dataclass(frozen=True, slots=True)
class _Survey:
    """What is missing now: what nothing works without, and what may be lived without."""

    required: Missing
    optional: frozenset[str]
    extras: tuple[tuple[str, str], ...]  # (package, what its lack means)

    def optional_packages(self) -> list[str]:
        return packages_for(self.optional)[0] + [package for package, _ in self.extras]


def _survey(pyqt: Path) -> _Survey:
    files = list(_ALWAYS_LOADED)
    on_display = wants_display(os.environ)
    if on_display:
        files += _LOADED_ON_A_DISPLAY
    required = _ask_loader(pyqt, files)
    optional: frozenset[str] = frozenset()
    if not on_display:
        optional = _ask_loader(pyqt, _LOADED_ON_A_DISPLAY).libraries - required.libraries
    extras: list[tuple[str, str]] = []
    if not _has_font():
        extras += [("fontconfig", ""), ("fonts-dejavu-core", "no font is installed: no text")]
    if not _has_certificates():
        extras.append(("ca-certificates", "no certificates are installed: no live data"))
    return _Survey(required, optional, tuple(extras))


def _report_unmendable(survey: _Survey) -> bool:
    """Say what no package of the table mends; tell whether there was something."""
    if survey.required.versions:
        versions = ", ".join(sorted(survey.required.versions))
        _say(f"this system is too old for Qt 6.10: it lacks {versions}")
        return True
    unknown = packages_for(survey.required.libraries)[1]
    if unknown:
        _say(f"Qt needs {', '.join(unknown)}, and no Debian package is known for it: install it")
    return bool(unknown)


def _install_required(survey: _Survey, pyqt: Path, *, last: bool = False) -> int:
    if shutil.which("apt-get") is None:
        names = sorted(survey.required.libraries | survey.required.versions)
        _say(f"Qt needs what this system lacks: {', '.join(names)}; install it and run again")
        return 2
    if _report_unmendable(survey):
        return 2
    packages = packages_for(survey.required.libraries)[0] + survey.optional_packages()
    if _apt_install("shared libraries that Qt needs", sorted(set(packages))):
        return 2
    left = _survey(pyqt)
    if not (left.required.libraries or left.required.versions):
        return 0
    if last:
        still = sorted(left.required.libraries | left.required.versions)
        _say(f"Qt still lacks {', '.join(still)} after installing")
        return 2
    # What was just installed let the loader see further.
    return _install_required(left, pyqt, last=True)


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _offer_optional(survey: _Survey, refused: Path) -> None:
    packages = sorted(set(survey.optional_packages()))
    if shutil.which("apt-get") is None:
        return
    if _is_root():
        # Without network the attempt takes long and fails every time: one attempt per list.
        wanted = "\n".join(packages)
        if refused.is_file() and refused.read_text(encoding="utf-8") == wanted:
            return
        if _apt_install("what Qt wants for a display and for text", packages):
            refused.write_text(wanted, encoding="utf-8")
            _say("going on without them")
        return
    # Without a display nothing loads the X11 plugin; only what shows is worth a word.
    notes = [note for _, note in survey.extras if note]
    if notes:
        names = " ".join(package for package, _ in survey.extras)
        _say(f"{'; '.join(notes)}; type: sudo apt-get install -y {names}")


def ensure(site_packages: Path, refused: Path) -> int:
    """Get what Qt lacks, as far as this user may.

    Parameters
    ----------
    site_packages : Path
        Where PyQt6 is installed.
    refused : Path
        A file that keeps, for root, the optional packages that could not be installed.

    Returns
    -------
    int
        0 where Qt can start, 2 where something is left to do; a line on stderr says what.
    """
    if platform.system() != "Linux":
        return 0  # elsewhere the wheels bring everything
    pyqt = site_packages / "PyQt6"
    lost = [name for name in _ALWAYS_LOADED if not (pyqt / name).exists()]
    if lost:
        _say(f"{lost[0]} is missing from {pyqt}; remove .venv and run again")
        return 2
    if shutil.which("ldd") is None:
        _say("there is no ldd here to ask which libraries Qt lacks; going on")
        return 0
    survey = _survey(pyqt)
    if survey.required.libraries or survey.required.versions:
        return _install_required(survey, pyqt)
    if survey.optional_packages():
        _offer_optional(survey, refused)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] != ["--expected"]:
        sys.exit("usage: system_libraries.py --expected")
    for choice in packages_for(_expected())[0]:
        print(choice)
