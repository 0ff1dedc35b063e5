"""Alerts: rules on stored liquidations, levels and the recording; pure, without numpy and Qt.

`follower` judges what is stored from now on; `backtest` what is recorded, and says in a
`backtest_result` how often a rule would have rung and which part of the time it could have seen.
What rings is decided here; where it is told is the matter of `Heatmap.alerts.ways`.
"""
