"""Recordings: everything is checked at load, and what is wrong is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Heatmap.errors import RecordingFileError, SettingsError
from Heatmap.standalone.exchange.recording import (
    load_recording,
    parse_time,
    read_klines,
    read_messages,
    time_text,
)

T_MS = 1_733_360_400_000
HEADER = "open_time,open,high,low,close,volume"
MINUTE_0 = f"{T_MS},100,110,90,105,1.5"
MINUTE_1 = f"{T_MS + 60_000},105,106,104,104,0"


def message(push_ms: int = T_MS, **order: Any) -> dict[str, Any]:
    fields = {
        "s": "BTCUSDT",
        "S": "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": "0.014",
        "p": "96000.00",
        "ap": "96400.10",
        "X": "FILLED",
        "l": "0.010",
        "z": "0.014",
        "T": push_ms - 3,
    }
    return {"e": "forceOrder", "E": push_ms, "o": fields | order}


def write(path: Path, *lines: str | bytes) -> Path:
    path.write_bytes(b"".join((x if isinstance(x, bytes) else x.encode()) + b"\n" for x in lines))
    return path


def refused(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(RecordingFileError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_real_messages_are_read_verbatim_and_in_order(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("forceorder_btcusdt_2024-12-04_06.jsonl")
    messages = read_messages(path)
    lines = [json.loads(line)["data"] for line in path.read_text().splitlines()]
    assert len(messages) == 1844
    assert [one.payload for one in messages] == lines
    assert all(one.event is not None and one.symbol == "BTCUSDT" for one in messages)
    sells = path.read_text().count('"S":"SELL"')
    assert sum(one.event.liquidated == "long" for one in messages if one.event) == sells > 700


def test_real_raw_messages_of_many_symbols_are_read(shared_data: Callable[[str], Path]) -> None:
    messages = read_messages(shared_data("forceorder_2024-04-12_many_symbols.jsonl"))
    assert len(messages) == 61
    assert len({one.symbol for one in messages}) > 20


def test_real_candles_are_read(shared_data: Callable[[str], Path]) -> None:
    bars = read_klines(shared_data("klines_1m_btcusdt_spot_2024-12-03_07.csv"))
    assert len(bars.open_ms) == 7200
    assert bars.open_ms[0] == 1_733_184_000_000
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (
        95840.61,
        95840.62,
        95828.01,
        95830.01,
    )


def test_enveloped_and_raw_frames_may_be_mixed(tmp_path: Path) -> None:
    raw, other = message(), message(T_MS + 5, S="BUY")
    enveloped = {"stream": "btcusdt@forceOrder", "data": other}
    path = write(tmp_path / "m.jsonl", json.dumps(raw), json.dumps(enveloped) + "\r")
    assert [one.payload for one in read_messages(path)] == [raw, other]


def test_slight_disorder_is_sorted_by_push_time(tmp_path: Path) -> None:
    times = (T_MS, T_MS + 70_000, T_MS + 10_000, T_MS + 70_000)
    path = write(tmp_path / "m.jsonl", *(json.dumps(message(ts)) for ts in times))
    assert [one.push_ms for one in read_messages(path)] == sorted(times)


def test_an_order_margined_in_coin_stays_in_the_recording_without_an_event(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", json.dumps(message(s="BTCUSD_PERP", st=2)))
    (only,) = read_messages(path)
    assert only.event is None
    assert only.symbol == "BTCUSD_PERP"


def test_the_last_line_needs_no_line_end(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps(message()))
    assert len(read_messages(path)) == 1


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", "empty line"),
        ("{", "not JSON"),
        (b"\xff\xfe{}", "xff"),
        ("[]", "empty list"),
        ("17", "not an object"),
        ('{"result":null,"id":1}', "protocol message"),
        ('{"e":"aggTrade"}', "aggTrade"),
        ('{"e":"markPriceUpdate","E":1733360400000,"s":"BTCUSDT","p":"1"}', "a mark price"),
        (json.dumps(message(S="SIDEWAYS")), "SIDEWAYS"),
        (json.dumps(message(z="-1")), "z is '-1'"),
        (json.dumps(message(T="yesterday")), "yesterday"),
        (json.dumps(message() | {"E": None}), "None"),
        (json.dumps([message(), message()]), "2 of them"),
        (json.dumps(message(T_MS - 60_001)), "2024-12-05T00:58:59.999Z"),
    ],
)
def test_a_bad_message_is_named_with_its_line(
    tmp_path: Path, line: str | bytes, found: str
) -> None:
    good = json.dumps(message(T_MS + 1))
    path = write(tmp_path / "m.jsonl", good, line, good)
    text = refused(read_messages, path)
    assert "line 2: expected" in text
    assert found in text


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    assert "empty" in refused(read_messages, path)
    assert "header" in refused(read_klines, path) or content == b""


@pytest.mark.parametrize("read", [read_messages, read_klines])
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    assert "No such file" in refused(read, tmp_path / "absent")
    assert "directory" in refused(read, tmp_path)


def test_candles_are_found_by_their_columns_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "k.csv",
        b"\xef\xbb\xbfvolume, Close,low,high,open,trades,open_time\r",
        f"2.5,105,90,110,100,7,{T_MS}\r",
    )
    bars = read_klines(path)
    assert [column[0] for column in (bars.open, bars.high, bars.low, bars.close)] == [
        100,
        110,
        90,
        105,
    ]
    assert bars.volume[0] == 2.5
    assert bars.open_ms.tolist() == [T_MS]


@pytest.mark.parametrize(
    "names",
    [
        "quote_volume,taker_buy_quote,trades",
        "quote_asset_volume,taker_buy_quote_asset_volume,number_of_trades",
        "Quote_Volume, taker_buy_quote_volume, count",
    ],
)
def test_further_columns_are_read_by_each_of_their_names(tmp_path: Path, names: str) -> None:
    path = write(tmp_path / "k.csv", f"{HEADER},{names}", f"{MINUTE_0},250.5,100.25,17")
    bars = read_klines(path)
    assert bars.quote_volume.tolist() == [250.5]
    assert bars.taker_buy_quote is not None
    assert bars.taker_buy_quote.tolist() == [100.25]
    assert bars.trades is not None
    assert bars.trades.tolist() == [17]


def test_without_further_columns_usd_is_estimated_and_the_rest_is_unknown(tmp_path: Path) -> None:
    header = "open_time,open,high,low,close,volume"
    bars = read_klines(write(tmp_path / "k.csv", header, f"{T_MS},100,110,90,104,2"))
    assert bars.quote_volume.tolist() == [202.0]
    assert bars.taker_buy_quote is None
    assert bars.trades is None


@pytest.mark.parametrize("further", ["-1,0,1", "5,nan,1", "5,1,x", "5,6,1", ",1,1"])
def test_a_bad_further_value_is_named_with_its_line(tmp_path: Path, further: str) -> None:
    header = f"{HEADER},quote_volume,taker_buy_quote,trades"
    path = write(tmp_path / "k.csv", header, f"{MINUTE_0},9,9,1", f"{MINUTE_1},{further}")
    text = refused(read_klines, path)
    assert "line 3: expected" in text
    assert further in text


def test_minutes_may_be_missing(tmp_path: Path) -> None:
    later = MINUTE_1.replace(str(T_MS + 60_000), str(T_MS + 600_000))
    bars = read_klines(write(tmp_path / "k.csv", HEADER, MINUTE_0, later))
    assert bars.open_ms.tolist() == [T_MS, T_MS + 600_000]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (MINUTE_0, str(T_MS)),
        (f"{T_MS - 60_000},100,110,90,105,1", str(T_MS - 60_000)),
        (f"{T_MS + 60_000},105,106,104,104", "found 5"),
        (f"{T_MS + 60_000},105,106,104,104,0,9", "found 7"),
        ("", "found 0"),
        (f"{T_MS + 60_000},105,x,104,104,0", "x"),
        (f"{T_MS + 60_000},105,nan,104,104,0", "nan"),
        (f"{T_MS + 60_000},105,103,104,104,0", "103"),
        (f"{T_MS + 60_000},0,103,0,104,0", "103"),
        (f"{T_MS + 60_000},105,inf,104,104,0", "inf"),
        (f"{T_MS + 60_000},105,106,104,104,-1", "-1"),
        (f"{T_MS // 1000 + 60},105,106,104,104,0", str(T_MS // 1000 + 60)),
        (f"{(T_MS + 60_000) * 1000},105,106,104,104,0", str(T_MS + 60_000)),
        (f"{T_MS + 60_001},105,106,104,104,0", str(T_MS + 60_001)),
        ('"1733', "unexpected end"),
        (b"\xff,1,1,1,1,1", "xff"),
    ],
)
def test_a_bad_candle_is_named_with_its_line(tmp_path: Path, line: str | bytes, found: str) -> None:
    text = refused(read_klines, write(tmp_path / "k.csv", HEADER, MINUTE_0, line))
    assert "line 3: expected" in text
    assert found in text


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    text = refused(read_klines, write(tmp_path / "k.csv", MINUTE_0, MINUTE_1))
    assert "line 1" in text
    assert "open_time" in text


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert "found none" in refused(read_klines, write(tmp_path / "k.csv", HEADER))


def test_both_files_make_a_recording(tmp_path: Path) -> None:
    messages = write(tmp_path / "m.jsonl", json.dumps(message()))
    candles = write(tmp_path / "k.csv", HEADER, MINUTE_0)
    recording = load_recording(messages, candles)
    assert recording.messages_path == messages
    assert len(recording.messages) == 1
    assert len(recording.candles.open_ms) == 1


@pytest.mark.parametrize(
    ("text", "ts_ms"),
    [
        ("2024-12-05T01:00:00Z", T_MS),
        ("2024-12-05T01:00:00.250Z", T_MS + 250),
        ("2024-12-05T02:00:00+01:00", T_MS),
        (" 2024-12-05 01:00Z ", T_MS),
    ],
)
def test_a_time_is_read(text: str, ts_ms: int) -> None:
    assert parse_time(text) == ts_ms


@pytest.mark.parametrize(
    "text", ["", "now", "2024-12-05T01:00:00", "2024-13-05T01:00:00Z", "1733360400", "1970-01-01Z"]
)
def test_a_time_that_is_none_or_names_no_zone_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="time"):
        parse_time(text)


@pytest.mark.parametrize("ts_ms", [T_MS, T_MS + 1, T_MS + 999])
def test_a_time_is_written_as_it_is_read(ts_ms: int) -> None:
    assert parse_time(time_text(ts_ms)) == ts_ms
