"""Answers are plain JSON, whatever their length, and the same when they are compressed."""

import gzip
import json

import pytest

from Heatmap.server.json_answer import pack


@pytest.mark.parametrize("count", [0, 1, 400, 401, 800, 1_999])
def test_a_long_list_is_written_as_a_short_one_is(count: int) -> None:
    plain = {"a": [{"n": k, "x": k / 7, "s": ["\u20ac"]} for k in range(count)], "b": None}
    packed = pack(plain)
    assert packed.body == json.dumps(plain, separators=(",", ":")).encode()
    assert (packed.gzipped is None) == (len(packed.body) < 4_096)
    if packed.gzipped is not None:
        assert gzip.decompress(packed.gzipped) == packed.body


def test_what_json_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({"a": [float("nan")]})
