"""What is called when the garbage collector takes a widget with all that knows it."""

import subprocess
import sys

# The widget is younger than what knows it, and cleared after it.
PROGRAM = """
import gc
from PyQt6.QtWidgets import QApplication, QWidget
from Heatmap.ui.farewell import Farewell

class Known:
    left = 0
    def leave(self):
        self.others.clear()
    def count(self):
        Known.left += 1

def begin():
    known = Known()
    known.others = [known]
    known.said = Farewell((known.leave,), (known.count,))
    widget = QWidget()
    widget.destroyed.connect(known.said)
    holder = Known()
    holder.widget, holder.known, known.holder, widget.known = widget, known, holder, known
    return widget

app = QApplication([])
gc.disable()
for _ in range(50):
    begin()
assert gc.collect() > 0
taken = Known.left
widget = begin()
widget.deleteLater()
app.sendPostedEvents(None, 52)
print(taken, Known.left)
"""


def test_a_farewell_is_made_and_does_no_harm_where_all_go_together() -> None:
    found = subprocess.run(  # noqa: S603 - this interpreter, a fixed text
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    taken, left = map(int, found.stdout.split())
    assert left == taken + 1
