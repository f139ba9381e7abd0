"""Tests of Lambda's runtimes: the runtime of a stage, and the warnings before the runtime's end."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.runtimes import NEAR_DAYS, RUNTIMES, SUPPORTED, near_end, newest, runtime_named, runtime_of

ROOT = Path(__file__).resolve().parents[3]


def test_the_setting_comes_before_the_interpreter() -> None:
    """The Python that runs the deployment does not determine the runtime."""
    assert runtime_of({"python_version": "3.14"}, (3, 11)).identifier == "python3.14"
    assert runtime_of({}, (3, 12)).identifier == "python3.12"
    assert runtime_of({"python_version": "3.12"}, (3, 15)).identifier == "python3.12"


@pytest.mark.parametrize("running", [(3, 10), (3, 15)])
def test_a_python_that_is_no_runtime_is_refused(running: tuple[int, int]) -> None:
    """The error names two remedies. (Chalice would accept 3.10, which Lambda has deprecated.)"""
    with pytest.raises(OpsError, match=r'supports Python 3\.11 to 3\.14.*"python_version"'):
        runtime_of({}, running)


def test_the_end_is_spoken_of_in_time() -> None:
    """The first warning comes in the last half year before the runtime is deprecated. The second warning comes after
    the runtime is deprecated."""
    for runtime in RUNTIMES.values():
        end = runtime.deprecated
        assert near_end(runtime, end - timedelta(NEAR_DAYS + 1)) == ""
        assert "in 180 days" in near_end(runtime, end - timedelta(NEAR_DAYS))
        assert "no security updates" in near_end(runtime, end + timedelta(1))


def test_names() -> None:
    """A runtime has the name that Lambda uses, and the tag that wheels use."""
    assert newest().identifier == "python3.14"
    assert runtime_named("python3.13") is RUNTIMES["3.13"]
    assert runtime_named("python3.10") is None
    assert RUNTIMES["3.11"].abi == "cp311"
    assert RUNTIMES["3.11"].platforms("x86_64")[0] == "manylinux_2_17_x86_64"
    assert "manylinux_2_28_x86_64" not in RUNTIMES["3.11"].platforms("x86_64")
    assert "manylinux_2_34_aarch64" in RUNTIMES["3.12"].platforms("aarch64")


def test_every_place_names_the_same_pythons() -> None:
    """pyproject, Makefile, lock, CI and README have the same range."""
    versions = list(RUNTIMES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == f">={versions[0]}"
    assert project["tool"]["mypy"]["python_version"] == versions[0]
    assert project["tool"]["ruff"]["target-version"] == f"py{versions[0].replace('.', '')}"
    for name in ("README.md", "CONTRIBUTING.md", "Makefile", "ops/lock.py"):
        assert SUPPORTED in (ROOT / name).read_text(encoding="utf-8"), name
    matrix = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    listed = re.search(r"python: \[(.*)\]", matrix)
    assert listed
    assert re.findall(r'"([\d.]+)"', listed[1]) == versions
    assert f"deprecates](https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html) {versions[0]} on" in (
        ROOT / "docs" / "operations.md"
    ).read_text(encoding="utf-8")  # fmt: skip
    assert date(2026, 10, 31) < min(runtime.deprecated for runtime in RUNTIMES.values())
