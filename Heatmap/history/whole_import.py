"""An import from the beginning to the end: lock, manifest, room, files."""

from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from Heatmap.errors import HistoryError
from Heatmap.history.engine import require_duckdb
from Heatmap.history.import_lock import ImportLock
from Heatmap.history.importer import Importer, ImportReport
from Heatmap.history.manifest import Manifest
from Heatmap.history.progress import ProgressBar
from Heatmap.history.source_tree import SourceTree
from Heatmap.history.store_layout import history_folder


def import_tree(
    tree: SourceTree, store: Path, *, replaces: bool, jobs: int, terminal: TextIO
) -> ImportReport:
    """Import what was found in a directory.

    Parameters
    ----------
    tree
        What was found.
    store
        The directory whose folder ``history`` holds the days; made where it is missing.
    replaces
        Whether files that were replaced in the archive are taken.
    jobs
        How many files at a time.
    terminal
        Where progress is shown, if it is one.

    Raises
    ------
    HistoryError
        Another import holds the store, or it cannot be used at all.
    """
    require_duckdb()
    _make(history_folder(store))
    with ExitStack() as stack:
        stack.enter_context(ImportLock(store))
        manifest = stack.enter_context(Manifest(store, writes=True))
        importer = Importer(store, manifest, replaces=replaces, jobs=jobs)
        importer.require_room(tree.files)
        progress = importer.progress_of(tree.files)
        stack.enter_context(ProgressBar(progress, terminal))
        return importer.run(tree.files, tree.misplaced, progress, tree.spares)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(
            f"the directory {folder} cannot be made ({error.strerror or error}); choose another "
            "--store"
        ) from error
