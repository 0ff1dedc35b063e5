"""What is sent of one alert, or of several at once; of bounded length. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from Heatmap.runtime.outside_text import printable
from Heatmap.runtime.plain import as_plain

LONGEST_TITLE_CHARS = 200
LONGEST_BODY_CHARS = 1000
MOST_PAYLOAD_BYTES = 4096
"""A payload whose JSON is longer is left out, and ``null`` stands in its place."""
_MOST_LINES = 8
_ID = re.compile(r"[!-~]{1,200}")
_KEY_DIGITS = 32


class Notice(Protocol):
    """An alert as it is told.

    Attributes
    ----------
    id
        The same at each repeat: receivers tell by it what they have had.
    title, body
        One line, and some lines, in the user's language.
    payload
        The alert as plain data for JSON.
    """

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def body(self) -> str: ...  # noqa: D102
    @property
    def payload(self) -> Mapping[str, Any]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class PlainNotice:
    """A notice of texts and data that are there; see `Notice`."""

    id: str
    title: str
    body: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessageWords:
    """The words of messages, in the user's language.

    Attributes
    ----------
    several
        Title of several alerts in one message, with ``{count}``.
    more
        Last line where not all are listed, with ``{count}``.
    test_title, test_body
        What a test says.
    """

    several: str = "{count} alerts"
    more: str = "and {count} more"
    test_title: str = "Heatmap: a test"
    test_body: str = "Alerts arrive here."


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice made ready: what goes out is fixed here.

    Attributes
    ----------
    id, title, body
        As the notice's, cut to their limits.
    data
        JSON of it, UTF-8.
    """

    id: str
    title: str
    body: str
    data: bytes

    @classmethod
    def of(cls, notice: Notice) -> "Entry":
        """Make a notice ready."""
        title = _cut(notice.title, LONGEST_TITLE_CHARS)
        body = _cut(notice.body, LONGEST_BODY_CHARS)
        plain = {
            "id": notice.id,
            "title": title,
            "body": body,
            "payload": _short_payload(notice.payload),
        }
        return cls(notice.id, title, body, _json(plain))


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once; an attempt to repeat it sends the same.

    Attributes
    ----------
    key
        The id of the one alert, or one that is made of the ids of all; fit for a header.
    title, body
        For services that show texts.
    data
        JSON for webhooks, UTF-8, see docs/alert-ways.md.
    """

    key: str
    title: str
    body: str
    data: bytes


def make_message(entries: Sequence[Entry], words: MessageWords) -> Message:
    """Return one message of one or more entries."""
    key = message_key([entry.id for entry in entries])
    if len(entries) == 1:
        title, body = entries[0].title, entries[0].body
    else:
        title = words.several.format(count=len(entries))
        lines = [entry.title for entry in entries[:_MOST_LINES]]
        if len(entries) > _MOST_LINES:
            lines.append(words.more.format(count=len(entries) - _MOST_LINES))
        body = "\n".join(lines)
    head = _json({"kind": "heatmap_alerts", "version": 1, "key": key, "title": title, "body": body})
    data = head[:-1] + b',"alerts":[' + b",".join(entry.data for entry in entries) + b"]}"
    return Message(key, title, body, data)


def message_key(ids: Sequence[str]) -> str:
    """Return what a receiver tells a repeated message by: an alert's id where it is a plain one."""
    if len(ids) == 1 and _ID.fullmatch(ids[0]):
        return ids[0]
    digest = hashlib.sha256(json.dumps(list(ids)).encode()).hexdigest()
    return f"{len(ids)}-{digest[:_KEY_DIGITS]}"


def _cut(text: str, longest: int) -> str:
    safe = printable(text[:longest], keep="\n")
    return safe if len(text) <= longest and len(safe) <= longest else f"{safe[: longest - 3]}..."


def _short_payload(payload: Mapping[str, Any]) -> object:
    try:
        plain = as_plain(payload)
        return plain if len(_json(plain)) <= MOST_PAYLOAD_BYTES else None
    except (TypeError, ValueError, RecursionError):
        return None  # the alert itself is worth more than what comes along


def _json(plain: object) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
