"""The size of the Lambda zip. The benchmark compares the zip of `make package` with the smallest zip that each peer
needs for the same work."""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Headline, Section
from benchmarks.processes import ROOT, Lab
from ops.package import package

if TYPE_CHECKING:
    from importlib.metadata import Distribution

NAME = "package"

_FLASK = "Flask + flask-cognito-lib + apig-wsgi"
#: The packages that the apps in benchmarks/peers import. The benchmark adds the dependencies of these packages.
_PEERS = {
    "Powertools: routes only": ("aws-lambda-powertools",),
    _FLASK: ("flask", "flask-cognito-lib", "apig-wsgi"),
    "FastAPI + Mangum: routes only": ("fastapi", "mangum"),
}
#: AWS's Python runtime contains these packages, so the zip does not need them.
_IN_RUNTIME = frozenset({"boto3", "botocore", "jmespath", "s3transfer", "python-dateutil", "six"})
#: The files of Chalice that `chalice deploy` puts into the zip.
_CHALICE = ("chalice/__init__.py", "chalice/app.py")


def run(lab: Lab) -> list[Section]:
    """Make our package, and pack the peers' installed files in the same way."""
    lab.tell("packaging")
    with tempfile.TemporaryDirectory() as folder:
        ours = package(ROOT, Path(folder)).stat().st_size
    program = f"from benchmarks.package_size import child; child({json.dumps(_PEERS)})"
    peers: dict[str, int] = json.loads(lab.program(program))
    sizes = {"Gatehouse: sign-in, page, triggers, routes": ours, **peers}
    return [
        Section(
            "The package",
            "The size of the zip for Lambda, without boto3, which is in the runtime. Most of Gatehouse's zip, and "
            "of Flask's zip, is `cryptography`. The smaller zips contain no sign-in.",
            ("", "MB"),
            [(name, f"{size / 1e6:.2f}") for name, size in sizes.items()],
            headline=Headline(
                "the Lambda zip",
                f"{ours / 1e6:.1f} MB",
                {_FLASK: f"{peers[_FLASK] / 1e6:.1f}"},
            ),
        )
    ]


def child(peers: dict[str, list[str]]) -> None:
    """Print the size of each peer's zip in bytes. This function runs in the peers' virtual environment."""
    from importlib.metadata import distribution

    chalice = distribution("chalice")
    sizes = {"bare Chalice: routes only": _zip([chalice], _CHALICE)}
    for name, roots in peers.items():
        sizes[name] = _zip(_closure(roots))
    print("\n" + json.dumps(sizes))


def _closure(roots: list[str]) -> "list[Distribution]":
    from importlib.metadata import distribution

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[tuple[str, str], Distribution] = {}
    waiting = [(canonicalize_name(root), "") for root in roots]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found or name in _IN_RUNTIME:
            continue
        found[name, extra] = distribution(name)
        for text in found[name, extra].requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(needed.name), e) for e in ("", *needed.extras)]
    return list({name: dist for (name, _), dist in found.items()}.values())


def _zip(parts: "list[Distribution]", only: tuple[str, ...] = ()) -> int:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in (file for part in parts for file in part.files or ()):
            name = file.as_posix()
            if name.startswith("../") or name.endswith(".pyc") or (only and name not in only):
                continue
            archive.write(str(file.locate()), name)
    return len(packed.getvalue())
