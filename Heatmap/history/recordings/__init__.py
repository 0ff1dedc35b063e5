"""Recorded liquidations as files: exported with what time they cover, and merged again."""
