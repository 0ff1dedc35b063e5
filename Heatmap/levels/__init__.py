"""Predicted liquidation levels: what would be liquidated if the price went there.

Pure numpy: no I/O but the tables that are shipped (`shipped`), no clock, no logging. What each
module does, and the formulas with their sources: docs/levels.md of the repository.
"""
