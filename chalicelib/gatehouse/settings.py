"""The settings of a stage: the only place that reads the environment.

`.chalice/config.json` sets these variables per stage; `ops provision` writes those that are outputs of the identity stack.
Reading fails with one error that names every problem at once.

The values here are named tuples where dataclasses would do: every cold start of an authorized route pays for this
module, and `dataclasses` costs it 5 ms on top of Chalice's 20.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from .brand import Brand, brand_problems
from .errors import ConfigurationError

DIRECT_SIGN_IN_MODES = ("embedded", "managed", "off")
CAPTCHAS = ("off", "hcaptcha", "turnstile")

_PLACEHOLDER_POOL_ARN = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_placeholder"

_REQUIRED = (
    "STAGE",
    "AWS_REGION",
    "USER_POOL_ID",
    "CLIENT_ID",
    "COGNITO_URL",
    "CLIENT_SECRET_ARN",
    "SEALING_KEYS_SECRET_ARN",
    "USERS_TABLE",
    "PROVIDERS_TABLE",
)

#: What our own form needs besides; outputs of the identity stack.
_REQUIRED_EMBEDDED = ("THROTTLE_TABLE", "MFA_CLIENT_ID", "MFA_CLIENT_SECRET_ARN")
_REQUIRED_CAPTCHA = ("CAPTCHA_SITE_KEY", "CAPTCHA_SECRET_ARN")

#: variable -> (default, smallest, largest) in seconds. 400 days is the longest cookie that browsers keep.
_DURATIONS: Mapping[str, tuple[int, int, int]] = {
    "SESSION_IDLE_SECONDS": (30 * 60, 60, 34_560_000),
    "SESSION_ABSOLUTE_SECONDS": (12 * 3600, 300, 34_560_000),
    "REMEMBER_IDLE_SECONDS": (14 * 86_400, 60, 34_560_000),
    "REMEMBER_ABSOLUTE_SECONDS": (30 * 86_400, 300, 34_560_000),
}
#: (default, smallest, largest). Cognito's own sender has 50 mails a day (AWS "Quotas in Amazon Cognito").
COGNITO_MAILS_PER_DAY = 50
_MAILS_PER_DAY = (COGNITO_MAILS_PER_DAY, 1, 1_000_000)


#: An origin just as browsers send it: scheme, host in lower case, a port unless it is the scheme's own.
_ORIGIN = re.compile(r"(https?)://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::([1-9][0-9]{0,4}))?")
#: A header's name (RFC 9110 5.1), without the letters that nobody uses.
_HEADER = re.compile(r"[a-z0-9][a-z0-9_-]*")
#: `<region>_<id>`, and the ARN that ends in it.
_POOL_ID = re.compile(r"([a-z0-9-]+)_[A-Za-z0-9]+")
_POOL_ARN = re.compile(r"arn:[a-z-]+:cognito-idp:([a-z0-9-]+):[0-9]{12}:userpool/(.+)")
_OWN_PORTS = {"http": "80", "https": "443"}


def user_pool_arn(environ: Mapping[str, str] | None = None) -> str:
    """Return the pool's ARN for API Gateway's authorizer, needed when `app.py` is imported.

    Tests and editors import the app without a stage and get a placeholder. Chalice's CLI exports the stage's environment
    and AWS_CHALICE_CLI_MODE before it imports the app: there a placeholder would be deployed, so it is an error.
    """
    environ = os.environ if environ is None else environ
    arn = environ.get("USER_POOL_ARN", "")
    if arn:
        return arn
    if environ.get("AWS_CHALICE_CLI_MODE"):
        raise ConfigurationError(
            "USER_POOL_ARN is not set for this stage: run `python -m ops provision --stage STAGE` first"
        )
    return _PLACEHOLDER_POOL_ARN


class SessionLifetimes(NamedTuple):
    """How long sessions last, in seconds: idle (extended by each refresh) and absolute (never extended)."""

    idle: int
    absolute: int


class Settings(NamedTuple):
    """What a stage is made of. Holds names and addresses, never a secret (S-59)."""

    app_name: str
    stage: str
    region: str
    user_pool_id: str
    client_id: str
    cognito_url: str
    client_secret_arn: str
    sealing_keys_secret_arn: str
    users_table: str
    providers_table: str
    #: The `iss` of this pool's tokens, as the pool says it itself (`ops provision` reads it).
    issuer: str
    jwks_url: str
    public_url: str | None = None
    direct_sign_in: str = "managed"
    auto_sign_in: str | None = None
    app_title: str = "Gatehouse"
    brand: Brand = Brand()
    session: SessionLifetimes = SessionLifetimes(30 * 60, 12 * 3600)
    remembered: SessionLifetimes = SessionLifetimes(14 * 86_400, 30 * 86_400)
    sign_up_allowed_domains: frozenset[str] = frozenset()
    sign_up_refused_domains: frozenset[str] = frozenset()
    throttle_table: str = ""
    mfa_client_id: str = ""
    mfa_client_secret_arn: str = ""
    captcha: str = "off"
    captcha_site_key: str = ""
    captcha_secret_arn: str = ""
    captcha_verify_url: str | None = None
    #: How many mails our own form may have Cognito send in 24 hours (S-41).
    mails_per_day: int = COGNITO_MAILS_PER_DAY
    #: Exact origins of the same site that may call us from a browser (S-30).
    allowed_origins: frozenset[str] = frozenset()
    #: Request headers that these may send, and response headers that they may read, besides those that we need ourselves.
    allowed_headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    #: Where people go after a sign-in that names no place itself; the page where unset.
    after_sign_in: str | None = None
    #: The public app client of programs on people's machines, and where it may lead them; empty unless the stage has
    #: `gatehouse.loopback_ports`.
    program_client_id: str = ""
    program_redirect_uris: tuple[str, ...] = ()

    @property
    def client_ids(self) -> tuple[str, ...]:
        """The app clients whose access tokens open routes. The one for MFA is never among them."""
        return (self.client_id, *([self.program_client_id] if self.program_client_id else []))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read `environ`, or the process's; raises one ConfigurationError that names every missing or wrong setting."""
        environ = os.environ if environ is None else environ
        problems = [f"{name} is missing" for name in _REQUIRED if not environ.get(name)]
        local = environ.get("STAGE") == "local"

        def value(name: str, default: str = "") -> str:
            return environ.get(name) or default

        for name in ("COGNITO_URL", "PUBLIC_URL", "ISSUER", "JWKS_URL", "CAPTCHA_VERIFY_URL"):
            problem = _url_problem(value(name), allow_http=local)
            if problem:
                problems.append(f"{name} {problem}")
        problems += _pool_problems(
            value("USER_POOL_ID"), value("USER_POOL_ARN"), value("AWS_REGION")
        )
        # A stage that was provisioned by an earlier release names none: all of those were in AWS's own partition.
        issuer = value(
            "ISSUER",
            f"https://cognito-idp.{value('AWS_REGION')}.amazonaws.com/{value('USER_POOL_ID')}",
        )
        if value("USER_POOL_ID") and value("AWS_REGION"):
            problems += _issuer_problems(issuer, value("USER_POOL_ID"), value("AWS_REGION"))
        mode = value("DIRECT_SIGN_IN", "managed")
        if mode not in DIRECT_SIGN_IN_MODES:
            problems.append(f"DIRECT_SIGN_IN must be one of {', '.join(DIRECT_SIGN_IN_MODES)}")
        captcha = value("CAPTCHA", "off")
        if captcha not in CAPTCHAS:
            problems.append(f"CAPTCHA must be one of {', '.join(CAPTCHAS)}")
        needed = [*(_REQUIRED_EMBEDDED if mode == "embedded" else ())]
        needed += _REQUIRED_CAPTCHA if captcha != "off" else ()
        problems += [f"{name} is missing" for name in needed if not value(name)]
        auto_sign_in = value("AUTO_SIGN_IN") or None
        if auto_sign_in == "COGNITO" and mode == "off":
            problems.append("AUTO_SIGN_IN is COGNITO while DIRECT_SIGN_IN is off")
        seconds = {}
        for name, (default, low, high) in _DURATIONS.items():
            text = value(name, str(default))
            if text.isascii() and text.isdigit() and low <= int(text) <= high:
                seconds[name] = int(text)
            else:
                problems.append(f"{name} must be a number of seconds from {low} to {high}")
                seconds[name] = default
        for kind in ("SESSION", "REMEMBER"):
            if seconds[f"{kind}_IDLE_SECONDS"] > seconds[f"{kind}_ABSOLUTE_SECONDS"]:
                problems.append(f"{kind}_IDLE_SECONDS is longer than {kind}_ABSOLUTE_SECONDS")
        mails, low, high = _MAILS_PER_DAY
        text = value("MAILS_PER_DAY", str(mails))
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            mails = int(text)
        else:
            problems.append(f"MAILS_PER_DAY must be a number from {low} to {high}")
        domains = {}
        for name in ("SIGN_UP_ALLOWED_DOMAINS", "SIGN_UP_REFUSED_DOMAINS"):
            domains[name], wrong = _parse_domains(value(name))
            if wrong:
                problems.append(
                    f"{name} must be domains such as example.com, separated by commas, not {wrong}"
                )
        origins = parse_list(value("ALLOWED_ORIGINS"))
        if not all(_is_origin(origin, allow_http=local) for origin in origins):
            problems.append(
                "ALLOWED_ORIGINS must be exact origins such as https://app.example.com, separated by commas: "
                "https, lower case, no path, no slash at the end, no *"
            )
        headers = {
            name: tuple(parse_list(value(name).lower()))
            for name in ("ALLOWED_HEADERS", "EXPOSED_HEADERS")
        }
        problems += [
            f"{name} must be names of headers such as traceparent, separated by commas, no *"
            for name, listed in headers.items()
            if not all(_HEADER.fullmatch(header) for header in listed)
        ]
        after_sign_in = value("AFTER_SIGN_IN") or None
        if after_sign_in and not _is_place(after_sign_in, origins):
            problems.append(
                "AFTER_SIGN_IN must be a path such as /api/reports, or a URL of an origin in ALLOWED_ORIGINS"
            )
        brand = Brand(
            logo=value("BRAND_LOGO"),
            accent=value("BRAND_ACCENT").lower(),
            accent_dark=value("BRAND_ACCENT_DARK").lower(),
            terms_url=value("TERMS_URL"),
            privacy_url=value("PRIVACY_URL"),
            support_url=value("SUPPORT_URL"),
            languages=tuple(parse_list(value("LANGUAGES", "en"))),
        )
        problems += brand_problems(brand)
        if problems:
            raise ConfigurationError("; ".join(problems))

        region, pool = value("AWS_REGION"), value("USER_POOL_ID")
        return cls(
            app_name=value("APP_NAME", "gatehouse"),
            stage=value("STAGE"),
            region=region,
            user_pool_id=pool,
            client_id=value("CLIENT_ID"),
            cognito_url=value("COGNITO_URL").rstrip("/"),
            client_secret_arn=value("CLIENT_SECRET_ARN"),
            sealing_keys_secret_arn=value("SEALING_KEYS_SECRET_ARN"),
            users_table=value("USERS_TABLE"),
            providers_table=value("PROVIDERS_TABLE"),
            issuer=issuer,
            jwks_url=value("JWKS_URL", f"{issuer}/.well-known/jwks.json"),
            public_url=value("PUBLIC_URL") or None,
            direct_sign_in=mode,
            auto_sign_in=auto_sign_in,
            app_title=value("APP_TITLE", "Gatehouse"),
            brand=brand,
            session=SessionLifetimes(
                seconds["SESSION_IDLE_SECONDS"], seconds["SESSION_ABSOLUTE_SECONDS"]
            ),
            remembered=SessionLifetimes(
                seconds["REMEMBER_IDLE_SECONDS"], seconds["REMEMBER_ABSOLUTE_SECONDS"]
            ),
            throttle_table=value("THROTTLE_TABLE"),
            mfa_client_id=value("MFA_CLIENT_ID"),
            mfa_client_secret_arn=value("MFA_CLIENT_SECRET_ARN"),
            captcha=captcha,
            captcha_site_key=value("CAPTCHA_SITE_KEY"),
            captcha_secret_arn=value("CAPTCHA_SECRET_ARN"),
            captcha_verify_url=value("CAPTCHA_VERIFY_URL") or None,
            mails_per_day=mails,
            sign_up_allowed_domains=domains["SIGN_UP_ALLOWED_DOMAINS"],
            sign_up_refused_domains=domains["SIGN_UP_REFUSED_DOMAINS"],
            allowed_origins=frozenset(origins),
            allowed_headers=headers["ALLOWED_HEADERS"],
            exposed_headers=headers["EXPOSED_HEADERS"],
            after_sign_in=after_sign_in,
            program_client_id=value("PROGRAM_CLIENT_ID"),
            program_redirect_uris=tuple(parse_list(value("PROGRAM_REDIRECT_URIS"))),
        )


def parse_list(text: str) -> list[str]:
    """Return the entries of a comma-separated setting, without blanks, in their order."""
    return [entry for entry in (part.strip() for part in text.split(",")) if entry]


def _parse_domains(text: str) -> tuple[frozenset[str], str]:
    """Return the domains of a comma-separated setting in lower-case ASCII, and what is none, comma-separated."""
    if not text:
        return frozenset(), ""
    from .email_domains import parse_full_domain

    parsed = {entry: parse_full_domain(entry) for entry in parse_list(text)}
    found = frozenset(domain for domain in parsed.values() if domain is not None)
    return found, ", ".join(entry for entry, domain in parsed.items() if domain is None)


def _pool_problems(pool: str, arn: str, region: str) -> list[str]:
    """Return what does not belong together of the pool's id, its ARN and the region; what is missing is named elsewhere.

    The issuer and the keys are addressed by region and id: keys of another pool's would be somebody else's.
    """
    problems = []
    found = _POOL_ID.fullmatch(pool)
    if pool and found is None:
        problems.append("USER_POOL_ID must look like eu-west-1_AbCdEfGhI")
    elif found and region and found[1] != region:
        problems.append("USER_POOL_ID is of another region than AWS_REGION")
    named = _POOL_ARN.fullmatch(arn)
    if arn and named is None:
        problems.append("USER_POOL_ARN is not the ARN of a user pool")
    elif named and pool and named[2] != pool:
        problems.append("USER_POOL_ARN is of another pool than USER_POOL_ID")
    elif named and region and named[1] != region:
        problems.append("USER_POOL_ARN is of another region than AWS_REGION")
    return problems


def _issuer_problems(issuer: str, pool: str, region: str) -> list[str]:
    """Return what is wrong with an issuer: keys of another pool's would be somebody else's."""
    host = rf"(?:issuer-)?cognito-idp\.{re.escape(region)}\.[a-z0-9.-]+"
    if re.fullmatch(rf"https://{host}/{re.escape(pool)}", issuer):
        return []
    return ["ISSUER is not the issuer of USER_POOL_ID in AWS_REGION"]


def _is_origin(text: str, *, allow_http: bool) -> bool:
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return False
    scheme, port = found.groups()
    return (scheme == "https" or allow_http) and port != _OWN_PORTS[scheme]


def _is_place(text: str, origins: list[str]) -> bool:
    """Tell whether people could be sent there at all; `edge.redirects` has the last word, at each sign-in."""
    if text.startswith("/"):
        return not text.startswith(("//", "/\\"))
    return any(text.startswith(f"{origin}/") for origin in origins)


def _url_problem(url: str, *, allow_http: bool) -> str | None:
    """Return what is wrong with a configured URL, or None; the empty string counts as unset."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "is not a plain URL"
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        return "is not a plain URL"
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        return "must start with https://"
    return None
