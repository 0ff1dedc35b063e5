"""For programs without Qt or a loop of their own."""
