"""Where databases stand when the user does not say."""

from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from Heatmap.storage.location import data_directory

WINDOWS_HOME = PureWindowsPath(r"C:\Users\Jörg Müller")
HOME = PurePosixPath("/home/jörg")


@pytest.mark.parametrize(
    ("platform", "environment", "home", "expected"),
    [
        ("win32", {"LOCALAPPDATA": r"D:\Lokal\Börse"}, WINDOWS_HOME, r"D:\Lokal\Börse"),
        ("win32", {"LOCALAPPDATA": r"\\server\user"}, WINDOWS_HOME, "\\\\server\\user\\"),
        ("win32", {}, WINDOWS_HOME, r"C:\Users\Jörg Müller\AppData\Local"),
        ("win32", {"LOCALAPPDATA": ""}, WINDOWS_HOME, r"C:\Users\Jörg Müller\AppData\Local"),
        # Relative to a directory, or to a drive: where the program was started would decide.
        ("win32", {"LOCALAPPDATA": "x"}, WINDOWS_HOME, r"C:\Users\Jörg Müller\AppData\Local"),
        ("win32", {"LOCALAPPDATA": "D:x"}, WINDOWS_HOME, r"C:\Users\Jörg Müller\AppData\Local"),
        # A shell that runs on Windows may set what belongs to another system.
        ("win32", {"XDG_DATA_HOME": "/x"}, WINDOWS_HOME, r"C:\Users\Jörg Müller\AppData\Local"),
        ("linux", {"XDG_DATA_HOME": "/data"}, HOME, "/data"),
        ("linux", {"XDG_DATA_HOME": "data"}, HOME, "/home/jörg/.local/share"),
        ("linux", {"LOCALAPPDATA": r"C:\x"}, HOME, "/home/jörg/.local/share"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, HOME, "/home/jörg/Library/Application Support"),
    ],
)
def test_each_system_keeps_its_data_where_its_users_look(
    platform: str, environment: dict[str, str], home: PurePath, expected: str
) -> None:
    found = data_directory(platform, environment, lambda: home)
    assert str(found) == expected
