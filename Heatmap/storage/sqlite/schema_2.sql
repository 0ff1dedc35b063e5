-- Version 2 of the database: what the recorders counted since the file was made (or, for a file of
-- version 1, since it was brought up to date). Names are the recorder's; a rejection's name is
-- 'rejected: ' and its reason. Beside it, the table meta now also keeps 'symbols' (what is
-- recorded, separated by commas) and 'retention_ms' (the retention in force).
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    total INTEGER NOT NULL
) WITHOUT ROWID;

-- Version 1 kept no word of its retention. Nothing of what such a file holds may go without being
-- asked for: at least the default, and as many whole days as reach from now, from where deletion
-- counts, back to the oldest event, are in force. A clock that is late does not shorten that.
INSERT INTO meta (key, value)
SELECT 'retention_ms', max(1209600000, ((max(newest, now) - oldest) / 86400000 + 1) * 86400000)
FROM (
    SELECT min(ts_ms) AS oldest, max(ts_ms) AS newest,
        CAST(strftime('%s', 'now') AS INTEGER) * 1000 AS now
    FROM liq_events
)
WHERE oldest IS NOT NULL;
