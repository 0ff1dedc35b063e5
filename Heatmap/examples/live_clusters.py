"""Liquidation clusters in a terminal, without a window: what a trading program would do.

Run it with ``python -m Heatmap.examples.live_clusters BTCUSDT ETHUSDT``. It records into the
default database, or stands by where another recorder does. It places no orders.
"""

import argparse
import io
import sys
import time

from Heatmap import LiveLiquidationHeatmap, connection_text, failure_text
from Heatmap.heatmap_settings import REST_URL, WS_URL


def show(heatmap: LiveLiquidationHeatmap, symbol: str) -> None:
    """Print the clusters of a symbol, and the best of them."""
    clusters = heatmap.get_clusters(symbol)
    recorder = heatmap.recorder_status()
    state = failure_text(heatmap.failure()) or (
        "" if recorder is None else connection_text(recorder)
    )
    print(f"{symbol}: clusters: {len(clusters)}; connection: {state}", flush=True)
    for cluster in clusters[:5]:
        print(
            f"  {cluster.side:5} {cluster.price_level:,.2f} {cluster.distance_from_price:+6.2f} %,"
            f" strength {cluster.strength:.2f}  {cluster.liquidation_count} liquidations,"
            f" at least {cluster.total_notional:,.0f} USD"
        )
    if best := heatmap.get_best_cluster(symbol):
        print(f"  best by the rule of thumb: {best.side} at {best.price_level:,.2f}")


def main() -> None:
    """Print clusters every few seconds until interrupted."""
    parser = argparse.ArgumentParser(description="Print live liquidation clusters.")
    parser.add_argument("symbols", nargs="*", default=["BTCUSDT"], metavar="SYMBOL")
    parser.add_argument("--db")
    parser.add_argument("--ws-url", default=WS_URL)
    parser.add_argument("--rest-url", default=REST_URL)
    parser.add_argument("--seconds", type=float, default=5.0, help="between two looks")
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console without the characters of a contract's name is no reason to end.
        sys.stdout.reconfigure(errors="backslashreplace")
    with LiveLiquidationHeatmap(
        update_interval=options.seconds,
        db=options.db,
        ws_url=options.ws_url,
        rest_url=options.rest_url,
    ) as heatmap:
        heatmap.start_stream(options.symbols)
        try:
            while True:
                time.sleep(options.seconds)
                for symbol in options.symbols:
                    show(heatmap, symbol)
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    main()
