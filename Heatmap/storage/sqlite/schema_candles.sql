-- Candles and what else predicted levels are computed from. Unlike liquidations they can be fetched
-- again. Times are UTC milliseconds of the exchange's clock, amounts USD; source is the venue.

-- Closed minutes only. NULL: the venue did not say.
CREATE TABLE candles_1m (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    open_ms INTEGER NOT NULL,
    open REAL NOT NULL,
    high REAL NOT NULL,
    low REAL NOT NULL,
    close REAL NOT NULL,
    quote_volume REAL NOT NULL,
    taker_buy_quote REAL,
    trades INTEGER,
    PRIMARY KEY (source, symbol, open_ms)
) WITHOUT ROWID;

-- By the exchange's label; a value counts as known five minutes later.
CREATE TABLE open_interest_5m (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    label_ms INTEGER NOT NULL,
    usd REAL NOT NULL,
    PRIMARY KEY (source, symbol, label_ms)
) WITHOUT ROWID;

CREATE TABLE funding_rates (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    paid_ms INTEGER NOT NULL,
    rate REAL NOT NULL,
    PRIMARY KEY (source, symbol, paid_ms)
) WITHOUT ROWID;

-- Time of which everything that the exchange has is in the tables above: half-open, the spans of one
-- series do not touch. Within them a minute without a candle is one that the exchange does not have;
-- outside of them nobody has asked yet.
CREATE TABLE fetched_spans (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    series TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms > start_ms),
    PRIMARY KEY (source, symbol, series, start_ms)
) WITHOUT ROWID;
