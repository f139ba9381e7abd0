"""The command line: reads arguments, calls one function, prints its answer.

Exit codes: 0 done, 1 an OpsError (its message names the mend), 2 wrong usage, 130 interrupted.
Modules are imported by the command that needs them, so `--help` and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import people_commands, stage_commands, user_commands
from .command import add_stage, ask, command, load
from .errors import OpsError
from .report import Reporter

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
    parser = build_parser()
    if not arguments:
        parser.print_help(sys.stderr)
        return 2
    options = parser.parse_args(arguments)
    try:
        code: int | None = options.run(options)
    except OpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return code or 0


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
    stage_commands.add(commands)
    _add_provider_commands(commands)
    people_commands.add(commands)
    user_commands.add(commands)
    return parser


def _add_local_commands(commands: Any) -> None:
    up = command(
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
            f"--{name}",
            type=_port,
            default=default,
            metavar="N",
            help=f"{what} (default {default})",
        )
    up.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let a front end there call the app, e.g. https://localhost:3000; may be repeated",
    )
    up.add_argument(
        "--http",
        action="store_true",
        help="serve plain http; Safari and other WebKit browsers cannot sign in there",
    )
    down = command(commands, "down", _down, "stop what `up` started")
    info = command(commands, "info", _info, "say where the local stack is and who can sign in")
    info.add_argument("--json", action="store_true", help="for programs")
    command(
        commands,
        "trust",
        _trust,
        "let this user's Chromium and Firefox trust the local stack's certificate",
        "\nOnce is enough. For other browsers, other systems and the devcontainer:\n"
        "docs/local-aws.md#https",
    )
    for each in (up, down, info):
        each.add_argument(
            "--state-dir",
            type=Path,
            metavar="DIR",
            help="where this stack keeps its state (default .local); another one for a second stack",
        )


def _add_provider_commands(commands: Any) -> None:
    provider = command(commands, "provider", None, "identity providers, such as Okta tenants")
    actions = provider.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = command(
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
    add_stage(add)
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
    add.add_argument(
        "--trusted",
        action=argparse.BooleanOptionalAction,
        help="it proves the addresses that it calls verified (default: not, or as it was)",
    )
    add.add_argument(
        "--link",
        action=argparse.BooleanOptionalAction,
        help="join its people to the account with their verified address; needs --trusted",
    )
    add.add_argument(
        "--groups-claim",
        metavar="CLAIM",
        help="its claim with groups, which then count here, admins too; '' for none",
    )
    add.add_argument(
        "--native-sign-up",
        action=argparse.BooleanOptionalAction,
        help="people of its domains may make accounts with a password as well (default: not)",
    )
    listing = command(actions, "list", _provider_list, "list the registered providers")
    add_stage(listing)
    remove = command(
        actions,
        "remove",
        _provider_remove,
        "take a provider out",
        "\nPeople who came through it can no longer sign in; their profiles and records stay.",
    )
    remove.add_argument("name", metavar="NAME")
    add_stage(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 1 to 65535")
    return int(text)


def _up(options: argparse.Namespace) -> None:
    from .local import stack

    if len({options.port, options.aws_port, options.okta_port}) < 3:
        raise OpsError("The three ports must differ: --port, --aws-port, --okta-port.")
    stack.up(
        detach=options.detach,
        port=options.port,
        aws_port=options.aws_port,
        okta_port=options.okta_port,
        origins=options.allow_origin,
        http=options.http,
        state_dir=options.state_dir,
    )


def _down(options: argparse.Namespace) -> None:
    from .local import stack

    stack.down(state_dir=options.state_dir)


def _info(options: argparse.Namespace) -> None:
    from .local import stack

    found = stack.info(state_dir=options.state_dir)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for key, value in found.items():
        print(f"{key + ':':<18} {value if isinstance(value, str) else json.dumps(value)}")


def _trust(options: argparse.Namespace) -> None:
    from .local import authority, trust

    certificate = authority.prepare()
    if certificate.by_mkcert:
        print("mkcert's root signs the certificate: `mkcert -install` puts it into your browsers.")
        return
    for folder in trust.trust(certificate.ca_file):
        print(f"trusted in {folder}")
    print(
        "Start browsers that are running again. For programs that go by the system's store:\n"
        f"  sudo cp {shlex.quote(str(certificate.ca_file))} "
        "/usr/local/share/ca-certificates/gatehouse-localhost.crt && sudo update-ca-certificates"
    )


def _provider_add(options: argparse.Namespace) -> None:
    from . import aws, providers
    from .provider import Provider

    stage = load(options)
    provider = Provider(
        name=options.name,
        issuer=options.issuer,
        client_id=options.client_id,
        client_secret=_secret(options),
        label=options.label,
        domains=tuple(options.domain),
        trusted=options.trusted,
        link=options.link,
        groups_claim=options.groups_claim,
        native_sign_up=options.native_sign_up,
    )
    providers.add_provider(aws.session(stage), stage, provider, Reporter())


def _provider_list(options: argparse.Namespace) -> None:
    from . import aws, providers

    stage = load(options)
    found = providers.list_providers(aws.session(stage), stage)
    if not found:
        print(f"Stage {stage.name!r} has no identity providers.")
    for item in found:
        domains = ", ".join(item.domains) or "everyone (a button on the page)"
        print(f"{item.name}  {item.label!r}  {item.issuer}  for {domains}")
        words = {"trusted": "trusted", "link": "link", "native_sign_up": "native sign-up"}
        said = [word for name, word in words.items() if getattr(item.row, name)]
        said += [f"groups from {item.row.groups_claim!r}"] if item.row.groups_claim else []
        if said:
            print(f"  {', '.join(said)}")
        if not item.complete:
            places = {"pool": item.in_pool, "table": item.in_table, "app client": item.in_client}
            lacking = ", ".join(place for place, there in places.items() if not there)
            print(f"  incomplete: not in the {lacking}. Add it again, or remove it.")


def _provider_remove(options: argparse.Namespace) -> None:
    from . import aws, providers

    stage = load(options)
    if not options.yes:
        ask(f"Nobody will be able to sign in through {options.name} any more.", options.name)
    providers.remove_provider(aws.session(stage), stage, options.name, Reporter())


def _secret(options: argparse.Namespace) -> str:
    if options.client_secret_stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise OpsError("There is no terminal to ask for the secret: use --client-secret-stdin.")
    from getpass import getpass

    return getpass("Client secret (not shown): ").strip()
