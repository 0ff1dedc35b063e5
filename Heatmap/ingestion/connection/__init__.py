"""When to connect, give up, replace a connection."""
