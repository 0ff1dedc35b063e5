"""What the archive has, one record each: names, columns, units, keys, and what is kept. Pure.

Binance's archive, https://data.binance.vision, as it was read in November 2026. Times are UTC
milliseconds in the store, whatever the archive has.
"""

from Heatmap.domain.candles import MINUTE_MS, OPEN_INTEREST_DELAY_MS, OPEN_INTEREST_STEP_MS
from Heatmap.errors import HistoryError
from Heatmap.history.dataset import Dataset, Kept, Market

#: Where the archive is.
ARCHIVE_URL = "https://data.binance.vision"
#: A row of a day may lie so far outside of it, milliseconds.
EDGE_MS = 1000
#: Times above this are microseconds: as milliseconds they would lie in the year 5138.
MICROSECONDS_ABOVE = 10**14
#: No price, size or amount comes near to it: such a number is a slip, and sums with it are lost.
TOO_LARGE = 1e18
#: Counts up when the columns or the meaning of a Parquet file change: the day is then made again.
IMPORTER_VERSION = 1


_TRADES_KEPT_TIME = Kept("ts_ms", "BIGINT", "{ms}")
_MAKER = Kept("buyer_is_maker", "BOOLEAN", "is_buyer_maker")
_ANY_TRADES = (Market.USD_M, Market.SPOT)

AGG_TRADES = Dataset(
    name="agg_trades",
    archive="aggTrades",
    columns=(
        ("agg_trade_id", "BIGINT"),
        ("price", "DOUBLE"),
        ("quantity", "DOUBLE"),
        ("first_trade_id", "BIGINT"),
        ("last_trade_id", "BIGINT"),
        ("transact_time", "BIGINT"),
        ("is_buyer_maker", "BOOLEAN"),
    ),
    kept=(
        Kept("id", "BIGINT", "agg_trade_id"),
        _TRADES_KEPT_TIME,
        Kept("price", "DOUBLE", "price"),
        Kept("qty", "DOUBLE", "quantity"),
        _MAKER,
    ),
    time="transact_time",
    key=("id",),
    markets=_ANY_TRADES,
    spot_extra=(("is_best_match", "BOOLEAN"),),
    positive=("price", "qty"),
    filled=("id", "ts_ms", "buyer_is_maker"),
)
TRADES = Dataset(
    name="trades",
    archive="trades",
    columns=(
        ("id", "BIGINT"),
        ("price", "DOUBLE"),
        ("qty", "DOUBLE"),
        ("quote_qty", "DOUBLE"),
        ("time", "BIGINT"),
        ("is_buyer_maker", "BOOLEAN"),
    ),
    kept=(
        Kept("id", "BIGINT", "id"),
        _TRADES_KEPT_TIME,
        Kept("price", "DOUBLE", "price"),
        Kept("qty", "DOUBLE", "qty"),
        _MAKER,
    ),
    time="time",
    key=("id",),
    markets=_ANY_TRADES,
    spot_extra=(("is_best_match", "BOOLEAN"),),
    positive=("price", "qty"),
    filled=("id", "ts_ms", "buyer_is_maker"),
)
_KLINE_COLUMNS = (
    ("open_time", "BIGINT"),
    ("open", "DOUBLE"),
    ("high", "DOUBLE"),
    ("low", "DOUBLE"),
    ("close", "DOUBLE"),
    ("volume", "DOUBLE"),
    ("close_time", "BIGINT"),
    ("quote_volume", "DOUBLE"),
    ("count", "BIGINT"),
    ("taker_buy_volume", "DOUBLE"),
    ("taker_buy_quote_volume", "DOUBLE"),
    ("ignore", "VARCHAR"),
)
_KLINE_ALIASES = (
    ("quote_asset_volume", "quote_volume"),
    ("number_of_trades", "count"),
    ("taker_buy_base_asset_volume", "taker_buy_volume"),
    ("taker_buy_quote_asset_volume", "taker_buy_quote_volume"),
)
# What buyers took, and what a candle's volume cost, is written with few decimals.
_VOLUME_IMPOSSIBLE = (
    ("volume", "volume < 0 OR quote_volume < 0 OR trades < 0 OR taker_buy_quote < 0"),
    ("taker_buy_quote", "taker_buy_quote > quote_volume * 1.001 + 0.01"),
    (
        "quote_volume",
        "quote_volume < volume * low * 0.99 - 1 OR quote_volume > volume * high * 1.01 + 1",
    ),
)
_PRICES = ("open", "high", "low", "close")
_PRICES_KEPT = tuple(Kept(name, "DOUBLE", name) for name in _PRICES)
KLINES = Dataset(
    name="klines_1m",
    archive="klines",
    columns=_KLINE_COLUMNS,
    kept=(
        Kept("ts_ms", "BIGINT", "{ms}"),
        *_PRICES_KEPT,
        Kept("volume", "DOUBLE", "volume"),
        Kept("quote_volume", "DOUBLE", "quote_volume"),
        Kept("trades", "BIGINT", '"count"'),
        Kept("taker_buy_quote", "DOUBLE", "taker_buy_quote_volume"),
    ),
    time="open_time",
    key=("ts_ms",),
    step_ms=MINUTE_MS,
    interval="1m",
    prefers_monthly=True,
    markets=_ANY_TRADES,
    aliases=_KLINE_ALIASES,
    positive=_PRICES,
    filled=("ts_ms", "volume", "quote_volume", "trades", "taker_buy_quote"),
    impossible=_VOLUME_IMPOSSIBLE,
)


def _price_klines(name: str, archive: str, *, is_price: bool) -> Dataset:
    """Return candles without a volume: what the archive writes there means nothing."""
    return Dataset(
        name=name,
        archive=archive,
        columns=_KLINE_COLUMNS,
        kept=(Kept("ts_ms", "BIGINT", "{ms}"), *_PRICES_KEPT),
        time="open_time",
        key=("ts_ms",),
        step_ms=MINUTE_MS,
        interval="1m",
        prefers_monthly=True,
        aliases=_KLINE_ALIASES,
        # A premium may be 0 or below.
        positive=_PRICES if is_price else (),
        filled=("ts_ms",) if is_price else ("ts_ms", *_PRICES),
    )


MARK_PRICE_KLINES = _price_klines("mark_price_klines_1m", "markPriceKlines", is_price=True)
INDEX_PRICE_KLINES = _price_klines("index_price_klines_1m", "indexPriceKlines", is_price=True)
PREMIUM_INDEX_KLINES = _price_klines(
    "premium_index_klines_1m", "premiumIndexKlines", is_price=False
)
# Since 2026-06-25 a label means the state five minutes later than it did before, and inside a file
# its columns were seen shifted differently: a value counts as known only then, in both eras.
METRICS = Dataset(
    name="metrics",
    archive="metrics",
    columns=(
        ("create_time", "TIMESTAMP"),
        ("symbol", "VARCHAR"),
        ("sum_open_interest", "DOUBLE"),
        ("sum_open_interest_value", "DOUBLE"),
        ("count_toptrader_long_short_ratio", "DOUBLE"),
        ("sum_toptrader_long_short_ratio", "DOUBLE"),
        ("count_long_short_ratio", "DOUBLE"),
        ("sum_taker_long_short_vol_ratio", "DOUBLE"),
    ),
    kept=(
        Kept("label_ms", "BIGINT", "{ms}"),
        Kept("known_ms", "BIGINT", f"{{ms}} + {OPEN_INTEREST_DELAY_MS}"),
        Kept("open_interest", "DOUBLE", "sum_open_interest"),
        Kept("open_interest_usd", "DOUBLE", "sum_open_interest_value"),
        Kept("top_account_ratio", "DOUBLE", "count_toptrader_long_short_ratio"),
        Kept("top_position_ratio", "DOUBLE", "sum_toptrader_long_short_ratio"),
        Kept("account_ratio", "DOUBLE", "count_long_short_ratio"),
        Kept("taker_ratio", "DOUBLE", "sum_taker_long_short_vol_ratio"),
    ),
    time="create_time",
    key=("label_ms",),
    step_ms=OPEN_INTEREST_STEP_MS,
    is_monthly=False,
    filled=("label_ms",),
    impossible=tuple(
        (name, f"{name} < 0")
        for name in (
            "open_interest",
            "open_interest_usd",
            "top_account_ratio",
            "top_position_ratio",
            "account_ratio",
            "taker_ratio",
        )
    ),
    symbol_column="symbol",
)
FUNDING = Dataset(
    name="funding",
    archive="fundingRate",
    columns=(
        ("calc_time", "BIGINT"),
        ("funding_interval_hours", "INTEGER"),
        ("last_funding_rate", "DOUBLE"),
    ),
    kept=(
        Kept("ts_ms", "BIGINT", "{ms}"),
        Kept("interval_h", "INTEGER", "funding_interval_hours"),
        Kept("rate", "DOUBLE", "last_funding_rate"),
    ),
    time="calc_time",
    key=("ts_ms",),
    is_daily=False,
    prefers_monthly=True,
    positive=("interval_h",),
    filled=("ts_ms", "rate"),
)
BOOK_DEPTH = Dataset(
    name="book_depth",
    archive="bookDepth",
    columns=(
        ("timestamp", "TIMESTAMP"),
        ("percentage", "DOUBLE"),
        ("depth", "DOUBLE"),
        ("notional", "DOUBLE"),
    ),
    kept=(
        Kept("ts_ms", "BIGINT", "{ms}"),
        Kept("percentage", "DOUBLE", "percentage"),
        Kept("depth", "DOUBLE", "depth"),
        Kept("notional", "DOUBLE", "notional"),
    ),
    time="timestamp",
    key=("ts_ms", "percentage"),
    is_monthly=False,
    filled=("ts_ms", "percentage", "depth", "notional"),
    impossible=(("depth", "depth < 0"), ("notional", "notional < 0")),
)
# Withdrawn for USD-M; for COIN-M each row stands there twice.
LIQUIDATION_SNAPSHOT = Dataset(
    name="liquidation_snapshot",
    archive="liquidationSnapshot",
    columns=(
        ("time", "BIGINT"),
        ("side", "VARCHAR"),
        ("order_type", "VARCHAR"),
        ("time_in_force", "VARCHAR"),
        ("original_quantity", "DOUBLE"),
        ("price", "DOUBLE"),
        ("average_price", "DOUBLE"),
        ("order_status", "VARCHAR"),
        ("last_fill_quantity", "DOUBLE"),
        ("accumulated_fill_quantity", "DOUBLE"),
    ),
    kept=(
        Kept("ts_ms", "BIGINT", "{ms}"),
        Kept("side", "VARCHAR", "side"),
        Kept("price", "DOUBLE", "price"),
        Kept("average_price", "DOUBLE", "average_price"),
        Kept("original_qty", "DOUBLE", "original_quantity"),
        Kept("last_fill_qty", "DOUBLE", "last_fill_quantity"),
        Kept("filled_qty", "DOUBLE", "accumulated_fill_quantity"),
        Kept("order_status", "VARCHAR", "order_status"),
    ),
    time="time",
    key=(),
    is_monthly=False,
    markets=(Market.COIN_M,),
    positive=("price", "original_qty"),
    filled=("ts_ms", "side"),
    impossible=(
        ("side", "side NOT IN ('BUY', 'SELL')"),
        ("average_price", "average_price < 0"),
        ("last_fill_qty", "last_fill_qty < 0"),
        ("filled_qty", "filled_qty < 0"),
    ),
    is_doubled=True,
)

#: Every dataset that can be imported.
DATASETS = (
    AGG_TRADES,
    TRADES,
    KLINES,
    MARK_PRICE_KLINES,
    INDEX_PRICE_KLINES,
    PREMIUM_INDEX_KLINES,
    METRICS,
    FUNDING,
    BOOK_DEPTH,
    LIQUIDATION_SNAPSHOT,
)
#: What levels are computed from: fetched where nobody says what else.
FOR_LEVELS = (AGG_TRADES, KLINES, METRICS, FUNDING)
#: Made of `AGG_TRADES`, see `minute_profile`; no dataset of the archive.
MINUTE_PROFILE = "minute_profile"


def dataset_named(name: str) -> Dataset:
    """Return a dataset by its name in the archive or in the store.

    Raises
    ------
    HistoryError
        There is none of that name.
    """
    for one in DATASETS:
        if name.casefold() in (one.archive.casefold(), one.name.casefold()):
            return one
    known = ", ".join(one.archive for one in DATASETS)
    raise HistoryError(f"expected datasets out of {known}, got {name!r}")


def datasets_of(market: Market, among: tuple[Dataset, ...] = DATASETS) -> tuple[Dataset, ...]:
    """Return those of one market."""
    return tuple(one for one in among if market in one.markets)
