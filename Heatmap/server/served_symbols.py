"""Which symbols a server has something of."""

from Heatmap.domain.instruments import ALL_SYMBOLS
from Heatmap.service.shared_parts import SharedParts

_MOST_SYMBOLS = 1_000


def served_symbols(parts: SharedParts) -> list[str]:
    """Return the symbols that this program or the one that writes is to record, each once.

    Where all are, those that the exchange has told of.
    """
    wanted, status = parts.settings().symbols, parts.recorder()
    if status is not None:
        wanted = tuple(dict.fromkeys((*wanted, *(status.recorded_by_writer or ()))))
    symbols = [one for one in wanted if one != ALL_SYMBOLS]
    if ALL_SYMBOLS in wanted and status is not None:
        symbols += sorted(set(status.mark_prices) - set(symbols))[:_MOST_SYMBOLS]
    return symbols or ["BTCUSDT"]
