"""The command line: reads arguments, calls one function, prints its answer.

Exit codes: 0 done, 1 an OpsError (its message names the mend), 2 wrong usage, 130 interrupted.
Modules are imported by the command that needs them, so `--help` and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.errors import OpsError
from ops.report import Reporter

if TYPE_CHECKING:
    from ops.stages import Stage

_DESCRIPTION = """\
Gatehouse on your machine and in your AWS account.

  try it        python -m ops up
  deploy it     python -m ops deploy --stage dev
  let Okta in   python -m ops provider add Okta --stage dev --issuer https://acme.okta.com \\
                  --client-id 0oa… --domain acme.com
"""
_CREDENTIALS = """\
Stages are in .chalice/config.json. Credentials are boto3's: AWS_PROFILE, or the usual variables.
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command and answer the process's exit code."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
    except OpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="python -m ops",
        description=_DESCRIPTION,
        epilog=_CREDENTIALS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--project-dir",
        type=lambda text: Path(text).resolve(),
        default=Path.cwd(),
        metavar="DIR",
        help="the project's folder (default: this one)",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_local_commands(commands)
    _add_stage_commands(commands)
    _add_provider_commands(commands)
    return parser


def _command(commands: Any, name: str, run: Any, summary: str, details: str = "") -> Any:
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n{details}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def _add_local_commands(commands: Any) -> None:
    up = _command(
        commands,
        "up",
        _up,
        "start the local AWS, deploy into it, print the URL and who can sign in",
        "\nStays in the foreground until Ctrl-C; the same template and the same `chalice deploy`\n"
        "as for a real account.",
    )
    up.add_argument("--detach", action="store_true", help="return when it is up; stop with `down`")
    for name, default, what in (
        ("port", 8000, "the app"),
        ("aws-port", 4566, "the local AWS (and its Cognito)"),
        ("okta-port", 8100, "the stand-in for Okta"),
    ):
        up.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{what} (default {default})"
        )
    up.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let a front end there call the app, e.g. http://localhost:3000; may be repeated",
    )
    down = _command(commands, "down", _down, "stop what `up` started")
    info = _command(commands, "info", _info, "say where the local stack is and who can sign in")
    info.add_argument("--json", action="store_true", help="for programs")
    for command in (up, down, info):
        command.add_argument(
            "--state-dir",
            type=Path,
            metavar="DIR",
            help="where this stack keeps its state (default .local); another one for a second stack",
        )

    package = _command(
        commands,
        "package",
        _package,
        "build the Lambda zip by itself",
        "\nJust as `chalice deploy` packages it, from a copy of the project.",
    )
    package.add_argument(
        "--out", type=Path, default=Path("dist"), metavar="DIR", help="where to (default dist)"
    )


def _add_stage_commands(commands: Any) -> None:
    provision = _command(
        commands,
        "provision",
        _provision,
        "create or update a stage's identity stack",
        "\nApplies ops/templates/identity.yaml with CloudFormation and writes the outputs into\n"
        ".chalice/config.json. Repeating it changes nothing.",
    )
    _add_stage(provision)
    deploy = _command(
        commands,
        "deploy",
        _deploy,
        "provision, `chalice deploy`, then connect the two",
        "\nThe second pass sets callback and logout URLs, triggers, their permissions, the API's\n"
        "own error answers, its limits and its access log.",
    )
    _add_stage(deploy)
    destroy = _command(
        commands,
        "destroy",
        _destroy,
        "remove a stage with all its accounts and records",
        "\nAsks first. Refuses where deletion protection is on, and says how to take it off.",
    )
    _add_stage(destroy)
    destroy.add_argument("--yes", action="store_true", help="do not ask")


def _add_provider_commands(commands: Any) -> None:
    provider = _command(commands, "provider", None, "identity providers, such as Okta tenants")
    actions = provider.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = _command(
        actions,
        "add",
        _provider_add,
        "register a provider, or update the one of that name",
        "\nIn Okta: an OIDC web application with the redirect URI\n"
        "https://<domain_prefix>.auth.<region>.amazoncognito.com/oauth2/idpresponse\n"
        "and the scopes openid, profile and email, assigned to your people.\n"
        "The client secret is asked for, or read from standard input; never put it on a command\n"
        "line, where other users of the machine can read it. Domains not named again are dropped.",
    )
    add.add_argument("name", metavar="NAME", help="what it is called in the pool, such as Okta")
    _add_stage(add)
    add.add_argument("--issuer", required=True, metavar="URL", help="such as https://acme.okta.com")
    add.add_argument("--client-id", required=True, metavar="ID", help="of the provider's app")
    add.add_argument(
        "--client-secret-stdin", action="store_true", help="read the secret from standard input"
    )
    add.add_argument(
        "--domain",
        action="append",
        default=[],
        metavar="DOMAIN",
        help="people with addresses there are sent to it, and it gets no button; repeatable",
    )
    add.add_argument("--label", default="", help="what its button says (default: NAME)")
    listing = _command(actions, "list", _provider_list, "list the registered providers")
    _add_stage(listing)
    remove = _command(
        actions,
        "remove",
        _provider_remove,
        "take a provider out",
        "\nPeople who came through it can no longer sign in; their profiles and records stay.",
    )
    remove.add_argument("name", metavar="NAME")
    _add_stage(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _add_stage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", required=True, metavar="S", help="stage in .chalice/config.json")


def _up(options: argparse.Namespace) -> None:
    from ops.local import stack

    stack.up(
        detach=options.detach,
        port=options.port,
        aws_port=options.aws_port,
        okta_port=options.okta_port,
        origins=options.allow_origin,
        state_dir=options.state_dir,
    )


def _down(options: argparse.Namespace) -> None:
    from ops.local import stack

    stack.down(state_dir=options.state_dir)


def _info(options: argparse.Namespace) -> None:
    from ops.local import stack

    found = stack.info(state_dir=options.state_dir)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for key, value in found.items():
        print(f"{key + ':':<18} {value if isinstance(value, str) else json.dumps(value)}")


def _package(options: argparse.Namespace) -> None:
    from ops.package import package

    path = package(options.project_dir, options.out)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def _provision(options: argparse.Namespace) -> None:
    from ops import aws, identity_stack

    stage = _load(options)
    identity_stack.provision(aws.session(stage), stage, {}, Reporter())
    print(f"{stage.config_file} holds the outputs; commit it.")


def _deploy(options: argparse.Namespace) -> None:
    from ops import deploy

    stage = _load(options)
    root = deploy.deploy(options.project_dir, stage.name, Reporter())
    print(f"{root}\nCommit .chalice/config.json and .chalice/deployed/{stage.name}.json.")


def _destroy(options: argparse.Namespace) -> None:
    from ops import aws, destroy

    stage = _load(options)
    if not options.yes:
        _ask(
            f"This removes stage {stage.name!r} in {stage.region} with every account and record.",
            stage.name,
        )
    destroy.destroy(aws.session(stage), stage, Reporter())
    print(f"Stage {stage.name!r} is gone. Its entry in config.json stays, without the outputs.")


def _provider_add(options: argparse.Namespace) -> None:
    from ops import aws, providers

    stage = _load(options)
    provider = providers.Provider(
        name=options.name,
        issuer=options.issuer,
        client_id=options.client_id,
        client_secret=_secret(options),
        label=options.label,
        domains=tuple(options.domain),
    )
    providers.add_provider(aws.session(stage), stage, provider, Reporter())


def _provider_list(options: argparse.Namespace) -> None:
    from ops import aws, providers

    stage = _load(options)
    found = providers.list_providers(aws.session(stage), stage)
    if not found:
        print(f"Stage {stage.name!r} has no identity providers.")
    for item in found:
        domains = ", ".join(item.domains) or "everyone (a button on the page)"
        print(f"{item.name}  {item.label!r}  {item.issuer}  for {domains}")
        if not item.complete:
            places = {"pool": item.in_pool, "table": item.in_table, "app client": item.in_client}
            lacking = ", ".join(place for place, there in places.items() if not there)
            print(f"  incomplete: not in the {lacking}. Add it again, or remove it.")


def _provider_remove(options: argparse.Namespace) -> None:
    from ops import aws, providers

    stage = _load(options)
    if not options.yes:
        _ask(f"Nobody will be able to sign in through {options.name} any more.", options.name)
    providers.remove_provider(aws.session(stage), stage, options.name, Reporter())


def _load(options: argparse.Namespace) -> Stage:
    from ops.stages import LOCAL, load_stage

    if options.stage == LOCAL and not os.environ.get("AWS_ENDPOINT_URL"):
        raise OpsError(
            "Stage 'local' lives in the local AWS: `python -m ops up` sets it up. To work on it "
            "while it runs, name its endpoint (`python -m ops info`), its root credentials, and "
            "the copy it was deployed from:\n"
            "  AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=test "
            "AWS_SECRET_ACCESS_KEY=test python -m ops --project-dir .local/app …"
        )
    return load_stage(options.project_dir, options.stage)


def _secret(options: argparse.Namespace) -> str:
    if options.client_secret_stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise OpsError("There is no terminal to ask for the secret: use --client-secret-stdin.")
    from getpass import getpass

    return getpass("Client secret (not shown): ").strip()


def _ask(warning: str, word: str) -> None:
    if not sys.stdin.isatty():
        raise OpsError(f"{warning} There is no terminal to ask: use --yes if it is meant.")
    print(warning, file=sys.stderr)
    print(f"Type {word} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise OpsError("Nothing was changed.")
