"""This module changes Chalice, so that Chalice packages exactly the versions in requirements.txt, or stops with an
error.

Chalice alone does three unsafe things. If Chalice cannot build a dependency, Chalice uploads a zip without that
dependency and exits with 0 (https://github.com/aws/chalice/issues/929). If a package does not suit Lambda's glibc,
Chalice downloads that package again by name and version, without checking hashes. Chalice also reuses an earlier zip
without checking its contents. `install` replaces these three steps. Before the upload, `install` also refuses variables
and zips that are too large for Lambda. app.py calls `install` when Chalice's command line loads the app. So the change
also applies to a plain `chalice deploy` or `chalice package`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from . import api_document
from .errors import OpsError
from .local.chalice_cli import CACHE
from .locked import NAME, load_lock
from .made_files import complete, made_files
from .package_contents import differences
from .package_size import require_size
from .program import PROGRAM
from .runtimes import OPTION, RUNTIMES, runtime_of
from .team_file import NAME as TEAM_FILE
from .variables_size import problems_of_size
from .wheels import Target, Wheel, fetch

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Chalice's `lambda_architecture` → the machine in wheel tags."""
_INSTALLED = "_gatehouse_exact"


class NotExact(click.ClickException):
    """The error for a Lambda package that cannot match requirements.txt exactly. Chalice's command line prints the
    message and exits with 1.
    """


def cache_of(project_dir: Path) -> Path:
    """Return the folder of verified wheels: the folder in the environment variable `GATEHOUSE_DEPENDENCY_CACHE`, or
    else `.local/dependencies`.
    """
    return Path(os.environ.get(CACHE) or project_dir / ".local" / "dependencies")


def install() -> None:
    """Patch Chalice in this process; a second call changes nothing."""
    from chalice.config import Config
    from chalice.deploy import appgraph, packager

    api_document.install()
    if hasattr(packager, _INSTALLED):
        return
    builder = packager.DependencyBuilder
    type.__setattr__(builder, "build_site_packages", _build_site_packages)
    for kind in (packager.LambdaDeploymentPackager, packager.LayerDeploymentPackager):
        made = _checked(kind.create_deployment_package)
        type.__setattr__(kind, "create_deployment_package", made)
    type.__setattr__(Config, "lambda_python_version", property(_python_version))
    graph = appgraph.ApplicationGraphBuilder
    type.__setattr__(graph, "build", _within_size(graph.build))
    made_reference = _with_role(graph._create_role_reference)
    type.__setattr__(graph, "_create_role_reference", made_reference)
    setattr(packager, _INSTALLED, True)


def _within_size(build: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `build`, which plans a deployment. The wrapper refuses variables that are too large, before the deployment
    changes a Lambda function. Without the wrapper, Lambda would refuse the variables in the middle of the deployment.
    """

    def within_size(self: Any, config: Any, stage_name: str) -> Any:
        block = config.config_from_disk.get("stages", {}).get(stage_name, {})
        shared = {key: str(value) for key, value in config.environment_variables.items()}
        found = list(problems_of_size(shared, block))
        if found:
            where = Path(config.project_dir) / ".chalice" / "config.json"
            with _as_chalice_tells():
                raise OpsError.listing(f"Stage {stage_name!r} in {where} cannot be used:", found)
        return build(self, config, stage_name)

    return within_size


def _with_role(reference: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `_create_role_reference`. If a function has no role, the wrapper raises an error that names the function and
    says what to do.

    botocore refuses a function without a role, too, but botocore's message does not name the function.

    The command `chalice package` needs no role.
    """

    def create_role_reference(self: Any, config: Any, stage_name: str, function_name: str) -> Any:
        context = click.get_current_context(silent=True)
        deploys = context is not None and context.info_name == "deploy"
        if deploys and not config.manage_iam_role and not config.iam_role_arn:
            raise NotExact(
                f"The function {function_name} has no role in stage {stage_name}. If the function "
                f"is your own, declare it under `functions` in .chalice/{TEAM_FILE}. Then run "
                f"`{PROGRAM} provision --stage {stage_name}`."
            )
        return reference(self, config, stage_name, function_name)

    return create_role_reference


def _python_version(config: Any) -> str:
    """Return the Python version in the stage's option, or else the version of the running Python. This function
    replaces `Config.lambda_python_version`.
    """
    with _as_chalice_tells():
        return runtime_of(_options(config)).identifier


def _options(config: Any) -> dict[str, Any]:
    stages = config.config_from_disk.get("stages", {})
    options = stages.get(config.chalice_stage, {}).get("gatehouse")
    top = config.config_from_disk.get("gatehouse")
    found = options if options is not None else top
    return found if isinstance(found, dict) else {}


def _build_site_packages(
    self: Any, abi: str, requirements_filepath: str, target_directory: str
) -> None:
    """Unpack the locked wheels. This function replaces `DependencyBuilder.build_site_packages`."""
    lock = Path(requirements_filepath)
    with _as_chalice_tells():
        runtime = next((each for each in RUNTIMES.values() if each.abi == abi), None)
        if runtime is None:
            raise OpsError(
                f"{abi} is not a runtime that Gatehouse supports. Choose one of the "
                "runtimes in docs/operations.md."
            )
        target = Target(runtime, self._machine)
        for wheel in locked_wheels(lock.parent, target, cache_of(lock.parent)):
            for name, contents in wheel.files().items():
                path = Path(target_directory) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(contents)


def _checked(create: Callable[[Any, str, str], str]) -> Callable[[Any, str, str], str]:
    """Wrap `create_deployment_package`. The wrapper compares Chalice's zip with the lock.

    If a zip from an earlier run differs from the lock, Chalice makes the zip again, once. If the new zip also differs,
    the zip is removed. A zip that is too large for Lambda is removed as well.
    """

    def create_deployment_package(self: Any, project_dir: str, python_version: str) -> str:
        def make() -> str:
            path = Path(create(self, project_dir, python_version))
            project = Path(project_dir)
            try:
                complete(path, target.runtime, prefix)
                require_size(path)
                require_exact(path, project, target, cache_of(project), prefix)
            except OpsError:
                path.unlink()
                raise
            return str(path)

        with _as_chalice_tells():
            target = Target(
                runtime_of({OPTION: python_version.removeprefix("python")}),
                MACHINES[self._architecture],
            )
            # Lambda unpacks a layer into a folder above the folder of the packages. So the name of each file in a layer
            # starts with the path of the packages' folder.
            prefix = f"{self._PREFIX % python_version}/" if hasattr(self, "_PREFIX") else ""
            reused = Path(self.deployment_package_filename(project_dir, python_version)).exists()
            try:
                return make()
            except OpsError:
                if not reused:
                    raise
                return make()

    return create_deployment_package


def locked_wheels(project_dir: Path, target: Target, cache: Path) -> list[Wheel]:
    """Return the wheels that are listed in the project's lock. Raises OpsError if a wheel is unavailable."""
    return fetch(load_lock(project_dir / NAME, target.runtime, target.machine), target, cache)


def require_exact(
    package: Path, project_dir: Path, target: Target, cache: Path, prefix: str = ""
) -> None:
    """Raise OpsError unless the zip contains the app and the locked wheels, byte for byte."""
    wheels = locked_wheels(project_dir, target, cache)
    found = differences(
        package,
        wheels,
        project_dir / "vendor",
        prefix,
        make=lambda contents: made_files(contents, target.runtime),
    )
    if found:
        raise OpsError.listing(
            f"The Lambda package differs from {NAME}, so the package is not used:", found
        )


@contextmanager
def _as_chalice_tells() -> Iterator[None]:
    try:
        yield
    except OpsError as error:
        raise NotExact(str(error)) from error
