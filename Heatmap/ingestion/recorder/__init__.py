"""The recorder: its thread, what it writes, what it says of itself."""
