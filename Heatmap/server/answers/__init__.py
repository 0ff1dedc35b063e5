"""What the routes answer, as plain data; each says how much of it was recorded."""
