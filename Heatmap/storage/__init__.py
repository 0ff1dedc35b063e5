"""The SQLite database: one writer that records, readers that fill numpy arrays."""
