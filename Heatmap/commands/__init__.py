"""The commands of ``python -m Heatmap``; each module imports only what its command needs."""
