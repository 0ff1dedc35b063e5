"""Publishes what is stored to Redis, for other programs. The extra ``redis``.

The only folder that imports redis. It needs neither numpy nor Qt, and nothing waits for it: what is
not published yet waits in the database.
"""

from Heatmap.publish.address import RedisAddress
from Heatmap.publish.names import Names
from Heatmap.publish.probe import redis_facts
from Heatmap.publish.publish_status import PublishState, PublishStatus
from Heatmap.publish.publisher import Publisher, PublishTimes
from Heatmap.publish.redis_link import check_redis
from Heatmap.publish.texts import publish_text

__all__ = [
    "Names",
    "PublishState",
    "PublishStatus",
    "PublishTimes",
    "Publisher",
    "RedisAddress",
    "check_redis",
    "publish_text",
    "redis_facts",
]
