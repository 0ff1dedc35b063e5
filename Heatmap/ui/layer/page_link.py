"""The way between a layer and its page, through all that a host does to page and channel.

- A page is entered when it has loaded, and again after each load, whatever came of it: a download,
  an address that the host refuses or a load that is stopped leave the document as it was. A load
  that does not end is entered as soon as its document is there.
- The channel is the one that the page has, or else the given one, or else a new one; when the host
  sets another, the page is entered anew.
- A channel that was deleted while the page had it is never asked for again: that is a crash.
- Leaving waits until the host's client knows the channel's objects, and not for ever.
"""

from collections.abc import Callable
from functools import partial
from time import monotonic

from PyQt6 import sip
from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtGui import QColor
from PyQt6.QtWebChannel import QWebChannel
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap.errors import Failure, FailureKind
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.layer.page_revival import PageRevival, disconnect
from Heatmap.ui.layer.page_scripts import (
    ABSENT,
    PRESENT,
    TOO_EARLY,
    ask_script,
    leave_script,
    presence_script,
    tell_script,
)

_logger = get_logger(__name__)

# A host may set another channel at any time; Qt does not tell.
_WATCH_MS = 500
# A load that takes longer may wait for something that never comes, while its document is there.
_HANGING_TICKS = 3
# Until then a page that was entered has spoken.
_SILENT_TICKS = 10
# A page that hangs must not keep the bridge on the channel for ever, nor a load that does not end.
_FAREWELL_MS = 2000
_LONGEST_FAREWELL_S = 10.0
# After a load the host's client gets to know the channel's objects. Qt tells it of the end of one
# even before that, and it would warn of an object that it does not know.
_CALM_S = 0.5
# On a page whose channel was deleted while it was set: what Qt has of it must not be asked for.
_DEAD_CHANNEL = "orderPilotHeatmapDeadChannel"
# Name of a channel that a layer has made.
_OWN_CHANNEL = "orderPilotHeatmapChannel"


class PageLink(QObject):
    """Keeps a layer's script on a page, and its bridge on the page's web channel.

    More than 25 methods: a host can do much to a page and to its channel, and each answer depends
    on the same few facts.

    Parameters
    ----------
    page
        The page.
    bridge
        What is registered on the channel; the link belongs to the same layer.
    name
        Of the bridge on the channel, and of the layer on the page.
    channel
        The host's, where it is set on the page only later; ``None``: not known.
    make_script
        Gives the script that puts the layer on the page, for the number of this entry and that of
        the present channel.
    on_gone
        Called when the layer is on no chart any more, as far as this side knows.
    """

    def __init__(
        self,
        page: QWebEnginePage,
        bridge: QObject,
        name: str,
        channel: QWebChannel | None,
        make_script: Callable[[int, int], str],
        on_gone: Callable[[], None],
    ) -> None:
        super().__init__(bridge.parent())
        self._page = page
        self._bridge = bridge
        self._name = name
        self._given_channel = channel
        self._make_script = make_script
        self._on_gone = on_gone
        # The channel that the bridge is registered on, and where it lies in memory: Qt keeps the
        # address of a channel that was deleted, and to use that is a crash.
        self._channel: QWebChannel | None = None
        self._address = 0
        self._is_channel_dead = page.property(_DEAD_CHANNEL) is True
        self._is_page_dead = False
        # Another document is on its way, or not: until then the one before is there.
        self._is_loading = False
        # How often a page was entered, and the bridge put on a channel.
        self._entries = 0
        self._links = 0
        # Since a page was entered or a load began: looks at it, and whether it has spoken.
        self._ticks = 0
        self._has_heard = False
        # The page's script gave nothing; not told yet while a load that began meanwhile may be why.
        self._has_failed = False
        #: Why the page cannot be reached, as far as is known; empty: it can, or nothing is known.
        self.failure: Failure | None = None
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._look_after_page)
        page.loadStarted.connect(self._on_load_started)
        page.loadFinished.connect(self._on_load_finished)
        page.renderProcessTerminated.connect(self._on_terminated)
        page.destroyed.connect(self._on_page_destroyed)
        self._revival = PageRevival(page, self)
        # Leaving: since when, what follows, and when a load ended last, by the monotonic clock.
        self._closed_s: float | None = None
        self._then: Callable[[], None] = _do_nothing
        self._loaded_s = 0.0
        self._farewell = QTimer(self)
        self._farewell.setSingleShot(True)
        self._farewell.timeout.connect(self._leave_channel)
        if channel is not None:
            # Early, so that Qt does not warn about an object that comes after the clients.
            self._register_on(channel)

    def open(self) -> None:
        """Begin: enter a page that is there already."""
        if self._page.isLoading():
            self._on_load_started()
        elif not self._page.url().isEmpty():
            self._enter()

    def hear(self) -> None:
        """Take note that the page has spoken."""
        self._has_heard = True

    def confirm(self, entry: int) -> bool:
        """Tell whether a page that reports its chart is the one that was entered last."""
        if entry != self._entries:
            return False
        self._has_heard, self.failure = True, None
        return True

    def send(self, message: str, *content: str) -> None:
        """Tell the page something by the bridge's signal called `message`."""
        if self._is_loading:
            # The next document is on its way, or never comes. What goes by the channel might meet
            # it before its client is ready; this reaches the present one, whichever that is.
            self._page.runJavaScript(tell_script(self._name, message, *content))
        else:
            getattr(self._bridge, message).emit(*content)

    def page_colour(self) -> QColor:
        """Return the colour that the page has before anything is painted on it."""
        return self._page.backgroundColor()

    def ask_again(self, *, is_ready: bool) -> None:
        """Have the layer's script say what it is on, where this side seems to be mistaken.

        Parameters
        ----------
        is_ready
            Whether this side takes the layer for being on a chart.
        """
        if self._closed_s is None and self._has_page():
            self._page.runJavaScript(ask_script(self._name, is_ready=is_ready))

    def close(self, then: Callable[[], None]) -> None:
        """Leave page and channel; `then` is called when that is done.

        That is at once as a rule, `_CALM_S` after a load, `_LONGEST_FAREWELL_S` at the latest; and
        never where the page takes the link along.
        """
        self._closed_s, self._then = monotonic(), then
        self._watch.stop()
        self._revival.stop()
        if self._page.renderProcessPid() == 0:
            # There is nothing to tidy up, and a script would be answered only at the page's end.
            self._leave_channel()
            return
        self._farewell.start(_FAREWELL_MS)
        self._page.runJavaScript(leave_script(self._name), self._leave_channel)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt, and tell it as the fault."""
        _logger.error("The heatmap could not be put on its page", exc_info=error)
        self.failure = Failure(FailureKind.PAGE_NOT_CHANGED, {"reason": repr(error)})

    # -- loading ------------------------------------------------------------------------------

    @guarded
    def _on_load_started(self) -> None:
        self._is_loading, self._ticks = True, 0
        if not self._is_channel_dead and self._closed_s is None:
            self._watch.start()

    @guarded
    def _on_load_finished(self, is_ok: bool) -> None:
        self._is_loading, self._loaded_s = False, monotonic()
        if self._closed_s is not None:
            return
        # Whatever came of it: a layer that is there already stays, and says so.
        self._enter()
        if not is_ok:
            _logger.warning("The chart page did not load")
            self.failure = self.failure or Failure(FailureKind.PAGE_NOT_LOADED)

    @guarded
    def _on_terminated(self, _status: object, _exit_code: int) -> None:
        self._is_loading = False
        if self._closed_s is not None:
            self._leave_channel()
            return
        self._watch.stop()
        self._on_gone()
        self.failure = Failure(FailureKind.PAGE_DIED)

    @guarded
    def _enter_meanwhile(self, presence: object) -> None:
        """Enter a document whose load does not end, where it has not got the layer."""
        if not self._is_loading or self._closed_s is not None or not self._has_page():
            return
        is_replaced = not self._is_channel_dead and self._page.webChannel() is not self._channel
        if presence == ABSENT or (presence == PRESENT and is_replaced):
            self._enter()
        elif presence == TOO_EARLY:
            self._on_gone()

    def _has_page(self) -> bool:
        """Tell whether the page is there: while it goes it answers scripts, and ends loads."""
        return not (self._is_page_dead or sip.isdeleted(self._page))

    def _enter(self) -> None:
        if not self._has_page():
            return
        self._on_gone()
        self.failure = None
        self._has_failed = self._has_heard = False
        self._ticks = 0
        self._entries += 1
        if self._is_channel_dead:
            self._tell_of_dead_channel()
            return
        self._join_channel()
        script = self._make_script(self._entries, self._links)
        self._page.runJavaScript(script, partial(self._take_answer, self._entries))
        self._watch.start()

    @guarded
    def _take_answer(self, entry: int, answer: object) -> None:
        """Take what the page's script gave: ``True``, or nothing where it failed."""
        if answer is not True and entry == self._entries:
            self._has_failed = True

    @guarded
    def _look_after_page(self) -> None:
        """Follow the host to another channel; tell what has failed."""
        self._ticks += 1
        if self._is_loading:
            if self._ticks >= _HANGING_TICKS:
                self._page.runJavaScript(presence_script(self._name), self._enter_meanwhile)
        elif self._page.webChannel() is not self._channel:
            self._enter()
        elif self._has_failed:
            self._has_failed = False
            _logger.error("The page did not take the layer's script; its console says why")
            self.failure = Failure(FailureKind.PAGE_REFUSED_SCRIPT)
        elif not self._has_heard and self._ticks == _SILENT_TICKS and self.failure is None:
            _logger.warning("The page does not answer through its web channel")
            self.failure = Failure(FailureKind.PAGE_SILENT)

    # -- the channel --------------------------------------------------------------------------

    def _join_channel(self) -> None:
        channel = self._page.webChannel()
        if channel is None:
            channel = self._given_channel
            if channel is None or sip.isdeleted(channel):
                channel = QWebChannel(self._page)
                channel.setObjectName(_OWN_CHANNEL)
            self._page.setWebChannel(channel)
        self._register_on(channel)

    def _register_on(self, channel: QWebChannel | None) -> None:
        if channel is self._channel:
            return
        before = self._channel
        if before is not None and not sip.isdeleted(before):
            disconnect(before.destroyed, self._on_channel_destroyed)
            before.deregisterObject(self._bridge)
            if channel is not None and self._is_own(before):
                # The host has set another in its place.
                before.deleteLater()
        self._channel = channel
        if channel is not None:
            self._links += 1
            self._address = _address_of(channel)
            channel.destroyed.connect(self._on_channel_destroyed)
            channel.registerObject(self._name, self._bridge)

    @guarded
    def _on_page_destroyed(self, _page: object = None) -> None:
        # Before its children go, of which the channel may be one.
        self._is_page_dead = True

    @guarded
    def _on_channel_destroyed(self, _channel: object = None) -> None:
        """Find out whether the page has lost its channel, or has another one since."""
        self._channel = None
        if not self._has_page():
            return
        present = self._page.webChannel()
        if present is None or _address_of(present) != self._address:
            return
        # To ask the page for its channel, or to set another, is a crash from now on.
        self._is_channel_dead = True
        self._page.setProperty(_DEAD_CHANNEL, True)
        self._watch.stop()
        self._on_gone()
        self._tell_of_dead_channel()

    def _tell_of_dead_channel(self) -> None:
        _logger.error("The page's web channel was deleted while the page had it: unset it before")
        self.failure = Failure(FailureKind.PAGE_CHANNEL_GONE)

    @guarded
    def _leave_channel(self, _answer: object = None) -> None:
        """Take the bridge off the channel, now that the page does not speak to it any more."""
        if sip.isdeleted(self) or self._closed_s is None or not self._has_page():
            # A page that goes takes the link and the bridge along.
            return
        now_s = monotonic()
        is_calm = not self._is_loading and now_s - self._loaded_s >= _CALM_S
        if not is_calm and now_s - self._closed_s < _LONGEST_FAREWELL_S and self._is_alive():
            self._farewell.start(int(_CALM_S * 1000))
            return
        self._farewell.stop()
        self._closed_s = None
        disconnect(self._page.loadStarted, self._on_load_started)
        disconnect(self._page.loadFinished, self._on_load_finished)
        disconnect(self._page.renderProcessTerminated, self._on_terminated)
        disconnect(self._page.destroyed, self._on_page_destroyed)
        channel = self._channel
        self._register_on(None)
        if channel is not None and not sip.isdeleted(channel):
            self._remove_own(channel)
        self._then()

    def _is_alive(self) -> bool:
        return not self._is_channel_dead and self._page.renderProcessPid() != 0

    def _remove_own(self, channel: QWebChannel) -> None:
        """Take away a channel that a layer made, when the last layer leaves it."""
        if self._is_own(channel) and self._page.webChannel() is channel:
            self._page.setWebChannel(None)
            channel.deleteLater()

    def _is_own(self, channel: QWebChannel) -> bool:
        """Tell whether a layer made the channel for this page, and none is on it any more."""
        is_ours = channel.objectName() == _OWN_CHANNEL and channel.parent() is self._page
        return is_ours and not channel.registeredObjects()


def _do_nothing() -> None:
    return


def _address_of(channel: QWebChannel) -> int:
    address: int = sip.unwrapinstance(channel)  # type: ignore[func-returns-value, assignment]  # sip's stub
    return address
