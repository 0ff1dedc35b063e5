"""What is wrong beside the state that the status bar says, and what is known of the connections."""

from PyQt6.QtCore import QObject

from Heatmap import RecorderStatus, SinkRole
from Heatmap.standalone.new_notices import NewNotices
from Heatmap.standalone.shown_market import ShownMarket
from Heatmap.standalone.sources import Source
from Heatmap.standalone.status_line import connection_words, event_words
from Heatmap.ui import HeatmapLayer, failure_words


class Troubles(QObject):
    """Finds them for the market of one window, to which it belongs."""

    def __init__(self, market: ShownMarket, layer: HeatmapLayer) -> None:
        super().__init__(market)
        self._market = market
        self._layer = layer
        self._notices = NewNotices()

    def words(self, source: Source, waiting: Source | None) -> tuple[str, list[str]]:
        """Return what is worse than a good state, as one sentence, and what else there is."""
        troubles = [failure_words(one) for one in source.service.failures()]
        recorder = source.service.recorder_status()
        notices = () if recorder is None else recorder.storage_notices
        troubles += self._notices.pick(map(failure_words, notices))
        troubles.insert(0, self._other_recorder(source, recorder))
        market = self._market
        troubles += [*market.candles.problems(), market.symbols.words(market.target)]
        details = [_connection_of(source, recorder)]
        if waiting is not None:
            details.append(_connection_of(waiting, waiting.service.recorder_status()))
        details.append(event_words(recorder))
        return "; ".join(filter(None, troubles)), details

    def _other_recorder(self, source: Source, recorder: RecorderStatus | None) -> str:
        """Say who could record the shown symbol where this program cannot; empty: it can."""
        symbol = self._layer.symbol or ""
        if recorder is None or recorder.role is not SinkRole.STANDBY:
            return ""
        if not symbol or self._market.is_recorded:
            return ""
        words = self.tr("Another program records into {database}: record {symbol} there")
        return words.format(database=source.service.database, symbol=symbol)


def _connection_of(source: Source, recorder: RecorderStatus | None) -> str:
    return connection_words(source.name, recorder, is_running=source.service.is_running())
