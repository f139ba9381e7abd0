"""Bundles the browser peers' pages as the peers' documentation recommends: esbuild makes one minified ES module for
each page."""

import subprocess
from pathlib import Path

from benchmarks import peers_home
from benchmarks.processes import ROOT

_SOURCES = ROOT / "benchmarks" / "peers" / "browser"
OIDC, AMPLIFY = "oidc-client-ts", "aws-amplify with passwords, sign-up, reset"
#: The entry module of each page.
_ENTRIES = {
    OIDC: "oidc.js",
    "aws-amplify, redirect only": "amplify-redirect.js",
    AMPLIFY: "amplify-full.js",
}


def slug(name: str) -> str:
    """Return the text that stands for a page's name in URLs."""
    return _ENTRIES[name].removesuffix(".js")


def build() -> dict[str, bytes]:
    """Return a mapping from each page's name to its bundle. Raises RuntimeError."""
    modules = peers_home.node_modules()
    return {name: _bundle(modules, _SOURCES / entry) for name, entry in _ENTRIES.items()}


def _bundle(modules: Path, entry: Path) -> bytes:
    done = subprocess.run(
        [
            str(modules / ".bin" / "esbuild"),
            *(str(entry), "--bundle", "--minify", "--format=esm", "--target=es2022"),
            "--legal-comments=none",
        ],
        env={"NODE_PATH": str(modules), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"esbuild failed:\n{done.stderr.decode()}")
    return done.stdout
