"""A symbol is the exchange's to name: letters and digits of any script."""

import unicodedata
from urllib.parse import unquote, urlsplit

import pytest

from Heatmap.domain.instruments import (
    BINANCE_USDM,
    Instrument,
    canonical_symbol,
    instrument_of,
    parse_instrument,
    parse_instruments,
    parse_symbol,
    parse_symbols,
    stored_venue,
    venue_title,
    written_venue,
)
from Heatmap.domain.symbol_lists import MOST_SYMBOLS
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.ingestion.venues.binance.streams import (
    heartbeat_symbols,
    shares_stream,
    stream_url,
)
from Heatmap.standalone.exchange.loopback_client import parse_path

CHINESE = "\u5e01\u5b89\u4eba\u751fUSDT"
NAMES = [
    "BTCUSDT",
    "BTCUSDT_260327",
    "1000SHIBUSDT",
    "1INCHUSDT",
    "42USDT",
    CHINESE,
    "\u5e01\u5b89\u4eba\u751fUSDT_260327",
    "\u6211\u8e0f\u9a6c\u6765\u4e86USDT",
    "\u30d3\u30c3\u30c8\u30b3\u30a4\u30f3USDT",
    "\ube44\ud2b8USDT",
    "\u0411\u0418\u0422USDT",
    "\u0394\u03a3USDT",
    "\u0639\u0645\u0644\u0629USDT",
    "\u0939\u093f\u0928\u094d\u0926\u0940USDT",
    "\u00c9T\u00c9USDT",
    "STRA\u00dfEUSDT",
    "\U00020000USDT",
]
NONE = [
    "",
    "ALL",
    "all",
    "A" * 51,
    "\u5e01" * 51,
    *(f"BTC{char}USDT" for char in " /@,?&#%+:;.-'\"\\<>\n\r\t\x00\x1b\x7f\x85"),
    *(f"BTC{char}USDT" for char in "\u00a0\u2003\u3000\u200b\u200d\u202e\u2028\ufeff\uff0c\uff0f"),
    *(f"BTC{char}USDT" for char in "\U0001f600\u20bf\ue000\ud800\ufffe"),
    "\u0301BTC",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_is_the_same_however_it_is_written(name: str) -> None:
    for spelt in (name, name.lower(), unicodedata.normalize("NFD", name)):
        assert canonical_symbol(spelt) == name
        assert parse_symbol(f" {spelt} ") == name
        assert HeatmapSettings.from_texts({"symbols": f"{spelt}, ethusdt"}).symbols == (
            name,
            "ETHUSDT",
        )
    settings = HeatmapSettings(symbols=(name, "ETHUSDT"))
    assert HeatmapSettings.from_texts(settings.to_texts()) == settings


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_name_is_refused_in_one_printable_line(name: str) -> None:
    for read in (
        lambda: canonical_symbol(name),
        lambda: HeatmapSettings(symbols=(name, "BTCUSDT")),
    ):
        with pytest.raises(ValueError, match="got") as caught:
            read()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300


def test_what_is_spelt_in_two_ways_is_one() -> None:
    texts = {"symbols": "\u00e9t\u00e9usdt, E\u0301TE\u0301USDT,\u00c9T\u00c9USDT"}
    assert HeatmapSettings.from_texts(texts).symbols == ("\u00c9T\u00c9USDT",)
    assert parse_symbols(["btcusdt", "BTC/USDT:USDT", "BTCUSDT"]) == ("BTCUSDT",)
    assert parse_symbol("\u5e01\u5b89\u4eba\u751f/usdt:USDT") == CHINESE


@pytest.mark.parametrize("name", NAMES)
def test_an_address_holds_a_name_in_utf_8_percent_encoded(name: str) -> None:
    url = stream_url("wss://exchange.example", (name, "ETHUSDT"))
    assert url.isascii()
    assert unquote(url).endswith(
        f"?streams={name.lower()}@forceOrder/ethusdt@forceOrder/"
        f"{name.lower()}@markPrice@1s/ethusdt@markPrice@1s/!forceOrder@arr"
    )
    # As the exchange on loopback reads it.
    parts = urlsplit(url)
    endpoint = parse_path(f"{parts.path}?{parts.query}")
    assert endpoint is not None
    assert f"{name.lower()}@forceOrder" in endpoint.streams


@pytest.mark.parametrize("count", [1, 2, 80, 100, 200, MOST_SYMBOLS])
@pytest.mark.parametrize("stem", ["S", "\u5e01\u5b89\u4eba\u751f", "1000SHIB", "\U00020000" * 40])
def test_the_address_stays_short_whatever_is_recorded(count: int, stem: str) -> None:
    symbols = tuple(f"{stem}{number}USDT" for number in range(count))
    HeatmapSettings(symbols=symbols)
    url = stream_url("wss://fstream.binance.com", symbols)
    assert len(url) < 4000
    streams = unquote(url.partition("?streams=")[2]).split("/")
    assert "!forceOrder@arr" in streams
    assert len(streams) <= 200
    beats = [one for one in streams if "@markPrice" in one]
    assert beats == [f"{one.lower()}@markPrice@1s" for one in heartbeat_symbols(symbols)]
    if shares_stream(symbols):
        assert streams == ["btcusdt@markPrice@1s", "!forceOrder@arr"]
    else:
        assert len(beats) == count


def test_more_names_than_can_be_recorded_by_name_are_refused() -> None:
    symbols = tuple(f"S{number}USDT" for number in range(MOST_SYMBOLS + 1))
    with pytest.raises(SettingsError, match=str(MOST_SYMBOLS)):
        HeatmapSettings(symbols=symbols)


@pytest.mark.parametrize(
    ("written", "venue", "symbol"),
    [
        ("BTCUSDT", "BINANCE_USDM", "BTCUSDT"),
        (" btc/usdt:usdt", "BINANCE_USDM", "BTCUSDT"),
        ("Binance:btcusdt", "BINANCE_USDM", "BTCUSDT"),
        ("bybit:BTC/USDT", "BYBIT", "BTCUSDT"),
        (f"bybit:{CHINESE}", "BYBIT", CHINESE),
    ],
)
def test_an_instrument_is_a_venue_and_a_symbol(written: str, venue: str, symbol: str) -> None:
    instrument = parse_instrument(written)
    assert instrument == Instrument(venue, symbol)
    assert parse_instrument(str(instrument)) == instrument_of(str(instrument)) == instrument
    assert instrument_of(instrument) is instrument
    assert stored_venue(written_venue(venue)) == venue


@pytest.mark.parametrize("written", ["", ":BTCUSDT", "4:BTCUSDT", "by-bit:BTCUSDT", "bybit:", 7])
def test_what_is_no_instrument_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"got|venue"):
        parse_instrument(written)


def test_a_plain_symbol_is_binances_and_is_written_so() -> None:
    assert str(Instrument(BINANCE_USDM, "BTCUSDT")) == "BTCUSDT"
    assert str(Instrument("BYBIT", "BTCUSDT")) == "bybit:BTCUSDT"
    assert instrument_of("ALL") == Instrument(BINANCE_USDM, "ALL")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT", "BTCUSDT"),
        (" ethusdt ", "ETHUSDT"),
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("BTC/USDT", "BTCUSDT"),
        ("bitunix:btcusdt", "BTCUSDT"),
        ("binance:BTC/USDT:USDT", "BTCUSDT"),
        ("alpaca:BTC/USD", "BTCUSD"),
        ("1000pepe/usdt:usdt", "1000PEPEUSDT"),
        ("BTCUSDT_260327", "BTCUSDT_260327"),
    ],
)
def test_symbols_in_either_form(name: str, symbol: str) -> None:
    assert parse_symbol(name) == symbol


def test_only_a_venue_that_is_known_by_name_is_meant_by_a_prefix() -> None:
    asked = ["BTCUSDT", "bitunix:BTCUSDT", "Bybit:BTC/USDT", "binance:ethusdt", " okx:BTCUSDT"]
    found = parse_instruments(asked, {"BINANCE_USDM", "BYBIT"})
    assert found == ("BTCUSDT", "bybit:BTCUSDT", "ETHUSDT")
    assert parse_instruments(["okx:BTCUSDT"], {"OKX"}) == ("okx:BTCUSDT",)
    with pytest.raises(ValueError, match="symbol"):
        parse_instruments(["bybit:BTC-USD"], {"BYBIT"})


def test_a_venue_has_a_name_for_sentences() -> None:
    names = [venue_title(one) for one in ("BINANCE_USDM", "BYBIT", "OKX", "MADE_UP")]
    assert names == ["Binance USD-M", "Bybit", "OKX", "Made up"]
