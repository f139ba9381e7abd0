"""This module reads the names, versions and hashes of packages from requirements.txt, for one runtime of Lambda.

The module accepts a subset of pip's hash-checking mode. A line contains either the name and one version of a package,
joined by `==`, or the path of a wheel in the project. Each such line must also contain one or more hashes. The line
`-r FILE` includes another file in the same format.
https://pip.pypa.io/en/stable/topics/secure-installs/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from .errors import OpsError
from .program import PROGRAM
from .runtimes import Runtime

NAME = "requirements.txt"
_HASH = re.compile(r"--hash[= ](?P<kind>[a-z0-9]+):(?P<digest>\S+)")
# The number of hexadecimal digits in the digest of each algorithm. https://pip.pypa.io/en/stable/cli/pip_hash/
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]\s*(?P<file>\S+)")
_COMMENT = re.compile(r"(^|\s+)#.*$")


@dataclass(frozen=True)
class Locked:
    """One dependency: its canonical name, its version, and the hashes of its accepted files.

    `path` is the path of the dependency's wheel, if the wheel is in the project.
    """

    name: str
    version: str
    hashes: frozenset[str]
    extras: frozenset[str] = frozenset()
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"

    def lines(self) -> str:
        """Return the dependency as a line of requirements.txt, in pip's format."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        hashes = "".join(f" --hash={each}" for each in sorted(self.hashes))
        return f"{self.name}{extras}=={self.version}{hashes}\n"


def load_lock(path: Path, runtime: Runtime, machine: str) -> tuple[Locked, ...]:
    """Return the dependencies of a lock for one runtime. Raises one OpsError that lists every invalid line."""
    lines = [line for file in files_of(path) for line in _lines(_read(file))]
    kept = [line for line in lines if not _INCLUDE.fullmatch(line)]
    return parse_lock("\n".join(kept), runtime, machine, path.parent)


def files_of(path: Path) -> list[Path]:
    """Return the files of a lock: the file at `path`, and every file that is included with `-r`. Raises OpsError."""
    found: list[Path] = []
    waiting = [path]
    while waiting:
        file = waiting.pop(0)
        if file in found:
            continue
        found.append(file)
        for line in _lines(_read(file)):
            named = _INCLUDE.fullmatch(line)
            if named:
                _require_inside(named["file"])
                waiting.append(file.parent / named["file"])
    return found


def wheels_of(path: Path) -> list[Path]:
    """Return the paths of those wheels in the project that a lock lists by their paths. Raises OpsError."""
    lines = [line for file in files_of(path) for line in _lines(_read(file))]
    names = [name for line in lines if (name := _wheel_path(line))]
    for name in names:
        _require_inside(name)
    return [path.parent / name for name in names]


def _require_inside(name: str) -> None:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise OpsError(
            f"{NAME} names {name}, which is not in the project: copy that file into the project."
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise OpsError(
            f"There is no {path}. Only packages in this lock are deployed: write the lock with "
            f"`{PROGRAM} lock`."
        ) from None


def parse_lock(
    text: str, runtime: Runtime, machine: str, folder: Path = Path()
) -> tuple[Locked, ...]:
    """Parse the joined text of all files of a lock. `folder` is the project's folder.

    For the result and the errors, see `load_lock`.
    """
    environment = environment_of(runtime, machine)
    found: dict[str, Locked] = {}
    problems: list[str] = []
    for line in _lines(text):
        try:
            locked = _parse(line, environment, folder)
        except ValueError as error:
            problems.append(str(error))
            continue
        if locked is None:
            continue
        earlier = found.setdefault(locked.name, locked)
        if earlier != locked:
            problems.append(
                f"{earlier} and {locked} both apply to {runtime.identifier}: keep one of the two"
            )
    if problems:
        raise OpsError.listing(
            f"{NAME} does not lock every package, so no package is built. Correct these lines, or "
            f"run `{PROGRAM} lock`, which writes {NAME} from requirements.in:",
            problems,
        )
    return tuple(found[name] for name in sorted(found))


def environment_of(runtime: Runtime, machine: str) -> dict[str, str]:
    """Return the values that environment markers (PEP 508) have on a runtime."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{runtime.python}.0",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{runtime.python}.0",
        "platform_python_implementation": "CPython",
        "python_version": runtime.python,
        "sys_platform": "linux",
    }


def _lines(text: str) -> Iterator[str]:
    """Yield the logical lines of a text. A line that ends with a backslash is joined with the next line. Comments and
    empty lines are left out.
    """
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield bare


def _wheel_path(line: str) -> str:
    """If a line contains the path of a wheel, return this path. Otherwise, return an empty text."""
    text = line.partition(" --")[0].partition(" ;")[0].strip()
    return text if text.endswith(".whl") and "://" not in text and "@" not in text else ""


def _parse(line: str, environment: Mapping[str, str], folder: Path) -> Locked | None:
    """Parse one line. Return None if the line has a marker that excludes the runtime.

    Raises ValueError with a description of the fault.
    """
    if line.startswith("-"):
        raise ValueError(
            f"{line.split()[0]} is an option, and options are not allowed: write each dependency "
            "as NAME==VERSION with its hashes"
        )
    path = _wheel_path(line)
    if path:
        return _parse_wheel(line, path, folder)
    text = line.partition(" --")[0].strip()
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f"{text!r} is not NAME==VERSION: {str(error).splitlines()[0]}") from None
    if requirement.url:
        raise ValueError(f"{requirement.name} is an address, not NAME==VERSION")
    pins = list(requirement.specifier)
    if len(pins) != 1 or pins[0].operator != "==" or "*" in pins[0].version:
        raise ValueError(f"{text} does not name one version: write NAME==VERSION")
    hashes = _hashes(line, f"{requirement.name}{requirement.specifier}")
    if requirement.marker and not requirement.marker.evaluate(environment):
        return None
    return Locked(
        canonicalize_name(requirement.name),
        pins[0].version,
        hashes,
        frozenset(requirement.extras),
    )


def _parse_wheel(line: str, path: str, folder: Path) -> Locked:
    try:
        name, version, _, _ = parse_wheel_filename(path.rpartition("/")[2])
    except InvalidWheelFilename as error:
        raise ValueError(str(error)) from None
    _require_inside(path)
    return Locked(name, str(version), _hashes(line, path), path=folder / path)


def _hashes(line: str, pinned: str) -> frozenset[str]:
    hashes = {f"{kind}:{digest.lower()}" for kind, digest in _HASH.findall(line)}
    if not hashes:
        raise ValueError(f"{pinned} has no hash")
    for each in sorted(hashes):
        kind, _, digest = each.partition(":")
        if not re.fullmatch(f"[0-9a-f]{{{_DIGITS.get(kind, 0)}}}", digest) or not digest:
            raise ValueError(f"{pinned} has an invalid hash: {each[:40]}")
    return frozenset(hashes)
