"""The error tree.

::

    HeatmapError
    ├── SettingsError          a setting's value is not allowed (also a ValueError)
    ├── ExchangeError          the exchange's answer is not what its documentation says
    ├── StorageError           the database cannot be used
    │   ├── WrongDataKindError     live, simulated and replayed data never share a file
    │   ├── NewerDatabaseError     written by a newer version of this program
    │   ├── CorruptDatabaseError   not a database, or a damaged one
    │   └── DatabaseInUseError     another program has it locked
    │       └── OtherWriterError     another recorder holds the writer lock
    ├── RecordingFileError     a recording to be replayed cannot be read
    └── PageError              the chart page does not offer what the layer needs

Every one of them is the environment's fault or the user's, never a bug: the message says what was
expected, what came, and what to do. Bugs raise Python's own exceptions.
"""


class HeatmapError(Exception):
    """Base of everything this package raises on purpose; the message is one line for a user."""


class SettingsError(HeatmapError, ValueError):
    """A setting has a value outside what it allows."""


class ExchangeError(HeatmapError):
    """The exchange answered, but not with what was asked for."""


class StorageError(HeatmapError):
    """The database cannot be opened, read or written."""


class WrongDataKindError(StorageError):
    """The file holds another kind of data (live, simulated, replay) than the one to be written."""


class NewerDatabaseError(StorageError):
    """The file was written by a newer version of this program."""


class CorruptDatabaseError(StorageError):
    """The file is not a database of this program, or is damaged."""


class DatabaseInUseError(StorageError):
    """Another process, or another recorder of this one, is writing this file."""


class OtherWriterError(DatabaseInUseError):
    """Another recorder holds the writer lock of this file, and keeps it while it lives.

    Attributes
    ----------
    recorded
        The symbols that it records, as it has put them down; ``None`` where it has not.
    """

    recorded: tuple[str, ...] | None = None


class RecordingFileError(HeatmapError):
    """A recording that was to be replayed is missing, unreadable or malformed."""


class PageError(HeatmapError):
    """The chart page does not offer what the layer needs."""
