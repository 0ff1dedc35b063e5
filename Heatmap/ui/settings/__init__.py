"""The settings tab and the store behind it."""
