"""What the page weighs, and when a person can use it: bytes after gzip, requests, and time in a real Chromium."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import bundles
from benchmarks.figures import Headline, Section, Spread, Target, number
from benchmarks.page_server import File, Site, pack, served
from benchmarks.processes import Lab
from tests.browser import chromium_path, launch_arguments

NAME = "page"
MAX_KB = 15.0

#: Lighthouse's "slow 4G" (mobile): 150 ms a round trip, 1.6 Mbit/s down, 0.75 up, a processor four times slower.
_SLOW = {"latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 96_000}
_SLOW_CPU = 4
#: So slow that everything else vanishes beside it: time divided by this is the number of round trips.
_LATENCY_ONLY = {"latency": 600, "downloadThroughput": -1, "uploadThroughput": -1}

#: The page says what it shows; the first view that is not `loading` is one that people can use, once it is drawn: when the
#: frame after it begins.
_WATCH = """
new MutationObserver((_, observer) => {
  const view = document.body?.dataset.view;
  if (!view || view === 'loading') return;
  observer.disconnect();
  window.readyAt = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.usableAt = performance.now())));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-view'] });
"""
_OURS = "Gatehouse, all ways in"


@dataclass(frozen=True)
class Load:
    """One load with an empty cache: ms until the view is in the document, and until it is drawn; what was asked for."""

    ready_ms: float
    usable_ms: float
    files: list[File]


#: Page name -> network -> loads.
Loads = dict[str, dict[str, list[Load]]]


def run(lab: Lab) -> list[Section]:
    """Weigh and load ours and the peers' pages in turn."""
    lab.tell("bundling the browser peers")
    built = bundles.build()
    pages = {_OURS: "/", **{name: f"/peers/{bundles.slug(name)}/" for name in built}}
    loads: Loads = {name: {"plain": [], "slow": [], "trips": []} for name in pages}
    with (
        served({bundles.slug(name): script for name, script in built.items()}) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=launch_arguments()
        )
        version = browser.version
        for number in range(max(3, lab.runs // 3) + 1):
            for name, path in pages.items():
                plain = _load(browser, site, path, None)
                slow = _load(browser, site, path, _SLOW)
                if number:
                    loads[name]["plain"].append(plain)
                    loads[name]["slow"].append(slow)
                else:
                    loads[name]["trips"].append(_load(browser, site, path, _LATENCY_ONLY))
            lab.tell(f"page round {number}: {', '.join(pages)}")
        browser.close()
    return [_weight(loads, _weigh_everything()), _speed(loads, version)]


def _load(browser: Browser, site: Site, path: str, network: dict[str, Any] | None) -> Load:
    context = browser.new_context(viewport={"width": 390, "height": 780}, locale="en-GB")
    page = context.new_page()
    page.add_init_script(_WATCH)
    if network is not None:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {"offline": False, **network})
        if network is _SLOW:
            session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOW_CPU})
    site.asked.clear()
    page.goto(site.url + path)
    ready, usable = _wait_until_usable(page)
    page.wait_for_load_state("networkidle")
    files = list(site.asked)
    context.close()
    return Load(ready, usable, files)


def _wait_until_usable(page: Page) -> tuple[float, float]:
    for _ in range(1000):
        ready, usable = page.evaluate("[window.readyAt ?? null, window.usableAt ?? null]")
        if usable is not None:
            return float(ready), float(usable)
        page.wait_for_timeout(10)
    raise RuntimeError(f"{page.url} never became usable")


def _weigh_everything() -> int:
    """Return the bytes of every file that the page can come to load, whatever the person does."""
    from chalicelib.gatehouse.page.static_files import FRONTEND, load_static_files

    files = load_static_files()
    # The words are modules that are made from the catalogue.
    names = ["texts.js", "more-texts.js", *(path.name for path in FRONTEND.iterdir())]
    assets = [asset for name in names if (asset := files.asset(files.version, name))]
    page = (FRONTEND / "index.html").read_bytes()
    return sum(len(pack(asset.text.encode())) for asset in assets) + len(pack(page))


def _weight(loads: Loads, everything: int) -> Section:
    rows = []
    weights = {}
    for name, kinds in loads.items():
        files = [file for file in kinds["plain"][0].files if file.kind != "application/json"]
        weights[name] = sum(file.packed for file in files)
        calls = len(kinds["plain"][0].files) - len(files)
        size = sum(file.size for file in files)
        rows.append((name, f"{weights[name]:,}", f"{size:,}", str(len(files)), str(calls)))
    ours = weights[_OURS]
    return Section(
        "The page: weight",
        "What a browser with an empty cache loads for the first view: HTML, CSS, scripts, pictures, each gzipped (level 6). "
        "The peers are libraries: theirs is one script by esbuild and a page with one unstyled button per thing to do, "
        "without forms, texts or errors. oidc-client-ts has no passwords at all.",
        ("", "bytes, gzip", "bytes", "files", "API calls"),
        rows,
        (
            Target("Page, first view, gzip", ours / 1e3, MAX_KB, "kB"),
            *(
                Target(f"Page, first view, to {name}", ours / weights[name], 1.0)
                for name in (bundles.OIDC, bundles.AMPLIFY)
            ),
        ),
        notes="Everything that our page can come to load (every form, authenticator apps with QR code, CAPTCHA): "
        f"{everything:,} bytes gzipped, in modules that are fetched when they are needed.",
        headline=Headline(
            "the page's first view, gzip",
            f"{number(ours / 1e3)} kB",
            {name: number(weights[name] / 1e3) for name in (bundles.OIDC, bundles.AMPLIFY)},
        ),
    )


def _speed(loads: Loads, chromium: str) -> Section:
    rows, drawn = [], {}
    for name, kinds in loads.items():
        plain = Spread.of([load.usable_ms for load in kinds["plain"]])
        slow = drawn[name] = Spread.of([load.usable_ms for load in kinds["slow"]])
        ready = Spread.of([load.ready_ms for load in kinds["slow"]])
        trips = round(kinds["trips"][0].usable_ms / _LATENCY_ONLY["latency"])
        rows.append((name, plain.text(), slow.text(), ready.text(), str(trips)))
    return Section(
        "The page: until it can be used",
        f"Chromium {chromium}, headless, empty cache, HTTP/1.1 on loopback: from navigation to the view with its buttons, "
        "drawn, in wall time; *in the document* is before it is laid out and drawn. Slow is Lighthouse's mobile setting: "
        "150 ms a round trip, 1.6 Mbit/s, processor four times slower. Ours knows by then whether the person is signed in "
        "and which ways in there are, from the server; the peers look into web storage, and have their ways in built in.",
        ("", "local, ms", "slow 4G, ms", "in the document, ms", "round trips"),
        rows,
    )
