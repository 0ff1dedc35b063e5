"""What the field is about: instruments, events, coverage. Plain immutable data, no numpy."""
