"""Measures Lighthouse's four scores for the page on a running local stack: `make lighthouse`.

npx downloads Lighthouse (Apache-2.0) in the version below. Lighthouse controls the same Chromium as the tests, and
emulates a phone on a slow network. The stack's containers are warm; the benchmarks measure cold containers
(docs/BENCHMARKS.md). A busy machine lowers the scores. If a score of a run is below 100, the program therefore repeats
the run, at most twice. The program shows all runs. The exit code is 1 if a score stays below 100. The program lists the
audits that cost points.

The stack uses HTTPS and HTTP/2, as API Gateway does, and the browser trusts the stack's certificate authority. (Over
HTTP/1.1, Lighthouse would model several connections, each with a TLS handshake on a slow network.) No score has been
measured on AWS.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from tests.browser import chromium_path, launch_arguments
from tests.own_stack import own_stack_info
from tests.trust import chromium_environment

LIGHTHOUSE = "lighthouse@12.8.2"
RUNS = 3
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def main() -> int:
    """Measure the given address, or a stack that this program starts. Return the exit code."""
    if shutil.which("npx") is None:
        print("Lighthouse needs Node.js: install `nodejs` and `npm`, then run this again.")
        return 2
    if len(sys.argv) > 1:
        return run(sys.argv[1])
    with own_stack_info() as info:
        return run(str(info["app_url"]), str(info["ca_file"]))


def run(url: str, ca_file: str | None = None) -> int:
    """Measure at most three times, until all scores are 100. Return the exit code."""
    for _ in range(RUNS):
        if report(measure(url, ca_file)) == 0:
            return 0
    return 1


def warm(url: str, trusted: str | bool = True) -> None:
    """Load the page and the assets once in parallel, as a browser does. The local AWS starts a container for each
    parallel request."""
    page = requests.get(url, timeout=60, verify=trusted).text
    found = [
        urljoin(url, path) for path in re.findall(r'(?:href|src)="([^"]*/assets/[^"]+)"', page)
    ]
    with ThreadPoolExecutor(len(found)) as pool:
        asked = pool.map(lambda address: requests.get(address, timeout=60, verify=trusted), found)
        for answer in asked:
            answer.raise_for_status()


def measure(url: str, ca_file: str | None = None) -> Any:
    """Return Lighthouse's JSON result for `url`."""
    warm(url, ca_file or True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        flags = " ".join(["--headless=new", *launch_arguments()])
        environment: dict[str, str] = dict(os.environ)
        if ca_file:
            # In this environment, HOME is the browser's folder. npx must use the existing cache in the caller's home
            # folder.
            environment |= {"npm_config_cache": str(Path.home() / ".npm")}
            environment |= chromium_environment(Path(folder), ca_file)
        subprocess.run(
            [
                *("npx", "--yes", LIGHTHOUSE, url, "--quiet", f"--chrome-flags={flags}"),
                *("--output=json", f"--output-path={out}"),
                f"--only-categories={','.join(CATEGORIES)}",
            ],
            env={**environment, "CHROME_PATH": chromium_path(), "TMPDIR": folder, "CI": "1"},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        return json.loads(out.read_text("utf-8"))


def report(result: Any) -> int:
    """Print scores, figures, and the audits that cost points. Return 0 if no audit costs points."""
    audits, bad = result["audits"], 0
    print(f"Lighthouse {result['lighthouseVersion']}, {result['finalDisplayedUrl']}, mobile")
    for name in CATEGORIES:
        category = result["categories"][name]
        score = round(100 * category["score"])
        bad += score < 100
        print(f"  {category['title']:<16} {score}")
        for entry in category["auditRefs"]:
            audit = audits[entry["id"]]
            if entry["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"    {entry['id']}: {audit.get('displayValue') or audit['title']}")
    for name in ("first-contentful-paint", "largest-contentful-paint", "interactive"):
        print(f"  {audits[name]['title']:<26} {audits[name]['displayValue']}")
    for name in ("total-blocking-time", "cumulative-layout-shift"):
        print(f"  {audits[name]['title']:<26} {audits[name]['displayValue']}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
