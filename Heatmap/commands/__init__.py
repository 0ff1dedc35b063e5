"""The commands of ``python -m Heatmap``; each module imports only what its command needs.

Shared: `arguments` (parser, options, output), `log_output`, `output`, `text_tables`. Rules on a
command line, and what rings for `record` without a window, are `alert_options`.
"""
