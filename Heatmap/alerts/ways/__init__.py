"""The ways on which alerts are told: webhooks, services of apprise; without Qt and numpy.

`WaySet` sends. It is made of: `Way` (one receiver), `DeliveryQueue` (what waits for it, and when it
goes; pure), `Message` (what is sent; pure). A `WaySpec` is what a user enters, and `make_way`
makes the way of it; `WayFacts` are how it fares, for the status. Addresses and keys are `Secret`:
nothing shows them.
"""

from Heatmap.alerts.ways.delivery_queue import DeliveryTimes, Rate
from Heatmap.alerts.ways.messages import MessageWords, Notice
from Heatmap.alerts.ways.secret import Secret
from Heatmap.alerts.ways.way import Way, WayError
from Heatmap.alerts.ways.way_facts import WayFacts
from Heatmap.alerts.ways.way_file import read_ways, write_ways
from Heatmap.alerts.ways.way_set import WaySet, send_test
from Heatmap.alerts.ways.way_spec import WayKind, WaySpec, make_way
from Heatmap.alerts.ways.webhook import Webhook

__all__ = [
    "DeliveryTimes",
    "MessageWords",
    "Notice",
    "Rate",
    "Secret",
    "Way",
    "WayError",
    "WayFacts",
    "WayKind",
    "WaySet",
    "WaySpec",
    "Webhook",
    "make_way",
    "read_ways",
    "send_test",
    "write_ways",
]
