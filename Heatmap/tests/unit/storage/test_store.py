"""Which engine an address leads to; and that opening a store opens and makes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import Heatmap
from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.sqlite_engine import SqliteEngine
from Heatmap.storage.store import Store, address_beside, open_store, parse_address
from Heatmap.tests.engines.memory.memory_engine import MemoryEngine


@pytest.mark.parametrize("is_text", [True, False])
def test_a_file_is_sqlites(tmp_path: Path, is_text: bool) -> None:
    path = tmp_path / "x.sqlite3"
    store = open_store(str(path) if is_text else path)
    assert isinstance(store, SqliteEngine)
    assert store.address == path


def test_a_scheme_is_its_engines() -> None:
    store = open_store("memory://somewhere")
    assert isinstance(store, MemoryEngine)
    assert store.address == "memory://somewhere"


@pytest.mark.parametrize("address", ["postgres://host/db", "://x", "Memory://somewhere"])
def test_an_unknown_scheme_is_refused_and_the_known_ones_are_named(address: str) -> None:
    with pytest.raises(StorageError) as raised:
        open_store(address)
    assert all(part in str(raised.value) for part in (address, "a file", "memory://"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", list(DataKind))
def test_each_kind_has_a_file_of_its_own_in_the_data_directory(
    kind: DataKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("Heatmap.storage.location._data_directory", lambda: tmp_path)
    address = open_store(None, kind).address
    assert isinstance(address, Path)
    assert address.parent == tmp_path / "Heatmap"
    others = {open_store(None, other).address for other in DataKind if other is not kind}
    assert address not in others
    assert not address.exists()


def test_a_windows_path_has_no_scheme() -> None:
    assert parse_address(r"C:\data\x.sqlite3") == Path(r"C:\data\x.sqlite3")
    assert parse_address("memory://C:/x") == "memory://C:/x"


def test_beside_a_store_there_is_room_for_another_kind() -> None:
    beside = address_beside(Path("a/live.sqlite3"), DataKind.SIMULATED)
    assert beside == Path("a/live-simulated.sqlite3")
    assert address_beside("memory://a", DataKind.SIMULATED) == "memory://a-simulated"


def test_opening_a_store_makes_nothing(database: Store, tmp_path: Path) -> None:
    assert not database.exists()
    assert not list(tmp_path.iterdir())


def test_following_and_recording_need_no_numpy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from Heatmap.domain.events import DataKind\n"
        "from Heatmap.storage.event_tape import EventTape\n"
        "from Heatmap.storage.store import open_store\n"
        "import Heatmap.service.recording\n"
        "store = open_store(sys.argv[1])\n"
        "writer = store.open_writer(DataKind.LIVE)\n"
        "print(EventTape(store).follow('BTCUSDT', 0, list).read().restarted)\n"
        "writer.close()\n"
        "print({'numpy', 'PyQt6'} & set(sys.modules))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, str(tmp_path / "x.sqlite3")],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(Heatmap.__file__).resolve().parents[1])},
    )
    assert done.stdout.split() == ["True", "set()"]
