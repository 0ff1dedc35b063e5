"""``python -m Heatmap doctor``: what of the way to the exchange works. No Qt, no numpy."""

from collections.abc import Sequence

from Heatmap.commands.arguments import (
    EXIT_INTERRUPTED,
    Parser,
    add_exchange_options,
    check_settings,
    say,
    say_json,
    seconds,
)
from Heatmap.commands.log_output import start_log
from Heatmap.doctor.doctor import DoctorConfig, diagnose
from Heatmap.doctor.findings import Finding, exit_code
from Heatmap.doctor.texts import finding_as_mapping, finding_line
from Heatmap.heatmap_settings import REST_URL, WS_URL
from Heatmap.storage.store import open_store


def run(words: Sequence[str]) -> int:
    """Report what works; returns the exit code."""
    parser = Parser(
        prog="python -m Heatmap doctor",
        description="Check the way to the exchange as the recorder uses it, one line per check. "
        "Changes no database. Exit code 1 if a check failed.",
        allow_abbrev=False,
    )
    parser.add_argument("--symbol", help="one symbol, or all; default BTCUSDT")
    parser.add_argument(
        "--seconds",
        type=seconds,
        default=20.0,
        metavar="N",
        help="how long to wait for a liquidation of any symbol, default 20",
    )
    parser.add_argument("--json", action="store_true", help="print all checks as JSON at the end")
    add_exchange_options(parser)
    options = parser.parse_args(words)
    texts = {} if options.symbol is None else {"symbols": options.symbol}
    symbols = check_settings(parser, texts).symbols
    if len(symbols) > 1:
        parser.error(f"--symbol takes one symbol or all, got {options.symbol}")
    start_log(options)

    config = DoctorConfig(
        options.ws_url or WS_URL, options.rest_url or REST_URL, symbols[0], options.seconds
    )
    store = open_store(options.db)

    def report(finding: Finding) -> None:
        if not options.json:
            say(finding_line(finding))

    try:
        findings = diagnose(config, store.health, report)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if options.json:
        say_json([finding_as_mapping(finding) for finding in findings], indent=2)
    return exit_code(findings)
