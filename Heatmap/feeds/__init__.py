"""Keeps layers and listeners up with what is stored, on the host's loop."""
