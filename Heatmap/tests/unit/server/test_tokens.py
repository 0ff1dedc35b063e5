"""The token is made once, for its user alone."""

import os
import stat
from pathlib import Path

import pytest

from Heatmap.errors import ServerError
from Heatmap.server.tokens import read_or_make_token


def test_it_is_made_once_and_only_its_user_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "heatmap-token"
    token = read_or_make_token(path)
    assert len(token) >= 32
    assert read_or_make_token(path) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_make_token(tmp_path / "other") != token


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_one_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "heatmap-token"
    read_or_make_token(path)
    path.chmod(0o640)
    with pytest.raises(ServerError, match="chmod 600"):
        read_or_make_token(path)


def test_one_that_is_short_or_cannot_be_made_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "heatmap-token"
    path.write_text("short\n")
    path.chmod(0o600)
    with pytest.raises(ServerError, match="5 characters"):
        read_or_make_token(path)
    with pytest.raises(ServerError, match="--token-file"):
        read_or_make_token(tmp_path / "nowhere" / "token")
