"""Fetches and follows candles, open interest and funding, beside the liquidations."""
