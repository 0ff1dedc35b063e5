"""The storage engines that the tests of a store run on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from Heatmap.storage.store import Store, open_store, register_engine
from Heatmap.tests.engines.memory.memory_engine import SCHEME, MemoryEngine

ENGINES = ("sqlite", "memory")

register_engine(SCHEME, MemoryEngine)


@contextmanager
def made_store(engine: str, directory: Path) -> Iterator[Store]:
    """Give a store of an engine, which does not exist yet and is alone."""
    address = directory / "heatmap.sqlite3"
    store = open_store(address if engine == "sqlite" else f"{SCHEME}://{address}")
    try:
        yield store
    finally:
        if isinstance(store, MemoryEngine):
            store.forget()


def take_away(store: Store) -> None:
    """Take a store from its place, as a damaged file is set aside; nobody writes it."""
    if isinstance(store, MemoryEngine):
        store.forget()
        return
    path = Path(store.address)
    for file in list(path.parent.glob(f"{path.name}*")):
        file.rename(file.with_name(f"old-{file.name}"))
