"""The recorder's loop ends on Ctrl-C also where the system does not interrupt its waiting."""

import signal
import subprocess
import sys

from Heatmap.tests.systems import posix_only

# On Windows no signal interrupts `select`; here it does, unless it is held back meanwhile.
DEAF_PROGRAM = """
import asyncio, selectors, signal
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop

class Deaf(selectors.SelectSelector):
    def select(self, timeout=None):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().select(timeout)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

async def wait():
    print("waiting", flush=True)
    await asyncio.sleep(60)

with asyncio.Runner(loop_factory=lambda: RecorderLoop(Deaf())) as runner:
    try:
        runner.run(wait())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@posix_only
def test_ctrl_c_ends_the_loop_where_nothing_else_wakes_it() -> None:
    with subprocess.Popen(  # noqa: S603 - this interpreter, a fixed text
        [sys.executable, "-c", DEAF_PROGRAM], stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waiting\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 0
            assert process.stdout.read() == "interrupted\n"
        finally:
            process.kill()
