-- Version 1 of the database. Times are UTC milliseconds of the exchange's clock, prices and
-- notionals USD. What changes later comes as a further script (see migrations.py), never here.

-- AUTOINCREMENT: an id is never given twice, not even after retention has deleted the newest row.
-- A reader that has seen ids up to N takes every larger one for new and every other one for known.
CREATE TABLE liq_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    price REAL NOT NULL,
    qty REAL NOT NULL,
    notional REAL NOT NULL,
    source TEXT NOT NULL,
    raw_json TEXT NOT NULL,
    limit_price REAL NOT NULL,
    original_qty REAL NOT NULL,
    push_ms INTEGER NOT NULL,
    receive_ms INTEGER NOT NULL
);

CREATE INDEX idx_liq_events_symbol_ts ON liq_events (symbol, ts_ms);

CREATE INDEX idx_liq_events_ts ON liq_events (ts_ms);

-- The exchange sends no order number: these fields together tell one message from another, so that
-- overlapping connections and repeated replays store it once.
CREATE UNIQUE INDEX idx_liq_events_message ON liq_events (
    source, symbol, ts_ms, side, limit_price, price, original_qty, qty
);

-- When the connection was alive. The intervals of one symbol are closed and share no more than
-- their ends; what lies between them is unknown, not quiet.
CREATE TABLE coverage (
    symbol TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms >= start_ms),
    proven INTEGER NOT NULL CHECK (proven IN (0, 1)),
    PRIMARY KEY (symbol, start_ms, end_ms)
) WITHOUT ROWID;

-- tick_size is the exchange's decimal text: 0.10 has no exact binary form.
CREATE TABLE tick_sizes (
    symbol TEXT NOT NULL PRIMARY KEY,
    tick_size TEXT NOT NULL,
    fetched_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
