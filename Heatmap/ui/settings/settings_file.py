"""Settings in a file, to take along to another computer or to send to somebody."""

import json
from collections.abc import Iterable
from pathlib import Path

from PyQt6.QtCore import QIODevice, QSaveFile

from Heatmap.alerts.rule_list import MOST_RULES, rules_from_json, rules_to_json
from Heatmap.alerts.rules import Rule
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, SettingsError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.setting_fields import UnusedValue

MOST_BYTES = 1_000_000
"""A file that is larger is none of settings, and is not read."""


_RULES = "alert_rules"
_LONGEST_RULE = 60


def export_settings(
    settings: HeatmapSettings, path: Path | str, rules: Iterable[Rule] | None = None
) -> None:
    """Write all settings to a JSON file, whole or not at all.

    Rules name the ways on which they are told; addresses never go along.

    Parameters
    ----------
    settings
        What to write.
    path
        Where; a file that is there is replaced.
    rules
        Alert rules that go along; ``None``: none are in the file.

    Raises
    ------
    SettingsError
        The file cannot be written; one that was there stays as it was. The message is one line.
    """
    file = QSaveFile(str(path))
    plain = json.loads(settings.to_json())
    if rules is not None:
        plain[_RULES] = json.loads(rules_to_json(rules))
    data = (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
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
    return HeatmapSettings.from_json(_read(path), base)


def import_alert_rules(path: Path | str) -> tuple[tuple[Rule, ...] | None, tuple[str, ...]]:
    """Read the alert rules of a file that `export_settings` wrote; nothing is put in force.

    Returns
    -------
    (rules, unused)
        ``None`` where the file has none. A rule that cannot be used is left out, and one of
        `unused`, as it is written there.

    Raises
    ------
    SettingsError
        The file cannot be read. The message is one line.
    """
    try:
        plain = json.loads(_read(path))
    except (ValueError, RecursionError):
        return None, ()
    listed = plain.get(_RULES) if isinstance(plain, dict) else None
    if not isinstance(listed, list):
        return None, ()
    rules: list[Rule] = []
    unused: list[str] = []
    for one in listed:
        found, problems = rules_from_json(json.dumps([one]))
        ids = {rule.id for rule in rules}
        if problems or len(rules) == MOST_RULES or any(rule.id in ids for rule in found):
            text = one.get("rule") if isinstance(one, dict) else one
            unused.append(str(text)[:_LONGEST_RULE])
        else:
            rules += found
    return tuple(rules), tuple(unused)


def _read(path: Path | str) -> str:
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
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise raised(SettingsError, FailureKind.SETTINGS_FOREIGN) from None
