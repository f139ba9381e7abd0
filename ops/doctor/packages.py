"""Checks of the functions' runtime and uploaded package."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import requests

from ..exact_package import MACHINES
from ..locked import NAME, load_lock
from ..package_contents import misses
from ..runtimes import OPTION, SUPPORTED, near_end, newest, runtime_named
from .check import Check, Fault, Note
from .deployment import TIMEOUT_SECONDS, Deployment

_SHOWN = 5


def runtime_age(deployment: Deployment) -> Iterator[Fault]:
    """Check that each function has the configured runtime. Some months before the runtime's last security update, the
    check adds a note.
    """
    mend = f'set gatehouse.{OPTION} in config.json, such as "{newest().python}"; {deployment.again}'
    wanted = deployment.stage.options.get(OPTION)
    for function in deployment.functions.values():
        name, identifier = function["FunctionName"], function.get("Runtime", "")
        runtime = runtime_named(identifier)
        if runtime is None:
            yield Fault(
                f"{name} runs on {identifier}, which Gatehouse does not support: Gatehouse "
                f"supports {SUPPORTED}.",
                mend,
            )
            continue
        if wanted and runtime.python != wanted:
            yield Fault(
                f"{name} runs on {identifier}; config.json says {wanted}.", deployment.again
            )
        ending = near_end(runtime, deployment.today)
        if ending:
            # On a local stage, an outdated runtime is only a note, because a local stage has no real users.
            over = deployment.today > runtime.deprecated and not deployment.stage.is_local
            yield (Fault if over else Note)(f"{name}: {ending}", mend)


def package_contents(deployment: Deployment) -> Iterator[Fault]:
    """Check that the functions contain exactly the packages that are locked in this checkout's requirements.txt (S-76)."""
    seen = set()
    for function in deployment.functions.values():
        name = function["FunctionName"]
        found = deployment.client("lambda").get_function(FunctionName=name)
        configuration = found["Configuration"]
        runtime = runtime_named(configuration.get("Runtime", ""))
        if runtime is None or configuration["CodeSha256"] in seen:
            # The check `runtime-age` reports an unsupported runtime. Several functions can have the same zip, so each
            # zip is checked only once.
            continue
        seen.add(configuration["CodeSha256"])
        machine = MACHINES[(configuration.get("Architectures") or ["x86_64"])[0]]
        lock = load_lock(deployment.stage.project_dir / NAME, runtime, machine)
        contents = _download(found["Code"])
        if contents is None:
            yield Fault(
                f"the package of {name} could not be downloaded, so its contents are unknown.",
                "run doctor again.",
            )
            continue
        wrong = misses(contents, lock, runtime)
        if wrong:
            shown = "; ".join(wrong[:_SHOWN]) + ("; …" if len(wrong) > _SHOWN else "")
            yield Fault(
                f"the package of {name} does not match {NAME}: {shown}.",
                f"make sure that this checkout is the deployed checkout; {deployment.again}",
            )


def _download(code: Any) -> dict[str, bytes] | None:
    """Return the files of a function's zip, or None if the download fails. GetFunction returns the zip's URL, which is
    valid for ten minutes.

    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html
    """
    try:
        answer = requests.get(code["Location"], timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    except (KeyError, requests.RequestException, zipfile.BadZipFile):
        return None


CHECKS = (
    Check("runtime-age", runtime_age),
    Check("package-contents", package_contents),
)
