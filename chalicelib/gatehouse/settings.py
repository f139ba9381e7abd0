"""Declares and reads the settings of a stage. Only this module reads the environment.

The settings are environment variables, which `.chalice/config.json` sets for each stage. `ops provision` writes the
variables that are outputs of the identity stack. If settings are missing or wrong, one error lists every problem.
docs/operations.md contains a table of the settings that this module declares.
"""

import os
from collections.abc import Mapping

from . import setting_values as parse
from .brand import Brand
from .errors import ConfigurationError
from .setting import LOCAL, PROJECT, STACK, Setting, SettingTable
from .setting_rules import RULES

#: Cognito's own sender may send 50 mails a day (AWS "Quotas in Amazon Cognito").
COGNITO_MAILS_PER_DAY = 50
#: The longest time in seconds for which browsers keep a cookie: 400 days.
_LONGEST = 34_560_000
_EMBEDDED = ("DIRECT_SIGN_IN", ("embedded",))
_CAPTCHA = ("CAPTCHA", ("hcaptcha", "turnstile"))
#: The command's name in error messages. ops/program.py chooses the name by the same rule.
_PROGRAM = "gatehouse" if __package__ == "chalice_gatehouse" else "python -m ops"
_PLACEHOLDER_POOL_ARN = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_placeholder"


def user_pool_arn(environ: Mapping[str, str] | None = None) -> str:
    """Return the pool's ARN for API Gateway's authorizer. The ARN is needed when `app.py` is imported.

    Tests and editors import the app without a stage and get a placeholder. Chalice's CLI sets the stage's environment
    and AWS_CHALICE_CLI_MODE before it imports the app. If the CLI imports the app, a missing ARN is an error. Otherwise
    the CLI would deploy the placeholder as the ARN.
    """
    environ = os.environ if environ is None else environ
    arn = environ.get("USER_POOL_ARN", "")
    if arn:
        return arn
    if environ.get("AWS_CHALICE_CLI_MODE"):
        if environ.get("STAGE") == "local":
            raise ConfigurationError(
                f"Chalice alone cannot deploy the local stage: run `{_PROGRAM} up` or `{_PROGRAM} deploy --stage local`"
            )
        raise ConfigurationError(
            f"USER_POOL_ARN is not set for this stage: run `{_PROGRAM} provision --stage STAGE` first"
        )
    return _PLACEHOLDER_POOL_ARN


def own_name(name: str, kind: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the AWS name of a team's own table or queue. An environment variable contains this AWS name. For example,
    the variable for the name `orders` and the kind TABLE is ORDERS_TABLE.

    `kind` is TABLE, QUEUE, QUEUE_URL or STREAM_ARN. Raises ConfigurationError.
    """
    environ = os.environ if environ is None else environ
    variable = f"{name.upper().replace('-', '_')}_{kind}"
    found = environ.get(variable, "")
    if not found:
        raise ConfigurationError(
            f"{variable} is not set for this stage: declare {name} in .chalice/gatehouse.yaml, "
            f"then run `{_PROGRAM} provision`"
        )
    return found


def own_source(name: str, kind: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the same name as `own_name`, for use in a decorator of Chalice. The decorator needs the name when `app.py`
    is imported. If the name is not set, tests get a placeholder."""
    environ = os.environ if environ is None else environ
    try:
        return own_name(name, kind, environ)
    except ConfigurationError:
        if environ.get("AWS_CHALICE_CLI_MODE"):
            raise
        return f"arn:aws:dynamodb:::table/{name}/stream/none" if kind == "STREAM_ARN" else name


def is_local(environ: Mapping[str, str] | None = None) -> bool:
    """Whether this process runs on the local stack: the stage is named `local`, and Cognito's URL is on this
    machine."""
    environ = os.environ if environ is None else environ
    cognito = environ.get("COGNITO_URL", "")
    return environ.get("STAGE") == "local" and cognito.startswith("http://127.0.0.1:")


class SessionLifetimes:
    """How long sessions last, in seconds. Each refresh extends `idle`. `absolute` is never extended."""

    def __init__(self, idle: int, absolute: int) -> None:
        self.idle = idle
        self.absolute = absolute


def _issuer(environ: Mapping[str, str]) -> str:
    """Return the default issuer. The default is needed only by stages from an earlier release, and all such stages are
    in the partition `aws`."""
    region, pool = environ.get("AWS_REGION"), environ.get("USER_POOL_ID")
    return f"https://cognito-idp.{region}.amazonaws.com/{pool}"


def _keys(environ: Mapping[str, str]) -> str:
    return f"{environ.get('ISSUER') or _issuer(environ)}/.well-known/jwks.json"


class Settings(SettingTable, parts={"brand": Brand}):
    """The settings of a stage: names and addresses, but no secrets (S-59)."""

    brand: Brand

    # How people sign in
    direct_sign_in = Setting(
        "DIRECT_SIGN_IN",
        parse.one_of("embedded", "managed", "off"),
        "the sign-in with email and password: `managed` (on Cognito's pages), `embedded` (our own form) or "
        "`off`. [ADR 6](adr/0006-direct-sign-in.md) compares the three values",
        default="managed",
        starts=True,
    )
    auto_sign_in = Setting(
        "AUTO_SIGN_IN",
        parse.text_or_none,
        (
            "an identity provider's name, or `COGNITO`. If the person is not signed in, the page automatically "
            "starts a sign-in at this provider"
        ),
        starts=True,
    )
    after_sign_in = Setting(
        "AFTER_SIGN_IN",
        parse.text_or_none,
        "the target of a sign-in without a `return_to`: a path including the API root (`/api/reports`), or "
        "a URL of an origin in `ALLOWED_ORIGINS`. If this setting is empty, the target is the page",
    )
    sign_up_allowed_domains = Setting(
        "SIGN_UP_ALLOWED_DOMAINS",
        parse.domains,
        "the e-mail domains whose people may sign up, comma-separated. The pre-sign-up trigger enforces the"
        " list. `bücher.example` and `xn--bcher-kva.example` count as the same domain, in the list and in "
        "the addresses that people enter",
    )
    sign_up_refused_domains = Setting(
        "SIGN_UP_REFUSED_DOMAINS",
        parse.domains,
        "the e-mail domains whose people may not sign up, comma-separated",
    )
    mails_per_day = Setting(
        "MAILS_PER_DAY",
        parse.number(1, 1_000_000),
        "the maximum number of mails in 24 hours from the forms for sign-up and new passwords, 1 to "
        "1,000,000 (S-41). Cognito's own sender may send [50 a "
        "day](https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html) for the whole AWS account."
        " To send more mails, use SES (`ses_identity_arn`). With SES, this setting is required. Invitations"
        " by `ops` and second-factor codes by mail are not counted",
        default=str(COGNITO_MAILS_PER_DAY),
    )
    captcha = Setting(
        "CAPTCHA",
        parse.one_of("off", "hcaptcha", "turnstile"),
        "the vendor of a puzzle that the embedded form shows after repeated failures: `hcaptcha` or "
        "`turnstile`. If the vendor's answer names a host, the host must be the app's own host. So the "
        "vendors' test keys, which name other hosts, do not work. After 50 wrong solutions "
        "from an IP address, attempts from this address have to wait",
        default="off",
    )
    captcha_site_key = Setting(
        "CAPTCHA_SITE_KEY", parse.text, "the vendor's site key", needed=_CAPTCHA
    )
    captcha_secret_arn = Setting(
        "CAPTCHA_SECRET_ARN",
        parse.text,
        'the ARN of the secret `{"secret": "…"}`. Also set the ARN as `gatehouse.captcha_secret_arn`, so '
        "that the role may read the secret",
        needed=_CAPTCHA,
    )

    # How long sessions last
    session_idle_seconds = Setting(
        "SESSION_IDLE_SECONDS",
        parse.seconds(60, _LONGEST),
        "a session ends after this number of seconds without activity",
        default="1800",
    )
    session_absolute_seconds = Setting(
        "SESSION_ABSOLUTE_SECONDS",
        parse.seconds(300, _LONGEST),
        "a session ends after this number of seconds, even during use; at most 2592000 (30 days), because "
        "refresh tokens expire after 30 days",
        default="43200",
    )
    remember_idle_seconds = Setting(
        "REMEMBER_IDLE_SECONDS",
        parse.seconds(60, _LONGEST),
        'the same as `SESSION_IDLE_SECONDS`, for sessions with "keep me signed in"',
        default="1209600",
    )
    remember_absolute_seconds = Setting(
        "REMEMBER_ABSOLUTE_SECONDS",
        parse.seconds(300, _LONGEST),
        'the same as `SESSION_ABSOLUTE_SECONDS`, for sessions with "keep me signed in"',
        default="2592000",
    )

    # Other front ends
    allowed_origins = Setting(
        "ALLOWED_ORIGINS",
        parse.origins,
        "the origins, of the same site as the app, whose front ends may call the app, comma-separated, such as "
        "`https://app.example.com` ([clients.md](clients.md)). Only a local stage that was started with "
        "`--http` may have origins with http. After a change, run `ops deploy`, because API Gateway's own "
        "errors also contain the origins",
    )
    allowed_headers = Setting(
        "ALLOWED_HEADERS",
        parse.headers,
        "further request headers that scripts of `ALLOWED_ORIGINS` may send, comma-separated, such as "
        "`traceparent`",
    )
    exposed_headers = Setting(
        "EXPOSED_HEADERS",
        parse.headers,
        (
            "further response headers that scripts of `ALLOWED_ORIGINS` may read, comma-separated "
            "(`Retry-After` is always readable)"
        ),
    )

    # The page
    app_title = Setting(
        "APP_TITLE", parse.text, "the name that the page shows", default="Gatehouse"
    )

    # Written by `ops provision`
    user_pool_id = Setting("USER_POOL_ID", parse.text, "the user pool", needed=True, source=STACK)
    user_pool_arn = Setting(
        "USER_POOL_ARN",
        parse.text,
        "the user pool's ARN, for API Gateway's authorizer",
        source=STACK,
    )
    issuer = Setting(
        "ISSUER",
        parse.text,
        "the `iss` of the pool's tokens, from the pool's discovery document. Both of AWS's forms of the "
        "issuer (ORIGINAL, UPDATED) are accepted",
        default=_issuer,
        source=STACK,
    )
    jwks_url = Setting(
        "JWKS_URL",
        parse.base_url,
        "the URL of the signing keys, if the URL does not begin with the issuer",
        default=_keys,
        source=STACK,
    )
    client_id = Setting("CLIENT_ID", parse.text, "the app client", needed=True, source=STACK)
    cognito_url = Setting(
        "COGNITO_URL", parse.base_url, "the base URL of the hosted UI", needed=True, source=STACK
    )
    client_secret_arn = Setting(
        "CLIENT_SECRET_ARN",
        parse.text,
        "the ARN of the app client's secret. The secret is stored only in Secrets Manager",
        needed=True,
        source=STACK,
    )
    sealing_keys_secret_arn = Setting(
        "SEALING_KEYS_SECRET_ARN",
        parse.text,
        "the ARN of the keys that seal cookies. The keys are stored only in Secrets Manager",
        needed=True,
        source=STACK,
    )
    users_table = Setting(
        "USERS_TABLE", parse.text, "the table of people", needed=True, source=STACK
    )
    providers_table = Setting(
        "PROVIDERS_TABLE", parse.text, "the table of identity providers", needed=True, source=STACK
    )
    sessions_table = Setting(
        "SESSIONS_TABLE", parse.text, "the table of sessions", needed=True, source=STACK
    )
    throttle_table = Setting(
        "THROTTLE_TABLE",
        parse.text,
        "the table of attempt counters (for `embedded`) and of each person's last authentication (for routes with "
        "`max_age`)",
        needed=_EMBEDDED,
        source=STACK,
    )
    subjects_table = Setting(
        "SUBJECTS_TABLE",
        parse.text,
        "the index of people by provider and subject, for providers that send signals about people who leave",
        source=STACK,
    )
    leaving_queue_url = Setting(
        "LEAVING_QUEUE_URL",
        parse.text,
        "the URL of the SQS queue for signals from providers about people who leave",
        source=STACK,
    )
    mfa_client_id = Setting(
        "MFA_CLIENT_ID",
        parse.text,
        "the server-only app client for second factors, for `embedded`",
        needed=_EMBEDDED,
        source=STACK,
    )
    mfa_client_secret_arn = Setting(
        "MFA_CLIENT_SECRET_ARN",
        parse.text,
        "the ARN of the server-only app client's secret",
        needed=_EMBEDDED,
        source=STACK,
    )

    program_client_id = Setting(
        "PROGRAM_CLIENT_ID",
        parse.text,
        "the public app client for programs on people's machines, if the stage has `loopback_ports`",
        source=STACK,
    )
    program_redirect_uris = Setting(
        "PROGRAM_REDIRECT_URIS",
        parse.texts,
        "the callback URLs of the public app client",
        source=STACK,
    )

    passkey_domain = Setting(
        "PASSKEY_DOMAIN",
        parse.text,
        "the relying party id of passkeys, if the stage has `passkey_domain`",
        source=STACK,
    )

    # Fixed by the environment of the functions
    stage = Setting(
        "STAGE",
        parse.text,
        "the stage's name",
        needed=True,
        source=PROJECT,
        shown="set by you once",
    )
    app_name = Setting(
        "APP_NAME", parse.text, "`app_name` of config.json", default="gatehouse", source=PROJECT
    )
    region = Setting(
        "AWS_REGION",
        parse.text,
        "the AWS region of the functions",
        needed=True,
        source=PROJECT,
        shown="set by Lambda",
    )

    # For the local stack and tests
    public_url = Setting(
        "PUBLIC_URL",
        parse.url,
        "the URL of the app's root, if `requestContext` does not contain this URL",
        source=LOCAL,
    )
    captcha_verify_url = Setting(
        "CAPTCHA_VERIFY_URL",
        parse.url,
        "the URL that verifies a solved puzzle",
        shown="the vendor's",
        source=LOCAL,
    )

    @property
    def client_ids(self) -> tuple[str, ...]:
        """The ids of the app clients whose access tokens our routes accept. The server-only client's id is not
        included."""
        return (self.client_id, *([self.program_client_id] if self.program_client_id else []))

    @property
    def passkeys(self) -> bool:
        """Whether people can sign in with a passkey. To offer passkeys, the stage needs its own form and a relying
        party."""
        return self.direct_sign_in == "embedded" and bool(self.passkey_domain)

    @property
    def session(self) -> SessionLifetimes:
        """The lifetimes of an ordinary session."""
        return SessionLifetimes(self.session_idle_seconds, self.session_absolute_seconds)

    @property
    def remembered(self) -> SessionLifetimes:
        """The lifetimes of a session with "keep me signed in"."""
        return SessionLifetimes(self.remember_idle_seconds, self.remember_absolute_seconds)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read `environ`, or the process's environment. Raises one ConfigurationError that lists every missing or wrong
        setting."""
        found, problems = cls.checked(os.environ if environ is None else environ)
        if problems:
            raise ConfigurationError("; ".join(problems))
        return found

    @classmethod
    def checked(
        cls, environ: Mapping[str, str], *, without: tuple[str, ...] = ()
    ) -> "tuple[Settings, list[str]]":
        """Read the environment. Return the values, and every problem. `without` has the same meaning as in `read`."""
        found, problems = cls.read(environ, without=without)
        for rule in RULES:
            problems += rule(found)
        return found, problems
