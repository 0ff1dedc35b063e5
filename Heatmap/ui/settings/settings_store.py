"""Settings in a host's QSettings, under the group ``Heatmap/``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PyQt6 import sip
from PyQt6.QtCore import QCoreApplication, QObject, QSettings, QTimer

from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

GROUP = "Heatmap"
WRITE_PERIOD_MS = 500
"""A slider that is dragged is written at most once in this time; each write is one of the file."""


@dataclass(frozen=True, slots=True)
class UnusedText:
    """A stored text that no setting was made of.

    Attributes
    ----------
    name, text
        The field's name, and what is stored.
    is_known
        Whether this version has such a field; then its text is not allowed.
    words
        Why, as one line for a log.
    """

    name: str
    text: str
    is_known: bool
    words: str


def load_settings(store: QSettings, defaults: HeatmapSettings | None = None) -> HeatmapSettings:
    """Read the settings that `save_settings` wrote.

    Parameters
    ----------
    store
        The host's settings; only keys below ``Heatmap/`` are read.
    defaults
        Where fields that are not stored come from.

    Returns
    -------
    HeatmapSettings
        A field with an unusable text keeps its default; each is logged as a warning, and the
        settings tab shows it.
    """
    settings, warnings = HeatmapSettings.repaired(stored_texts(store), defaults)
    for warning in warnings:
        logger.warning("a stored setting is not used: %s", warning)
    return settings


def save_settings(store: QSettings, settings: HeatmapSettings, names: Iterable[str]) -> None:
    """Write the fields called `names`; the others keep what is stored."""
    texts = settings.to_texts()
    for name in names:
        current, *former = _keys_of(name)
        for key in former:
            store.remove(key)
        store.setValue(current, texts[name])


def stored_texts(store: QSettings) -> dict[str, str]:
    """Return what is stored below ``Heatmap/``, field name to text.

    A field that is stored by a former name only is there by its present one.
    """
    store.beginGroup(GROUP)
    try:
        texts = {key: _read_text(store, key) for key in _child_keys(store)}
    finally:
        store.endGroup()
    for name, record in SETTINGS.items():
        if record.formerly in texts:
            former = texts.pop(record.formerly)
            texts.setdefault(name, former)
    return texts


def unused_texts(store: QSettings) -> tuple[UnusedText, ...]:
    """Return what is stored and cannot be used: of an older or a newer version, or broken."""
    known = HeatmapSettings().as_mapping()
    found: list[UnusedText] = []
    for name, text in stored_texts(store).items():
        _settings, warnings = HeatmapSettings.repaired({name: text})
        found.extend(UnusedText(name, text, name in known, words) for words in warnings)
    return tuple(found)


class SettingsWriter(QObject):
    """Writes settings to a store, the first change at once, those that follow it every 500 ms.

    QSettings writes its whole file after each change, with a lock file and a rename, in the event
    loop of the user interface: a slider that is dragged would write it at each step. `flush` writes
    what waits; so does the end of the application. A store that is deleted before, with a dialog or
    at the end of the application, where PyQt deletes in any order, is opened again where it was.

    Parameters
    ----------
    store
        Where to write; ``None``: nowhere.
    parent
        What the writer belongs to.
    """

    def __init__(self, store: QSettings | None, parent: QObject) -> None:
        super().__init__(parent)
        self._given_store = store
        self._address = None if store is None else (store.fileName(), store.format(), store.group())
        # By field; None: to be removed.
        self._waiting: dict[str, str | None] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(WRITE_PERIOD_MS)
        self._pause.timeout.connect(self._end_pause)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._on_quit)

    def write(self, texts: Mapping[str, str | None]) -> None:
        """Store `texts` by field name, now or after a moment; ``None``: nothing is stored."""
        self._waiting.update(texts)
        if not self._pause.isActive():
            self._store_waiting()
            self._pause.start()

    def flush(self) -> None:
        """Store now what waits, and have it written to the disk."""
        if self._waiting:
            self._store_waiting()
            if (store := self.opened_store()) is not None:
                store.sync()

    def write_now(self, texts: Mapping[str, str | None]) -> None:
        """Store `texts` at once, also after the writer has gone with its parent."""
        self._waiting.update(texts)
        self.flush()

    def stored_text(self, name: str) -> str | None:
        """Return what is stored for a field, or is about to be."""
        if name in self._waiting:
            return self._waiting[name]
        store = self.opened_store()
        for key in _keys_of(name):
            if store is not None and store.contains(key):
                return _read_text(store, key)
        return None

    def stored_names(self) -> frozenset[str]:
        """Return the names below ``Heatmap/`` that are stored."""
        store = self.opened_store()
        return frozenset() if store is None else frozenset(stored_texts(store))

    def has_failed(self) -> bool:
        """Whether the store could not be read or written when that was tried last."""
        store = self.opened_store()
        return store is not None and store.status() != QSettings.Status.NoError

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("settings could not be stored", exc_info=error)

    @guarded
    def _on_quit(self) -> None:
        self.flush()

    @guarded
    def _end_pause(self) -> None:
        if self._waiting:
            self._store_waiting()
            self._pause.start()

    def _store_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        store = self.opened_store()
        if store is None:
            return
        for name, text in waiting.items():
            current, *former = _keys_of(name)
            for key in former:
                store.remove(key)
            if text is None:
                store.remove(current)
            else:
                store.setValue(current, text)

    def opened_store(self) -> QSettings | None:
        """Return the store, opened again where it was deleted; ``None``: there is none."""
        store = self._given_store
        if store is not None and self._address is not None and sip.isdeleted(store):
            path, file_format, group = self._address
            store = self._given_store = QSettings(path, file_format)
            if group:
                store.beginGroup(group)
        return store


def _keys_of(name: str) -> tuple[str, ...]:
    """Return under which keys a field may be stored: its own first, then a former one."""
    record = SETTINGS.get(name)
    names = [name] if record is None or not record.formerly else [name, record.formerly]
    return tuple(f"{GROUP}/{one}" for one in names)


def _child_keys(store: QSettings) -> list[str]:
    try:
        return store.childKeys()
    except SystemError:
        # WORKAROUND PyQt: a stored Python object that cannot be made again leaves its exception to
        # whatever call has the file read.
        return store.childKeys()


def _read_text(store: QSettings, key: str) -> str:
    try:
        value = store.value(key)
    except TypeError:  # a stored Python object that cannot be made again
        return "?"
    # An INI file gives a list for a text with commas in it.
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    # An invalid value of the store's own: "None" would pass for a symbol.
    return "" if value is None else str(value)
