"""Alerts: rules on stored liquidations, levels and the recording; pure, without numpy and Qt.

What rings is decided here; where it is told is the matter of `Heatmap.alerts.ways`.
"""
