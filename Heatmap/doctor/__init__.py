"""Checks that data, and not only an acknowledgement, arrive."""
