"""Checks of what the functions are made of: Lambda's runtime, and the package that was uploaded."""

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
    """Each function's runtime is the one that was chosen, and gets security updates for a while."""
    mend = f'set gatehouse.{OPTION} in config.json, such as "{newest().python}"; {deployment.again}'
    wanted = deployment.stage.options.get(OPTION)
    for function in deployment.functions.values():
        name, identifier = function["FunctionName"], function.get("Runtime", "")
        runtime = runtime_named(identifier)
        if runtime is None:
            yield Fault(
                f"{name} runs on {identifier}, which Lambda has deprecated or Gatehouse does not "
                f"know: it supports {SUPPORTED}.",
                mend,
            )
            continue
        if wanted and runtime.python != wanted:
            yield Fault(
                f"{name} runs on {identifier}; config.json says {wanted}.", deployment.again
            )
        ending = near_end(runtime, deployment.today)
        if ending:
            # Nobody's people are on a local stage.
            over = deployment.today > runtime.deprecated and not deployment.stage.is_local
            yield (Fault if over else Note)(f"{name}: {ending}", mend)


def package_contents(deployment: Deployment) -> Iterator[Fault]:
    """The functions hold what requirements.txt of this checkout locks, all of it, unchanged (S-76)."""
    seen = set()
    for function in deployment.functions.values():
        name = function["FunctionName"]
        found = deployment.client("lambda").get_function(FunctionName=name)
        configuration = found["Configuration"]
        runtime = runtime_named(configuration.get("Runtime", ""))
        if runtime is None or configuration["CodeSha256"] in seen:
            continue  # said by runtime-age, or looked at already
        seen.add(configuration["CodeSha256"])
        machine = MACHINES[(configuration.get("Architectures") or ["x86_64"])[0]]
        lock = load_lock(deployment.stage.project_dir / NAME, runtime, machine)
        contents = _download(found["Code"])
        if contents is None:
            yield Fault(
                f"the package of {name} could not be fetched, so nobody knows what is in it.",
                "run doctor again.",
            )
            continue
        wrong = misses(contents, lock, runtime)
        if wrong:
            shown = "; ".join(wrong[:_SHOWN]) + ("; …" if len(wrong) > _SHOWN else "")
            yield Fault(
                f"the package of {name} is not what {NAME} says: {shown}.",
                f"see that this checkout is the one that was deployed; {deployment.again}",
            )


def _download(code: Any) -> dict[str, bytes] | None:
    """Read a function's package from the address that GetFunction gives for ten minutes.

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
