"""The commands `provider …`: identity providers, such as Okta tenants."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from ..command import ask, example, has_terminal, json_option, on_stage, yes_option
from ..errors import OpsError
from ..report import Reporter
from ..stages import Stage


@click.group()
def provider() -> None:
    """Identity providers, such as Okta tenants."""


@provider.command(
    epilog=example(
        "provider add Okta --stage dev --issuer https://acme.okta.com --client-id 0oa1 --domain acme.com"
    )
)
@click.argument("name")
@on_stage
@click.option(
    "--issuer",
    required=True,
    metavar="URL",
    help="The provider's issuer, such as https://acme.okta.com.",
)
@click.option(
    "--client-id",
    required=True,
    metavar="ID",
    help=("Client id of the application at the provider."),
)
@click.option(
    "--client-secret-stdin", is_flag=True, help="Read the client secret from standard input."
)
@click.option(
    "--domain",
    "domains",
    multiple=True,
    metavar="DOMAIN",
    help=(
        "Send people with addresses in this domain to the provider; repeatable. The provider then "
        "has no button on the page. These domains replace earlier domains."
    ),
)
@click.option(
    "--no-domains",
    is_flag=True,
    help="Remove the provider's domains, so that the page shows the provider's button to everyone.",
)
@click.option(
    "--label",
    metavar="TEXT",
    help="Text of the provider's button (default: NAME). Pass '' for NAME.",
)
@click.option(
    "--trusted/--no-trusted",
    default=None,
    help="Whether to trust the provider's claim that an address is verified (default: no).",
)
@click.option(
    "--link/--no-link",
    default=None,
    help="Whether to link each of the provider's people to the account with the same verified "
    "address; needs --trusted (default: no).",
)
@click.option(
    "--groups-claim",
    metavar="CLAIM",
    help="The claim that contains group names. People get these groups in this app, even the group "
    "admins. Pass '' for no claim.",
)
@click.option(
    "--native-sign-up/--no-native-sign-up",
    default=None,
    help="Whether people of the provider's domains may also create accounts with a password "
    "(default: no).",
)
def add(
    stage: Stage,
    name: str,
    issuer: str,
    client_id: str,
    client_secret_stdin: bool,
    domains: tuple[str, ...],
    no_domains: bool,
    label: str | None,
    trusted: bool | None,
    link: bool | None,
    groups_claim: str | None,
    native_sign_up: bool | None,
) -> None:
    """Register a provider, or update the provider with that NAME.

    NAME is the provider's name in the pool, such as Okta. If you omit an option, an update keeps the option's earlier
    value.

    \b
    In Okta, first create an OIDC web application with the redirect URI
    https://<domain_prefix>.auth.<region>.amazoncognito.com/oauth2/idpresponse
    and the scopes openid, profile and email, and assign the application to your people.

    The command asks for the client secret, or reads the secret from standard input. The secret cannot be given as an
    option, because other users of the machine can read command lines.
    """
    if domains and no_domains:
        raise click.UsageError(
            "--domain and --no-domains contradict each other: pass one of the two."
        )
    from .. import aws, providers
    from ..provider import Provider

    found = Provider(
        name=name,
        issuer=issuer,
        client_id=client_id,
        client_secret=_secret(client_secret_stdin),
        label=label,
        domains=domains if domains or no_domains else None,
        trusted=trusted,
        link=link,
        groups_claim=groups_claim,
        native_sign_up=native_sign_up,
    )
    providers.add_provider(aws.session(stage), stage, found, Reporter())


@provider.command("list", epilog=example("provider list --stage dev"))
@on_stage
def list_(stage: Stage) -> None:
    """List the registered providers."""
    from .. import aws, providers

    found = providers.list_providers(aws.session(stage), stage)
    if not found:
        click.echo(f"Stage {stage.name!r} has no identity providers.")
    for item in found:
        domains = ", ".join(item.domains) or "everyone (a button on the page)"
        click.echo(f"{item.name}  {item.label!r}  {item.issuer}  for {domains}")
        words = {"trusted": "trusted", "link": "link", "native_sign_up": "native sign-up"}
        said = [word for name, word in words.items() if getattr(item.row, name)]
        said += [f"groups from {item.row.groups_claim!r}"] if item.row.groups_claim else []
        if said:
            click.echo(f"  {', '.join(said)}")
        if not item.complete:
            places = {"pool": item.in_pool, "table": item.in_table, "app client": item.in_client}
            lacking = ", ".join(place for place, there in places.items() if not there)
            click.echo(
                f"  incomplete: not in the {lacking}. Add the provider again, or remove "
                "the provider."
            )


@provider.command(epilog=example("provider remove Okta --stage dev"))
@click.argument("name")
@on_stage
@yes_option()
def remove(stage: Stage, name: str, yes: bool) -> None:
    """Remove a provider.

    The provider's people can no longer sign in. Their profiles and records are kept.
    """
    from .. import aws, providers

    if not yes:
        ask(f"This removes {name}: its people can no longer sign in.", name)
    providers.remove_provider(aws.session(stage), stage, name, Reporter())


@provider.command(
    epilog=example(
        "provider leaving Okta --stage dev --event-hook --universal-logout",
        "provider leaving Okta --stage dev --event-hook --rotate",
    )
)
@click.argument("name")
@on_stage
@click.option(
    "--event-hook",
    is_flag=True,
    help="Accept Okta's event hook, and print what to enter in Okta's console.",
)
@click.option(
    "--universal-logout",
    is_flag=True,
    help="Accept Universal Logout, and print what to enter in Okta's console.",
)
@click.option(
    "--when-gone",
    type=click.Choice(["sign-out", "disable"]),
    help="What this app does when the provider deactivates, suspends or deletes a person, or "
    "removes the person from the app (initially: disable).",
)
@click.option(
    "--linked",
    type=click.Choice(["sign-out", "disable", "nothing"]),
    help="What this app then does with a password account that is linked to the person "
    "(initially: sign-out).",
)
@click.option(
    "--app-id",
    metavar="ID",
    help="The id of this app at Okta, if the id differs from the client id.",
)
@click.option(
    "--rotate",
    is_flag=True,
    help="Make a new secret; the previous secret stays valid until the next rotation.",
)
@click.option("--off", is_flag=True, help="Stop accepting signals from this provider.")
@json_option
def leaving(
    stage: Stage,
    name: str,
    event_hook: bool,
    universal_logout: bool,
    when_gone: str | None,
    linked: str | None,
    app_id: str | None,
    rotate: bool,
    off: bool,
    as_json: bool,
) -> None:
    """Let a provider report people who leave.

    When the provider deactivates a person, the person's sessions in this app end within a minute. See
    docs/okta-setup.md, step 7.
    """
    if off == (event_hook or universal_logout) or (rotate and not event_hook):
        raise click.UsageError(
            "Pass --event-hook, --universal-logout, or both; or pass only --off. --rotate needs --event-hook."
        )
    from .. import aws
    from .. import leaving as ways

    session, report = aws.session(stage), Reporter()
    choices = ways.Choices(when_gone, linked, app_id)
    said: dict[str, dict[str, Any]] = {}
    if off:
        ways.switch_off(session, stage, name, report)
    if event_hook:
        said["event_hook"] = ways.set_up_event_hook(
            session, stage, name, choices, report, rotate=rotate
        )
    if universal_logout:
        said["universal_logout"] = ways.set_up_universal_logout(
            session, stage, name, choices, report
        )
    if as_json:
        click.echo(json.dumps(said, indent=2))
    elif said:
        click.echo(console_words(said))


def console_words(said: Mapping[str, Mapping[str, Any]]) -> str:
    """Build the lines that tell a person which values to enter in Okta's console."""
    lines = []
    if hook := said.get("event_hook"):
        lines += [
            "In Okta's admin console, open Workflow, Event Hooks, Create Event Hook.",
            f"  Endpoint URL           {hook['url']}",
            f"  Authentication field   {hook['authentication_field']}",
            f"  Authentication secret  {hook['authentication_secret']}",
            "  Subscribe to events",
            *(f"    {event}" for event in hook["event_types"]),
            "  Then choose Save & Continue, and Verify.",
            f"  Okta's id for our app is {hook['app_id']}.",
        ]
    if logout := said.get("universal_logout"):
        lines += [
            "In Okta's admin console, open Applications, your app, General, Logout (Universal Logout).",
            f"  Logout endpoint URL    {logout['url']}",
            f"  Subject format         {logout['subject_format']}",
            f"  Signed by              {logout['issuer']}",
        ]
    return "\n".join(lines)


def _secret(from_stdin: bool) -> str:
    if from_stdin:
        try:
            return sys.stdin.readline().strip() if sys.stdin else ""
        except (UnicodeDecodeError, ValueError, OSError) as error:
            raise OpsError(
                f"The client secret cannot be read from standard input: {error}. Pipe the secret "
                "in as one line of text."
            ) from error
    if not has_terminal():
        raise OpsError(
            "There is no terminal on which to ask for the client secret: pass "
            "--client-secret-stdin and pipe the secret in."
        )
    from getpass import getpass

    return getpass("Client secret (not shown): ").strip()


COMMANDS = (provider,)
