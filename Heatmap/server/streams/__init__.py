"""Live messages: each stored liquidation once, and clusters and levels when they change."""
