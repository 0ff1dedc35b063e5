"""The exchange's public archive: fetched, checked, kept as sorted Parquet files of single days.

The only package that imports duckdb, which is the extra ``history``; see `engine`.
"""
