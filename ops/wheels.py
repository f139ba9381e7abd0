"""This module uses pip to download a lock's wheels for one runtime of Lambda, and checks the hashes of the wheels.

The result is complete: if a wheel is missing, the module raises OpsError. Chalice may download a package a second
time, without checking hashes. This module needs no second download, because on any machine it downloads wheels for
Lambda's platform from the start. If a package has no wheel, the module builds one from the locked source, with the
locked tools in requirements-dev.txt. The build runs without the network.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from .errors import OpsError
from .locked import NAME, Locked, environment_of
from .runtimes import Runtime

_BUILT = "built.json"
# The folder in Gatehouse's wheel with the command line and the local AWS. Apps do not need this folder at run time.
_OPERATORS = "chalice_gatehouse/ops/"
CALLERS_BUNDLE = "GATEHOUSE_CALLERS_CA_BUNDLE"
"""`ops.local.running` replaces `REQUESTS_CA_BUNDLE`, and keeps the caller's value in this variable. pip uses the
caller's value.
"""
_TAIL_LINES = 6
_NOT_FOUND = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)")
# If pip cannot reach the index, pip prints one of these texts. After that, pip also claims that the version does
# not exist.
_UNREACHABLE = re.compile(r"WARNING: Retrying |Could not fetch URL")
# The earliest date that a zip can contain. With a fixed date, two builds of a wheel have the same bytes.
_FIRST_DAY = "315532800"


@dataclass(frozen=True)
class Target:
    """The system on which the Lambda package runs."""

    runtime: Runtime
    machine: str

    def tags(self) -> set[Tag]:
        """List the tags of wheels that run on this system."""
        version = tuple(int(part) for part in self.runtime.python.split("."))
        platforms = [*self.runtime.platforms(self.machine), f"linux_{self.machine}"]
        interpreter = self.runtime.abi
        return {
            *cpython_tags(version, abis=[self.runtime.abi], platforms=platforms),
            *compatible_tags(version, interpreter, platforms),
        }


@dataclass(frozen=True)
class Wheel:
    """One wheel that matches the lock."""

    locked: Locked
    path: Path

    def files(self) -> dict[str, bytes]:
        """Return the wheel's files that belong in the Lambda package: name → contents.

        Chalice copies `NAME.data/purelib` and `platlib` to the root, and ignores the rest.
        """
        found = {}
        with zipfile.ZipFile(self.path) as packed:
            for name in packed.namelist():
                if not name.endswith("/") and not is_for_operators(name):
                    found[_installed(name)] = packed.read(name)
        return found


def is_for_operators(name: str) -> bool:
    """Tell whether a file of a wheel is for operators' machines. Such a file does not belong in the zip."""
    return name.startswith(_OPERATORS)


def fetch(dependencies: Sequence[Locked], target: Target, cache: Path) -> list[Wheel]:
    """Return one wheel per dependency, from the cache if possible. Raises OpsError."""
    text = "".join(locked.lines() for locked in dependencies)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    kept = cache / f"{target.machine}-{target.runtime.abi}-{key}"
    try:
        return _collect(dependencies, target, kept)
    except (OpsError, OSError):
        shutil.rmtree(kept, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as scratch:
        folder = Path(scratch) / "wheels"
        folder.mkdir()
        _download(dependencies, target, folder)
        _collect(dependencies, target, folder)
        if not kept.exists():  # another process may have made the folder first
            shutil.move(folder, kept)
    return _collect(dependencies, target, kept)


def _collect(dependencies: Sequence[Locked], target: Target, folder: Path) -> list[Wheel]:
    """Find every dependency's wheel in a folder, and check each wheel. Raises one OpsError that lists all problems."""
    built = _read_built(folder)
    by_name: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        by_name.setdefault(canonicalize_name(path.name.split("-")[0]), []).append(path)
    wheels, problems = [], []
    for locked in dependencies:
        paths = by_name.get(locked.name, [])
        if len(paths) != 1:
            problems.append(f"{locked}: {len(paths)} wheels instead of one")
            continue
        problem = _problem_of(locked, paths[0], target, built)
        if problem:
            problems.append(f"{locked}: {problem}")
        wheels.append(Wheel(locked, paths[0]))
    strangers = sorted(set(by_name) - {locked.name for locked in dependencies})
    problems += [f"{name} is not in {NAME}" for name in strangers]
    if not problems:
        problems = list(_unlocked(wheels, target))
    if problems:
        raise OpsError.listing(
            f"The Lambda package would differ from {NAME}. Correct {NAME}, or "
            f"lock the packages again:",
            problems,
        )
    return wheels


def _problem_of(locked: Locked, path: Path, target: Target, built: dict[str, list[str]]) -> str:
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        return str(error)
    if name != locked.name or version != Version(locked.version):
        return f"{path.name} is another version"
    if not tags & target.tags():
        return f"{path.name} does not run on Lambda's {target.runtime.identifier}"
    hashes = digests(path.read_bytes())
    if not hashes & locked.hashes:
        # If this module has built the wheel, the lock contains the hash of the wheel's source, and no hash of the wheel
        # itself.
        sources = built.get(path.name, [])
        if not (len(sources) > 1 and sources[0] in hashes and set(sources[1:]) & locked.hashes):
            return f"{path.name} has a hash that is not in {NAME}"
    return ""


def _unlocked(wheels: Sequence[Wheel], target: Target) -> Iterator[str]:
    """Yield a problem for each dependency of a wheel, if the lock does not contain a suitable version of this
    dependency.
    """
    environment = environment_of(target.runtime, target.machine)
    versions = {wheel.locked.name: wheel.locked.version for wheel in wheels}
    for wheel in wheels:
        for text in _metadata(wheel).get_all("Requires-Dist", []):
            needed = Requirement(text)
            if not any(
                needed.marker is None or needed.marker.evaluate({**environment, "extra": extra})
                for extra in ("", *wheel.locked.extras)
            ):
                continue
            there = versions.get(canonicalize_name(needed.name))
            if there is None:
                yield f"{wheel.locked} needs {needed.name}, which is not in {NAME}"
            elif not needed.specifier.contains(there, prereleases=True):
                yield f"{wheel.locked} needs {needed.name}{needed.specifier}, not {there}"


def _metadata(wheel: Wheel) -> Message:
    with zipfile.ZipFile(wheel.path) as packed:
        name = next(
            name
            for name in packed.namelist()
            if name.count("/") == 1 and name.endswith(".dist-info/METADATA")
        )
        return BytesParser().parsebytes(packed.read(name), headersonly=True)


def digests(contents: bytes) -> set[str]:
    """Return a file's hash for each algorithm that a lock may use."""
    return {
        f"{kind}:{hashlib.new(kind, contents).hexdigest()}"
        for kind in ("sha256", "sha384", "sha512")
    }


def _installed(name: str) -> str:
    first, _, rest = name.partition("/")
    kind, _, inner = rest.partition("/")
    if first.endswith(".data") and kind in ("purelib", "platlib"):
        return inner
    return name


def _download(dependencies: Sequence[Locked], target: Target, folder: Path) -> None:
    """Download wheels, build missing wheels from source, and copy the wheels that are in the project."""
    wanted = {locked.name: locked for locked in dependencies if locked.path is None}
    for locked in dependencies:
        if locked.path is not None:
            try:
                shutil.copyfile(locked.path, folder / locked.path.name)
            except OSError as error:
                raise OpsError(
                    f"{NAME} names {locked.path}, which cannot be read: {error.strerror}."
                ) from error
    from_source: list[Locked] = []
    while wanted:
        platforms = [f"--platform={name}" for name in target.runtime.platforms(target.machine)]
        done = _pip(
            [
                *("download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"),
                *platforms,
                f"--python-version={target.runtime.python}",
                "--implementation=cp",
                f"--abi={target.runtime.abi}",
                f"--dest={folder}",
            ],
            wanted.values(),
        )
        if done.returncode == 0:
            break
        if _UNREACHABLE.search(done.stderr):
            raise OpsError(
                "pip cannot reach the package index, so no package is built. Check the network "
                "and pip's settings (index-url, proxy, cert), then run this command again. pip "
                f"says:\n{_tail(done.stderr)}"
            )
        lacking = _NOT_FOUND.search(done.stderr)
        name = canonicalize_name(lacking.group(1)) if lacking else ""
        if name not in wanted:
            raise OpsError(
                f"{NAME} cannot be downloaded for {target.runtime.identifier}, so no package is "
                f"built. pip says:\n{_tail(done.stderr)}"
            )
        from_source.append(wanted.pop(name))
    problems = [problem for locked in from_source if (problem := _build(locked, folder))]
    if problems:
        raise OpsError.listing(
            f"These packages are not available for Lambda's {target.runtime.identifier} on "
            f"{target.machine}, so no package is built. Choose versions with a wheel for this "
            "runtime, or versions that build with the tools in requirements-dev.txt:",
            problems,
        )


def _build(locked: Locked, folder: Path) -> str:
    """Build a wheel from the locked source. Return a description of the problem, or an empty text after a success."""
    with tempfile.TemporaryDirectory() as scratch:
        sources, made = Path(scratch) / "source", Path(scratch) / "made"
        isolated = ("--quiet", "--no-deps", "--no-build-isolation")
        done = _pip(
            ["download", *isolated, "--no-binary=:all:", "--require-hashes", f"--dest={sources}"],
            [locked],
        )
        if done.returncode != 0:
            return (
                f"{locked} has no wheel, and its source cannot be downloaded:\n{_tail(done.stderr)}"
            )
        (source,) = sources.iterdir()
        hashes = digests(source.read_bytes())
        if not hashes & locked.hashes or not _is_source_of(locked, source.name):
            return f"{locked}: {source.name} is not the file that {NAME} names"
        done = _pip(["wheel", *isolated, "--no-index", f"--wheel-dir={made}", str(source)], [])
        wheels = sorted(made.glob("*.whl")) if made.is_dir() else []
        if done.returncode != 0 or len(wheels) != 1:
            return f"{locked} has no wheel, and its build fails:\n{_tail(done.stderr)}"
        own = f"sha256:{hashlib.sha256(wheels[0].read_bytes()).hexdigest()}"
        built = {**_read_built(folder), wheels[0].name: [own, *sorted(hashes)]}
        shutil.copyfile(wheels[0], folder / wheels[0].name)
        (folder / _BUILT).write_text(json.dumps(built), encoding="utf-8")
    return ""


def _is_source_of(locked: Locked, filename: str) -> bool:
    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        return False
    return name == locked.name and version == Version(locked.version)


def _read_built(folder: Path) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = json.loads((folder / _BUILT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _pip(
    arguments: Sequence[str], dependencies: Iterable[Locked]
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / NAME
        wanted.write_text("".join(locked.lines() for locked in dependencies), encoding="utf-8")
        named = [f"--requirement={wanted}"] if wanted.stat().st_size else []
        return subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"),
                *arguments,
                *named,
            ],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _environment() -> dict[str, str]:
    found = {**os.environ, "SOURCE_DATE_EPOCH": _FIRST_DAY, "PYTHONDONTWRITEBYTECODE": "1"}
    if CALLERS_BUNDLE in found:
        found.pop("REQUESTS_CA_BUNDLE", None)
        if found[CALLERS_BUNDLE]:
            found["REQUESTS_CA_BUNDLE"] = found[CALLERS_BUNDLE]
    return found


def _tail(text: str) -> str:
    # Warnings about package indexes are left out, because these warnings do not say why pip failed.
    lines = [line for line in text.splitlines() if line.strip() and "WARNING: Location" not in line]
    return "\n".join(f"    {line.strip()}" for line in lines[-_TAIL_LINES:])
