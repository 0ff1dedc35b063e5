"""Signals from liquidation clusters, in the shape that programs of this kind know. No orders."""

import threading
from collections.abc import Iterable
from typing import Self

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.domain.instruments import parse_symbols
from Heatmap.heatmap_settings import REST_URL, WS_URL
from Heatmap.programs.live_liquidation_heatmap import LiveLiquidationHeatmap, require_number
from Heatmap.storage.store import Address

#: The only source of data there is.
LIVE_BINANCE = "live_binance"


class LiquidationHunter:
    """Says towards which cluster of liquidations the price might be drawn.

    **A rule of thumb, not advice.** It assumes that the price is drawn to where much was
    liquidated; nothing here shows that it is. A published backtest of the original, whose rule this
    is, lost money. The totals behind a cluster are lower bounds, since the exchange reports at most
    one liquidation a second and symbol. Nothing here places an order.

    Call `set_data_source` first. Every method may be called from any thread. Usable in a ``with``
    statement, which closes it at the end.

    Parameters
    ----------
    min_strength
        Weaker clusters give no signal. 0 to 1.

    Raises
    ------
    SettingsError
        `min_strength` is not a number from 0 to 1; also a ValueError.
    """

    def __init__(self, min_strength: float = 0.6) -> None:
        require_number("min_strength", min_strength, 0, 1)
        self._min_strength = min_strength
        # Held while a source is set or closed, for as long as that takes.
        self._lifecycle = threading.Lock()
        self._heatmap: LiveLiquidationHeatmap | None = None
        # Made here, so that it is stopped here.
        self._own_heatmap: LiveLiquidationHeatmap | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def set_data_source(
        self,
        source: str = LIVE_BINANCE,
        symbols: Iterable[str] | None = None,
        *,
        db: Address | None = None,
        ws_url: str = WS_URL,
        rest_url: str = REST_URL,
        heatmap: LiveLiquidationHeatmap | None = None,
    ) -> None:
        """Start to record, in the place of an earlier source.

        Parameters
        ----------
        source
            ``live_binance``.
        symbols
            As in `LiveLiquidationHeatmap.start_stream`. With a `heatmap` they are added to its own;
            ``None`` then: those that it has.
        db, ws_url, rest_url
            As in `LiveLiquidationHeatmap`; without effect where a `heatmap` is given.
        heatmap
            One to use, which has parameters of its own choice and stays with the caller: `close`
            does not stop it. ``None``: one is made.

        Raises
        ------
        ValueError
            There is no such source; there are no symbols, or one of them is none. The earlier
            source goes on then.
        StorageError
            The database cannot be used; there is no source then.
        """
        if source != LIVE_BINANCE:
            raise ValueError(f"source must be {LIVE_BINANCE!r}, got {source!r}")
        if symbols is None and heatmap is None:
            raise ValueError("symbols must be one or more like BTCUSDT or BTC/USDT:USDT, got None")
        names = None if symbols is None else parse_symbols(symbols)
        with self._lifecycle:
            self._close()
            if heatmap is None:
                heatmap = LiveLiquidationHeatmap(db=db, ws_url=ws_url, rest_url=rest_url)
                self._own_heatmap = heatmap
            if names is not None:
                heatmap.start_stream(names)
            self._heatmap = heatmap

    def generate_signal(
        self, symbol: str, price: float
    ) -> tuple[int, float, LiquidationCluster | None]:
        """Return the direction towards the best cluster.

        Parameters
        ----------
        symbol
            One of the source's, as ``BTCUSDT`` or ``BTC/USDT:USDT``.
        price
            The current price, USD. It is handed on to the heatmap as its newest.

        Returns
        -------
        signal : int
            -1: short, towards a cluster of liquidated longs below the price. 1: long, towards one
            of liquidated shorts above it. 0: no cluster is strong enough.
        strength : float
            Of the cluster, 0 to 1; 0 without one.
        cluster : LiquidationCluster or None
            The best by `LiveLiquidationHeatmap.get_best_cluster`.

        Raises
        ------
        RuntimeError
            There is no source: `set_data_source` was not called, or `close` was.
        ValueError
            `symbol` is not one of the source's, or `price` is not above 0 and at most 1e18.
        """
        heatmap = self._heatmap
        if heatmap is None:
            raise RuntimeError("there is no data source; call set_data_source first")
        heatmap.update_price(symbol, price)
        # By this price in any case: a mark price may come in between.
        best = heatmap.get_best_cluster(symbol, self._min_strength, price=price)
        if best is None:
            return 0, 0.0, None
        return (-1 if best.side == "long" else 1), best.strength, best

    def close(self) -> None:
        """Stop what `set_data_source` has started; idempotent.

        Not from a signal handler or a ``__del__``; see `LiveLiquidationHeatmap.stop`.
        """
        with self._lifecycle:
            self._close()

    def _close(self) -> None:
        own, self._own_heatmap, self._heatmap = self._own_heatmap, None, None
        if own is not None:
            own.stop()
