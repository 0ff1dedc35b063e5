"""Liquidations grouped into price clusters."""
