"""What the source of recorded liquidations is made of. Pure."""
