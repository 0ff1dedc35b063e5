"""The addresses of Binance's market streams, and whose mark price is the heartbeat. Pure."""

import json
from collections.abc import Sequence
from urllib.parse import quote

from Heatmap.domain.instruments import ALL_SYMBOLS

#: Whose mark price is the heartbeat when all symbols are recorded.
HEARTBEAT_SYMBOL = "BTCUSDT"

_ORDERS, _MARK_PRICE, _CANDLES = "forceOrder", "markPrice@1s", "kline_1m"
# Many servers refuse a request line of more than 8 KiB, some one of 4; a proxy's path and a base
# have their room beside this. The exchange takes 200 streams on a connection.
_LONGEST_STREAMS_CHARS = 3500
_MOST_STREAMS = 200


def shares_stream(symbols: Sequence[str]) -> bool:
    """Tell whether these symbols are taken out of the stream of all, with one heartbeat for all.

    So it is where ``ALL`` are recorded, and where streams of their own would make an address that
    servers refuse.
    """
    streams = _own_streams(symbols)
    return (
        tuple(symbols) == (ALL_SYMBOLS,)
        or len(streams) >= _MOST_STREAMS
        or len("/".join(streams)) > _LONGEST_STREAMS_CHARS
    )


def heartbeat_symbols(symbols: Sequence[str]) -> tuple[str, ...]:
    """Return whose mark prices are the heartbeats where these symbols are recorded."""
    return (HEARTBEAT_SYMBOL,) if shares_stream(symbols) else tuple(symbols)


def _own_streams(symbols: Sequence[str]) -> list[str]:
    return [
        *(stream_name(symbol, _ORDERS) for symbol in symbols),
        *(stream_name(symbol, _MARK_PRICE) for symbol in symbols),
    ]


def stream_name(symbol: str, kind: str) -> str:
    """Return the name of a symbol's stream as it stands in an address: UTF-8, percent-encoded."""
    return f"{quote(symbol.lower(), safe='')}@{kind}"


def stream_url(ws_url: str, symbols: Sequence[str]) -> str:
    """Return the address of one combined stream for these symbols.

    Parameters
    ----------
    ws_url
        The base, such as ``wss://fstream.binance.com``.
    symbols
        Recorded symbols, or ``("ALL",)``.

    Returns
    -------
    str
        Each symbol's force orders and mark price; and always all symbols' force orders beside
        them, which come often enough to prove that the endpoint delivers any. Where there are too
        many for an address, those of all symbols and one mark price.
    """
    if shares_stream(symbols):
        streams = [stream_name(HEARTBEAT_SYMBOL, _MARK_PRICE)]
    else:
        streams = _own_streams(symbols)
    streams.append("!forceOrder@arr")
    # Since April 2026 only the path under /market delivers force orders; the older ones accept
    # the same streams and stay silent.
    return f"{ws_url.rstrip('/')}/market/stream?streams={'/'.join(streams)}"


def with_candles(url: str, symbols: Sequence[str]) -> str:
    """Return an address with one-minute candles of these too, as far as there is room."""
    base, _, names = url.partition("?streams=")
    streams = names.split("/")
    for symbol in symbols:
        more = [*streams, stream_name(symbol, _CANDLES)]
        if len(more) > _MOST_STREAMS or len("/".join(more)) > _LONGEST_STREAMS_CHARS:
            break
        streams = more
    return f"{base}?streams={'/'.join(streams)}"


def candle_subscription(symbols: Sequence[str], *, ends: bool = False) -> str:
    """Return the message that adds candles of these to a combined stream, or takes them away.

    Names stand in it as they are, not as in an address.
    """
    names = [f"{symbol.lower()}@{_CANDLES}" for symbol in symbols]
    method = "UNSUBSCRIBE" if ends else "SUBSCRIBE"
    return json.dumps({"method": method, "params": names, "id": 1}, ensure_ascii=False)
