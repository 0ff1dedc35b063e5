"""For every test: an environment without a user's habits, and where the recordings are."""

import gc
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from Heatmap.tests.clean_environment import clean_process

# Before Qt reads it, also where pytest is started by hand.
clean_process()

# How long an example takes is for the machine to say, and for the benchmarks.
hypothesis.settings.register_profile(
    "heatmap", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("heatmap")

_SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Give the path of a recorded file, or skip the test where the recordings are absent."""

    def find(name: str) -> Path:
        path = _SHARED_DATA / name
        if not path.is_file():
            pytest.skip(f"the recording {name} is not beside this repository")
        return path

    return find


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of the user interface last: their Qt loop stays the thread's running loop."""
    items.sort(key=lambda item: "/tests/ui/" in item.path.as_posix())


def pytest_collection_finish() -> None:
    """Spare the collector what lives until the end: tests collect all garbage, hundreds of times.

    What is frozen is neither looked through nor found by ``gc.get_objects``: these are modules,
    collected tests and all else that was there before the first test; nothing that a test makes.
    """
    gc.collect()
    gc.freeze()
