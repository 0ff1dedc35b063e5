"""Addresses and keys: what is taken, where they are stored, and that nothing shows them."""

import copy
import json
import os
import pickle
import stat
from dataclasses import asdict
from pathlib import Path
from traceback import TracebackException

import pytest

from Heatmap.alerts.ways import Secret, WayKind, WaySpec, make_way, read_ways, write_ways
from Heatmap.errors import SettingsError
from Heatmap.runtime.plain import as_plain

HIDDEN = "TOKEN-5257a8"
SPEC = WaySpec(
    "my bot",
    WayKind.WEBHOOK,
    Secret(f"https://user:{HIDDEN}@h.example/{HIDDEN}"),
    Secret(f"key-of-{HIDDEN}"),
)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(HIDDEN)
    for text in (repr(secret), str(secret), f"{secret:>40}", repr(SPEC), repr(asdict(SPEC))):
        assert HIDDEN not in text
    for dump in (pickle.dumps, json.dumps, as_plain):
        with pytest.raises(TypeError) as caught:
            dump(secret)  # type: ignore[operator]
        assert HIDDEN not in str(caught.value)
    assert copy.deepcopy(SPEC) == SPEC
    assert secret == Secret(HIDDEN) != Secret("")
    assert len({secret, Secret(HIDDEN)}) == 1
    assert not Secret("")


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example/a/b/?token=x",
        "https://user:password@h.example:8443",
        "http://127.0.0.1:8000/hook",
        "http://[::1]/hook",
        "http://localhost/hook",
    ],
)
def test_https_is_taken_and_http_of_this_machine(address: str) -> None:
    assert make_way(WaySpec("way", WayKind.WEBHOOK, Secret(address))).kind == "webhook"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "https://"),
        (HIDDEN, "https://"),
        (f"ftp://{HIDDEN}", "https://"),
        (f"http://h.example/{HIDDEN}", "only for this machine"),
        (f"http://127.0.0.1@h.example/{HIDDEN}", "only for this machine"),
        (f"http://127.0.0.1.h.example/{HIDDEN}", "only for this machine"),
        (f"http://h.example\\@127.0.0.1/{HIDDEN}", "https://host/path"),
        (f"http://127.0.0.1\\@h.example/{HIDDEN}", "https://host/path"),
        (f"https:///{HIDDEN}", "https://host/path"),
        (f"https://h.example:{HIDDEN}/", "https://host/path"),
        (f"https://h.example:0/{HIDDEN}", "https://host/path"),
        (f"https://h.example/{HIDDEN}\r\nX-Other: 1", "https://host/path"),
        (f"https://h.example/#{HIDDEN}", "https://host/path"),
        (f"https://[{HIDDEN}/", "https://host/path"),
        (f"https://h.example/{HIDDEN}{'x' * 2000}", "https://host/path"),
    ],
)
def test_another_address_is_refused_and_not_repeated(address: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        make_way(WaySpec("way", WayKind.WEBHOOK, Secret(address)))
    assert HIDDEN not in str(caught.value) + str(as_plain(caught.value.failure))
    # Nor do reports tell it that show the local names of each frame, the test's own left out.
    trace = TracebackException(caught.type, caught.value, caught.tb.tb_next, capture_locals=True)
    assert HIDDEN not in "".join(trace.format())


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("", None, "1 to 40"),
        ("x" * 41, None, "1 to 40"),
        ("a\nb", None, "one line"),
        ("way", "short", "16 characters"),
    ],
)
def test_a_name_is_short_and_a_key_is_long(name: str, key: str | None, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make_way(
            WaySpec(
                name, WayKind.WEBHOOK, Secret("https://h"), None if key is None else Secret(key)
            )
        )


def test_a_file_of_ways_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "ways.json"
    other = WaySpec("Telegram", WayKind.APPRISE, Secret("tgram://token/chat"))
    write_ways(path, [SPEC])
    write_ways(path, [SPEC, other])
    assert read_ways(path) == (SPEC, other)
    assert [one.name for one in tmp_path.iterdir()] == ["ways.json"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        assert read_ways(path) == (SPEC, other)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SettingsError, match="name of its own"):
        write_ways(path, [SPEC, SPEC])
    assert read_ways(path) == (SPEC, other)
    with pytest.raises(SettingsError, match="cannot be written"):
        write_ways(tmp_path / "none" / "ways.json", [SPEC])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{{"kind": "{HIDDEN}"}}', "expected kind heatmap_ways"),
        (f'{{"{HIDDEN}', "no JSON, line 1"),
        ('{"kind": "heatmap_ways", "version": 1, "ways": [1]}', "a list of ways"),
        (
            f'{{"kind": "heatmap_ways", "version": 1, "ways": [{{"kind": "{HIDDEN}"}}]}}',
            "webhook or apprise",
        ),
        (
            f'{{"kind": "heatmap_ways", "version": 1, "ways": [{{"address": ["{HIDDEN}"]}}]}}',
            "expected texts",
        ),
        (f"\udcff{HIDDEN}", "no UTF-8"),
        (f"{HIDDEN}{' ' * 1_000_001}", "too large"),
    ],
)
def test_a_file_that_is_none_of_ways_is_not_repeated(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "ways.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError, match=words) as caught:
        read_ways(path)
    assert HIDDEN not in str(caught.value)
