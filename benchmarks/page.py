"""Measures the size and the loading time of our page and the peers' pages in a real Chromium: bytes after gzip,
requests, and the time until a person can use the page."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import bundles
from benchmarks.figures import Headline, Section, Spread, Target, number
from benchmarks.page_server import File, Site, pack, served
from benchmarks.processes import Lab
from tests.browser import chromium_path, launch_arguments

NAME = "page"
MAX_KB = 13.0

#: Lighthouse's "slow 4G" for mobiles: 150 ms for a round trip, 1.6 Mbit/s down, 0.75 Mbit/s up. `_SLOW_CPU` makes the
#: processor four times slower.
_SLOW = {"latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 96_000}
_SLOW_CPU = 4
#: A network with a long delay and unlimited throughput. Nearly all of the loading time is then delay. The number of
#: round trips is therefore the loading time divided by the delay of one round trip.
_LATENCY_ONLY = {"latency": 600, "downloadThroughput": -1, "uploadThroughput": -1}

#: The page names its current view in `data-view`. A person can use the first view that is not `loading`. The view is
#: usable when the next frame begins, because the browser has then drawn the view. Our HTML may already contain the view
#: before the script has started. Before the script has started, links work, but the checkbox and the form with the
#: email field do not. The script has started once the document's title names the view.
_WATCH = """
const taken = () => !document.querySelector('meta[name=gatehouse-base]') || document.title.includes(' \u00b7 ');
new MutationObserver((_, observer) => {
  const view = document.body?.dataset.view;
  if (!view || view === 'loading' || !document.querySelector('main a, main button')) return;
  if (!window.readyAt) {
    window.readyAt = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => (window.usableAt = performance.now())));
  }
  if (!taken()) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.scriptAt = performance.now())));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-view'] });
"""
_OURS = "Gatehouse, all ways in"


@dataclass(frozen=True)
class Load:
    """One load of a page with an empty cache: the requested files, and three durations in ms. The durations end when
    the view is in the document, when the view is drawn, and when the script has started."""

    ready_ms: float
    usable_ms: float
    script_ms: float
    files: list[File]


#: The loads of each page on each network: page's name -> network's name -> loads.
Loads = dict[str, dict[str, list[Load]]]


def run(lab: Lab) -> list[Section]:
    """Measure the size and the loading time of our page and of the peers' pages. The pages alternate."""
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
    ready, usable, script = _wait_until_usable(page)
    page.wait_for_load_state("networkidle")
    files = list(site.asked)
    context.close()
    return Load(ready, usable, script, files)


def _wait_until_usable(page: Page) -> tuple[float, float, float]:
    for _ in range(1000):
        ready, usable, script = page.evaluate(
            "[window.readyAt ?? null, window.usableAt ?? null, window.scriptAt ?? null]"
        )
        if usable is not None and script is not None:
            return float(ready), float(usable), float(script)
        page.wait_for_timeout(10)
    raise RuntimeError(f"{page.url} never became usable")


def _weigh_everything() -> int:
    """Return the size of all files that the page can ever load, in bytes after gzip."""
    from chalicelib.gatehouse.page.static_files import FRONTEND, load_static_files

    files = load_static_files()
    # `texts.js` and `more-texts.js` are generated from the catalogue of texts.
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
        "The files that a browser with an empty cache loads for the first view: HTML, CSS, scripts, pictures, each "
        "gzipped (level 6). The peers are libraries. Each peer has one script made by esbuild, and a page with one "
        "unstyled button per action, without forms, texts or errors. oidc-client-ts does not support passwords.",
        ("", "bytes, gzip", "bytes", "files", "API calls"),
        rows,
        (
            Target("Page, first view, gzip", ours / 1e3, MAX_KB, "kB"),
            *(
                Target(f"Page, first view, compared with {name}", ours / weights[name], 1.0)
                for name in (bundles.OIDC, bundles.AMPLIFY)
            ),
        ),
        notes="All files that our page can ever load (every form, authenticator apps with QR code, CAPTCHA) have "
        f"{everything:,} bytes gzipped. The page loads a module when it needs the module.",
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
        script = Spread.of([load.script_ms for load in kinds["slow"]])
        trips = round(kinds["trips"][0].usable_ms / _LATENCY_ONLY["latency"])
        rows.append((name, plain.text(), slow.text(), ready.text(), script.text(), str(trips)))
    return Section(
        "The page: until it can be used",
        f"Chromium {chromium}, headless, empty cache, HTTP/1.1 on loopback. The figures are the elapsed time from "
        "entering the address until the view with its buttons is drawn. *In the document* is the time until the "
        "view is in the DOM, before layout and drawing. *Slow* is Lighthouse's mobile setting: 150 ms per round "
        "trip, 1.6 Mbit/s, processor four times slower. Our HTML contains the view with the sign-in methods. Links "
        "to providers work at once. All other controls need the script, which also asks whether the browser has a "
        "session. In the peers' pages, the script draws the view. The peers read web storage, and their sign-in "
        "methods are fixed in the code.",
        (
            "",
            "local, ms",
            "slow 4G, ms",
            "in the document, ms",
            "with its script, ms",
            "round trips",
        ),
        rows,
        (
            Target(
                f"Page on slow 4G, until it can be used, compared with {bundles.OIDC}",
                drawn[_OURS].median / drawn[bundles.OIDC].median,
                1.0,
            ),
        ),
    )
