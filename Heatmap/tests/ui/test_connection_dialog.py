"""The check of the connection: findings with advice, copied, and left at any time."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest

from Heatmap.doctor.findings import CONNECTION_CHECKS, Check, Result
from Heatmap.tests.left_behind import own_threads, still_running
from Heatmap.tests.two_symbol_exchange import TwoSymbolExchange
from Heatmap.ui import ConnectionDialog, install_translation


@pytest.fixture
def mute_port() -> Iterator[int]:
    """Give a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_what_works_is_told_of_each_check_with_the_locale_s_numbers(qtbot: Any, qapp: Any) -> None:
    exchange = TwoSymbolExchange()
    install_translation(qapp, "de")
    with exchange:
        dialog = ConnectionDialog(exchange.ws_url, exchange.rest_url, "BTCUSDT", order_s=0.2)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.is_done, timeout=20_000)
        results = {one.check: one.result for one in dialog.findings}
        words = dialog.view.toPlainText()
        dialog.close()
    install_translation(qapp, "en")
    assert list(results) == list(CONNECTION_CHECKS)
    assert results[Check.HEARTBEAT] is results[Check.TICK_SIZE] is Result.OK
    assert "Mark-Preis von BTCUSDT 98.000 USD" in words
    assert "in Schritten von 0,10 USD" in words
    assert "keine in 0,2 s" in words


def test_what_fails_is_told_with_advice_in_the_users_language_and_can_be_copied(
    qtbot: Any, qapp: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    install_translation(qapp, "de")
    try:
        dialog = ConnectionDialog(f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        dialog.show()
        qtbot.waitUntil(lambda: dialog.is_done, timeout=20_000)
        QTest.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
        clipboard = QGuiApplication.clipboard()
        assert clipboard is not None
        copied = clipboard.text()
        shown = dialog.view.toPlainText()
        dialog.close()
    finally:
        install_translation(qapp, "en")
    assert f"Fehler: Weg zum Server: Port {port} ist nicht erreichbar" in copied
    assert "Port und Firewall prüfen" in copied
    assert "Port und Firewall prüfen" in shown
    assert "weil dies fehlschlug: Weg zum Server" in copied
    assert f"ws://127.0.0.1:{port}" in copied


def test_closing_ends_the_checks_at_once(qtbot: Any, mute_port: int) -> None:
    dialog = ConnectionDialog(f"ws://127.0.0.1:{mute_port}", f"http://127.0.0.1:{mute_port}")
    dialog.show()
    # By itself it would wait for the handshake, ten seconds.
    qtbot.waitUntil(lambda: len(dialog.findings) == 3, timeout=8_000)
    assert not dialog.is_done
    dialog.close()
    assert still_running(own_threads()) == []
