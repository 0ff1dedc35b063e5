"""What the doctor says of a socket that could not be opened, on each system."""

import errno
import os
import socket
import sys

import pytest

from Heatmap.doctor.stream_checks import system_words


def test_an_error_of_a_socket_has_the_words_of_its_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_words(errno.ECONNREFUSED) == os.strerror(errno.ECONNREFUSED)
    # As Python's socket module has it on Windows, where strerror knows no such number.
    refused = 10061
    monkeypatch.setattr(socket, "errorTab", {refused: "Connection refused."}, raising=False)
    assert "refused" not in system_words(refused)
    monkeypatch.setattr(sys, "platform", "win32")
    assert system_words(refused) == "Connection refused"
    assert system_words(errno.EACCES) == os.strerror(errno.EACCES)
