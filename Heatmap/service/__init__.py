"""The parts that HeatmapService is made of."""
