"""What a page is to be told, in order, while its client takes as long as it likes.

- A picture makes the pictures and columns before it needless: they go.
- More than `MOST_WAITING` messages, or `MOST_CHARS` characters, for a client that does not read are
  dropped together, and the chart is begun anew once it reads again.
"""

import asyncio
import json
from collections import deque

MOST_WAITING = 64
MOST_CHARS = 16_000_000
_PICTURES = ("gridShown", "cellsAppended")


class Outbox:
    """Belongs on the server's loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str]] = deque()
        self._chars = 0
        self._has_news = asyncio.Event()
        self._is_stalled = False

    @property
    def is_stalled(self) -> bool:
        """Whether messages were dropped since it was read last."""
        return self._is_stalled

    def put(self, kind: str, *content: object) -> None:
        """Have a message sent; nothing while it is stalled."""
        if self._is_stalled:
            return
        if kind == "gridShown":
            self._drop_pictures()
        text = json.dumps({"type": kind, "content": content}, allow_nan=False)
        self._waiting.append((kind, text))
        self._chars += len(text)
        if len(self._waiting) > MOST_WAITING or self._chars > MOST_CHARS:
            self._waiting.clear()
            self._chars = 0
            self._is_stalled = True
        self._has_news.set()

    async def take(self) -> str | None:
        """Return the next message once there is one; ``None``: some were dropped before it."""
        await self._has_news.wait()
        if self._is_stalled:
            self._is_stalled = False
            self._has_news.clear()
            return None
        _, text = self._waiting.popleft()
        self._chars -= len(text)
        if not self._waiting:
            self._has_news.clear()
        return text

    def _drop_pictures(self) -> None:
        self._waiting = deque(one for one in self._waiting if one[0] not in _PICTURES)
        self._chars = sum(len(text) for _, text in self._waiting)
