"""Where the window keeps what the user has set."""

STORE = "OrderPilot", "Heatmap"
"""Organisation and application, by which `QSettings` finds it."""
