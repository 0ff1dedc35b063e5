"""Recordings to replay: the exchange's messages as JSON lines, and minute candles as CSV.

Everything is checked when it is loaded: a replay that fails in its middle, or silently leaves out
what it cannot read, would show a market that never was.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from Heatmap.domain.events import LiquidationEvent, Rejection, RejectReason
from Heatmap.errors import RecordingFileError, SettingsError
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.ingestion.venues.numbers import EARLIEST_MS, LATEST_MS
from Heatmap.standalone.exchange.market import MINUTE_MS, Bars

# Several connections written to one file may interleave by a little; more is a damaged file.
_DISORDER_MS = 60_000
_KLINE_COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
# What a file may have beside them, each by the names that are in use.
_QUOTE_NAMES = ("quote_volume", "quote_asset_volume")
_TAKER_NAMES = ("taker_buy_quote", "taker_buy_quote_volume", "taker_buy_quote_asset_volume")
_TRADES_NAMES = ("trades", "count", "number_of_trades")
# Rounding may put the part a little above the whole.
_WHOLE = 1.000_001
_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """One ``forceOrder`` message.

    Attributes
    ----------
    push_ms
        When the exchange pushed it (``E``), UTC milliseconds.
    symbol
        Whose liquidation it is.
    payload
        The event object as recorded, without the envelope of a combined connection.
    event
        What it says; ``None`` for an order that the recorder does not keep (margined in coin).
    """

    push_ms: int
    symbol: str
    payload: dict[str, Any]
    event: LiquidationEvent | None


@dataclass(frozen=True, slots=True)
class Recording:
    """Messages and candles of the same time.

    Attributes
    ----------
    messages_path, candles_path
        Where they were read.
    messages
        At least one, sorted by `RecordedMessage.push_ms`.
    candles
        At least one minute bar; minutes may be missing.
    """

    messages_path: Path
    candles_path: Path
    messages: tuple[RecordedMessage, ...]
    candles: Bars


def load_recording(messages_path: Path, candles_path: Path) -> Recording:
    """Read and check both files of a recording.

    Raises
    ------
    RecordingFileError
        A file cannot be read, is empty, or has a line that is not what it should be.
    """
    return Recording(
        messages_path, candles_path, read_messages(messages_path), read_klines(candles_path)
    )


def read_messages(path: Path) -> tuple[RecordedMessage, ...]:
    """Read a file with one ``forceOrder`` frame in each line, enveloped or not.

    Returns
    -------
    tuple of RecordedMessage
        At least one, sorted by push time; equal times in the order of the file.

    Raises
    ------
    RecordingFileError
        The file cannot be read or is empty, a line is not such a message, or the lines are out of
        order by more than a minute.
    """
    messages: list[RecordedMessage] = []
    newest_ms = 0
    for number, line in _lines(path):
        message = _parse_message(line, _Place(path, number))
        if message.push_ms < newest_ms - _DISORDER_MS:
            raise _Place(path, number).error(
                f"a push time E at or after {time_text(newest_ms - _DISORDER_MS)}, as the order "
                "of the lines says",
                time_text(message.push_ms),
                "sort the file by time, or use the file as it was recorded",
            )
        newest_ms = max(newest_ms, message.push_ms)
        messages.append(message)
    if not messages:
        raise RecordingFileError(
            f"{path}: expected one forceOrder message in each line, found an empty file; "
            "name the file that holds the messages"
        )
    return tuple(sorted(messages, key=lambda message: message.push_ms))


def read_klines(path: Path) -> Bars:
    """Read a CSV file of one-minute candles; its header names the columns, times in milliseconds.

    Beside ``open_time,open,high,low,close,volume`` it may have ``quote_volume``,
    ``taker_buy_quote`` and ``trades``, also by Binance's longer names. Without the first one the
    volume in USD is the coins at the mean of the candle's four prices; without the others they
    are unknown.

    Returns
    -------
    Bars
        At least one, times ascending; minutes may be missing.

    Raises
    ------
    RecordingFileError
        The file cannot be read or is empty, a column is missing, or a row is not a candle that
        comes after the one before.
    """
    lines = [(number, _text(line, _Place(path, number))) for number, line in _lines(path)]
    reader = csv.reader([text for _number, text in lines], strict=True)
    rows: list[tuple[float, ...]] = []
    try:
        header = next(reader, [])
        columns, further = _kline_columns(header, path)
        for row in reader:
            # The reader counts lines of its input; a quoted field may span several.
            place = _Place(path, lines[reader.line_num - 1][0])
            values = _parse_kline(row, columns, len(header), place)
            values += _parse_further(row, further, place)
            if rows and values[0] <= rows[-1][0]:
                raise place.error(
                    f"an open_time after {rows[-1][0]:.0f} (candles in order, each once)",
                    f"{values[0]:.0f}",
                    "sort the file by open_time and remove what is there twice",
                )
            rows.append(values)
    except csv.Error as error:
        place = _Place(path, lines[max(reader.line_num, 1) - 1][0])
        raise place.error("comma-separated values", str(error), "correct the line") from error
    if not rows:
        raise RecordingFileError(
            f"{path}: expected one-minute candles below the header, found none; "
            "name the file that holds the candles"
        )
    table = np.array(rows)
    prices = [table[:, column].copy() for column in range(1, 6)]
    amounts = {name: table[:, 6 + place].copy() for place, name in enumerate(further)}
    if "quote_volume" not in amounts:
        amounts["quote_volume"] = prices[4] * sum(prices[:4]) / 4
    return Bars(table[:, 0].astype(np.int64), *prices, **amounts)


def parse_time(text: str) -> int:
    """Read a time such as ``2024-12-05T01:00:00Z``; returns UTC milliseconds.

    Raises
    ------
    SettingsError
        It is not such a time, does not name its zone, or lies outside 2017 to 2100.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError(
            f"a time must be written like 2024-12-05T01:00:00Z, got {text[:_SHOWN_CHARS]!r}"
        ) from None
    if moment.tzinfo is None:
        raise SettingsError(
            f"a time must name its zone, like 2024-12-05T01:00:00Z (Z for UTC), got {text!r}"
        )
    # Not timestamp(): a float has no exact milliseconds.
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    ts_ms = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    if not EARLIEST_MS <= ts_ms < LATEST_MS:
        raise SettingsError(f"a time must lie between the years 2017 and 2100, got {text!r}")
    return ts_ms


def time_text(ts_ms: int) -> str:
    """Write a time so that `parse_time` reads it: ``2024-12-05T01:00:00Z``."""
    moment = datetime.fromtimestamp(ts_ms // 1000, UTC)
    part = f".{ts_ms % 1000:03}" if ts_ms % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{part}Z"


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of a file, to complain about."""

    path: Path
    number: int

    def error(self, expected: str, found: str, remedy: str) -> RecordingFileError:
        return RecordingFileError(
            f"{self.path}, line {self.number}: expected {expected}, found {found}; {remedy}"
        )


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Give the numbered lines of a file, without its last, empty one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingFileError(
            f"{path}: expected a readable file, found: {error.strerror or error}; "
            "check the name and its permissions"
        ) from error
    # Some editors begin a file with a byte order mark.
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if lines[-1].strip() == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix(b"\r")


def _text(line: bytes, place: _Place) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise place.error("text in UTF-8", _shown(line), "use the file as it was saved") from None


def _parse_message(line: bytes, place: _Place) -> RecordedMessage:
    remedy = "correct or remove the line"
    text = _text(line, place)
    # The data of a replay are received when they were pushed.
    items = parse_frame(text, 0, keep_raw=False)
    item = items[0]
    if len(items) != 1:
        raise place.error("one forceOrder message", f"{len(items)} of them", remedy)
    if isinstance(item, Rejection) and item.reason is not RejectReason.COIN_M:
        found = f"{item.reason} ({item.detail})" if text.strip() else "an empty line"
        raise place.error("a Binance forceOrder message", found, remedy)
    if not isinstance(item, Rejection | LiquidationEvent):
        raise place.error("a Binance forceOrder message", "a mark price", remedy)
    payload = _payload(json.loads(text))
    push_ms = payload.get("E")
    if type(push_ms) is not int or not EARLIEST_MS <= push_ms < LATEST_MS:
        raise place.error("a push time E in milliseconds", repr(push_ms)[:_SHOWN_CHARS], remedy)
    event = item if isinstance(item, LiquidationEvent) else None
    symbol = str(payload["o"]["s"]) if event is None else event.symbol
    return RecordedMessage(push_ms, symbol, payload, event)


def _payload(frame: Any) -> dict[str, Any]:
    """Return the event object of a frame whose shape the parser has checked."""
    if isinstance(frame, dict) and "data" in frame and "e" not in frame:
        frame = frame["data"]
    payload: dict[str, Any] = frame[0] if isinstance(frame, list) else frame
    return payload


def _kline_columns(header: Sequence[str], path: Path) -> tuple[list[int], dict[str, int]]:
    """Return where the needed columns are, and by their name in `Bars` the further ones."""
    names = [name.strip().lower() for name in header]
    missing = [name for name in _KLINE_COLUMNS if name not in names]
    if missing:
        raise _Place(path, 1).error(
            f"a header with {','.join(_KLINE_COLUMNS)}",
            f"{','.join(header)[:_SHOWN_CHARS]!r} (without {', '.join(missing)})",
            "put the columns' names in the first line",
        )
    further = {
        field: names.index(name)
        for field, spellings in (
            ("quote_volume", _QUOTE_NAMES),
            ("taker_buy_quote", _TAKER_NAMES),
            ("trades", _TRADES_NAMES),
        )
        for name in spellings
        if name in names
    }
    return [names.index(name) for name in _KLINE_COLUMNS], further


def _parse_kline(
    row: Sequence[str], columns: Sequence[int], length: int, place: _Place
) -> tuple[float, ...]:
    remedy = "correct the line"
    if len(row) != length:
        raise place.error(f"{length} values", str(len(row)), remedy)
    texts = [row[column] for column in columns]
    try:
        values = tuple(float(text) for text in texts)
    except ValueError:
        raise place.error("numbers", _shown(",".join(texts)), remedy) from None
    open_ms, open_usd, high, low, close, volume = values
    if not EARLIEST_MS <= open_ms < LATEST_MS or open_ms % MINUTE_MS:
        raise place.error("an open_time in milliseconds at a full minute", _shown(texts[0]), remedy)
    # NaN fails every comparison, so it ends here as well.
    if not (0 < low <= min(open_usd, close) and max(open_usd, close) <= high < math.inf):
        raise place.error("0 < low <= open, close <= high", _shown(",".join(texts)), remedy)
    if not 0 <= volume < math.inf:
        raise place.error("a volume of 0 or more", _shown(texts[5]), remedy)
    return values


def _parse_further(
    row: Sequence[str], further: Mapping[str, int], place: _Place
) -> tuple[float, ...]:
    """Read volumes and trades, in the order of `further`."""
    texts = [row[column] for column in further.values()]
    try:
        values = tuple(float(text) for text in texts)
    except ValueError:
        raise place.error("numbers", _shown(",".join(texts)), "correct the line") from None
    if not all(0 <= value < math.inf for value in values):
        found = _shown(",".join(texts))
        raise place.error(f"{', '.join(further)} of 0 or more", found, "correct the line")
    known = dict(zip(further, values, strict=True))
    if known.get("taker_buy_quote", 0.0) > known.get("quote_volume", math.inf) * _WHOLE:
        raise place.error(
            "buyers to take no more than was traded",
            _shown(",".join(texts)),
            "name the column of the quote volume that takers bought",
        )
    return values


def _shown(value: str | bytes) -> str:
    return ascii(value[:_SHOWN_CHARS])
