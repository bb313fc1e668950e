"""The page at `/` in a real browser: Swagger UI shows the API and calls it, with no host but the server's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.wait import WebDriverWait

from tests.end_to_end.machine import Machine

SERVICE = """\
import ekiben

@ekiben.service
class Greeter:
    @ekiben.api
    def greet(self, name: str = "you") -> str:
        return f"hello {name}"
"""
WITHIN_S = 30

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Headless Chromium with a fresh profile, which can reach this machine alone."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
        *("--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()


def log_of(browser: webdriver.Chrome) -> list[dict[str, object]]:
    """What the page wrote to the browser's console."""
    answer: dict[str, list[dict[str, object]]] = browser.execute("getLog", {"type": "browser"})
    return answer["value"]


def test_the_page_shows_the_api_and_calls_it(machine: Machine, browser: webdriver.Chrome) -> None:
    (machine.folder / "service.py").write_text(SERVICE)
    wait = WebDriverWait(browser, WITHIN_S)
    with machine.serve("service:Greeter") as url:
        browser.get(url)
        wait.until(
            expected.element_to_be_clickable((By.CSS_SELECTOR, ".opblock-post .opblock-summary-control"))
        ).click()
        wait.until(expected.element_to_be_clickable((By.CSS_SELECTOR, ".execute"))).click()
        answer = wait.until(
            expected.presence_of_element_located((By.CSS_SELECTOR, ".live-responses-table .highlight-code"))
        )
        assert "hello" in answer.text
        assert "Greeter" in browser.title
        assert [entry for entry in log_of(browser) if entry["level"] == "SEVERE"] == []
