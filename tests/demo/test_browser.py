"""The page in a real browser, with JavaScript and without."""

from __future__ import annotations

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tightlip.demo.failures import FAILURES

LEFT = {
    "duplicate-email": ("INSERT INTO accounts", "An account with this email already exists"),
    "missing-field": ("correct horse battery", "Email is required"),
    "type-error": ("unsupported operand", "Something went wrong"),
    "upstream-down": ("/v2/charges", "A service that this request depends on failed"),
    "orm-validation": ("varchar(254)", "The request could not be understood"),
    "forged-token": ("shop-signing-2024-02", "Sign in to continue"),
    "expired-token": ("Sign in again", "Your session has ended. Sign in again"),
    "broken-stream": ("The connection was cut here. No end, no reason.", "Something went wrong"),
    "handmade-answer": ("refund_ledger", "Something went wrong"),
}


@pytest.fixture(scope="module", params=[True, False], ids=["javascript", "plain"])
def opened(request, open_browser):
    with open_browser(javascript=request.param) as browser:
        browser.has_javascript = request.param
        yield browser


def press(browser, key: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f'button[value="{key}"]').click()
    title = FAILURES[key].title
    WebDriverWait(browser, 20, ignored_exceptions=[StaleElementReferenceException]).until(
        lambda page: (
            page.find_element(By.CSS_SELECTOR, "#result h2").text == title
            and page.current_url.endswith(f"failure={key}")
        )
    )


def shown(browser, selector: str) -> str:
    """The text of an element, also of what its details hold back."""
    return browser.find_element(By.CSS_SELECTOR, selector).get_property("textContent")


def test_each_failure_is_pressed_and_seen(opened, demo):
    opened.get(demo.page)
    kept = opened.has_javascript and opened.execute_script("window.kept = true; return window.kept")
    for key in FAILURES:
        press(opened, key)
        leaked, told = LEFT[key]
        assert leaked in shown(opened, ".twin.bare .answer")
        answer = opened.find_element(By.CSS_SELECTOR, ".twin.shielded .answer")
        assert told in answer.text
        if key != "expired-token":
            assert leaked not in answer.text
        current = opened.find_elements(By.CSS_SELECTOR, "#failures [aria-current]")
        assert [button.get_attribute("value") for button in current] == [key]
        if key == "missing-field":
            assert opened.find_element(By.CSS_SELECTOR, ".report h3").text == "No incident"
        else:
            reference = opened.find_element(By.CSS_SELECTOR, ".report .reference").text
            assert reference in answer.text
            assert demo.incidents.find(reference) is not None
        # Only the script adds buttons that copy, so this also proves that it runs, or does not.
        declared = opened.find_elements(By.CSS_SELECTOR, "pre.copied")
        buttons = opened.find_elements(By.CSS_SELECTOR, "button.copy")
        assert len(buttons) == (len(declared) if opened.has_javascript else 0)
    if kept:
        assert opened.execute_script("return window.kept"), "the page was loaded again"
    assert opened.get_log("browser") == []


def test_the_report_opens_by_its_reference(opened, demo):
    opened.get(f"{demo.page}/?failure=type-error")
    reference = opened.find_element(By.CSS_SELECTOR, ".report .reference").text
    opened.get(demo.page)
    field = opened.find_element(By.ID, "reference")
    field.send_keys(reference)
    field.submit()
    WebDriverWait(opened, 20).until(lambda page: "/incidents?" in page.current_url)
    assert opened.find_element(By.CSS_SELECTOR, ".report .reference").text == reference
    assert "percent / 100" in shown(opened, ".report .chain")
    opened.find_element(By.XPATH, "//summary[starts-with(text(), 'Frames')]").click()
    frames = opened.find_elements(By.CSS_SELECTOR, ".frame.application b")
    assert "total_of" in [frame.text for frame in frames]


def test_a_source_line_looks_alike_on_both_pages(open_browser, demo):
    look = """
        const style = getComputedStyle(document.querySelector(".chain .place + pre"));
        return [style.color, style.fontSize, style.display];
    """
    with open_browser() as browser:
        browser.get(demo.entrance)
        browser.get(f"{demo.page}/?failure=type-error")
        here = browser.execute_script(look)
        browser.find_element(By.CSS_SELECTOR, "a.kept").click()
        WebDriverWait(browser, 20).until(
            lambda page: page.current_url.startswith(demo.dashboard.partition("/?")[0])
        )
        assert browser.execute_script(look) == here


def test_no_name_of_a_failure_is_broken(open_browser, demo):
    height = 'return document.querySelector("#failures [value=" + arguments[0] + "]").offsetHeight'
    with open_browser() as browser:
        browser.get(f"{demo.page}/?failure=handmade-answer")
        heights = {key: browser.execute_script(height, key) for key in FAILURES}
    assert len(set(heights.values())) == 1


def test_going_back_shows_what_was_there_before(open_browser, demo):
    with open_browser() as browser:
        browser.get(demo.page)
        press(browser, "type-error")
        press(browser, "forged-token")
        browser.back()
        WebDriverWait(browser, 20).until(
            lambda page: "unsupported operand" in shown(page, "#result")
        )
        assert browser.current_url.endswith("failure=type-error")


@pytest.mark.parametrize("setting", ["granted", "denied"])
def test_the_declaration_can_be_copied(open_browser, demo, setting):
    with open_browser() as browser:
        browser.get(f"{demo.page}/?failure=orm-validation")
        declaration = shown(browser, "pre.copied")
        for name in ("clipboard-write", "clipboard-read"):
            permission = {"permission": {"name": name}, "setting": setting}
            browser.execute_cdp_cmd("Browser.setPermission", permission)
        browser.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        browser.find_element(By.CSS_SELECTOR, "button.copy").click()
        WebDriverWait(browser, 20).until(
            lambda page: page.find_element(By.CSS_SELECTOR, "button.copy").text != "Copy"
        )
        if setting == "granted":
            copied = browser.execute_script("return navigator.clipboard.readText()")
        else:
            copied = browser.execute_script("return getSelection().toString()")
        assert copied == declaration


@pytest.mark.parametrize("width", [360, 820, 1600])
def test_no_width_makes_the_page_scroll_sideways(open_browser, demo, width):
    with open_browser(width=width) as browser:
        for path in ("/", *(f"/?failure={key}" for key in FAILURES)):
            browser.get(demo.page + path)
            browser.execute_script(
                "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
            )
            wider = "return document.documentElement.scrollWidth - innerWidth"
            assert browser.execute_script(wider) <= 0, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(open_browser, demo, scheme):
    with open_browser(scheme=scheme) as browser:
        browser.get(f"{demo.page}/?failure=upstream-down")
        for selector in (
            "body",
            "mark",
            ".headers",
            ".leaks li",
            ".clean",
            ".failures [aria-current]",
            ".advice pre",
            "a.reference",
            "summary",
        ):
            assert contrast(browser, selector) >= 4.5, selector  # WCAG 2.2, 1.4.3


def contrast(browser, selector: str) -> float:
    """The contrast of an element's text, as WCAG 2.2 defines it."""
    pair = browser.execute_script(
        """
        let element = document.querySelector(arguments[0]);
        const text = getComputedStyle(element).color;
        let ground = "rgba(0, 0, 0, 0)";
        while (element && ground === "rgba(0, 0, 0, 0)") {
          ground = getComputedStyle(element).backgroundColor;
          element = element.parentElement;
        }
        return [text, ground].map((color) => color.match(/\\d+/g).slice(0, 3).map(Number));
        """,
        selector,
    )
    lighter, darker = sorted(map(luminance, pair), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: list[int]) -> float:
    parts = [part / 255 for part in color]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
