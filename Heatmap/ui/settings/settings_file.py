"""Settings in a file, to take along to another computer or to send to somebody."""

from pathlib import Path

from PyQt6.QtCore import QIODevice, QSaveFile

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, SettingsError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.setting_fields import UnusedValue

MOST_BYTES = 1_000_000
"""A file that is larger is none of settings, and is not read."""


def export_settings(settings: HeatmapSettings, path: Path | str) -> None:
    """Write all settings to a JSON file, whole or not at all.

    Parameters
    ----------
    settings
        What to write.
    path
        Where; a file that is there is replaced.

    Raises
    ------
    SettingsError
        The file cannot be written; one that was there stays as it was. The message is one line.
    """
    file = QSaveFile(str(path))
    data = settings.to_json().encode("utf-8")
    is_written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data)
    if not is_written or not file.commit():
        kind = FailureKind.SETTINGS_NOT_WRITTEN
        raise raised(SettingsError, kind, reason=file.errorString())


def import_settings(
    path: Path | str, base: HeatmapSettings | None = None
) -> tuple[HeatmapSettings, tuple[UnusedValue, ...]]:
    """Read what `export_settings` wrote, here or in another version; nothing is put in force.

    Parameters
    ----------
    path
        The JSON file.
    base
        Where fields come from that the file does not name; the defaults when ``None``.

    Returns
    -------
    (settings, unused)
        An unknown field, and one with a value that is not allowed, is left out: the latter keeps
        the value of `base`. Each is one of `unused`, with a line that says why.

    Raises
    ------
    SettingsError
        The file cannot be read, or is no JSON of settings. The message is one line.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        kind = FailureKind.SETTINGS_NOT_READ
        raise raised(SettingsError, kind, reason=reason or error) from error
    if len(data) > MOST_BYTES:
        raise raised(SettingsError, FailureKind.SETTINGS_TOO_LARGE, limit=MOST_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise raised(SettingsError, FailureKind.SETTINGS_FOREIGN) from None
    return HeatmapSettings.from_json(text, base)
