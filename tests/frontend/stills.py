"""Saves every state of the page as a document without scripts, so that any engine can draw the state. Each state has
several looks: two languages, two themes, and two text sizes (100 % and 200 %).

Chromium runs the scripts until the page has reached the state. Then all engines draw the saved document.
tests/e2e/test_engines.py tests the scripts in other engines.
"""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, expect

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.page.static_files import StaticFiles

from . import fake_api
from .fake_api import FakeApi
from .states import ALL, DRAWN

HERE = Path(__file__).parent
LAYOUT = (HERE / "layout.js").read_text("utf-8")
STILL = (HERE / "still.js").read_text("utf-8")
TRANSLATE = (HERE / "translate.js").read_text("utf-8")
_TEXTS = HERE.parents[1] / "frontend" / "texts"
#: These patterns find CSS lengths that are relative to the browser's own font size. People can change this font size.
#: Media queries also use such lengths.
_MEDIA = re.compile(r"@media[^{]*")
_REM = re.compile(r"([0-9.]+)rem")


_BRAND = Brand(
    logo="harbour.svg",
    picture="pier.svg",
    accent="#9d174d",
    terms_url="https://harbour.example/terms",
    privacy_url="/privacy",
    support_url="mailto:help@harbour.example",
    languages=("en", "de"),
)
_WORDMARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 124 32"><circle cx="16" cy="16" r="15" fill="#9d174d"/>'
    '<text x="40" y="23" font-family="sans-serif" font-size="20" fill="#777">Harbour</text></svg>'
)
_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200" preserveAspectRatio="xMidYMid slice">'
    '<rect width="400" height="200" fill="#2b1030"/><circle cx="200" cy="90" r="60" fill="#f2a"/></svg>'
)
_PROVIDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8" fill="none" '
    'stroke="#123" stroke-width="6"/></svg>'
)


class Look(NamedTuple):
    """The language, theme and text size of a still."""

    width: int
    height: int = 740
    theme: str = "light"
    language: str = "en"
    text: int = 100

    @property
    def name(self) -> str:
        """Return a name such as `360 dark de 200%`."""
        return f"{self.width} {self.theme} {self.language} {self.text}%"


LOOKS = (
    Look(360),
    Look(360, theme="dark"),
    Look(360, text=200),
    Look(360, language="de"),
    Look(360, language="de", text=200),
    Look(1280, 800),
    Look(1280, 800, theme="dark", language="de", text=200),
)


@contextmanager
def branded(folder: Path) -> Iterator[None]:
    """Draw every state with a team's brand. `folder` is for the brand's files."""
    shutil.copytree(HERE.parents[1] / "frontend", folder / "frontend")
    (folder / "frontend" / "brand" / "harbour.svg").write_text(_WORDMARK)
    (folder / "frontend" / "brand" / "pier.svg").write_text(_PICTURE)
    (folder / "frontend" / "brand" / "providers").mkdir()
    (folder / "frontend" / "brand" / "providers" / "Okta.svg").write_text(_PROVIDER)
    plain = fake_api.FILES
    fake_api.FILES = StaticFiles(folder / "frontend", _BRAND)
    try:
        yield
    finally:
        fake_api.FILES = plain


def german() -> list[tuple[str, str]]:
    """Return each text of the page as a pair: the English and the German text. Texts without a placeholder come first;
    all other texts are sorted by length, longest first."""
    english, german = (
        list(_leaves(json.loads((_TEXTS / f"{tag}.json").read_text("utf-8"))))
        for tag in ("en", "de")
    )
    assert len(english) == len(german)
    return sorted(
        zip(english, german, strict=True), key=lambda pair: ("{" in pair[0], -len(pair[0]))
    )


def translate(page: Page) -> list[str]:
    """Translate the page's texts into German. Return the texts that are not in our catalogue."""
    pairs = json.dumps(german())
    return list(page.evaluate(f"(pairs) => ({TRANSLATE})(JSON.parse(pairs), 'de')", pairs))


def still(browser: Browser, name: str, language: str = "en") -> str:
    """Bring the page into a state, and return the document as text."""
    api = FakeApi()
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(10_000)
    try:
        page = context.new_page()
        api.embed()
        ALL[name](page, api)
        expect(page.locator(DRAWN)).to_be_visible()
        if language != "en":
            translate(page)
        return str(page.evaluate(STILL))
    finally:
        context.close()
        api.close()


def styles(look: Look, name: str) -> str:
    """Return one of the page's style sheets, reduced to the rules for this theme and font size."""
    asset = fake_api.FILES.asset(fake_api.FILES.version, name)
    assert asset is not None
    text = asset.text
    dark = look.theme == "dark"
    text = re.sub(r"\(prefers-color-scheme: ?dark\)", " all" if dark else " not all", text)
    text = re.sub(r"color-scheme: ?light dark", f"color-scheme: {look.theme}", text)
    if look.text != 100:
        factor = look.text / 100
        text = _MEDIA.sub(
            lambda media: _REM.sub(lambda size: f"{float(size[1]) * factor}rem", media[0]), text
        )
        if name == "styles.css":
            text += f":root {{ font-size: {look.text}% }}"
    return text + ".bone, .late, [aria-busy] svg:last-child { animation: none }"


@contextmanager
def served(stills: Mapping[tuple[str, str], str], sheet: Callable[[], str]) -> Iterator[str]:
    """Serve each still at `/<state number>/<look number>`, and a sheet with all stills at the root. Yield the
    address."""
    states = list(dict.fromkeys(name for name, _ in stills))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text, kind = self._find(self.path.strip("/").split("/"))
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _find(self, parts: list[str]) -> tuple[str, str]:
            if len(parts) == 3 and parts[2].endswith(".css"):
                return styles(LOOKS[int(parts[0])], parts[2]), "text/css"
            if "assets" in parts:
                found = fake_api.FILES.asset(fake_api.FILES.version, parts[-1])
                return (found.text, found.content_type) if found else ("", "text/plain")
            if len(parts) == 2:
                look = LOOKS[int(parts[1])]
                html = stills[states[int(parts[0])], look.language]
                return re.sub(
                    r'href="[^"]*/(\w+\.css)"', rf'href="/{parts[1]}/assets/\1"', html
                ), "text/html; charset=utf-8"
            return sheet(), "text/html; charset=utf-8"

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _leaves(texts: Any) -> Iterator[str]:
    if isinstance(texts, str):
        yield texts
    else:
        for one in texts.values() if isinstance(texts, dict) else texts:
            yield from _leaves(one)
