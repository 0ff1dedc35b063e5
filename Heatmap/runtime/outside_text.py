"""Text from outside, made fit to be shown: one line, nothing that controls a terminal, no password.

Whatever another machine, another program or an exception says goes through `shown_text` before it
stands in a log, a terminal, the status, a label or the page. Addresses may hold a user and a
password, however they are spelt, so what stands before the ``@`` of a host never gets through; nor
do the values of parameters and headers that are named for a secret. Pure.
"""

import re
from collections import deque

HIDDEN = "***"
"""What stands in the place of user and password."""
LONGEST_CHARS = 600
"""Text from outside is cut off after so many characters."""
LONGEST_MESSAGE_CHARS = 2400
"""And so is the message of an error of ours, which may hold the names of files."""
LONGEST_LOOKED_AT = 50_000
"""What stands behind so many characters is not looked at, and not shown."""
_VALUE_CHARS = 50
_HUGE = 10**18

# The streams of an address stand behind an @ too: btcusdt@forceOrder.
_NO_STREAM = r"(?!(?:forceOrder|markPrice|kline_|continuousKline_|1s\b|arr\b))"
_AT = rf"(?:@|%40){_NO_STREAM}"
_ANY_AT = re.compile(_AT, re.IGNORECASE)
_AT_OF_HOST = re.compile(rf"{_AT}(?=[\w\[%-])", re.IGNORECASE)
# Whoever sends a text must not make the search take long: it looks at each place once, and what may
# repeat is limited.
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]{0,30}(?::|%3A)(?:/|%2F){2}"
_BEGINS_WITH_SCHEME = re.compile(_SCHEME, re.IGNORECASE)
# Not a path: /home/me@work/x and C:\me@work\x are names of files.
_BEGINS_WITHOUT = re.compile(
    rf"(?:^|(?<=['\"<>(=,;]))(?!/(?!/)|\\|[A-Za-z]:[\\/]|\*\*\*@|{_SCHEME}\*\*\*@)"
    r"[^'\"<>(=,;\\]",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
# Not the name of a symbol, such as TOKENUSDT; nor a list or an object of JSON.
_PARAMETER = re.compile(
    r"(?P<name>(?:token|api_?key|listen_?key|secret|passw(?:or)?d|passwd|pwd|signature)"
    r"(?:_?key|[_.-][\w.-]{0,40})?[\"']?\s{0,4}(?:=|:|%3D)\s{0,4}[\"']?)"
    r"(?![\[{])[^\s&;,#'\"}]+",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<name>(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
    r"(?:(?:basic|bearer|digest)\s{1,4})?)"
    r"[^\s'\",]+",
    re.IGNORECASE,
)
_LINE_ENDS = re.compile(r"[\t-\r\x1c-\x1e\x85\u2028\u2029]+")
# What Python says of a port that is none quotes what may be the beginning of a password.
_PORT = re.compile(r"(?P<name>port could not be cast to integer value as ).*", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return a text without users, passwords and tokens; the rest stays as it is."""
    if "@" in text or "%40" in text:
        text = _WORD.sub(_without_user, text)
    text = _PARAMETER.sub(rf"\g<name>{HIDDEN}", text)
    text = _HEADER.sub(rf"\g<name>{HIDDEN}", text)
    return _PORT.sub(rf"\g<name>{HIDDEN}", text)


def _without_user(word: re.Match[str]) -> str:
    """Return a run without blanks without user and password: what runs to its last @."""
    text = word[0]
    if "@" not in text and "%40" not in text:
        return text
    last = _last(_ANY_AT, text)
    if last is not None and (begin := _BEGINS_WITH_SCHEME.search(text, 0, last.start())):
        text = f"{text[: begin.end()]}{HIDDEN}@{text[last.end() :]}"
    last = _last(_AT_OF_HOST, text)
    begin = None if last is None else _BEGINS_WITHOUT.search(text, 0, last.end())
    if last is not None and begin is not None and begin.end() <= last.start():
        text = f"{text[: begin.start()]}{HIDDEN}@{text[last.end() :]}"
    return text


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = deque(pattern.finditer(text), maxlen=1)
    return last[0] if last else None


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text with every character that is not printable written out, such as ``\x1b``.

    Parameters
    ----------
    text
        From anywhere.
    keep
        Characters that stay though they are not printable, such as ``"\n"``.
    """
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char in keep
        else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in text
    )


def shown_text(text: str, longest: int = LONGEST_CHARS) -> str:
    """Return text from outside as one printable line of bounded length, without secrets.

    Parameters
    ----------
    text
        From anywhere.
    longest
        It is cut off after so many characters, and ends with three points then.
    """
    # What is cut off must not hide the @ that tells a password; nor may a flood take its time.
    line = without_secrets(_LINE_ENDS.sub(" ", text[:LONGEST_LOOKED_AT]).strip())
    line = printable(line[: longest + 1])
    return line if len(line) <= longest else f"{line[:longest]}..."


def shown_value(value: object) -> str:
    """Return a value of a message as one short line.

    What is in a container is not shown, as it may be anything; nor is a huge number.
    """
    if isinstance(value, str | bytes):
        return ascii(value[:_VALUE_CHARS])[: 2 * _VALUE_CHARS]
    if value is None or isinstance(value, float | bool):
        return repr(value)
    if type(value) is int and abs(value) < _HUGE:
        return repr(value)
    return f"a {type(value).__name__}"


def error_text(error: BaseException) -> str:
    """Return what an exception says, as `shown_text` and never empty."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return shown_text(str(text))
