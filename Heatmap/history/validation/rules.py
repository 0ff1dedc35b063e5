"""What values a dataset can have, and what gaps: a table. Pure.

Conditions are DuckDB's, over the store's columns; ``before_...`` is the row before by time.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from Heatmap.domain.candles import MINUTE_MS
from Heatmap.history.datasets import (
    AGG_TRADES,
    BOOK_DEPTH,
    DATASETS,
    FUNDING,
    INDEX_PRICE_KLINES,
    KLINES,
    LIQUIDATION_SNAPSHOT,
    MARK_PRICE_KLINES,
    METRICS,
    MINUTE_PROFILE,
    PREMIUM_INDEX_KLINES,
    TRADES,
)

QUIET_MS = 5 * MINUTE_MS
"""Where ids go on, so long without a trade is odd: the exchange stood still, or a clock did."""
VOLUME_SHARE = 0.01
"""Trades do not reproduce candles exactly; a day that differs by more is odd."""
PROFILE_SHARE = 1e-6
"""A profile is made of the trades: what differs by more is wrong."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the days of one dataset are looked at.

    Attributes
    ----------
    columns
        Names and DuckDB types, in order.
    time
        The column of the time, UTC milliseconds.
    key
        Columns that no two rows share, by which a file is sorted; empty: there are none.
    step_ms
        A row for each such step; 0: rows come as they come.
    has_ids
        Whether ids have no holes.
    filled, positive
        Columns that must not be missing, and those that must be above 0.
    price
        The column whose changes and range are told; empty: there is none.
    low, high
        The columns of the range, where they are others.
    impossible, unusual
        Conditions that no row may meet, and those that should be looked at; by their names.
    jump
        So large a change of the price from row to row is odd, as a share; 0: not looked at.
    longest_gap_ms
        A longer time without a row is odd; 0: not looked at.
    gap
        How far a row may follow the one before, as an expression; empty: `longest_gap_ms`.
    usd
        What a row stands for in USD, as an expression; empty: not added up.
    """

    columns: tuple[tuple[str, str], ...]
    time: str
    key: tuple[str, ...]
    step_ms: int = 0
    has_ids: bool = False
    filled: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    price: str = ""
    low: str = ""
    high: str = ""
    impossible: tuple[tuple[str, str], ...] = ()
    unusual: tuple[tuple[str, str], ...] = ()
    jump: float = 0.0
    longest_gap_ms: int = 0
    gap: str = ""
    usd: str = ""


_TRADED: dict[str, Any] = {
    "price": "price",
    "low": "price",
    "high": "price",
    "jump": 0.05,
    "usd": "price * qty",
}
_CANDLE_IMPOSSIBLE = (
    ("high below low", "high < low"),
    ("open outside of low and high", "open < low OR open > high"),
    ("close outside of low and high", "close < low OR close > high"),
)
_VOLUME_IMPOSSIBLE = (
    ("a negative volume", "volume < 0 OR quote_volume < 0 OR trades < 0 OR taker_buy_quote < 0"),
    ("buyers took more than was traded", "taker_buy_quote > quote_volume * (1 + 1e-9) + 1e-6"),
    ("a volume without trades", "(trades = 0) <> (quote_volume = 0)"),
)
_TALL = ("a candle higher than 20 % of its price", "low > 0 AND high / low > 1.2")
_MEAN_OUTSIDE = """
volume > 0 AND (quote_volume / volume < low * (1 - 1e-6)
OR quote_volume / volume > high * (1 + 1e-6))
"""
_NEGATIVE_METRIC = """
least(open_interest, open_interest_usd, top_account_ratio, top_position_ratio, account_ratio,
taker_ratio) < 0
"""
_HALVED_INTEREST = """
before_open_interest > 0 AND open_interest > 0
AND abs(ln(open_interest / before_open_interest)) > ln(1.5)
"""
_CANDLE: dict[str, Any] = {
    "price": "close",
    "low": "low",
    "high": "high",
    "jump": 0.2,
    "impossible": _CANDLE_IMPOSSIBLE,
    "unusual": (_TALL,),
}
_OF: dict[str, dict[str, Any]] = {
    AGG_TRADES.name: _TRADED,
    TRADES.name: _TRADED,
    KLINES.name: _CANDLE
    | {
        "impossible": (*_CANDLE_IMPOSSIBLE, *_VOLUME_IMPOSSIBLE),
        "unusual": (_TALL, ("a mean price outside of low and high", _MEAN_OUTSIDE)),
        "usd": "quote_volume",
    },
    MARK_PRICE_KLINES.name: _CANDLE,
    INDEX_PRICE_KLINES.name: _CANDLE,
    # Around 0, so that shares of it mean nothing.
    PREMIUM_INDEX_KLINES.name: {"impossible": _CANDLE_IMPOSSIBLE},
    METRICS.name: {
        "impossible": (
            ("known before label + 5 min", "known_ms < label_ms + 300000"),
            ("a negative value", _NEGATIVE_METRIC),
        ),
        "unusual": (
            ("open interest of 0", "open_interest = 0 OR open_interest_usd = 0"),
            ("open interest changed by half in a step", _HALVED_INTEREST),
        ),
    },
    FUNDING.name: {
        "impossible": (("an interval that is none", "interval_h < 1 OR interval_h > 24"),),
        "unusual": (("a rate beyond 3 %", "abs(rate) > 0.03"),),
        # Paid late by some seconds at most.
        "longest_gap_ms": 8 * 3_600_000 + MINUTE_MS,
        "gap": f"interval_h * 3600000 + {MINUTE_MS}",
    },
    BOOK_DEPTH.name: {
        "impossible": (("a negative depth", "depth < 0 OR notional < 0"),),
        "longest_gap_ms": 5 * MINUTE_MS,
    },
    LIQUIDATION_SNAPSHOT.name: {
        "impossible": (("a side that is none", "side NOT IN ('BUY', 'SELL')"),),
    },
}
_PROFILE = Rules(
    columns=(
        ("ts_ms", "BIGINT"),
        ("price_bin", "FLOAT"),
        ("notional", "DOUBLE"),
        ("taker_buy", "DOUBLE"),
        ("trades", "BIGINT"),
    ),
    time="ts_ms",
    key=("ts_ms", "price_bin"),
    filled=("ts_ms", "price_bin", "taker_buy"),
    positive=("notional", "trades"),
    low="price_bin",
    high="price_bin",
    usd="notional",
    impossible=(
        ("a time that is no minute", f"ts_ms % {MINUTE_MS} <> 0"),
        (
            "buyers took more than was traded",
            "taker_buy < 0 OR taker_buy > notional * (1 + 1e-9) + 1e-6",
        ),
    ),
)


def _all_rules() -> dict[str, Rules]:
    found = {
        one.name: Rules(
            columns=tuple((kept.name, kept.type) for kept in one.kept),
            time=one.ts,
            key=one.key,
            step_ms=one.step_ms,
            has_ids=one.has_ids,
            filled=one.filled,
            positive=one.positive,
            **_OF[one.name],
        )
        for one in DATASETS
    }
    return found | {MINUTE_PROFILE: _PROFILE}


RULES = MappingProxyType(_all_rules())
"""By the dataset's name in the store."""
