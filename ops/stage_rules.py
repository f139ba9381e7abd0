"""What a stage must and must not say: pure checks that collect every problem at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.page.static_files import StaticFiles
from chalicelib.gatehouse.settings import (
    COGNITO_MAILS_PER_DAY,
    DIRECT_SIGN_IN_MODES,
    Settings,
    parse_list,
)

from .runtimes import OPTION, RUNTIMES

# Names become parts of ARNs, table and function names; Lambda allows 64 characters in all.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
_DOMAIN_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED_IN_PREFIX = ("aws", "amazon", "cognito")
# Federated people are named <provider>_<sub>: an underscore inside would make that ambiguous.
_PROVIDER = re.compile(r"[A-Za-z][A-Za-z0-9.-]{2,31}")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653)
_OPTIONS = {
    "region",
    "domain_prefix",
    "deletion_protection",
    "log_retention_days",
    "tags",
    "throttle_rate",
    "throttle_burst",
    "ses_identity_arn",
    "ses_from_address",
    "sms_role_arn",
    "sms_external_id",
    "captcha_secret_arn",
    "alarm_topic_arn",
    "python_version",
    "loopback_ports",
}
# https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
_ARCHITECTURES = ("x86_64", "arm64")
# How many programs of one person can be signing in at once.
_LOOPBACK_PORTS = 10
# Options that mean something only together.
_PAIRS = (("ses_identity_arn", "ses_from_address"), ("sms_role_arn", "sms_external_id"))
# Lambda sets these itself and refuses functions that bring them.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_LAMBDAS_OWN = re.compile(
    r"_.*|AWS_(REGION|DEFAULT_REGION|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN|"
    r"EXECUTION_ENV|LAMBDA_.*)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)
# As Chalice spells it; it takes its default for anything else without a word.
_TLS = "TLS_1_2"
# Variables that the identity stack gives, so that they may be missing before it does.
_OUTPUTS = {
    "CLIENT_ID": "later",
    "COGNITO_URL": "https://later.invalid",
    "CLIENT_SECRET_ARN": "later",
    "SEALING_KEYS_SECRET_ARN": "later",
    "USERS_TABLE": "later",
    "PROVIDERS_TABLE": "later",
    "THROTTLE_TABLE": "later",
    "MFA_CLIENT_ID": "later",
    "MFA_CLIENT_SECRET_ARN": "later",
}
# RefreshTokenValidity of templates/identity.yaml: no session outlives its refresh token.
_REFRESH_TOKEN_SECONDS = 30 * 86_400
_URLS = ("PUBLIC_URL", "COGNITO_URL", "ISSUER", "JWKS_URL")
# As get_close_matches counts: one letter of ten amiss.
_ALIKE = 0.9
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def problems_of(name: str, merged: Mapping[str, Any], region: str, *, local: bool) -> list[str]:
    """List everything wrong with a stage; empty when it can be used.

    `merged` is the stage's block over the top level of config.json.
    """
    environment: Mapping[str, Any] = merged["environment_variables"]
    found = [
        *_of_names(name, merged),
        *_of_options(merged.get("gatehouse"), region, local=local),
        *_of_sign_in(environment),
        *_of_mails(merged.get("gatehouse"), environment, local=local),
        *_of_variables(name, merged, environment),
        *_of_urls(merged, environment, local=local),
        *_of_origins(merged, environment, local=local),
    ]
    return [*found, *_of_functions(environment, region, found)]


def is_provider_name(name: str) -> bool:
    """Whether an identity provider may be called so."""
    return _PROVIDER.fullmatch(name) is not None and name.upper() != "COGNITO"


def _of_names(name: str, merged: Mapping[str, Any]) -> Iterator[str]:
    for what, value in (("the stage's name", name), ("app_name", merged.get("app_name"))):
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            yield (
                f"{what} must be 1-24 lower-case letters, digits or hyphens, starting with a "
                f"letter, not {value!r}"
            )
    if not isinstance(merged.get("api_gateway_stage"), str) or not merged["api_gateway_stage"]:
        yield 'api_gateway_stage is missing: set it to "api"'
    if merged.get("manage_iam_role") is not False:
        yield (
            "manage_iam_role must be false: each function gets its own role from the identity "
            "stack, never one that Chalice makes for all"
        )
    size = merged.get("minimum_compression_size")
    if merged.get("lambda_architecture", "x86_64") not in _ARCHITECTURES:
        yield f"lambda_architecture must be one of {', '.join(_ARCHITECTURES)}"
    if not isinstance(size, int) or isinstance(size, bool):
        yield "minimum_compression_size is missing: set it to 1024"


def _of_options(options: Any, region: str, *, local: bool) -> Iterator[str]:
    if options is None:
        options = {}
    if not isinstance(options, dict):
        yield 'gatehouse must be a block of options, such as {"domain_prefix": "acme-dev"}'
        return
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        yield f"gatehouse has options nobody reads: {', '.join(unknown)}"
    if not region:
        yield "no AWS region: set gatehouse.region, or AWS_REGION in the shell"
    for one, other in _PAIRS:
        if bool(options.get(one)) != bool(options.get(other)):
            yield f"gatehouse.{one} and gatehouse.{other} go together: set both or neither"
    yield from _of_domain_prefix(options.get("domain_prefix"), local=local)
    if not isinstance(options.get("deletion_protection", False), bool):
        yield "gatehouse.deletion_protection must be true or false"
    if options.get("log_retention_days", 30) not in _RETENTION_DAYS:
        yield f"gatehouse.log_retention_days must be one of {', '.join(map(str, _RETENTION_DAYS))}"
    tags = options.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        yield 'gatehouse.tags must be a block of texts, such as {"cost-center": "1234"}'
    yield from _of_python(options.get(OPTION), local=local)
    yield from _of_loopback(options.get("loopback_ports", []))
    for key in ("throttle_rate", "throttle_burst"):
        limit = options.get(key, 1)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            yield f"gatehouse.{key} must be a whole number of 1 or more"


def _of_python(version: Any, *, local: bool) -> Iterator[str]:
    if not version:
        return
    if version not in RUNTIMES:
        yield f"gatehouse.{OPTION} must be one of {', '.join(RUNTIMES)}, not {version!r}"
    elif local:
        yield f"gatehouse.{OPTION} must be empty: the local AWS runs functions on this Python"


def _of_loopback(ports: Any) -> Iterator[str]:
    """Ports that a program can open without rights; Cognito takes 100 callback URLs.

    https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
    """
    if (
        not isinstance(ports, list)
        or not all(type(port) is int and 1024 <= port <= 65_535 for port in ports)
        or len(set(ports)) < len(ports)
        or len(ports) > _LOOPBACK_PORTS
    ):
        yield (
            f"gatehouse.loopback_ports must be up to {_LOOPBACK_PORTS} different ports from 1024 to "
            "65535, such as [53682, 53683]"
        )


def _of_domain_prefix(prefix: Any, *, local: bool) -> Iterator[str]:
    if local:
        if prefix:
            yield "gatehouse.domain_prefix must be empty: the local AWS has no sign-in domains"
        return
    if not prefix:
        yield (
            "gatehouse.domain_prefix is missing: choose the name of the sign-in domain, "
            'such as "acme-dev" (it must be free in the whole region)'
        )
    elif not isinstance(prefix, str) or not _DOMAIN_PREFIX.fullmatch(prefix):
        yield (
            "gatehouse.domain_prefix must be lower-case letters, digits and hyphens, "
            f"not {prefix!r}"
        )
    elif any(word in prefix for word in _RESERVED_IN_PREFIX):
        yield f"gatehouse.domain_prefix may not contain {', '.join(_RESERVED_IN_PREFIX)}"


def _of_sign_in(environment: Mapping[str, Any]) -> Iterator[str]:
    direct = environment.get("DIRECT_SIGN_IN") or "managed"
    auto = environment.get("AUTO_SIGN_IN", "")
    if direct not in DIRECT_SIGN_IN_MODES:
        modes = ", ".join(DIRECT_SIGN_IN_MODES)
        yield f"DIRECT_SIGN_IN is {direct!r}: set it to one of {modes}"
    if auto == "COGNITO":
        if direct == "off":
            yield (
                "AUTO_SIGN_IN=COGNITO contradicts DIRECT_SIGN_IN=off: "
                "managed login is what it would start"
            )
    elif auto and not (isinstance(auto, str) and is_provider_name(auto)):
        yield f"AUTO_SIGN_IN must name an identity provider, such as Okta, or be empty: {auto!r}"


def _of_mails(options: Any, environment: Mapping[str, Any], *, local: bool) -> Iterator[str]:
    """Cognito's own sender stops at 50 mails a day; what somebody's SES may send, only they know.

    https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
    """
    has_ses = isinstance(options, dict) and bool(options.get("ses_identity_arn"))
    mails = environment.get("MAILS_PER_DAY")
    if has_ses and not mails and environment.get("DIRECT_SIGN_IN") == "embedded":
        yield (
            "MAILS_PER_DAY is missing: with SES, set it to the mails that sign-ups and new "
            "passwords may cost in a day (without it, the sign-in page stops after 50)"
        )
    if local or has_ses or not isinstance(mails, str) or not mails.isdecimal():
        return
    if int(mails) > COGNITO_MAILS_PER_DAY:
        yield (
            f"MAILS_PER_DAY is {mails}, but Cognito's own sender stops at "
            f"{COGNITO_MAILS_PER_DAY} a day: set gatehouse.ses_identity_arn, or a smaller number"
        )


def _of_variables(
    name: str, merged: Mapping[str, Any], environment: Mapping[str, Any]
) -> Iterator[str]:
    for key, value in environment.items():
        if not isinstance(value, str):
            yield f"environment variable {key} must be text in quotes, not {value!r}"
        if _LAMBDAS_OWN.fullmatch(key):
            yield f"environment variable {key} is Lambda's own: take it out"
        elif (meant := _misspelt(key)) is not None:
            yield f"{key} is no setting, and nobody would read it: is {meant} meant?"
    for key, wanted in (("STAGE", name), ("APP_NAME", merged.get("app_name"))):
        if environment.get(key, wanted) != wanted:
            yield f"{key} is {environment[key]!r} but this stage's is {wanted!r}"


class _Recorder(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@cache
def _settings() -> frozenset[str]:
    """Whatever the functions read, as they read it."""
    values = {**_OUTPUTS, "STAGE": "a", "AWS_REGION": "a", "USER_POOL_ID": "a_later"}
    recorder = _Recorder(values)
    Settings.from_env(recorder)
    return frozenset(recorder.asked)


def _misspelt(key: str) -> str | None:
    """Return the setting that a variable all but is; a team's own variables are like none."""
    if key in _settings():
        return None
    return next(iter(get_close_matches(key, _settings(), n=1, cutoff=_ALIKE)), None)


def _of_functions(environment: Mapping[str, Any], region: str, found: list[str]) -> Iterator[str]:
    """Say what the functions themselves would refuse at their first call, unless said already."""
    said = {key: value for key, value in environment.items() if isinstance(value, str) and value}
    for key in ("SESSION_ABSOLUTE_SECONDS", "REMEMBER_ABSOLUTE_SECONDS"):
        seconds = said.get(key, "0")
        if seconds.isdecimal() and int(seconds) > _REFRESH_TOKEN_SECONDS:
            yield f"{key} is longer than the 30 days ({_REFRESH_TOKEN_SECONDS}) of a refresh token"
    try:
        settings = Settings.from_env(
            {
                **_OUTPUTS,
                "AWS_REGION": region,
                "USER_POOL_ID": f"{region or 'nowhere'}_later",
                **said,
            }
        )
        StaticFiles(brand=settings.brand)
    except ConfigurationError as error:
        for problem in error.detail.split("; "):
            variable = problem.split()[0]
            if not any(variable in other for other in found):
                yield problem


def _of_urls(
    merged: Mapping[str, Any], environment: Mapping[str, Any], *, local: bool
) -> Iterator[str]:
    for key in _URLS:
        value = environment.get(key)
        if isinstance(value, str) and value:
            yield from _of_url(key, value, local=local)
    domain = merged.get("api_gateway_custom_domain")
    if isinstance(domain, dict) and domain.get("tls_version", _TLS) != _TLS:
        yield f'tls_version of api_gateway_custom_domain must be "{_TLS}", or be left out'
    public = environment.get("PUBLIC_URL")
    if isinstance(domain, dict) and isinstance(public, str) and public:
        host = urlsplit(public).hostname
        if host != domain.get("domain_name"):
            yield (
                f"PUBLIC_URL is on {host} but api_gateway_custom_domain is "
                f"{domain.get('domain_name')}: drop PUBLIC_URL, or make them agree"
            )


def _of_url(key: str, value: str, *, local: bool) -> Iterator[str]:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        yield f"{key} must be an absolute URL without query or fragment, not {value!r}"
    elif not local and (parts.scheme != "https" or parts.hostname in _LOOPBACK):
        yield (
            f"{key} is {value!r}: outside the local stage it must be https, and not on this machine"
        )


def _of_origins(
    merged: Mapping[str, Any], environment: Mapping[str, Any], *, local: bool
) -> Iterator[str]:
    """Origins of another site: browsers would keep the SameSite=Strict cookie from them.

    One site's hosts share at least their last two labels, and each execute-api host is a site of
    its own (https://publicsuffix.org/list/). The rest of the rule only a browser can check.
    """
    origins = parse_list(str(environment.get("ALLOWED_ORIGINS") or ""))
    if local or not origins:
        return
    domain = merged.get("api_gateway_custom_domain")
    own = str(domain.get("domain_name", "")) if isinstance(domain, dict) else ""
    own = own or urlsplit(str(environment.get("PUBLIC_URL") or "")).hostname or ""
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
