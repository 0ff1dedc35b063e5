"""Debian's Chromium, driven by its driver: pages as a user sees them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtGui import QImage

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
DESKTOP, PHONE = (1440, 900), (390, 844)


class Browser:
    """One Chromium for a module's tests."""

    def __init__(self) -> None:
        webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
        if CHROMIUM is None or DRIVER is None:
            pytest.skip("no chromium and chromedriver: apt-get install chromium-driver")
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(word)
        options.add_argument("--disable-dev-shm-usage")
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        # The driver's path is given, so that nothing is looked for in the network.
        service = webdriver.ChromeService(executable_path=DRIVER)
        self.driver = webdriver.Chrome(options=options, service=service)

    def open(self, url: str, size: tuple[int, int] = DESKTOP, theme: str = "dark") -> None:
        """Load a page on a screen of a size, and a ground."""
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1}
        screen["mobile"] = size[0] < 600  # type: ignore[assignment]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.get(url)

    def js(self, expression: str) -> Any:
        """Return the value of an expression of the page."""
        return self.driver.execute_script(f"return {expression};")

    def wait(self, expression: str, timeout_s: float = 60.0) -> None:
        """Wait until an expression of the page is true; else say what the page says."""
        from selenium.common.exceptions import TimeoutException  # noqa: PLC0415
        from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

        try:
            WebDriverWait(self.driver, timeout_s, 0.1).until(lambda _: self.js(expression))
        except TimeoutException:
            said = self.js("document.body.innerText.slice(0, 2000)")
            raise AssertionError(f"never: {expression}\n{said}\n{self.errors()}") from None

    def picture(self) -> NDArray[np.uint8]:
        """Return what is seen, (height, width, 3) uint8: red, green, blue."""
        image = QImage.fromData(self.driver.get_screenshot_as_png(), "PNG")
        return rgb_of(image)

    def errors(self) -> list[str]:
        """Return what the console has shown since it was asked last."""
        found = self.driver.get_log("browser")
        return [one["message"] for one in found if one["level"] in ("SEVERE", "WARNING")]

    def hosts(self) -> set[str]:
        """Return which hosts were asked since it was asked last; data and blobs have none."""
        from urllib.parse import urlsplit  # noqa: PLC0415

        names: set[str] = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            url = ""
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
            elif message["method"] == "Network.webSocketCreated":
                url = message["params"]["url"]
            if urlsplit(url).scheme in ("http", "https", "ws", "wss"):
                names.add(urlsplit(url).netloc)
        return names


def rgb_of(image: QImage) -> NDArray[np.uint8]:
    """Return the pixels of a picture, (height, width, 3) uint8: red, green, blue."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bytes(bits), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a browser; it is gone afterwards."""
    one = Browser()
    try:
        yield one
    finally:
        one.driver.quit()
