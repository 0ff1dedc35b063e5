"""The lock of every executor, which a hand-over to any of them holds for a moment."""

import threading
from collections.abc import Callable
from concurrent.futures.thread import _global_shutdown_lock


def ends_amid_a_hand_over(work: Callable[[], object]) -> bool:
    """Do `work` in a thread that holds the lock, as the garbage collector may; whether it ends."""

    def hold_and_work() -> None:
        with _global_shutdown_lock:
            work()

    thread = threading.Thread(target=hold_and_work, daemon=True)
    thread.start()
    thread.join(10)
    has_ended = not thread.is_alive()
    if not has_ended:
        # So that neither the thread nor the interpreter's end waits for ever.
        _global_shutdown_lock.release()
    return has_ended
