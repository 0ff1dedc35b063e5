"""One folder or file for each exchange."""
