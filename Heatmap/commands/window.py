"""``python -m Heatmap``: the window."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from Heatmap._version import __version__
from Heatmap.commands.arguments import (
    Parser,
    add_exchange_options,
    check_settings,
    file_path,
    refuse_addresses_of_demo,
    say,
    seconds,
)
from Heatmap.commands.log_output import start_log
from Heatmap.heatmap_settings import ALL_SYMBOLS, REST_URL, SETTINGS, WS_URL
from Heatmap.standalone.exchange.data_clock import MAX_SPEED, MIN_SPEED

CANDLE_MARKETS = ("futures", "spot")
"""Whose candles a recording may have, the default first; without numpy what `levels.Volume` has."""

# Fields with an option of another name or with a meaning of their own on the command line.
_NOT_AN_OPTION = frozenset({"enabled", "symbols"})


def run(words: Sequence[str]) -> int:
    """Show the window that `words` describe; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    texts = {
        name.removeprefix("set_"): text
        for name, text in vars(options).items()
        if name.startswith("set_") and text is not None
    }
    if options.symbol is not None:
        texts["symbols"] = options.symbol
    if options.disabled:
        texts["enabled"] = "no"
    settings = check_settings(parser, texts)
    if settings.symbols == (ALL_SYMBOLS,):
        parser.error(
            "--symbol: the chart shows one symbol, got all; the command record can record all"
        )
    source = _source(parser, options)
    start_log(options)

    from Heatmap.standalone.application import WindowOptions, run_window  # noqa: PLC0415
    from Heatmap.standalone.exchange.recording import parse_time  # noqa: PLC0415

    return run_window(
        WindowOptions(
            source=source,
            db=options.db,
            ws_url=options.ws_url or WS_URL,
            rest_url=options.rest_url or REST_URL,
            setting_texts=texts,
            messages=options.replay,
            candles=options.candles,
            start_ms=parse_time(options.start) if source == "replay" else 0,
            speed=options.speed or 1.0,
            candles_market=options.candles_market or CANDLE_MARKETS[0],
            screenshot=options.screenshot,
            exit_after_s=options.exit_after,
            theme=options.theme,
            language=options.language,
        ),
        say,
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m Heatmap",
        description="Show Binance's BTCUSDT with its liquidations as a heatmap behind the candles.",
        epilog="Other commands: record (record without a window), status (what the database "
        "holds), clusters (prices with many liquidations), levels (what would be liquidated "
        "where), history (Binance's archive of earlier years), serve (show and give it all in a "
        "browser), alerts (rules that ring), doctor (check the connection). Each has its own "
        "--help.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Heatmap {__version__}")
    parser.add_argument(
        "--source",
        choices=("auto", "live", "demo"),
        help="auto (default): Binance, or a simulated market until Binance can be reached; live: "
        "Binance only; demo: the simulated market only",
    )
    parser.add_argument("--symbol", help="symbol to show, default BTCUSDT")
    parser.add_argument("--disabled", action="store_true", help="start with the heatmap off")
    parser.add_argument(
        "--theme", choices=("dark", "light"), help="colours of the window; default: as last chosen"
    )
    parser.add_argument(
        "--language", choices=("system", "en", "de"), help="language of the window; default: as set"
    )
    parser.add_argument(
        "--screenshot", type=_png, metavar="FILE.png", help="save a picture when it ends"
    )
    parser.add_argument("--exit-after", type=seconds, metavar="SECONDS", help="end after this time")
    add_exchange_options(parser)
    replay = parser.add_argument_group("replay of a recording")
    replay.add_argument(
        "--replay",
        type=file_path,
        metavar="MESSAGES.jsonl",
        help="forceOrder messages, one per line",
    )
    replay.add_argument(
        "--candles",
        type=file_path,
        metavar="KLINES.csv",
        help="one-minute candles with a header line",
    )
    replay.add_argument(
        "--candles-market",
        choices=CANDLE_MARKETS,
        help="market of these candles: predicted levels need it for their dollars; default futures",
    )
    replay.add_argument(
        "--from",
        dest="start",
        metavar="TIME",
        help="where to begin, such as 2024-12-05T01:00:00Z",
    )
    replay.add_argument(
        "--speed",
        type=_speed,
        metavar="N",
        help="times as fast as it happened, 0.1 to 600; default 1",
    )
    # What the window begins with is its own, and what was set in it counts: no default is told.
    settings = parser.add_argument_group(
        "settings, for this run only", "Without them: what is set in the window."
    )
    for name in SETTINGS:
        if name not in _NOT_AN_OPTION:
            option = "--" + name.replace("_", "-")
            settings.add_argument(
                option,
                dest=f"set_{name}",
                metavar="VALUE",
                help=_setting_help(name),
            )
    return parser


def _setting_help(name: str) -> str:
    record = SETTINGS[name]
    text = record.help.removesuffix(".")
    # argparse puts values in at a percent sign.
    return f"{text} ({record.kind.allowed})".replace("%", "%%")


def _source(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    replay = (options.replay, options.candles, options.start)
    addresses = options.ws_url is not None or options.rest_url is not None
    if not any(replay):
        for name, value in (("speed", options.speed), ("candles-market", options.candles_market)):
            if value is not None:
                parser.error(f"--{name} is for a replay: give --replay, --candles and --from too")
        refuse_addresses_of_demo(parser, options)
        return options.source or "auto"
    if addresses:
        parser.error("a replay simulates the exchange: leave out --ws-url and --rest-url")
    if not all(replay):
        parser.error("a replay needs --replay, --candles and --from together")
    if options.source is not None:
        parser.error(f"give either --replay or --source {options.source}, not both")
    return "replay"


def _png(text: str) -> Path:
    path = file_path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"expected a file name that ends in .png, got {text!r}")
    return path


def _speed(text: str) -> float:
    with suppress(ValueError):
        if MIN_SPEED <= float(text) <= MAX_SPEED:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a speed from {MIN_SPEED:g} to {MAX_SPEED:g}, got {text!r}"
    )
