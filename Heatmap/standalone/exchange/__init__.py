"""Simulated and replayed markets, and the exchange on loopback that serves them."""
