"""What the field is about: instruments, events, coverage. Plain data, no numpy, no I/O."""
