"""What the source of predicted levels is made of. Pure."""
