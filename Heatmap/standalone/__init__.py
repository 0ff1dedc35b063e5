"""The window of ``python -m Heatmap``, built on the plugin's public surface."""
