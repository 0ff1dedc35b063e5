"""Bracket tables: which is in force, what is refused."""

import json
from typing import Any

import numpy as np
import pytest

from Heatmap.errors import SettingsError
from Heatmap.levels.brackets import Bracket, BracketBook, BracketTable, parse_bracket_book
from Heatmap.levels.shipped import shipped_brackets


def ms(day: str) -> int:
    return int(np.datetime64(day, "ms").astype(np.int64))


def book_text(brackets: list[dict[str, Any]], valid_from: str = "2025-01-01") -> str:
    table = {"valid_from": valid_from, "source": "mine", "brackets": brackets}
    return json.dumps({"symbols": {"ETHUSDT": [table]}})


TWO = [
    {"cap_usd": 50_000, "rate": 0.004, "max_leverage": 100},
    {"cap_usd": 250_000, "rate": 0.005, "max_leverage": 50},
]


@pytest.mark.parametrize(
    ("day", "caps", "top_leverage"),
    [
        ("2022-05-01", 250_000, 125),
        ("2024-05-01", 500_000, 125),
        ("2024-12-05", 600_000, 125),
        ("2025-02-01", 600_000, 125),
        ("2026-10-01", 800_000, 150),
    ],
)
def test_the_newest_table_of_the_day_is_in_force(day: str, caps: float, top_leverage: int) -> None:
    table = shipped_brackets().in_force("BTCUSDT", ms(day))
    assert not table.is_flat
    assert table.caps_usd[1] == caps
    assert table.max_leverages[0] == top_leverage


def test_a_table_from_the_future_is_not_used() -> None:
    book = parse_bracket_book(book_text(TWO, "2030-01-01"))
    assert book.in_force("ETHUSDT", ms("2029-12-31")).is_flat
    assert not book.in_force("ETHUSDT", ms("2030-01-01")).is_flat


def test_a_symbol_without_brackets_has_one_stated_rate() -> None:
    table = shipped_brackets().in_force("NEWUSDT", ms("2025-01-01"), rate=0.01)
    assert table.is_flat
    assert table.rates.tolist() == [0.01]
    assert "0.01" in table.source


def test_own_tables_replace_those_of_their_symbols_only() -> None:
    book = shipped_brackets().with_own(parse_bracket_book(book_text(TWO)))
    assert book.in_force("ETHUSDT", ms("2025-06-01")).source == "mine"
    assert not book.in_force("BTCUSDT", ms("2025-06-01")).is_flat


def test_maintenance_is_the_published_amount() -> None:
    table = shipped_brackets().in_force("BTCUSDT", ms("2021-06-01"))
    assert table.maintenance_usd(np.array([500_000.0])) == pytest.approx([3_700.0], abs=1e-9)
    assert table.amounts_usd[:4] == pytest.approx([0, 50, 1_300, 16_300])


def test_maintenance_is_continuous_at_each_cap() -> None:
    for table in shipped_brackets().tables["BTCUSDT"]:
        caps = table.caps_usd[:-1]
        below, above = table.maintenance_usd(caps), table.maintenance_usd(caps * (1 + 1e-12))
        assert below == pytest.approx(above, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cap_usd": 50_000}, "number 2 ends at 50000 USD and number 1 at 50000"),
        ({"cap_usd": 10_000}, "each cap must be above the one before"),
        ({"rate": 0.003}, "rates must not fall"),
        ({"max_leverage": 125}, "leverages not rise"),
        ({"rate": 1.0}, "a rate from 0 to below 1"),
        ({"rate": float("nan")}, "a rate from 0 to below 1"),
        ({"cap_usd": -1}, "a cap above 0 USD"),
        ({"rate": "0.005"}, "expected a number"),
        ({"rate": True}, "expected a number"),
    ],
)
def test_brackets_that_overlap_or_descend_are_refused_in_one_line(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as refusal:
        parse_bracket_book(book_text([TWO[0], {**TWO[1], **change}]))
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith("ETHUSDT: ")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"symbols": 3}', '{"symbols": {"A": [{}]}}'])
def test_what_is_no_table_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_bracket_book(text)
    assert "\n" not in str(refusal.value)


def test_a_table_needs_a_bracket() -> None:
    with pytest.raises(SettingsError, match="at least one"):
        BracketTable(0, "", ())


def test_sizes_over_the_last_cap_are_in_the_last_bracket() -> None:
    table = BracketTable(0, "", (Bracket(100.0, 0.1, 10), Bracket(200.0, 0.2, 5)))
    assert table.index(np.array([100.0, 100.1, 1e9])).tolist() == [0, 1, 1]
    assert BracketBook({}).in_force("X", 0).is_flat
