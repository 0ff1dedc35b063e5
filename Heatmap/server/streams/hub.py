"""The open streams of one server: what each wants, and what it is told."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.server import texts
from Heatmap.server.problems import ProblemError
from Heatmap.server.streams.bell import Bell, wait_for
from Heatmap.server.streams.event_tail import EventTail
from Heatmap.server.streams.messages import StreamMessage, Topic, liquidation, ready, written_id
from Heatmap.server.streams.snapshots import Compute, Snapshot, Snapshots

MOST_STREAMS = 500
KEEP_ALIVE_S = 15.0
_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stream wants.

    Attributes
    ----------
    topics
        Which messages.
    symbols
        Whose; none: everybody's, of liquidations.
    after
        The row that it knows last; ``None``: it begins with what is stored from now on.
    states
        What it follows as a whole: a name, what tells it from others, how it is computed and how
        often, seconds.
    not_resumed
        Why the id that it named is none of this database's; ``None``: it is, or it named none.
    """

    topics: tuple[Topic, ...]
    symbols: tuple[str, ...]
    after: int | None
    states: Sequence[tuple[str, object, Compute, float]] = ()
    not_resumed: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream begins.

    Attributes
    ----------
    row_id
        After this row.
    not_resumed
        Why that is not the row that it knows last; ``None``: it is, or it knows none.
    """

    row_id: int
    not_resumed: str | None = None


class StreamHub:
    """Belongs on the server's loop.

    Parameters
    ----------
    kind
        What the data are.
    tail
        The newest events.
    snapshots
        States that are told as a whole.
    bell
        Rung by both.
    """

    def __init__(self, kind: DataKind, tail: EventTail, snapshots: Snapshots, bell: Bell) -> None:
        self._kind = kind
        self._tail = tail
        self._snapshots = snapshots
        self._bell = bell
        self._open = 0
        self._is_closing = False

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return self._open

    async def start_of(self, wish: Wish) -> Start:
        """Return where a stream begins: after the row that it knows last, or now.

        Raises
        ------
        ProblemError
            Too many are open.
        StorageError
            The store cannot be read.
        """
        # While the server ends a stream ends at once too: a browser comes again after an end,
        # and never after an error.
        if self._open >= MOST_STREAMS:
            raise ProblemError(503, texts.TOO_MANY_STREAMS.format(limit=MOST_STREAMS))
        newest = await self._tail.newest()
        if wish.after is None:
            return Start(newest, wish.not_resumed)
        if wish.after <= newest:
            return Start(wish.after)
        # It comes of another file, or of rows that have been deleted since.
        known, found = written_id(self._kind, wish.after), written_id(self._kind, newest)
        return Start(newest, texts.id_ahead(known, found))

    @asynccontextmanager
    async def opened(
        self, wish: Wish, start: Start
    ) -> AsyncIterator[AsyncIterator[Sequence[StreamMessage]]]:
        """Open a stream: gives its messages until the server ends; none: all is quiet.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        self._open += 1
        followed: list[tuple[str, object, Snapshot]] = []
        try:
            async with self._following():
                stream = object()
                for name, key, compute, every_s in () if self._is_closing else wish.states:
                    snapshot = self._snapshots.follow(key, compute, every_s, stream)
                    followed.append((name, key, snapshot))
                states = [(name, snapshot) for name, _, snapshot in followed]
                messages = self._messages(wish, start, states)
                try:
                    yield messages
                finally:
                    await messages.aclose()
        finally:
            for _, key, _ in followed:
                self._snapshots.leave(key)
            self._open -= 1

    def _following(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._is_closing else self._tail.streaming()

    def close(self) -> None:
        """End all streams, soon. Idempotent."""
        self._is_closing = True
        self._bell.ring()
        self._tail.close()
        self._snapshots.close()

    async def _messages(
        self, wish: Wish, start: Start, states: Sequence[tuple[str, Snapshot]]
    ) -> AsyncGenerator[Sequence[StreamMessage], None]:
        wants = self._filter(wish)
        cursor, told = start.row_id, [0] * len(states)
        topics = [one.value for one in wish.topics]
        yield [ready(self._kind, cursor, topics, list(wish.symbols), start.not_resumed)]
        while not self._is_closing:
            rung = self._bell.next()
            news: list[StreamMessage] = []
            has_more = False
            if Topic.LIQUIDATIONS in wish.topics:
                before = cursor
                try:
                    events, cursor = await self._tail.after(cursor)
                except StorageError:
                    await wait_for(rung, _RETRY_S)
                    continue
                has_more = cursor != before
                news = [liquidation(self._kind, one) for one in events if wants(one.instrument)]
            for number, (name, snapshot) in enumerate(states):
                if snapshot.version != told[number] and snapshot.body is not None:
                    told[number] = snapshot.version
                    news.append(StreamMessage(name, snapshot.body))
            if news:
                yield news
            elif not has_more and not await wait_for(rung, KEEP_ALIVE_S):
                yield ()

    def _filter(self, wish: Wish) -> Callable[[str], bool]:
        symbols = frozenset(wish.symbols)
        return (lambda _: True) if not symbols else symbols.__contains__
