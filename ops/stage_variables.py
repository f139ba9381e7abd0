"""The rules for the environment variables of a stage. The Lambda functions check some of these rules, too. Only `ops`
can check the other rules.

`chalicelib.gatehouse.settings` declares the settings, together with the rules that the functions check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.page.static_files import StaticFiles
from chalicelib.gatehouse.setting import STACK
from chalicelib.gatehouse.setting_values import parse_list
from chalicelib.gatehouse.settings import COGNITO_MAILS_PER_DAY, Settings

from .contrast import problems_of_colours
from .nearest import nearest
from .variables_size import problems_of_size, variables_of_functions

TABLE = Settings.every_setting()

# In Cognito, a federated person has the user name <provider>_<sub>. An underscore in the provider's name would make the
# user name ambiguous.
_PROVIDER = re.compile(r"[A-Za-z][A-Za-z0-9.-]{2,31}")
# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
# Lambda sets these variables itself, and refuses functions that have such a variable in their settings.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_LAMBDAS_OWN = re.compile(
    r"_.*|AWS_(REGION|DEFAULT_REGION|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN|"
    r"EXECUTION_ENV|LAMBDA_.*)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)
# A placeholder for an output that the identity stack does not have yet. It is as long as the ARN of a secret.
_LATER = "x" * 100
# RefreshTokenValidity in templates/identity.yaml, in seconds. A session cannot last longer than its refresh token.
_REFRESH_TOKEN_SECONDS = 30 * 86_400
_URLS = ("PUBLIC_URL", "COGNITO_URL", "ISSUER", "JWKS_URL")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Settings that people write by hand. An unknown name may be a misspelt name from this list. All other settings are
# written by `provision`, which does not misspell their names.
_WRITTEN_BY_PEOPLE = [setting.variable for setting in TABLE if setting.source != STACK]


def is_provider_name(name: str) -> bool:
    """Tell whether an identity provider may have this name."""
    return _PROVIDER.fullmatch(name) is not None and name.upper() != "COGNITO"


def problems_of_variables(
    name: str, merged: Mapping[str, Any], region: str, *, local: bool, brand: Path | None = None
) -> Iterator[str]:
    """List all problems of a stage's variables. `merged` and `brand` are as in `problems_of`."""
    environment: Mapping[str, Any] = merged["environment_variables"]
    said = {key: value for key, value in environment.items() if isinstance(value, str) and value}
    yield from _names_and_types(environment)
    for function, own in variables_of_functions(merged).items():
        yield from (f"{problem} (in {function})" for problem in _names_and_types(own))
    for key, wanted in (("STAGE", name), ("APP_NAME", merged.get("app_name"))):
        if environment.get(key, wanted) != wanted:
            yield f"{key} is {environment[key]!r} but must be {wanted!r} in this stage"
    yield from _of_settings({**said, "STAGE": name}, region)
    yield from _of_page(said, brand)
    yield from _of_providers(said)
    yield from _of_refresh_tokens(said)
    yield from _of_mails(merged.get("gatehouse"), said, local=local)
    yield from _of_addresses(merged, said, local=local)
    yield from _of_origins(merged, said, local=local)
    yield from _of_size(said, merged)


def _names_and_types(environment: Mapping[str, Any]) -> Iterator[str]:
    known = {setting.variable for setting in TABLE}
    for key, value in environment.items():
        if not isinstance(value, str):
            yield f"environment variable {key} must be text in quotes, not {value!r}"
        if _LAMBDAS_OWN.fullmatch(key):
            yield f"environment variable {key} is reserved by Lambda: remove it"
        elif key not in known:
            meant = nearest(key, _WRITTEN_BY_PEOPLE)
            if meant is not None:
                yield f"{key} is an unknown setting; did you mean {meant}?"
            elif not _NAME.fullmatch(key):
                yield f"environment variable {key!r} must be letters, digits and underscores"


def _of_settings(said: Mapping[str, str], region: str) -> Iterator[str]:
    """List the problems that the functions would report at their first call. Missing outputs of the stack are not
    listed.
    """
    _, problems = Settings.checked({**said, "AWS_REGION": region or "unknown"}, without=(STACK,))
    yield from problems


def _of_page(said: Mapping[str, str], own: Path | None) -> Iterator[str]:
    """List the problems of the brand's files and colours. The functions do not check them at run time."""
    brand, problems = Brand.read(said)
    if problems:
        return
    yield from problems_of_colours(brand)
    try:
        StaticFiles(brand=brand, own=own)
    except ConfigurationError as error:
        yield error.detail


def _of_providers(said: Mapping[str, str]) -> Iterator[str]:
    auto = said.get("AUTO_SIGN_IN", "")
    if auto and auto != "COGNITO" and not is_provider_name(auto):
        yield f"AUTO_SIGN_IN must name an identity provider, such as Okta, or be empty, not {auto!r}"


def _of_refresh_tokens(said: Mapping[str, str]) -> Iterator[str]:
    for key in ("SESSION_ABSOLUTE_SECONDS", "REMEMBER_ABSOLUTE_SECONDS"):
        seconds = said.get(key, "0")
        if seconds.isdecimal() and int(seconds) > _REFRESH_TOKEN_SECONDS:
            yield f"{key} is longer than the 30 days ({_REFRESH_TOKEN_SECONDS}) of a refresh token"


def _of_mails(options: Any, said: Mapping[str, str], *, local: bool) -> Iterator[str]:
    """List the problems of `MAILS_PER_DAY`. Cognito's own sender stops at 50 mails a day. With SES, only the team
    knows the limit.

    https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
    """
    has_ses = isinstance(options, dict) and bool(options.get("ses_identity_arn"))
    mails = said.get("MAILS_PER_DAY")
    if has_ses and not mails and said.get("DIRECT_SIGN_IN") == "embedded":
        yield (
            "MAILS_PER_DAY is missing: with SES, set MAILS_PER_DAY to the number of mails per day "
            "that sign-ups and new passwords may send (without MAILS_PER_DAY, the sign-in page "
            "stops after 50 mails)"
        )
    if local or has_ses or not mails or not mails.isdecimal():
        return
    if int(mails) > COGNITO_MAILS_PER_DAY:
        yield (
            f"MAILS_PER_DAY is {mails}, but Cognito's own sender stops at "
            f"{COGNITO_MAILS_PER_DAY} a day: set gatehouse.ses_identity_arn, or a smaller number"
        )


def _of_addresses(
    merged: Mapping[str, Any], said: Mapping[str, str], *, local: bool
) -> Iterator[str]:
    for key in _URLS:
        if not local and _host(said.get(key, "")) in _LOOPBACK:
            yield f"{key} is {said[key]!r}: only the local stage may use an address of this machine"
    domain, public = merged.get("api_gateway_custom_domain"), said.get("PUBLIC_URL", "")
    if isinstance(domain, dict) and public and _host(public) != domain.get("domain_name"):
        yield (
            f"PUBLIC_URL is on {_host(public)} but api_gateway_custom_domain is "
            f"{domain.get('domain_name')}: remove PUBLIC_URL, or give the two settings the same "
            "host"
        )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # the setting's own rule has reported the problem
        return None


def _of_origins(
    merged: Mapping[str, Any], said: Mapping[str, str], *, local: bool
) -> Iterator[str]:
    """List the problems of origins on another site. Browsers do not send the SameSite=Strict cookie with requests from
    another site.

    Hosts of one site share at least their last two labels, and each execute-api host is a separate site
    (https://publicsuffix.org/list/). Only a browser can check the rest of the rule, so this function does not check the
    rest.
    """
    origins = parse_list(said.get("ALLOWED_ORIGINS", ""))
    if local or not origins:
        return
    domain = merged.get("api_gateway_custom_domain")
    own = str(domain.get("domain_name", "")) if isinstance(domain, dict) else ""
    own = own or _host(said.get("PUBLIC_URL", "")) or ""
    if not own:
        yield (
            "ALLOWED_ORIGINS needs api_gateway_custom_domain: no other origin is on the same site "
            "as an execute-api address"
        )
        return
    for origin in origins:
        host = origin.partition("://")[2].partition(":")[0]
        if host and host.split(".")[-2:] != own.split(".")[-2:]:
            yield f"ALLOWED_ORIGINS names {origin}, which is not on the same site as {own}"


def _of_size(said: Mapping[str, str], merged: Mapping[str, Any]) -> Iterator[str]:
    """List the problems of the variables' size. If `provision` has not run yet, this function reserves space for
    the stack's outputs.
    """
    outputs = {setting.variable: _LATER for setting in TABLE if setting.source == STACK}
    yield from problems_of_size(said if "USER_POOL_ID" in said else {**outputs, **said}, merged)
