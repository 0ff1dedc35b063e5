"""What comes from outside is shown as one harmless line, without passwords and tokens."""

import io
import logging
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.runtime.outside_text import (
    HIDDEN,
    LONGEST_CHARS,
    error_text,
    printable,
    shown_text,
    without_secrets,
)
from Heatmap.runtime.safe_log import SafeFormatter, get_logger, safe_lines
from Heatmap.ui.report_gate import page_words

SPELT = [
    "https_proxy=user:SECRET@127.0.0.1:9",
    "user:SECRET@127.0.0.1:9",
    "http://user:SECRET@127.0.0.1:9",
    "wss://user:SECRET@fstream.example/market/stream?streams=btcusdt@forceOrder",
    "https://SECRET@fapi.example",
    "SECRET@proxy.example:8080",
    "//user:SECRET@proxy.example",
    "user%3ASECRET%40proxy.example:80",
    "https%3A%2F%2Fuser%3ASECRET%40proxy.example",
    "http://us%40er:SECRET%2F@proxy.example",
    "http://user:SEC/SECRET@RET@proxy.example",
    "http://user:SE'CRET\"SECRET@proxy.example",
    "socks5h://[user:SECRET@::1]:1080",
    "got 'SECRET@proxy.example'",
    "URL('http://user:SECRET@proxy.example')",
    "Cannot connect to host user:SECRET@proxy.example:443 ssl:default [refused]",
    "wss://fstream.example/stream?listenKey=SECRET&x=1",
    "https://api.example/?x=1&api_key=SECRET",
    "https://api.example/?signature=SECRET#end",
    "https://api.example/?x=1&access-token=SECRET",
    "{'password': 'SECRET', 'x': 1}",
    "accessToken=SECRET",
    "secretKey: SECRET",
    "token_value=SECRET",
    '{"api_secret": "SECRET"}',
    "Proxy-Authorization: Basic SECRET",
    "{'Authorization': 'Bearer SECRET'}",
    "Port could not be cast to integer value as 'SECRET'",
]
HARMLESS = [
    "wss://fstream.example/market/stream?streams=btcusdt@forceOrder/btcusdt@markPrice@1s",
    "!forceOrder@arr",
    "ethusdt@kline_1m",
    "the database /home/me@work/heatmap.sqlite3 cannot be opened",
    r"C:\Users\me@work\heatmap.sqlite3",
    "HTTP 429: too many requests from this address",
    "at 09:12:00 UTC, 12 ms",
    "币安人生USDT",
    "no mark price for TOKENUSDT: is the symbol right?",
    '{"TOKENUSDT": {"events": 1}, "token": [1], "SECRETUSDT": {}}',
]
CONTROLS = "a\x1b[2J\r\nstopped, 9999 stored\x07\x00\u202e\u2028\x9b31m\ud800"


@pytest.mark.parametrize("text", SPELT)
def test_no_spelling_of_an_address_shows_its_password(text: str) -> None:
    assert "SECRET" in text
    for shown in (without_secrets(text), shown_text(text), safe_lines(text)):
        assert "SECRET" not in shown
        assert HIDDEN in shown


@pytest.mark.parametrize("text", HARMLESS)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert shown_text(text) == text


@given(
    st.text(string.ascii_letters + string.digits + "!$&*+-._~:/?#[]'\"%", min_size=1, max_size=20),
    st.sampled_from(["http://", "wss://", "socks5h://", ""]),
    st.sampled_from(["proxy.example:8080", "10.0.0.1", "[::1]:1080"]),
)
def test_whatever_the_password_it_does_not_get_through(
    password: str, scheme: str, host: str
) -> None:
    secret = f"XyZ{password}zYx"
    text = f"the proxy {scheme}user:{secret}@{host} refused"
    assert "XyZ" not in shown_text(text)
    assert "zYx" not in shown_text(text)


def test_a_password_that_is_longer_than_what_is_shown_is_not_shown_either() -> None:
    text = f"http://user:SECRET{'x' * 20 * LONGEST_CHARS}@host"
    assert shown_text(text) == "http://***@host"
    assert page_words(f"failed at {text}") == "failed at http://***@host"


@pytest.mark.parametrize(
    "part",
    ["a", "a@", "'a", "token", "token.", "secret ", "http://a", "http://", "=a@forceOrder", "%40"],
)
def test_no_text_makes_the_search_take_long(part: str) -> None:
    text = part * (50_000 // len(part)) + "@"
    # The processor's time: a busy machine makes it no longer.
    begun_s = time.thread_time()
    without_secrets(text)
    # It takes 0.1 s; looking from each place at all that follows took minutes.
    assert time.thread_time() - begun_s < 5


def test_control_characters_are_written_out_and_lines_become_one() -> None:
    shown = shown_text(CONTROLS)
    assert shown.isprintable()
    assert shown.startswith("a\\x1b[2J stopped, 9999 stored\\x07\\x00\\u202e")
    assert printable("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"


@given(st.text(max_size=3 * LONGEST_CHARS))
def test_any_text_is_one_printable_line_of_bounded_length(text: str) -> None:
    shown = shown_text(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= LONGEST_CHARS + 3


def test_an_exception_is_never_told_as_nothing() -> None:
    assert error_text(TimeoutError()) == "TimeoutError"
    assert error_text(OSError(111, "Connection refused")) == "Connection refused"
    assert "SECRET" not in error_text(ValueError("http://user:SECRET@host"))


def test_failures_and_errors_hold_only_what_is_safe() -> None:
    values = {"reason": CONTROLS, "code": 1008}
    failure = Failure(FailureKind.CLOSED_BY_EXCHANGE, values)
    assert failure.values["reason"].isprintable()
    assert failure.values["code"] == 1008
    error = SettingsError(f"--ws-url: wss://user:SECRET@host {CONTROLS}")
    assert "SECRET" not in str(error)
    assert str(error).isprintable()
    assert "SECRET" not in repr(Failure.of(RuntimeError("http://user:SECRET@host")))


# -- the log --------------------------------------------------------------------------------------


def fail() -> None:
    cause = ConnectionError(f"user:SECRET@host {CONTROLS}")
    raise RuntimeError("wss://user:SECRET@host") from cause


def logged(make: str) -> str:
    """Log with a traceback, as a host's plain handler and one of ours write it."""
    stream = io.StringIO()
    handlers = [logging.StreamHandler(stream), logging.StreamHandler(stream)]
    handlers[1].setFormatter(SafeFormatter("%(levelname)s %(message)s"))
    logger = get_logger(f"Heatmap.tests.{make}")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        fail()
    except RuntimeError:
        logger.exception("connection to %s: %s", "https://user:SECRET@host", CONTROLS)
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
    return stream.getvalue()


def test_a_line_and_a_traceback_are_safe_whoever_handles_them() -> None:
    text = logged("safe")
    assert text.count("Traceback (most recent call last)") == 2
    assert "SECRET" not in text
    assert all(line.replace("\t", " ").isprintable() for line in text.split("\n"))
    assert "connection to https://***@host: a\\x1b[2J" in text


def test_lines_of_libraries_are_made_safe_by_the_commands_handler() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter("%(message)s"))
    record = logging.LogRecord(
        "other", logging.ERROR, "x", 1, "> Authorization: Basic SECRET \x1b", (), None
    )
    handler.handle(record)
    assert stream.getvalue() == "> Authorization: Basic *** \\x1b\n"
