"""Addresses of Redis: what is taken, and that no password is ever shown."""

import pytest

from Heatmap.errors import SettingsError

pytest.importorskip("redis", reason="the extra redis is not installed")
from Heatmap.publish import Names, check_redis  # only where there is one


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://h", "redis://h:6379/0"),
        ("rediss://user:SECRET@h.example:7000/3", "rediss://h.example:7000/3"),
        ("redis://:SECRET@[::1]/1?socket_timeout=2", "redis://[::1]:6379/1"),
        ("unix:///run/redis.sock?password=SECRET", "unix:///run/redis.sock"),
        ("redis://h/1?db=3", "redis://h:6379/3"),
    ],
)
def test_an_address_is_shown_without_user_password_and_options(text: str, shown: str) -> None:
    address = check_redis(text, "heatmap")
    assert (str(address), address.url) == (shown, text)
    assert "SECRET" not in repr(address)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "scheme"),
        ("localhost:6379", "scheme"),
        ("http://:SECRET@h", "scheme"),
        ("redis://", "host"),
        ("redis://:SECRET@:6379", "host"),
        ("redis://:SECRET@h:port", "port"),
        ("redis://:SECRET@h:99999", "port"),
        ("redis://:SECRET@h:0", "port"),
        ("redis://:SECRET@h/first", "number"),
        ("redis://:SECRET@h#1", "number"),
        ("unix://:SECRET@", "scheme"),
        ("redis://:SECRET@h?no_such_option=1", "'no_such_option' is none of client_name, db,"),
        ("redis://:SECRET@h?protocol=SECRET", "protocol must be 2 or 3"),
        ("redis://:SECRET@h?socket_timeout=0.0", "socket_timeout must be seconds above 0"),
        ("redis://:SECRET@h?password=SECRET&password=SECRET", "twice"),
        ("redis://:SECRET@h?ssl_ca_certs=SECRET", "write rediss:// for redis://"),
        # What the library would take, but answer in another form.
        ("unix:///run/redis.sock?decode_responses=1", "is none of"),
    ],
)
def test_what_is_none_is_said_without_its_password(text: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word) as caught:
        check_redis(text, "heatmap")
    assert "SECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "a b", "a:b", "x" * 41, "*"])
def test_a_prefix_is_plain_and_short(prefix: str) -> None:
    with pytest.raises(SettingsError, match="begin with"):
        Names(prefix=prefix)
