-- Version 3 of the database: several venues in one file. liq_events is now as it is to stay. Every
-- row of an older file is Binance's (BINANCE_USDM), recorded by this program.

-- The table keeps its rows and its other indexes: a million rows are brought up to date in seconds.
-- This is SQLite's own way to add columns and to drop NOT NULL constraints in one go
-- (https://www.sqlite.org/lang_altertable.html#otheralter); a column that a row does not have yet
-- reads as NULL until the UPDATE below has written it.
--
-- side is the order's, so SELL is a long that was liquidated. price is where the event is drawn:
-- reported_price is what the venue sent, price_kind what that is, price_rule how price came of it.
-- A notional is NULL where the size of a contract is not known; limit_price, original_qty, push_ms
-- and reported_price where the venue did not send them. twin numbers identical events of one
-- message. event_key: see Heatmap/domain/event_keys.py; key_from_numbers tells that it was made from
-- the numbers of the row, since the venue's own texts were not kept. (No IN of more than two: SQLite
-- makes a table of it for each row that is written.)
DROP INDEX IF EXISTS idx_liq_events_message;

PRAGMA writable_schema = ON;

UPDATE sqlite_master SET sql = 'CREATE TABLE liq_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN (''BUY'', ''SELL'')),
    price REAL NOT NULL,
    qty REAL NOT NULL,
    notional REAL,
    source TEXT NOT NULL,
    raw_json TEXT NOT NULL,
    limit_price REAL,
    original_qty REAL,
    push_ms INTEGER,
    receive_ms INTEGER NOT NULL,
    event_key BLOB NOT NULL CHECK (typeof(event_key) = ''blob'' AND length(event_key) = 16),
    key_from_numbers INTEGER NOT NULL CHECK (key_from_numbers IN (0, 1)),
    twin INTEGER NOT NULL CHECK (twin >= 0),
    origin TEXT NOT NULL
        CHECK (origin = ''recorder'' OR origin = ''back-fill'' OR origin = ''import''),
    reported_price REAL,
    price_kind TEXT NOT NULL
        CHECK (price_kind = ''fill'' OR price_kind = ''order'' OR price_kind = ''bankruptcy''
            OR price_kind = ''market'' OR price_kind = ''unknown''),
    price_rule TEXT NOT NULL
)' WHERE type = 'table' AND name = 'liq_events';

PRAGMA writable_schema = RESET;

-- Rows that another program has spoilt stay as they are, and are left out as before.
PRAGMA ignore_check_constraints = ON;

-- The functions get texts as blobs, since Python refuses a text that is no UTF-8; a number that is
-- none counts as missing. A price that is the limit may be the average or stand in for it: the row
-- does not tell.
UPDATE liq_events SET
    limit_price = nullif(limit_price, 0.0),
    original_qty = nullif(original_qty, 0.0),
    event_key = CASE
        WHEN raw_json = '' OR source <> 'BINANCE_USDM' THEN old_key(
            id, CAST(source AS BLOB), CAST(symbol AS BLOB), CAST(ts_ms AS BLOB),
            CAST(side AS BLOB), iif(typeof(price) = 'real', price, NULL),
            iif(typeof(qty) = 'real', qty, NULL),
            iif(typeof(limit_price) = 'real', limit_price, NULL),
            iif(typeof(original_qty) = 'real', original_qty, NULL), X'', 0
        )
        ELSE old_key_of_message(
            id, CAST(symbol AS BLOB), CAST(ts_ms AS BLOB), CAST(side AS BLOB),
            CAST(raw_json AS BLOB)
        )
    END,
    key_from_numbers = raw_json = '' OR source <> 'BINANCE_USDM',
    twin = 0,
    origin = 'recorder',
    reported_price = price,
    price_kind = CASE WHEN price = limit_price THEN 'unknown' ELSE 'fill' END,
    price_rule = 'reported'
WHERE id > :after_id AND id <= :last_id;

-- What is not of the usual shape, row by row. Once more, with a twin's number, for rows whose key
-- another row has, so that the index below was refused: another program has changed the numbers
-- beside a message that was kept, or copied a row. Both stay.
UPDATE liq_events SET
    event_key = old_key(
        id, CAST(source AS BLOB), CAST(symbol AS BLOB), CAST(ts_ms AS BLOB),
        CAST(side AS BLOB), iif(typeof(price) = 'real', price, NULL),
        iif(typeof(qty) = 'real', qty, NULL),
        iif(typeof(limit_price) = 'real', limit_price, NULL),
        iif(typeof(original_qty) = 'real', original_qty, NULL), CAST(raw_json AS BLOB), :twin
    ),
    key_from_numbers = old_key_is_of_numbers(id),
    twin = :twin
WHERE id = :row_id;

-- Unique on the key, which holds the time too. The time stands first so that what is written and
-- deleted together lies together: in an index by the key alone each row is on another page, which
-- made writing three times as slow.
CREATE UNIQUE INDEX idx_liq_events_key ON liq_events (ts_ms, event_key);

-- The key holds the venue from now on. What the tables held waits in temporary ones meanwhile: the
-- file may have tables of any name.
CREATE TEMP TABLE kept_coverage AS SELECT symbol, start_ms, end_ms, proven FROM main.coverage;

DROP TABLE main.coverage;

CREATE TABLE coverage (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms >= start_ms),
    proven INTEGER NOT NULL CHECK (proven IN (0, 1)),
    PRIMARY KEY (source, symbol, start_ms, end_ms)
) WITHOUT ROWID;

INSERT INTO main.coverage (source, symbol, start_ms, end_ms, proven)
SELECT 'BINANCE_USDM', symbol, start_ms, end_ms, proven FROM temp.kept_coverage;

DROP TABLE temp.kept_coverage;

CREATE TEMP TABLE kept_tick_sizes AS SELECT symbol, tick_size, fetched_ms FROM main.tick_sizes;

DROP TABLE main.tick_sizes;

CREATE TABLE tick_sizes (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    tick_size TEXT NOT NULL,
    fetched_ms INTEGER NOT NULL,
    PRIMARY KEY (source, symbol)
) WITHOUT ROWID;

INSERT INTO main.tick_sizes (source, symbol, tick_size, fetched_ms)
SELECT 'BINANCE_USDM', symbol, tick_size, fetched_ms FROM temp.kept_tick_sizes;

DROP TABLE temp.kept_tick_sizes;

CREATE TEMP TABLE kept_counters AS SELECT name, total FROM main.counters;

DROP TABLE main.counters;

CREATE TABLE counters (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) WITHOUT ROWID;

INSERT INTO main.counters (source, name, total)
SELECT 'BINANCE_USDM', name, total FROM temp.kept_counters;

DROP TABLE temp.kept_counters;

PRAGMA ignore_check_constraints = OFF;
