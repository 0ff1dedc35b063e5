"""What the window's chart page says by itself, in the user's language."""

from PyQt6.QtCore import QCoreApplication

from Heatmap.ui import users_locale


def strip_words() -> dict[str, str]:
    """Return the words of the strip above the chart, see ``page/strip.js``."""
    return {
        "open": _tr("O"),
        "high": _tr("H"),
        "low": _tr("L"),
        "close": _tr("C"),
        "longs": _tr("longs"),
        "shorts": _tr("shorts"),
    }


def close_words() -> str:
    """Return what the card's mark is called that shuts it."""
    return _tr("Close")


def oldest_words(symbol: str) -> str:
    """Return what is said where the exchange has nothing older."""
    return _tr("{symbol}: the exchange has no older candles").format(symbol=symbol)


def limit_words(count: int) -> str:
    """Return what is said where no more candles are loaded."""
    number = users_locale().toString(count)
    return _tr(
        "No more than {count} candles are loaded; a longer interval goes back further"
    ).format(count=number)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Chart", text)
