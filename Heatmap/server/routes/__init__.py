"""The paths, by subject."""
