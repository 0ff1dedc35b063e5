"""The program behind ``python -m Heatmap``: Qt, the event loop, the sources and the window."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import (
    QCoreApplication,
    QEvent,
    QLocale,
    QSettings,
    QTimer,
    pyqtSignal,
    qInstallMessageHandler,
)
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication
from qasync import QEventLoop

from Heatmap import DataKind, HeatmapService, HeatmapSettings
from Heatmap.errors import HeatmapError, SettingsError
from Heatmap.runtime.compat import override
from Heatmap.standalone.candle_switch import symbols_to_try
from Heatmap.standalone.display import log_qt_message, prepare_environment
from Heatmap.standalone.exchange.replayed_market import ReplayedMarket
from Heatmap.standalone.icons import program_icon
from Heatmap.standalone.language_choice import keep_language, stored_language
from Heatmap.standalone.picture_file import require_writable, save_picture
from Heatmap.standalone.program_end import ProgramEnd
from Heatmap.standalone.sources import (
    SIMULATED_SYMBOL,
    Source,
    load_market,
    open_live,
    open_replay,
    open_simulated,
    require_database,
)
from Heatmap.standalone.status_line import connecting_words
from Heatmap.standalone.stores import STORE
from Heatmap.standalone.theme import stored_look, theme_of, window_defaults
from Heatmap.standalone.window import ChartWindow
from Heatmap.standalone.windows import Windows
from Heatmap.ui import HostAlerts, install_translation, load_settings

LIVE_PATIENCE_S = 5.0
"""With ``--source auto``: how long Binance may take to deliver its mark price."""
CANDLE_PATIENCE_S = 5.0
STATUS_LINE_PERIOD_S = 10.0
SETTLE_S = 10.0
"""A picture is taken when it stands still, or after this time."""
STILL_S = 1.0
POLL_S = 0.1
SIGNAL_PERIOD_MS = 200


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the command line asks of the window.

    Attributes
    ----------
    source
        ``auto``, ``live``, ``demo`` or ``replay``.
    db
        Address of the database, a file as a rule; ``None``: the usual place for the kind of data.
    ws_url, rest_url
        Bases of the exchange's addresses.
    setting_texts
        Settings for this run only, as `HeatmapSettings.from_texts` takes them.
    messages, candles, start_ms, speed
        The recording to replay, from when on, and how fast.
    candles_market
        Which market's candles those are: ``futures`` or ``spot``.
    screenshot
        Where to save a picture of the window at the end; ``None``: nowhere.
    exit_after_s
        Ends the program after this time; ``None``: when the window is closed.
    theme
        ``dark`` or ``light``; ``None``: as last time.
    language
        ``system``, ``en`` or ``de``; ``None``: as it is set.
    """

    source: str
    db: str | Path | None
    ws_url: str
    rest_url: str
    setting_texts: Mapping[str, str]
    messages: Path | None = None
    candles: Path | None = None
    start_ms: int = 0
    speed: float = 1.0
    candles_market: str = "futures"
    screenshot: Path | None = None
    exit_after_s: float | None = None
    theme: str | None = None
    language: str | None = None


class DesktopApplication(QApplication):
    """Asks for the end where the desktop wants one, instead of ending in the middle of things.

    Qt would close one window after the other, each as if the user had done with it, and leave the
    event loop, without which nothing can be closed in order: at the end of a session, by "Quit" of
    a dock or a task bar.

    Attributes
    ----------
    end_asked
        The desktop wants the program to end.
    """

    end_asked = pyqtSignal()

    @override
    def event(self, event: QEvent | None) -> bool:
        """Take the desktop's request to end."""
        if event is not None and event.type() == QEvent.Type.Quit:
            event.accept()
            self.end_asked.emit()
            return True
        return super().event(event)


def run_window(options: WindowOptions, say: Callable[[str], None]) -> int:
    """Run the window until it is closed, a signal comes or its time is over.

    Parameters
    ----------
    options
        What to show.
    say
        Prints one line for the user.

    Returns
    -------
    int
        Exit code 0.

    Raises
    ------
    HeatmapError
        Something of the environment prevents it; the message is for the user.
    """
    market = _check_inputs(options)
    is_headless = prepare_environment(os.environ, sys.platform)
    picture_path = options.screenshot or (Path("heatmap.png") if is_headless else None)
    if picture_path is not None:
        require_writable(picture_path)
    qInstallMessageHandler(log_qt_message)
    application = DesktopApplication(["Heatmap"])
    application.setApplicationName("Heatmap")
    application.setOrganizationName("OrderPilot")
    application.setWindowIcon(program_icon())
    # The one style that takes all of its colours from a palette, on every system.
    application.setStyle("Fusion")
    language = options.language or stored_language(QSettings(*STORE))
    QLocale.setDefault(install_translation(application, language))
    # The program ends after its clean-up, not when the window is gone.
    application.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    program = Program(options, say, market, picture_path, is_headless=is_headless)

    async def entry() -> None:
        try:
            await program.run()
        finally:
            await loop.shutdown_asyncgens()
            loop.stop()

    task = loop.create_task(entry())
    # What was imported stays to the end. To look through all of it for garbage takes 20 ms and
    # more, in which no window moves.
    gc.freeze()
    # Entered exactly once: a second exec() after a web view was shown crashes Qt.
    loop.run_forever()
    try:
        task.result()
    finally:
        loop.close()
        program.settle()
    return 0


_KINDS = {
    "auto": DataKind.LIVE,
    "live": DataKind.LIVE,
    "demo": DataKind.SIMULATED,
    "replay": DataKind.REPLAY,
}


def _check_inputs(options: WindowOptions) -> ReplayedMarket | None:
    """Refuse what cannot work before a window opens; the recording, where one is replayed."""
    market = None
    symbol = _asked_symbol(options)
    if options.messages is not None and options.candles is not None:
        market = load_market(
            options.messages, options.candles, options.start_ms, symbol, options.candles_market
        )
    elif options.source == "demo" and symbol not in (None, SIMULATED_SYMBOL):
        raise SettingsError(
            f"the simulated market has {SIMULATED_SYMBOL} only, got --symbol {symbol}; leave it out"
        )
    require_database(options.db, _KINDS[options.source])
    return market


def _asked_symbol(options: WindowOptions) -> str | None:
    texts = options.setting_texts
    return HeatmapSettings.from_texts(texts).symbols[0] if "symbols" in texts else None


class Program:
    """One run of the window: sources, window, status lines, pictures.

    Parameters
    ----------
    options
        What the command line asks.
    say
        Prints one line for the user.
    market
        What is replayed; ``None`` for other sources.
    picture_path
        Where pictures of the window go; ``None``: nowhere.
    is_headless
        There is no display: status lines and pictures instead of a window to look at.
    """

    def __init__(
        self,
        options: WindowOptions,
        say: Callable[[str], None],
        market: ReplayedMarket | None,
        picture_path: Path | None,
        *,
        is_headless: bool,
    ) -> None:
        self._options = options
        self._say = say
        self._market = market
        self._is_headless = is_headless
        self._picture_path = picture_path
        # In the order in which they were opened; all are closed at the end.
        self._sources: list[Source] = []
        # The live source while a simulated one is shown in its place.
        self._waiting: Source | None = None
        # A simulated one is being opened because the user wants it.
        self._is_opening = False
        self._ended = asyncio.Event()
        self._alerts = HostAlerts(QSettings(*STORE))
        self._program_end: ProgramEnd | None = None

    async def run(self) -> None:
        """Run until the end, then close everything.

        Raises
        ------
        HeatmapError
            A source or the page could not be opened, or the picture not be written.
        """
        options = self._options
        store = QSettings(*STORE)
        theme = options.theme or theme_of(stored_look(store))
        defaults = window_defaults(theme)
        settings = HeatmapSettings.from_texts(options.setting_texts, load_settings(store, defaults))
        if self._is_headless:
            self._say(f"no display: drawing offscreen, the picture goes to {self._picture_path}")
        try:
            async with asyncio.TaskGroup() as tasks:
                windows = Windows(store, theme, partial(self._make_window, settings), tasks)
                windows.all_closed.connect(self._ended.set)
                windows.state_told.connect(self._alerts.set_tool_tip)
                windows.language_chosen.connect(partial(self._speak, windows))
                self._listen_to_desktop(windows)
                self._catch_signals(windows)
                background: list[asyncio.Task[None]] = []
                try:
                    await self._run_windows(windows, settings, tasks, background)
                finally:
                    for task in background:
                        task.cancel()
                    await windows.leave()
        except* HeatmapError as group:
            raise _first_error(group) from None
        finally:
            if self._program_end is not None:
                # From here on a Ctrl-C interrupts what does not end.
                self._program_end.restore()
            for source in self._sources:
                await source.close()
            await self._alerts.end()

    def _speak(self, windows: Windows, language: str) -> None:
        """Use another language at once in all windows, and keep it."""
        keep_language(QSettings(*STORE), language)
        application = QApplication.instance()
        if application is not None:
            QLocale.setDefault(install_translation(application, language))
        windows.renew()

    def _make_window(
        self, settings: HeatmapSettings, store: QSettings, theme: str, number: int
    ) -> ChartWindow:
        window = ChartWindow(store, theme, number)
        window.market.expected = settings
        if "symbols" in self._options.setting_texts:
            window.market.symbols.forget_choice()
        return window

    async def _run_windows(
        self,
        windows: Windows,
        settings: HeatmapSettings,
        tasks: asyncio.TaskGroup,
        background: list[asyncio.Task[None]],
    ) -> None:
        """Show the windows until the end; what is begun meanwhile is put into `background`."""
        if not await self._unless_ended(windows.open_first()):
            return
        window = windows.open_windows[0]
        window.announce(connecting_words(symbols_to_try(None, settings.symbols)[0]))
        source = await self._open_source(settings)
        # A picture of it is owed also where the end comes this early.
        if self._ended.is_set() and self._picture_path is None:
            return
        if self._options.source in ("auto", "live"):
            # Before a state is shown: its card has this button from the beginning.
            windows.offer_simulated(
                lambda: background.append(tasks.create_task(self._simulate(windows)))
            )
        await windows.show_source(source, self._waiting)
        if self._waiting is not None:
            task = self._switch_when_live(windows, self._waiting, source)
            background.append(tasks.create_task(task))
        if self._is_headless:
            background.append(tasks.create_task(self._report(windows)))
        # A replay starts with its candles, so that two runs show the same.
        await self._unless_ended(window.wait_for_candles(CANDLE_PATIENCE_S))
        source.begin()
        await self._unless_ended(windows.open_others())
        self._tell_unkept(windows)
        await self._wait_for_end()
        await self._take_final_picture(windows)

    def _tell_unkept(self, windows: Windows) -> None:
        """Say that nothing that is set will be there at the next start, where that is so."""
        store = QSettings(*STORE)
        if not store.isWritable():
            words = QCoreApplication.translate(
                "Program", "Settings and windows are not kept: {file} cannot be written"
            )
            text = words.format(file=store.fileName())
            self._say(text)
            windows.say(text)

    # -- sources ------------------------------------------------------------------------------

    async def _open_source(self, settings: HeatmapSettings) -> Source:
        options = self._options
        if self._market is not None:
            return self._keep(
                await open_replay(
                    settings,
                    options.db,
                    market=self._market,
                    start_ms=options.start_ms,
                    speed=options.speed,
                    duration_s=options.exit_after_s,
                )
            )
        if options.source == "demo":
            return self._keep(await open_simulated(settings, options.db))
        live = self._keep(await open_live(settings, options.db, options.ws_url, options.rest_url))
        if options.source == "live":
            return live
        if await self._becomes_live(live, LIVE_PATIENCE_S) or self._ended.is_set():
            return live
        return await self._open_beside(
            live, f"Binance delivered no data within {LIVE_PATIENCE_S:g} s: "
        )

    async def _open_beside(self, live: Source, reason: str = "") -> Source:
        """Open a simulated market in the place of `live`, which goes on trying."""
        self._say(
            f"{reason}showing a SIMULATED market ({SIMULATED_SYMBOL}); the recorder keeps trying, "
            "and the window switches when data come"
        )
        settings = live.service.settings
        simulated = self._keep(await open_simulated(settings, self._options.db, is_beside=True))
        self._waiting = live
        return simulated

    async def _simulate(self, windows: Windows) -> None:
        """Show a simulated market because the user wants it, until live data come."""
        live = self._sources[0]
        if self._waiting is not None or self._is_opening:
            return
        self._is_opening = True
        try:
            simulated = await self._open_beside(live)
        except HeatmapError as error:
            # The window goes on, and so do the attempts.
            self._say(str(error))
            windows.say(str(error))
            return
        finally:
            self._is_opening = False
        # It may have come while the other one was opened.
        if not live.service.is_live():
            await windows.show_source(simulated, live, at_once=False)
        await self._switch_when_live(windows, live, simulated)

    def _keep(self, source: Source) -> Source:
        self._sources.append(source)
        self._alerts.apply(source.service)
        if source.notice:
            self._say(source.notice)
        return source

    async def _becomes_live(self, source: Source, patience_s: float | None) -> bool:
        """Wait until `source` delivers heartbeats; ``False``: it takes too long, or all ends."""
        try:
            async with asyncio.timeout(patience_s):
                # The recorder's thread offers a snapshot, not an event to wait for.
                while not source.service.is_live() and not self._ended.is_set():  # noqa: ASYNC110
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
        return source.service.is_live()

    async def _switch_when_live(self, windows: Windows, live: Source, simulated: Source) -> None:
        # What is set meanwhile is set for the recorder behind it; the picture follows that.
        follow = partial(_follow, simulated.service)
        live.service.add_settings_listener(follow)
        try:
            is_live = await self._becomes_live(live, None)
        finally:
            live.service.remove_settings_listener(follow)
        if not is_live:
            return
        # What was switched beside the simulated market is in the store.
        self._alerts.apply(live.service)
        # The simulated market stays until there is something to show in its place.
        await windows.show_source(live, at_once=False)
        for window in windows.open_windows:
            await window.wait_for_candles(None)
        self._waiting = None
        self._say("Binance delivers data: showing it")
        await simulated.close()

    # -- end and pictures ---------------------------------------------------------------------

    async def _unless_ended(self, work: Coroutine[Any, Any, object]) -> bool:
        """Do it, unless the end is wanted before it is done; whether it is done."""
        if self._ended.is_set():
            work.close()
            return False
        doing = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({doing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
            return doing.done()
        finally:
            for one in (doing, ended):
                one.cancel()
            await asyncio.wait({doing, ended})

    async def _wait_for_end(self) -> None:
        try:
            async with asyncio.timeout(self._options.exit_after_s):
                await self._ended.wait()
        except TimeoutError:
            return

    def _listen_to_desktop(self, windows: Windows) -> None:
        """End when the desktop wants it, and keep all windows before a session's end."""
        application = QApplication.instance()
        if isinstance(application, DesktopApplication):
            application.end_asked.connect(self._ended.set)
            # Another program may still call the end off: nothing is closed.
            application.commitDataRequest.connect(lambda _session: windows.keep())

    def _catch_signals(self, windows: Windows) -> None:
        """Let signals, and on Windows a console that is closed, end the program."""
        loop = asyncio.get_running_loop()
        self._program_end = ProgramEnd(lambda: loop.call_soon_threadsafe(self._ended.set))
        # Python looks for signals between its own instructions, and Qt may wait for long.
        beat = QTimer(windows)
        beat.timeout.connect(lambda: None)
        beat.start(SIGNAL_PERIOD_MS)

    def settle(self) -> None:
        """Say that all is closed: a console that was closed may end the process now."""
        if self._program_end is not None:
            self._program_end.settle()

    async def _report(self, windows: Windows) -> None:
        """Print a status line and save a picture from time to time, for want of a display."""
        while True:
            await asyncio.sleep(STATUS_LINE_PERIOD_S)
            window = windows.open_windows[0]
            self._say(window.status_text())
            if self._picture_path is not None:
                try:
                    save_picture(window.grab().toImage(), self._picture_path)
                except HeatmapError as error:
                    self._say(str(error))  # the next one may be written

    async def _take_final_picture(self, windows: Windows) -> None:
        """Save a picture of the first window when it has come to rest."""
        if self._picture_path is None or not windows.open_windows:
            return
        window = windows.open_windows[0]
        for source in self._sources:
            await source.rest(at_end=not self._ended.is_set())
        loop = asyncio.get_running_loop()
        started_s = still_since_s = loop.time()
        before = QImage()
        while loop.time() - started_s < SETTLE_S and loop.time() - still_since_s < STILL_S:
            picture = window.view.grab().toImage()
            if picture != before:
                before, still_since_s = picture, loop.time()
            await asyncio.sleep(POLL_S)
        window.refresh_status()
        save_picture(window.grab().toImage(), self._picture_path)
        self._say(window.status_text())
        self._say(f"picture saved: {self._picture_path}")


def _follow(service: HeatmapService, settings: HeatmapSettings) -> None:
    """Draw what is simulated by the settings of the recorder behind it; its symbol stays."""
    service.apply_settings(settings.changed(symbols=service.settings.symbols))


def _first_error(group: BaseExceptionGroup[HeatmapError]) -> HeatmapError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, HeatmapError):
        raise TypeError(f"expected a HeatmapError, got {error!r}")
    return error
