"""Whose liquidations a panel shows: those of a layer's symbol, or of one that it is told."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QWidget

from Heatmap.domain.instruments import InstrumentName, instrument_of, shown_symbol
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.recorded_questions import RecordedQuestions
from Heatmap.ui.panels.panel_symbol import PanelLayer
from Heatmap.ui.seen_filter import SeenFilter
from Heatmap.ui.ties import Ties, Weakly
from Heatmap.ui.while_visible import WhileVisible

if TYPE_CHECKING:
    from Heatmap.service.replays import Replay

logger = get_logger(__name__)

# What a panel is told by others.
_FOLLOWED, _REPLAY = "followed", "replay"

Follow = Callable[[RecordedQuestions, InstrumentName], Callable[[], None]]
"""Begins to follow a symbol, now or as of an earlier time; returns what ends it."""


class FollowedSymbol(SeenFilter):
    """Follows a symbol of a service while its panel is seen; belongs to the panel.

    Parameters
    ----------
    panel
        Nothing is followed while it is hidden: what it shows then is read anew when it is shown.
    service
        Whose database; ``None``: none yet.
    layer
        The symbol is that of this layer, also when it becomes another one, or is not known;
        ``None``: it is the first recorded one, until another one is set.
    follow
        Begins to follow; a method of the panel, which calls back `Weakly`.
    forget
        Called before another symbol or service is followed, and where there is none any more; a
        method of the panel.
    show_state
        Called while the panel is seen when the service runs no more, or again, or records other
        symbols. ``None``: the panel forgets where the service does not run, since what it shows is
        of now. A method of the panel.
    """

    def __init__(
        self,
        panel: QWidget,
        service: HeatmapService | None,
        layer: PanelLayer | None,
        follow: Follow,
        forget: Callable[[], None],
        show_state: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(panel)
        self.service = service
        self._layer = layer
        self._symbol = None if layer is None else layer.symbol
        # Of the layer: whether it shows an earlier time.
        self._replay: Replay | None = None
        self._is_replayed = False
        self._follow = follow
        self._forget = forget
        self._is_seen = False
        # In a turn of its own: where a replay begins or ends, each panel has a lot to show.
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.timeout.connect(self._follow_moment)
        self._show_state = show_state or self._forget_stopped
        self._is_stopped, self._is_recorded = False, True
        self._has_forgotten = False
        self._ties = Ties(panel)
        if layer is not None:
            layer.symbol_changed.connect(self._take_symbol)
        self._follow_replay()
        self._watch = WhileVisible(panel, self._look_at_service)
        self.is_whole = True

    @property
    def symbol(self) -> str | None:
        """The symbol that is followed while the panel is seen; ``None``: none."""
        if self._symbol is not None or self.service is None or self._layer is not None:
            # A chart of nobody knows what has no liquidations of something else beside it.
            return self._symbol
        names = (one for one in self.service.settings.symbols if one != ALL_SYMBOLS)
        return next(names, None)

    @property
    def now_ms(self) -> int | None:
        """The time that is shown, UTC milliseconds: the layer's; ``None``: there is no service."""
        if self._replay is not None:
            return self._replay.now_ms()
        return None if self.service is None else self.service.clock()

    def set_symbol(self, symbol: InstrumentName | None) -> None:
        """Follow another symbol, as a chart names it.

        ``None``: none, or without a layer the first recorded one.

        Raises
        ------
        TypeError
            It is neither a text nor an instrument, nor ``None``.
        """
        self._take_symbol(shown_symbol(symbol))

    def _take_symbol(self, symbol: str | None) -> None:
        before, self._symbol = self.symbol, symbol
        if self.symbol != before:
            self.renew()

    def set_service(self, service: HeatmapService | None) -> None:
        """Follow what another service records; ``None``: nothing."""
        if service is not self.service:
            self._end()
            self.service = service
            self._follow_replay()
            self.renew()

    def renew(self) -> None:
        """Begin anew."""
        self._end()
        self._forget()
        service, symbol = self.service, self.symbol
        if not self._is_seen or service is None or symbol is None:
            return
        try:
            # As it is written: the venue of a layer's instrument stands before the colon.
            leave = self._follow(self._recorded_by(service), instrument_of(symbol))
        except ValueError:
            # A host's chart may show what is no symbol of any exchange.
            logger.debug("nothing is known of %r", symbol, exc_info=True)
        else:
            self._ties.tie(_FOLLOWED, leave)

    @override
    def note_seen(self, *, is_seen: bool) -> None:
        """Follow while the panel is seen."""
        self._is_seen = is_seen
        if is_seen:
            self.renew()
        else:
            self._end()

    @property
    def is_stopped(self) -> bool:
        """Whether there is a service that does not run, as was seen last."""
        return self._is_stopped

    @property
    def is_recorded(self) -> bool:
        """Whether the symbol is recorded, by whomever; ``True`` also where there is none."""
        service, symbol = self.service, self.symbol
        return service is None or symbol is None or service.is_recorded(symbol)

    def _look_at_service(self) -> None:
        service = self.service
        before = self._is_stopped, self._is_recorded
        self._is_stopped = service is not None and not service.is_running()
        self._is_recorded = self.is_recorded
        if before != (self._is_stopped, self._is_recorded):
            self._show_state()

    def _forget_stopped(self) -> None:
        if self._is_stopped:
            self._has_forgotten = True
            self._forget()
        elif self._has_forgotten:
            # What has not changed meanwhile would not be told again.
            self._has_forgotten = False
            self.renew()

    def _recorded_by(self, service: HeatmapService) -> RecordedQuestions:
        replay = self._replay
        self._is_replayed = replay is not None and replay.is_active
        return replay.recorded if replay is not None and replay.is_active else service.recorded

    def _follow_replay(self) -> None:
        """Show the time that the layer shows."""
        self._ties.cut(_REPLAY)
        service, layer = self.service, self._layer
        self._replay = None
        if service is not None and layer is not None:
            self._replay = service.replays.of(layer)
            listener = Weakly(self._look_at_replay)
            self._replay.add_listener(listener)
            self._ties.tie(_REPLAY, partial(self._replay.remove_listener, listener))

    def _look_at_replay(self) -> None:
        if self._replay is not None and self._replay.is_active != self._is_replayed:
            self._look.start(0)

    def _follow_moment(self) -> None:
        if self._replay is not None and self._replay.is_active != self._is_replayed:
            self.renew()

    def _end(self) -> None:
        self._ties.cut(_FOLLOWED)
