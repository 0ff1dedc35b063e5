"""The command line: finds the command and turns errors into one line and an exit code.

A command's module is imported when it is called, so that ``record``, ``status`` and ``doctor`` load
neither Qt nor numpy.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from Heatmap.commands.arguments import EXIT_USAGE
from Heatmap.commands.output import discard_output, prepare_output
from Heatmap.errors import HeatmapError

_COMMANDS = ("alerts", "clusters", "doctor", "history", "levels", "record", "serve", "status")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name; returns the exit code."""
    prepare_output()
    words = list(sys.argv[1:] if arguments is None else arguments)
    is_named = bool(words) and words[0] in _COMMANDS
    name = words.pop(0) if is_named else "window"
    try:
        return int(import_module(f"Heatmap.commands.{name}").run(words))
    except HeatmapError as error:
        print(f"Heatmap: {error}", file=sys.stderr)
        return EXIT_USAGE
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] == "Heatmap":
            raise
        # Mostly the wrong Python: the system's, and not that of the virtual environment.
        print(
            f"Heatmap: {error.name} cannot be loaded by {sys.executable} ({error}); "
            "docs/install.md says how to install it, and with which Python to start",
            file=sys.stderr,
        )
        return EXIT_USAGE
    except BrokenPipeError:
        # Whoever read the output has gone; nothing is left to be said.
        discard_output()
        return 1


if __name__ == "__main__":
    sys.exit(main())
