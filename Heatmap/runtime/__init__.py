"""What every part may use: the host's loop, guards, clocks, newer Python. No product logic.

- `host_loop`, `guarded`: work on the host's loop in turns, with failures told to their owner.
- `exchange_clock`: the exchange's time between two heartbeats. `replay_clock`: the moment that a
  replay shows; it stands, runs at a speed, and ends at the present.
- `safe_log`, `outside_text`: log lines and texts from outside without passwords and control signs.
  `calm_log`: a filter for what others can have logged as often as they like, one line a minute.
- `plain`: facts as plain data for JSON. `compat`: what newer Pythons have.
"""
