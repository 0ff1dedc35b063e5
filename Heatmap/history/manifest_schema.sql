CREATE TABLE imports (
    dataset TEXT NOT NULL,
    symbol TEXT NOT NULL,
    day TEXT NOT NULL,
    source_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    published_sha256 TEXT,
    header INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    first_ms INTEGER,
    last_ms INTEGER,
    first_id INTEGER,
    last_id INTEGER,
    holes INTEGER,
    duplicates INTEGER NOT NULL,
    importer_version INTEGER NOT NULL,
    imported_ms INTEGER NOT NULL,
    market TEXT NOT NULL DEFAULT 'um',
    PRIMARY KEY (dataset, symbol, day)
) WITHOUT ROWID;
CREATE TABLE import_faults (
    dataset TEXT NOT NULL,
    symbol TEXT NOT NULL,
    day TEXT NOT NULL,
    line INTEGER,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX import_faults_day ON import_faults (dataset, symbol, day);
CREATE TABLE empty_days (
    dataset TEXT NOT NULL,
    symbol TEXT NOT NULL,
    day TEXT NOT NULL,
    source_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (dataset, symbol, day)
) WITHOUT ROWID;
