"""This module reads stages from `.chalice/config.json`, checks their settings, and writes values into stages.

In `.chalice/config.json`, each stage has a `gatehouse` block with the settings that only `ops` reads
(`ops.stage_options`). Chalice ignores this block.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import json_text
from .errors import OpsError
from .program import PROGRAM
from .stage_options import value_of
from .stage_rules import problems_of

LOCAL = "local"
"""The only stage that may use plain HTTP and localhost addresses."""


@dataclass(frozen=True)
class Stage:
    """One stage, with settings that were already checked.

    `environment` has the functions' variables; `options` is the `gatehouse` block. `custom_domain` is Chalice's
    `api_gateway_custom_domain`, or empty; `architecture` is Chalice's `lambda_architecture`. `own_roles` has the
    names of the functions whose role is set in config.json.
    """

    name: str
    app_name: str
    project_dir: Path
    region: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    api_gateway_stage: str = "api"
    custom_domain: Mapping[str, Any] = field(default_factory=dict)
    architecture: str = "x86_64"
    iam_policy_file: str = ""
    own_roles: frozenset[str] = frozenset()

    @property
    def is_local(self) -> bool:
        """True for the stage of the local AWS."""
        return self.name == LOCAL

    @property
    def direct_sign_in(self) -> str:
        """The method of sign-in with email and password: managed, embedded or off."""
        return self.environment.get("DIRECT_SIGN_IN") or "managed"

    @property
    def deletion_protection(self) -> bool:
        """True if AWS refuses to delete the pool and the tables."""
        return bool(self.options.get("deletion_protection", not self.is_local))

    def option(self, name: str) -> Any:
        """Return the value of an option in the `gatehouse` block, or the option's default."""
        return value_of(self.options, name)

    @property
    def loopback_urls(self) -> list[str]:
        """The callback URLs of the public client for programs (RFC 8252, 7.3); empty if the stage has no such
        client.
        """
        ports = self.option("loopback_ports")
        return [f"http://127.0.0.1:{port}/callback" for port in ports]

    @property
    def passkey_domain(self) -> str:
        """The relying party of passkeys; empty if the stage has no passkeys."""
        return str(self.option("passkey_domain")) if self.direct_sign_in == "embedded" else ""

    @property
    def identity_stack(self) -> str:
        """The name of the identity stack in CloudFormation."""
        return f"{self.app_name}-{self.name}-identity"

    @property
    def api_function(self) -> str:
        """The name that Chalice gives to the Lambda function behind the API."""
        return f"{self.app_name}-{self.name}"

    def named(self, name: str) -> str:
        """Return the name of a table or queue of the stage."""
        return f"{self.api_function}-{name}"

    def function(self, resource: str) -> str:
        """Return the name that Chalice gives to another Lambda function of the stage."""
        return f"{self.api_function}-{resource}"

    @property
    def config_file(self) -> Path:
        """The file from which this stage was read."""
        return config_file(self.project_dir)

    @property
    def policy_file(self) -> Path:
        """The policy file with the rights of the team's own routes. Chalice reads the same file."""
        name = self.iam_policy_file or f"policy-{self.name}.json"
        return self.project_dir / ".chalice" / name

    @property
    def deployed_file(self) -> Path:
        """The file in which Chalice records its deployment."""
        return self.project_dir / ".chalice" / "deployed" / f"{self.name}.json"


def config_file(project_dir: Path) -> Path:
    """Return the path of the file with a project's stages."""
    return project_dir / ".chalice" / "config.json"


def require_project(project_dir: Path) -> None:
    """Raise OpsError unless the folder has a Chalice project."""
    if not (project_dir / "app.py").is_file() or not config_file(project_dir).is_file():
        raise OpsError(
            f"{project_dir} is not a Chalice project: app.py and .chalice/config.json are "
            "needed. Run this command in the project's folder, or pass --project-dir."
        )


def brand_folder(project_dir: Path) -> Path | None:
    """Return the folder with a project's own logo, picture and texts. Return None if there is no such folder."""
    folder = project_dir / "chalicelib" / "brand"
    return folder if folder.is_dir() else None


def load_stage(project_dir: Path, name: str) -> Stage:
    """Read one stage, and check all its settings together.

    Raises one OpsError that names every missing or contradictory setting.
    """
    config = _read(project_dir)
    stages = config.get("stages")
    if not isinstance(stages, dict) or not isinstance(stages.get(name), dict):
        known = ", ".join(sorted(stages)) if isinstance(stages, dict) else "none"
        raise OpsError(
            f"There is no stage {name!r} in {config_file(project_dir)} (its stages: {known}).\n"
            + (
                f"Run `{PROGRAM} init`, which adds this stage."
                if name == LOCAL
                else "Add the stage under `stages`, for example as a copy of `dev`."
            )
        )
    # Chalice looks for a key first in the stage, then at the top of the file. This function uses the same
    # order.
    merged: dict[str, Any] = {**config, **stages[name]}
    merged["environment_variables"] = {
        **_mapping(config.get("environment_variables")),
        **_mapping(stages[name].get("environment_variables")),
    }
    merged["lambda_functions"] = stages[name].get("lambda_functions")
    options = _mapping(merged.get("gatehouse"))
    region = _region(options)
    problems = problems_of(
        name, merged, region, local=name == LOCAL, brand=brand_folder(project_dir)
    )
    if problems:
        advice = (
            "" if options else f" (first run `{PROGRAM} init`, which adds Gatehouse's settings)"
        )
        raise OpsError.listing(
            f"Stage {name!r} in {config_file(project_dir)} cannot be used{advice}:", problems
        )
    return Stage(
        name=name,
        app_name=merged["app_name"],
        project_dir=project_dir,
        region=region,
        environment=merged["environment_variables"],
        options=options,
        api_gateway_stage=merged["api_gateway_stage"],
        custom_domain=_mapping(merged.get("api_gateway_custom_domain")),
        architecture=merged.get("lambda_architecture", "x86_64"),
        iam_policy_file=str(merged.get("iam_policy_file", "")),
        own_roles=frozenset(
            name
            for block in (config, stages[name])
            for name, each in _mapping(block.get("lambda_functions")).items()
            if _mapping(each).get("iam_role_arn")
        ),
    )


def write_environment(
    project_dir: Path, name: str, outputs: Mapping[str, str], roles: Mapping[str, str]
) -> None:
    """Write the outputs of a stack into a stage of config.json: variables, and a role for each function.

    `outputs` maps variables to values. `roles` maps Chalice's names of functions (`api_handler`, `user_records`, …) to
    ARNs of roles. All other text in the file stays. The file is replaced atomically, and only if something changed.
    """
    stages = _read(project_dir).get("stages")
    if not isinstance(stages, dict) or not isinstance(stages.get(name), dict):
        raise OpsError(f"There is no stage {name!r} in {config_file(project_dir)}.")
    before = text = config_file(project_dir).read_text(encoding="utf-8")
    for variable, value in outputs.items():
        text = json_text.put(text, ("stages", name, "environment_variables", variable), value)
    for function, role in roles.items():
        where = ("stages", name, "lambda_functions", function, "iam_role_arn")
        text = json_text.put(text, where, role)
    if text != before:
        _replace(config_file(project_dir), text)


def clear_environment(
    project_dir: Path, name: str, variables: Iterable[str], functions: Iterable[str]
) -> None:
    """After a stage's stack was deleted, remove the values that `write_environment` wrote."""
    stage = _mapping(_mapping(_read(project_dir).get("stages")).get(name))
    before = text = config_file(project_dir).read_text(encoding="utf-8")
    for variable in variables:
        text = json_text.drop(text, ("stages", name, "environment_variables", variable))
    roles = {each: dict(of) for each, of in _mapping(stage.get("lambda_functions")).items()}
    for function in functions:
        if roles.get(function, {}).pop("iam_role_arn", None):
            empty = not roles[function]
            last = () if empty else ("iam_role_arn",)
            text = json_text.drop(text, ("stages", name, "lambda_functions", function, *last))
            if empty:
                del roles[function]
    if roles == {} and "lambda_functions" in stage:
        text = json_text.drop(text, ("stages", name, "lambda_functions"))
    if text != before:
        _replace(config_file(project_dir), text)


def write_option(project_dir: Path, name: str, option: str, value: Any) -> None:
    """Write an option into a stage's `gatehouse` block."""
    text = config_file(project_dir).read_text(encoding="utf-8")
    changed = json_text.put(text, ("stages", name, "gatehouse", option), value)
    _replace(config_file(project_dir), changed)


def _read(project_dir: Path) -> dict[str, Any]:
    path = config_file(project_dir)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OpsError(
            f"There is no {path}. Run this command in the project's folder, or pass --project-dir."
        ) from None
    except ValueError as error:
        raise OpsError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise OpsError(f"{path} must contain one JSON object.")
    return found


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        # mkstemp makes private files. But everybody who may read the checkout must be able to read config.json.
        Path(temporary).chmod(path.stat().st_mode & 0o777)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _region(options: Mapping[str, Any]) -> str:
    named = options.get("region")
    for candidate in (named, os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION")):
        if isinstance(candidate, str) and candidate:
            return candidate
    # botocore is imported only when it is needed, because the import takes a tenth of a second.
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        found = botocore.session.get_session().get_config_variable("region")
    except BotoCoreError as error:
        raise OpsError(
            f"The AWS configuration cannot be read: {error}. Correct ~/.aws/config, or AWS_PROFILE."
        ) from error
    return str(found) if found else ""


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
