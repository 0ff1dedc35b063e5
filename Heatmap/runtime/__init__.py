"""What every part may use: the host's loop, guards, clocks, newer Python. No product logic."""
