"""Takes screenshots of every state of the page in three engines: `make gallery`. Arguments can select states by name.

`--brand` draws the states with a team's brand.

Each state is one row of frames: narrow, dark, with text of twice the size, in German, in German with large text, wide.
One picture has two rows. The program prints the faults that it can detect (sideways scrolling; cut, overlapping or too
small text). tests/frontend and `make soak` also test for these faults. People must look for all other faults.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import sync_playwright

from tests.browser import chromium_path, launch_arguments
from tests.engines.firefox import Firefox
from tests.engines.webdriver import Driver
from tests.engines.webdriver import Page as Tab
from tests.engines.webkit import WebKit
from tests.frontend.states import ALL
from tests.frontend.stills import LAYOUT, LOOKS, branded, served, still

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / ".local" / "gallery"
#: The size of the tests' display. The WebDriver window includes the browser's own bar at the top.
SIZE = (1900, 1450)
_ROWS = 2
#: The scale of narrow and of wide frames, and the maximum height of a frame.
_NARROW, _WIDE, _MOST = 0.5, 0.36, 1400
_PATIENCE_SECONDS = 60.0

#: Frames are as tall as their content, up to a limit.
_SHEET = """<!doctype html><meta charset=utf-8><title>sheet</title><style>
body {{ margin: 4px; background: #888; font: 13px sans-serif; }}
.row {{ display: flex; gap: 6px; align-items: flex-start; margin-bottom: 6px; }}
.cell {{ flex: none; overflow: hidden; }} iframe {{ border: 0; transform-origin: 0 0; background: #fff; }}
</style>{rows}<script>
const fit = (frame) => {{
  const least = Number(frame.dataset.height), root = frame.contentDocument.documentElement;
  frame.style.height = least + 'px';
  frame.style.height = Math.min({most}, Math.max(least, root.scrollHeight)) + 'px';
  frame.parentNode.style.height = parseFloat(frame.style.height) * frame.dataset.scale + 'px';
}};
// WebKitGTK fires `load` before a background is decoded
const decoded = async ({{ contentWindow: inside }}) => {{
  const {{ backgroundImage }} = inside.getComputedStyle(inside.document.querySelector('.gate'));
  const address = /"(.+)"/.exec(backgroundImage)?.[1];
  if (!address) return;
  const picture = new Image();
  picture.src = address;
  await picture.decode();
}};
const drawn = () => new Promise((done) => {{ requestAnimationFrame(() => requestAnimationFrame(done)); }});
onload = async () => {{
  const frames = [...document.querySelectorAll('iframe')];
  frames.forEach(fit);
  await drawn(); // a taller frame may show the picture
  await Promise.all(frames.map(decoded));
  await drawn();
  document.title = 'ready';
}};
</script>"""
_CELL = (
    '<div class=cell style="width:{shown}px"><iframe data-look="{name}" data-height={height} data-scale={scale} '
    'width={width} style="transform:scale({scale})" src="/{state}/{look}"></iframe></div>'
)
#: Collects the faults that the script of each frame finds in its layout.
FAULTS = f"""const found = {{}};
for (const frame of document.querySelectorAll('iframe')) {{
  const faults = frame.contentWindow.eval({json.dumps(f"({LAYOUT})()")});
  if (faults.length) found[frame.dataset.look] = faults;
}}
return found;"""


class Screen(Protocol):
    """A browser that opens a URL, runs scripts in the page, and takes screenshots."""

    def show(self, url: str) -> None: ...
    def run(self, body: str) -> Any: ...
    def picture(self) -> bytes: ...


class Sheets:
    """The states that the sheet shows at this moment."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str]] = []

    def html(self) -> str:
        """Return the sheet with the states in `rows`."""
        rows = "".join(
            f"<div>{name}</div><div class=row>{self._cells(number, name)}</div>"
            for number, name in self.rows
        )
        return _SHEET.format(most=_MOST, rows=rows)

    def _cells(self, number: int, name: str) -> str:
        return "".join(
            _CELL.format(
                scale=(scale := _NARROW if look.width < 600 else _WIDE),
                shown=int(look.width * scale),
                name=f"{name}: {look.name}",
                height=look.height,
                width=look.width,
                state=number,
                look=index,
            )
            for index, look in enumerate(LOOKS)
        )


class _Chromium:
    def __init__(self, browser: Any) -> None:
        self._page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})

    def show(self, url: str) -> None:
        self._page.goto(url)
        self._page.wait_for_function("document.title === 'ready'")

    def run(self, body: str) -> Any:
        return self._page.evaluate(f"() => {{ {body} }}")

    def picture(self) -> bytes:
        return bytes(self._page.screenshot())


class OverWebDriver:
    """Firefox or WebKitGTK as a screen."""

    def __init__(self, driver: Driver) -> None:
        self._tab = Tab(driver)
        self._tab.resize(*SIZE)

    def show(self, url: str) -> None:
        self._tab.open(url)
        ends = time.monotonic() + _PATIENCE_SECONDS
        while self._tab.run("return document.title") != "ready":
            if time.monotonic() > ends:
                raise AssertionError("the sheet did not load")
            time.sleep(0.05)

    def run(self, body: str) -> Any:
        return self._tab.run(body)

    def picture(self) -> bytes:
        return self._tab.picture()


@contextmanager
def stills_of(browser: Any, names: list[str]) -> Iterator[tuple[str, Sheets]]:
    """Render and serve these states. Yield the address and the sheets."""
    taken = {
        (name, language): still(browser, name, language)
        for name in names
        for language in ("en", "de")
    }
    sheets = Sheets()
    with served(taken, lambda: sheets.html()) as url:
        yield url, sheets


def main() -> int:
    """Draw the requested states. Return 1 as the exit code if a layout has a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("states", nargs="*", metavar="STATE", help="such as `offline`; default all")
    parser.add_argument("--brand", action="store_true", help="under a team's brand")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--engine", action="append", choices=("chromium", "firefox", "webkit"))
    options = parser.parse_args()
    names = options.states or list(ALL)
    engines = options.engine or ["chromium", "firefox", "webkit"]
    wrong = 0
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
        branded(Path(folder)) if options.brand else nullcontext(),
        stills_of(
            browser := playwright.chromium.launch(
                executable_path=chromium_path(), args=launch_arguments()
            ),
            names,
        ) as (url, sheets),
    ):
        for engine in engines:
            home = Path(folder) / engine
            home.mkdir()
            with ExitStack() as ends:
                if engine == "chromium":
                    screen: Screen = _Chromium(browser)
                else:
                    driver: Driver = (
                        Firefox(home, None) if engine == "firefox" else WebKit(home, None, None)
                    )
                    ends.callback(driver.stop)
                    screen = OverWebDriver(driver)
                wrong += _draw(screen, url, sheets, names, options.out / engine)
        browser.close()
    print(f"The screenshots are in {options.out}: look at them.")
    return 1 if wrong else 0


def _draw(screen: Screen, url: str, sheets: Sheets, names: list[str], out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for start in range(0, len(names), _ROWS):
        sheets.rows = list(enumerate(names))[start : start + _ROWS]
        screen.show(url)
        for look, faults in screen.run(FAULTS).items():
            wrong += 1
            print(f"{out.name}: {look}: {'; '.join(faults)}")
        (out / f"{start // _ROWS:02d}.png").write_bytes(screen.picture())
    return wrong


if __name__ == "__main__":
    sys.exit(main())
