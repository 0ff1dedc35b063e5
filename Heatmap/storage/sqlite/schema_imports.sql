-- What imported recordings cover. It stays apart from what this database's own recorder covered, so
-- that neither weakens the other and it can be told by whose word a time counts as recorded; readers
-- unite both. origin names the recording. Times and proven as in coverage.
CREATE TABLE imported_coverage (
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    origin TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms >= start_ms),
    proven INTEGER NOT NULL CHECK (proven IN (0, 1)),
    PRIMARY KEY (source, symbol, origin, start_ms, end_ms)
) WITHOUT ROWID;
