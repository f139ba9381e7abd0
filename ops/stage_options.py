"""The options of a stage. The options are in the stage's `gatehouse` block in config.json. Only `ops` reads them.

Each option is declared once, in `OPTIONS`. docs/operations.md shows `OPTIONS` as a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .nearest import nearest
from .runtimes import OPTION, RUNTIMES

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
_DOMAIN_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED_IN_PREFIX = ("aws", "amazon", "cognito")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653)

# The maximum number of ports. Each program needs its own port during a sign-in. So `_LOOPBACK_PORTS` is also the
# maximum number of programs in which one person can sign in at the same time.
_LOOPBACK_PORTS = 10


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be text in quotes"


def _switch(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _whole_number(value: Any) -> str:
    right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return "" if right else "must be a whole number of 1 or more"


def _one_of(*choices: Any) -> Callable[[Any], str]:
    said = f"must be one of {', '.join(map(str, choices))}"
    return lambda value: "" if not isinstance(value, bool) and value in choices else said


def _tags(value: Any) -> str:
    right = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    return "" if right else 'must be a block of texts, such as {"cost-center": "1234"}'


def _ports(value: Any) -> str:
    """Accept ports that a program can open without special rights. The number of ports is limited, because each port
    needs one of Cognito's 100 callback URLs.

    https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
    """
    right = (
        isinstance(value, list)
        and all(type(port) is int and 1024 <= port <= 65_535 for port in value)
        and len(set(value)) == len(value) <= _LOOPBACK_PORTS
    )
    return (
        ""
        if right
        else (
            f"must be up to {_LOOPBACK_PORTS} different ports from 1024 to 65535, such as [53682, 53683]"
        )
    )


def _domain_prefix(value: Any) -> str:
    if not isinstance(value, str) or not _DOMAIN_PREFIX.fullmatch(value):
        return f"must be lower-case letters, digits and hyphens, not {value!r}"
    if any(word in value for word in _RESERVED_IN_PREFIX):
        return f"may not contain {', '.join(_RESERVED_IN_PREFIX)}"
    return ""


def _passkey_domain(value: Any) -> str:
    """Accept host names that browsers allow as the relying party of passkeys. CloudFormation allows 63 characters."""
    if value == "localhost":
        return ""
    if not isinstance(value, str) or len(value) > 63 or not _HOST.fullmatch(value):
        return f"must be a host name in lower case, such as app.example.com, not {value!r}"
    if value.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")):
        return "cannot be one of AWS's own addresses: give the app your own domain first (docs/passkeys.md)"
    return ""


def _runtime(value: Any) -> str:
    right = isinstance(value, str) and value in RUNTIMES
    return "" if right else f"must be one of {', '.join(RUNTIMES)}, not {value!r}"


@dataclass(frozen=True)
class Option:
    """One option of a stage.

    `fault` checks a value, and returns the description of a problem, or an empty text. `says` is the option's purpose
    in Markdown.

    If the default value alone is unclear, `shown` describes the default in the documentation. `needed` says why every
    stage except the local stage needs the option. `not_locally` says why the local stage does not need the option.
    `goes_with` names another option that must also be set. `starts` is the value that `init` writes, so that people see
    the choice.
    """

    name: str
    fault: Callable[[Any], str]
    says: str
    default: Any = ""
    shown: str = ""
    needed: str = ""
    not_locally: str = ""
    goes_with: str = ""
    starts: Any = None


OPTIONS = (
    Option(
        "domain_prefix",
        _domain_prefix,
        "the prefix of Cognito's domain, `https://<prefix>.auth.<region>.amazoncognito.com`; "
        "the prefix must be free in the whole region, and cannot be changed later",
        shown="needed",
        needed=(
            'choose the prefix of the sign-in domain, such as "acme-dev" (the prefix must be free '
            "in the whole region)"
        ),
        not_locally="the local AWS has no sign-in domains",
        starts="",
    ),
    Option(
        "region",
        _text,
        "the AWS region of the stage",
        shown="`AWS_REGION`, or the profile's region",
    ),
    Option(
        "deletion_protection",
        _switch,
        "AWS refuses to delete the stack, the pool and the tables, and `ops deploy` asks for confirmation",
        default=True,
        shown="`true`; `false` for `local`",
        starts=True,
    ),
    Option(
        "tags",
        _tags,
        'tags of the identity stack and of its resources, such as `{"cost-center": "1234"}`, '
        "in addition to `gatehouse:app` and `gatehouse:stage`",
        default={},
        shown="empty",
    ),
    Option(
        "log_retention_days",
        _one_of(*_RETENTION_DAYS),
        "the number of days for which CloudWatch keeps the logs; CloudWatch allows certain "
        "numbers only",
        default=30,
        starts=30,
    ),
    Option(
        "throttle_rate",
        _whole_number,
        "calls per second to all routes together: [scaling.md](scaling.md)",
        default=50,
    ),
    Option(
        "throttle_burst",
        _whole_number,
        "the number of calls that may arrive at the same moment",
        default=100,
    ),
    Option(
        "access_token_minutes",
        _one_of(5, 10),
        "minutes until an access token expires, 5 or 10; until the token expires, a person who "
        "was signed out can still call routes without `fresh=True`",
        default=10,
    ),
    Option(
        "loopback_ports",
        _ports,
        "up to ten ports on which programs on people's machines may receive a code; creates a "
        "public app client ([clients.md](clients.md#programs), [ADR "
        "9](adr/0009-programs-on-loopback.md))",
        default=(),
        shown="none",
    ),
    Option(
        "passkey_domain",
        _passkey_domain,
        "the domain for passkeys, which need `embedded`: the app's own host name, or a parent domain. "
        "Do not change the domain later: all passkeys would become unusable "
        "([passkeys.md](passkeys.md))",
        shown="none",
    ),
    Option(
        "ses_identity_arn",
        _text,
        "the SES identity that sends Cognito's mails; without an SES identity, Cognito's own "
        "sender sends 50 mails a day",
        goes_with="ses_from_address",
    ),
    Option(
        "ses_from_address",
        _text,
        ("the address from which Cognito sends mails"),
        goes_with="ses_identity_arn",
    ),
    Option(
        "sms_role_arn",
        _text,
        "the role with which Cognito sends codes by SMS",
        goes_with="sms_external_id",
    ),
    Option(
        "sms_external_id",
        _text,
        "the external id of the role in `sms_role_arn`",
        goes_with="sms_role_arn",
    ),
    Option(
        "captcha_secret_arn",
        _text,
        "the ARN of the secret in `CAPTCHA_SECRET_ARN`; gives the function's role the right to "
        "read the secret",
    ),
    Option("alarm_topic_arn", _text, "the SNS topic that the alarms notify"),
    Option(
        OPTION,
        _runtime,
        "Lambda's runtime, `3.11` to `3.14`; the local stage ignores this option and uses the "
        "Python that runs `ops`",
        shown="the Python that deploys",
        not_locally="the local AWS runs functions on this Python",
    ),
)
_UNSET = ("", None)
_BY_NAME = {option.name: option for option in OPTIONS}


def value_of(options: Mapping[str, Any], name: str) -> Any:
    """Return an option's value in a stage's block, or the option's default."""
    said = options.get(name)
    return _BY_NAME[name].default if said in _UNSET else said


def problems_of_options(options: Any, region: str, *, local: bool) -> Iterator[str]:
    """List all problems of a stage's block. If `options` is None, the stage has no block."""
    if options is None:
        options = {}
    if not isinstance(options, dict):
        yield 'gatehouse must be a block of options, such as {"domain_prefix": "acme-dev"}'
        return
    for name in sorted(set(options) - set(_BY_NAME)):
        yield f"gatehouse.{name} is an unknown option; {_meant(name)}"
    if not region:
        yield "no AWS region: set gatehouse.region, or AWS_REGION in the shell"
    for option in OPTIONS:
        yield from _problems_of_option(option, options, local=local)


def _problems_of_option(
    option: Option, options: Mapping[str, Any], *, local: bool
) -> Iterator[str]:
    value = options.get(option.name)
    if value in _UNSET:
        if option.needed and not local:
            yield f"gatehouse.{option.name} is missing: {option.needed}"
    elif local and option.not_locally:
        yield f"gatehouse.{option.name} must be empty: {option.not_locally}"
    else:
        fault = option.fault(value)
        if fault:
            yield f"gatehouse.{option.name} {fault}"
        if option.goes_with and not options.get(option.goes_with):
            yield f"gatehouse.{option.goes_with} is missing: {option.name} needs {option.goes_with}"


def _meant(name: str) -> str:
    meant = nearest(name, _BY_NAME)
    return f"did you mean {meant}?" if meant else f"the options are {', '.join(_BY_NAME)}"
