"""The chart layer: page, channel and scripts."""
