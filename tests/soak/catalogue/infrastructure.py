"""Catalogue entries: secrets, roles, logs, the template and the stages (S-59 … S-65)."""

from copy import copy
from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading, wrapped
from tests.soak.template import template_with

_TEMPLATE = "ops.identity_stack:TEMPLATE"
_LOG = "chalicelib.gatehouse.log"
_PACKAGE = ("tests/unit/ops/test_locked.py", "tests/ops_e2e/test_exact_package.py")


def _shown(original: Any) -> Any:
    """Return a repr that shows every field."""
    return lambda self: f"{type(self).__name__}({vars(self)})"


def _with_message(log_exception: Any, event: str, error: BaseException, **fields: object) -> None:
    log_exception(event, error, message=str(error), **fields)


def _as_it_is(variable: str) -> Any:
    """Return a setting that accepts any value unchanged."""

    def unread(declared: Any) -> Any:
        (found,) = (copy(setting) for setting in declared if setting.variable == variable)
        found.parse = str
        return tuple(found if setting.variable == variable else setting for setting in declared)

    return unread


def _raw(log_event: Any, event: str, **fields: object) -> None:
    import contextlib
    import io
    import sys

    kept = io.StringIO()
    with contextlib.redirect_stdout(kept):
        log_event(event, **fields)
    sys.stdout.write(kept.getvalue().replace("\\n", "\n").replace("\\r", "\r"))


def _telling_detail(error_response: Any, error: Any) -> Any:
    response = error_response(error)
    response.body["message"] = error.detail or error.message
    return response


INFRASTRUCTURE: tuple[Defence, ...] = (
    defence(
        "rotated-client-secret",
        "S-59",
        "a warm container never reads a new client secret",
        (
            "chalicelib.gatehouse.cognito.oauth:OAuthClient._post",
            reading(("for renew in (False, True):", "for renew in (False, False):")),
        ),
    ),
    defence(
        "rotated-sealing-keys",
        "S-59",
        "a warm container never reads new sealing keys",
        (
            "chalicelib.gatehouse.sealed.sealing:Sealer.open",
            reading(("ring = self._load_key_ring(True)", "pass")),
        ),
    ),
    defence(
        "secrets-in-no-output",
        "S-59",
        "the stack's outputs contain the client secret",
        (
            _TEMPLATE,
            template_with(
                "\nOutputs:\n", "\nOutputs:\n  Leaked:\n    Value: !GetAtt Client.ClientSecret\n"
            ),
        ),
    ),
    defence(
        "no-wildcard-actions",
        "S-60",
        "a role may do everything with its table",
        (_TEMPLATE, template_with("Action: dynamodb:UpdateItem", "Action: dynamodb:*")),
    ),
    defence(
        "no-wildcard-resources",
        "S-60",
        "a role may read every table",
        (
            _TEMPLATE,
            template_with(
                "Resource: !GetAtt ThrottleTable.Arn", "Resource: !Sub arn:aws:dynamodb:*:*:table/*"
            ),
        ),
    ),
    defence(
        "roles-for-this-account",
        "S-60",
        "functions of any account may use a role",
        (
            _TEMPLATE,
            template_with("aws:SourceAccount: !Ref AWS::AccountId", 'aws:SourceAccount: "*"'),
        ),
    ),
    defence(
        "tokens-do-not-print",
        "S-61",
        "a token set prints its tokens",
        ("chalicelib.gatehouse.cognito.oauth:TokenSet.__repr__", _shown),
    ),
    defence(
        "sessions-do-not-print",
        "S-61",
        "a session prints its refresh token",
        ("chalicelib.gatehouse.session.sessions:Session.__repr__", _shown),
    ),
    defence(
        "foreign-messages-stay-out-of-the-log",
        "S-61",
        "the messages of libraries, with URLs and bodies, are logged",
        (f"{_LOG}:log_exception", wrapped(_with_message)),
    ),
    defence(
        "log-lines-are-json",
        "S-62",
        "a user name with a line break can write its own log lines",
        (f"{_LOG}:log_event", wrapped(_raw)),
    ),
    defence(
        "failures-are-counted",
        "S-62",
        "wrong passwords and codes leave no metric",
        ("chalicelib.gatehouse.flows.attempts:Attempts.failed", nothing),
    ),
    defence(
        "request-ids",
        "S-62",
        "log lines have no request id",
        (f"{_LOG}:bind_request_id", nothing),
    ),
    defence(
        "generic-errors",
        "S-63",
        "an error's detail is sent to the caller",
        ("chalicelib.gatehouse.guard.answers:error_response", wrapped(_telling_detail)),
    ),
    defence(
        "unexpected-errors-are-ours",
        "S-63",
        "an unexpected error is handled by the framework",
        (
            "chalicelib.gatehouse.guard.guard:Guard._wrap",
            reading(("return error_response(GatehouseError())", "return {'error': str(error)}")),
        ),
    ),
    defence(
        "trigger-errors-are-plain",
        "S-63",
        "Cognito shows people the detail of an error",
        (
            "chalicelib.gatehouse.triggers.entry:_run",
            reading(
                (
                    "except GatehouseError as error:\n",
                    "except GatehouseError as error:\n        raise TriggerFailed(error.detail)\n",
                )
            ),
        ),
    ),
    defence(
        "access-log-without-queries",
        "S-63",
        "the access log contains paths as requested",
        (
            "ops.gateway_responses:ACCESS_LOG_FORMAT",
            lambda original: original.replace("$context.resourcePath", "$context.path"),
        ),
    ),
    defence(
        "https-settings",
        "S-64",
        "a shared stage may speak plain HTTP",
        (
            "chalicelib.gatehouse.setting_rules:_ADDRESSES",
            lambda original: (),
        ),
    ),
    defence(
        "colours-of-a-brand",
        "S-54",
        "any text can be set as a colour and gets into the stylesheet",
        ("chalicelib.gatehouse.brand:Brand.declared", _as_it_is("BRAND_ACCENT")),
    ),
    defence(
        "links-of-a-brand",
        "S-54",
        "a link in the page may be JavaScript",
        ("chalicelib.gatehouse.brand:Brand.declared", _as_it_is("TERMS_URL")),
    ),
    defence(
        "no-localhost-in-shared-stages",
        "S-64",
        "a shared stage may have addresses on a developer's machine",
        ("ops.stage_variables:_LOOPBACK", lambda original: ()),
    ),
    defence(
        "exact-callback-url",
        "S-64",
        "the pool also sends codes to plain HTTP addresses",
        (
            "ops.connect:stack_parameters",
            reading(
                (
                    "url.callback",
                    'url.callback + "," + url.callback.replace("https", "http")',
                )
            ),
        ),
    ),
    defence(
        "stage-throttles",
        "S-65",
        "the API accepts as many requests as the account allows",
        ("ops.connect:_limit", nothing),
    ),
    defence(
        "revocation-on",
        "S-65",
        "the pool does not revoke tokens",
        (_TEMPLATE, template_with("EnableTokenRevocation: true", "EnableTokenRevocation: false")),
    ),
    defence(
        "pool-tells-nobody-who-exists",
        "S-65",
        "the pool reveals who has an account",
        (
            _TEMPLATE,
            template_with(
                "PreventUserExistenceErrors: ENABLED", "PreventUserExistenceErrors: LEGACY"
            ),
        ),
    ),
    defence(
        "needed-flows-only",
        "S-65",
        "anybody can try passwords with the app client",
        (
            _TEMPLATE,
            template_with(
                "[ALLOW_USER_SRP_AUTH]", "[ALLOW_USER_SRP_AUTH, ALLOW_USER_PASSWORD_AUTH]"
            ),
        ),
    ),
    defence(
        "tables-can-be-restored",
        "S-65",
        "tables have no point-in-time recovery",
        (
            _TEMPLATE,
            template_with("PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"),
        ),
    ),
    defence(
        "mfa-available",
        "S-65",
        "the pool has no second factor",
        (_TEMPLATE, template_with("MfaConfiguration: OPTIONAL", 'MfaConfiguration: "OFF"')),
    ),
    defence(
        "logs-expire",
        "S-65",
        "logs never expire",
        (_TEMPLATE, template_with("      RetentionInDays: !Ref LogRetentionDays\n", "")),
    ),
    defence(
        "every-dependency-has-a-hash",
        "S-76",
        "a line in the lock without a hash is accepted",
        ("ops.locked:_hashes", reading(("if not hashes:", "if False:"))),
        tests=_PACKAGE,
    ),
    defence(
        "a-lock-stays-in-the-project",
        "S-76",
        "a lock may name files and wheels from anywhere on the machine",
        ("ops.locked:_require_inside", nothing),
        tests=("tests/unit/ops/test_locked.py",),
    ),
    defence(
        "only-the-installed-wheel-is-locked",
        "S-76",
        "`init` locks whatever an index offers under the name and version",
        ("ops.own_wheel:_contents", answering({})),
        tests=("tests/unit/ops/test_project.py",),
    ),
    defence(
        "wheels-by-their-hashes",
        "S-76",
        "a wheel is accepted by its name, whatever its content",
        ("ops.wheels:_problem_of", answering("")),
        tests=_PACKAGE,
    ),
    defence(
        "all-that-is-needed-is-locked",
        "S-76",
        "a dependency of a dependency may be missing from the lock",
        ("ops.wheels:_unlocked", answering(())),
        tests=_PACKAGE,
    ),
    defence(
        "what-does-not-build-is-not-left-out",
        "S-76",
        "a dependency without a wheel is left out",
        ("ops.wheels:_build", answering("")),
        tests=_PACKAGE,
    ),
    defence(
        "bytecode-follows-from-its-source",
        "S-76",
        "bytecode, which Lambda runs without checking its source, is not checked",
        ("ops.package_contents:_strange_bytecode", answering(())),
        tests=_PACKAGE,
    ),
    defence(
        "the-zip-is-compared",
        "S-76",
        "the zip that Chalice made is not checked",
        ("ops.package_contents:differences", answering([])),
        ("ops.exact_package:differences", answering([])),
        tests=_PACKAGE,
    ),
)
