"""This module implements the command `init`, which prepares a Chalice project for Gatehouse.

`init` changes only one file of the team, `.chalice/config.json`: it adds the keys of Gatehouse that are missing there.
`requirements-gatehouse.txt` belongs to Gatehouse, and each run of `init` overwrites this file. `init` prints the lines
that the team must add to app.py, requirements.txt and .gitignore.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.gatehouse import __version__

from . import json_text
from .errors import OpsError
from .locked import NAME
from .own_wheel import lock_own_wheel
from .program import PROGRAM
from .stage_block import starting_block
from .stage_rules import problems_of_name
from .stages import LOCAL, config_file, require_project

OWN_LOCK = "requirements-gatehouse.txt"
_SOURCE = "requirements.in"
_RUNTIME_LOCK = Path(__file__).parent / NAME
_IGNORED = (".local/", ".chalice/deployments/", ".chalice/venv/")

# Without the values in `_SHARED`, Chalice's defaults of 128 MB and 60 s would apply. Cognito waits 5 s for a trigger.
# https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
_SHARED: Mapping[str, Any] = {
    "api_gateway_stage": "api",
    "manage_iam_role": False,
    "minimum_compression_size": 1024,
    "lambda_functions": {
        "api_handler": {"lambda_memory_size": 512, "lambda_timeout": 25},
        "user_records": {"lambda_memory_size": 512, "lambda_timeout": 5},
        "token_claims": {"lambda_memory_size": 512, "lambda_timeout": 5},
        "account_mail": {"lambda_memory_size": 512, "lambda_timeout": 25},
        "leaving": {"lambda_memory_size": 512, "lambda_timeout": 25},
    },
}


@dataclass(frozen=True)
class Prepared:
    """The result of `init`.

    `done` lists the finished changes. `by_hand` maps each file to the lines that the team must add by hand. `amiss`
    lists the settings that the team must change first.
    """

    done: list[str]
    by_hand: Mapping[str, list[str]]
    amiss: list[str]


def prepare(project_dir: Path) -> Prepared:
    """Add Gatehouse's settings and its lock file to the project; a second run changes nothing. Raises OpsError."""
    require_project(project_dir)
    path = config_file(project_dir)
    text = path.read_text(encoding="utf-8")
    try:
        config = json.loads(text)
        added = [keys for keys, _ in missing(config)]
        for keys, value in missing(config):
            text = json_text.put(text, keys, value)
    except ValueError as error:
        raise OpsError(f"{path} cannot be used: {error}") from error
    if added:
        path.write_text(text, encoding="utf-8")
    done = [f".chalice/config.json: {_said(added)}", *_write_lock(project_dir)]
    return Prepared(done, dict(_by_hand(project_dir)), list(_amiss(json.loads(text))))


def missing(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and the value of each part that a configuration lacks. Existing values are kept."""
    if not isinstance(config, dict):
        raise ValueError("the file must contain one JSON object")
    if not isinstance(config.get("stages", {}), dict):
        raise ValueError("`stages` must be an object")
    yield from _lacking(config, (), _SHARED)
    named = str(config.get("app_name", ""))
    yield from _lacking(config, (), {"environment_variables": {"APP_NAME": named}})
    stages = config.get("stages", {})
    others = [name for name in stages or ["dev"] if name != LOCAL]
    for name in others:
        yield from _lacking(stages.get(name, {}), ("stages", name), starting_block(name), stages)
    # Only a new local stage gets variables from another stage. An existing local stage keeps its own variables.
    model = others[0] if others and LOCAL not in stages else ""
    local = _local_stage(model, stages.get(model, {}))
    yield from _lacking(stages.get(LOCAL, {}), ("stages", LOCAL), local, stages)


def _local_stage(other: str, block: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the local stage. The local stage gets copies of the team's variables and rights from the
    stage `other`.
    """
    own = {"STAGE": LOCAL, "DIRECT_SIGN_IN": "embedded", "MAILS_PER_DAY": "100000"}
    theirs = block.get("environment_variables", {})
    policy = block.get("iam_policy_file", f"policy-{other}.json" if other else "")
    return {
        "environment_variables": {**theirs, **own},
        **({"iam_policy_file": policy} if policy else {}),
        "gatehouse": {"region": "us-east-1", "deletion_protection": False},
    }


def _lacking(
    there: Any, above: tuple[str, ...], wanted: Mapping[str, Any], stages: Any = None
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(there, dict):
        raise ValueError(f"`{'.'.join(above)}` must be an object")
    if stages is not None and above[-1] not in stages:
        yield above, dict(wanted)
        return
    for name, value in wanted.items():
        if name not in there:
            yield (*above, name), value
        elif isinstance(value, dict) and name != "gatehouse":
            yield from _lacking(there[name], (*above, name), value)


def _said(added: list[tuple[str, ...]]) -> str:
    if not added:
        return "nothing to add"
    return f"added {', '.join('.'.join(keys) for keys in added)}"


def _amiss(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a problem for each setting of the team that contradicts Gatehouse. The team must change these settings."""
    yield from problems_of_name("app_name", config.get("app_name"))
    for where, block in {"": config, **config.get("stages", {})}.items():
        place = f" of stage {where}" if where else ""
        if block.get("manage_iam_role") is True:
            yield (
                f"manage_iam_role{place} is true: remove this setting, because Gatehouse's stack has a "
                "role for each function. Put the rights of your own routes into "
                ".chalice/policy-<stage>.json (docs/adopt.md)"
            )
        if "iam_role_arn" in block and not where:
            yield (
                "iam_role_arn is set: remove this setting, because Gatehouse's stack has a role for "
                "each function"
            )


def _write_lock(project_dir: Path) -> list[str]:
    """Write Gatehouse's own lock, which contains Gatehouse's wheel and its dependencies."""
    wheel = lock_own_wheel(project_dir)
    if wheel is None:
        return []
    header = f"# Written by `{PROGRAM} init` (Gatehouse {__version__}), which overwrites it: do not edit.\n"
    wanted = header + wheel.line + _RUNTIME_LOCK.read_text(encoding="utf-8")
    path = project_dir / OWN_LOCK
    if path.exists() and path.read_text(encoding="utf-8") == wanted:
        return [f"{OWN_LOCK}: up to date"]
    path.write_text(wanted, encoding="utf-8")
    return [f"{OWN_LOCK}: written, with {wheel.name} and its dependencies"]


def _by_hand(project_dir: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each file that lacks lines, with the lines that a person must add."""
    package = __package__.rpartition(".")[0] or "chalicelib.gatehouse"
    app = (project_dir / "app.py").read_text(encoding="utf-8")
    if "Gatehouse(" not in app:
        yield (
            "app.py",
            [
                f"from {package} import Gatehouse",
                'gate = Gatehouse(app, public={("GET", "/health")}, prefix="/account")'
                "  # after `app = Chalice(…)`; public: your open routes; prefix: path of the sign-in page",
                '@app.route("/…", authorizer=gate.authorized("api/read"))  # each of your other routes',
            ],
        )
    source = project_dir / _SOURCE
    if (project_dir / OWN_LOCK).exists():
        include = f"-r {OWN_LOCK}"
        if source.exists() and include not in _lines(source):
            yield f"{_SOURCE}, then run `{PROGRAM} lock`", [include]
        elif not source.exists() and include not in _lines(project_dir / NAME):
            yield NAME, [include]
    ignored = [each for each in _IGNORED if each not in _lines(project_dir / ".gitignore")]
    if ignored:
        yield ".gitignore", ignored


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n") if path.exists() else []
