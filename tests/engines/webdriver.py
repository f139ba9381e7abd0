"""Drives a browser by W3C WebDriver, for tests that act like a person: https://www.w3.org/TR/webdriver2/

The tests use this small client, because they need only a dozen commands. Selenium would add eight packages and would
still need a driver program for Firefox. Every search waits for its result.
"""

import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
#: WebDriver's JSON key for an element: https://www.w3.org/TR/webdriver2/#elements
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Command(NamedTuple):
    """The form of a command over HTTP, and the form of the same command in Marionette, Firefox's own protocol."""

    method: str
    path: str
    marionette: str


NAVIGATE = Command("POST", "/url", "WebDriver:Navigate")
URL = Command("GET", "/url", "WebDriver:GetCurrentURL")
REFRESH = Command("POST", "/refresh", "WebDriver:Refresh")
BACK = Command("POST", "/back", "WebDriver:Back")
FIND = Command("POST", "/elements", "WebDriver:FindElements")
CLICK = Command("POST", "/element/{id}/click", "WebDriver:ElementClick")
CLEAR = Command("POST", "/element/{id}/clear", "WebDriver:ElementClear")
TYPE = Command("POST", "/element/{id}/value", "WebDriver:ElementSendKeys")
SCRIPT = Command("POST", "/execute/sync", "WebDriver:ExecuteScript")
COOKIES = Command("GET", "/cookie", "WebDriver:GetCookies")
FORGET = Command("DELETE", "/cookie", "WebDriver:DeleteAllCookies")
NEW_WINDOW = Command("POST", "/window/new", "WebDriver:NewWindow")
WINDOWS = Command("GET", "/window/handles", "WebDriver:GetWindowHandles")
WINDOW = Command("GET", "/window", "WebDriver:GetWindowHandle")
SWITCH = Command("POST", "/window", "WebDriver:SwitchToWindow")
SCREENSHOT = Command("GET", "/screenshot", "WebDriver:TakeScreenshot")
RESIZE = Command("POST", "/window/rect", "WebDriver:SetWindowRect")
CLOSE = Command("DELETE", "/window", "WebDriver:CloseWindow")


class WebDriverError(Exception):
    """The browser's error. `code` is one of WebDriver's error codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Driver(Protocol):
    """A running browser with one session."""

    name: str
    version: str

    def call(self, command: Command, parameters: Mapping[str, Any]) -> Any:
        """Run one command. Raises WebDriverError."""

    def stop(self) -> None:
        """End the browser."""


class Page:
    """The current tab of the browser."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Open an address."""
        self.driver.call(NAVIGATE, {"url": url})

    def reload(self) -> None:
        self.driver.call(REFRESH, {})

    def back(self) -> None:
        self.driver.call(BACK, {})

    @property
    def url(self) -> str:
        return str(self.driver.call(URL, {}))

    def run(self, script: str, *arguments: object) -> Any:
        """Run `script` in the page as the body of a function."""
        return self.driver.call(SCRIPT, {"script": script, "args": list(arguments)})

    def text(self) -> str:
        """Return the visible text of the page."""
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def see(self, text: str) -> None:
        """Wait until the page contains `text`."""
        self._wait(lambda: text in self.text(), f"the text {text!r}")

    def see_heading(self, text: str) -> None:
        """Wait until `text` is the heading of the page."""
        found = "return [...document.querySelectorAll('h1')].map((h) => h.innerText.trim())"
        self._wait(lambda: text in self.run(found), f"the heading {text!r}")

    def press(self, text: str) -> None:
        """Press the button or follow the link with a text that begins with `text`."""
        named = f"[starts-with(normalize-space(), {_quoted(text)})]"
        self._act(f"//*[self::button or self::a or self::summary]{named}", CLICK)

    def submit(self) -> None:
        """Press the form's submit button."""
        self._act("//form//button[@type='submit']", CLICK)

    def fill(self, label: str, text: str) -> None:
        """Replace the text of the field with the label `label`."""
        field = f"//input[@id = //label[normalize-space() = {_quoted(label)}]/@for]"
        inside = f"//label[normalize-space() = {_quoted(label)}]//input"
        self._act(f"{field} | {inside}", CLEAR)
        self._act(f"{field} | {inside}", TYPE, {"text": text})

    def cookies(self) -> dict[str, dict[str, Any]]:
        """Return the cookies of the page's host, by name."""
        return {cookie["name"]: cookie for cookie in self.driver.call(COOKIES, {})}

    def forget(self) -> None:
        """Delete the cookies of the page's host."""
        self.driver.call(FORGET, {})

    def resize(self, width: int, height: int) -> None:
        """Change the size of the window."""
        self.driver.call(RESIZE, {"width": width, "height": height})

    def picture(self) -> bytes:
        """Return an image of the window's content as PNG."""
        return b64decode(self.driver.call(SCREENSHOT, {"full": False}))

    @property
    def tab(self) -> str:
        """Return the handle of the current tab."""
        return str(self.driver.call(WINDOW, {}))

    def new_tab(self) -> str:
        """Open a tab and continue in the new tab. Return the handle of the new tab."""
        handle = str(self.driver.call(NEW_WINDOW, {"type": "tab"})["handle"])
        self.switch(handle)
        return handle

    def switch(self, handle: str) -> None:
        """Continue in another tab."""
        self.driver.call(SWITCH, {"handle": handle})

    def close_other_tabs(self) -> None:
        """Close all tabs except the first tab, and continue in the first tab."""
        first, *others = self.driver.call(WINDOWS, {})
        for handle in others:
            self.switch(handle)
            self.driver.call(CLOSE, {})
        self.switch(first)

    def _act(
        self, path: str, command: Command, parameters: Mapping[str, Any] | None = None
    ) -> None:
        """Run `command` on the first matching element for which the command succeeds."""

        def act() -> bool:
            for element in self.driver.call(FIND, {"using": "xpath", "value": path}):
                with suppress(WebDriverError):
                    self.driver.call(command, {"id": element[_ELEMENT], **(parameters or {})})
                    return True
            return False

        self._wait(act, path)

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        """Call `done` until `done` returns true. Commands may fail while the browser replaces the current page by the
        next page."""
        ends = time.monotonic() + PATIENCE_SECONDS
        failure: WebDriverError | None = None
        while time.monotonic() < ends:
            try:
                if done():
                    return
            except WebDriverError as error:
                failure = error
            time.sleep(_PAUSE_SECONDS)
        try:
            there = f"{self.url}\n{self.text()}"
        except WebDriverError as error:
            there = str(error)
        raise AssertionError(f"{self.driver.name} waited for {what} ({failure}) at {there}")


def _quoted(text: str) -> str:
    """Quote a string for XPath 1.0. XPath 1.0 has no escapes."""
    quote = '"' if "'" in text else "'"
    assert quote not in text
    return f"{quote}{text}{quote}"
