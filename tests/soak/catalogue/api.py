"""Authorized routes, headers, the page (S-48 … S-54)."""

from typing import Any

from tests.soak.defence import Defence, answering, defence, reading, wrapped

_CALLER = "chalicelib.cognito.claims:verify_caller"
_HEADERS = "chalicelib.web.security_headers:SECURITY_HEADERS"


def _without(*names: str) -> Any:
    return lambda headers: {name: text for name, text in headers.items() if name not in names}


def _inline(headers: Any) -> dict[str, str]:
    name = "Content-Security-Policy"
    return {**headers, name: headers[name].replace("'self'", "'self' 'unsafe-inline'", 1)}


def _by_attribute(verify: Any, context: Any, *, group: str | None, **named: Any) -> Any:
    """Groups that people can write into an attribute of theirs count as well."""
    from chalicelib.errors import Forbidden

    caller = verify(context, group=None, **named)
    told = str(context["authorizer"]["claims"].get("custom:groups", "")).split(",")
    if group is not None and group not in (*caller.groups, *told):
        raise Forbidden("group is missing")
    return caller._replace(groups=(*caller.groups, *told))


API: tuple[Defence, ...] = (
    defence(
        "no-open-routes",
        "S-48",
        "a route without an authorizer is deployed as a public one",
        (
            "chalicelib.web.middleware:install",
            reading(("elif (method, path) in public and authorizer is None:", "elif True:")),
        ),
    ),
    defence(
        "access-tokens-only",
        "S-49",
        "an ID token opens the API",
        (_CALLER, reading(('claims.get("token_use") != "access"', "False"))),
    ),
    defence(
        "our-client-only",
        "S-49",
        "a token of any app client of the pool opens the API",
        (_CALLER, reading(('claims.get("client_id") != client_id', "False"))),
    ),
    defence(
        "scope-in-the-handler",
        "S-49",
        "only the gateway looks at the scope",
        (_CALLER, reading(("scope not in scopes", "False"))),
    ),
    defence(
        "group-in-the-handler",
        "S-50",
        "everybody may list people and sign them out",
        (_CALLER, reading(("group is not None and group not in groups", "False"))),
    ),
    defence(
        "record-of-the-same-sub",
        "S-50",
        "whoever gets a name that was free again gets its former owner's record",
        (
            "chalicelib.flows.profile:Profile.load",
            reading(('record.sub not in ("", sub)', "False")),
        ),
    ),
    defence(
        "cursors-sealed",
        "S-50",
        "callers can read and make up the cursors of a list",
        (
            "chalicelib.session.cursors:Cursors.seal",
            lambda original: lambda self, key: key,
        ),
        (
            "chalicelib.session.cursors:Cursors.open",
            lambda original: lambda self, cursor: cursor,
        ),
        tests=("tests/component/test_users.py",),
    ),
    defence(
        "groups-of-the-token-only",
        "S-51",
        "groups count from an attribute that people can write",
        (_CALLER, wrapped(_by_attribute)),
    ),
    defence(
        "provider-groups-of-federated-people-only",
        "S-51",
        "custom:groups makes administrators of people without a provider",
        (
            "chalicelib.triggers.token_claims:_groups",
            reading(
                ('parse_identities(attributes.get("identities"))', '(Identity("Okta", "00u1"),)')
            ),
        ),
    ),
    defence(
        "provider-groups-while-they-are-told",
        "S-51",
        "groups of a provider stay with its people when its claim is taken away",
        ("chalicelib.triggers.token_claims:_tells_groups", answering(True)),
    ),
    defence(
        "groups-with-one-name",
        "S-51",
        "a group called x,admins makes administrators",
        ("chalicelib.triggers.token_claims:is_one_name", answering(True)),
    ),
    defence(
        "group-names-read-as-one",
        "S-51",
        "a pool group `x admins` makes administrators",
        ("chalicelib.cognito.groups:is_one_name", answering(True)),
        tests=("tests/unit/test_token_claims.py", "tests/component/test_authorized_routes.py"),
    ),
    defence(
        "no-provider-attributes-at-sign-up",
        "S-51",
        "people can bring custom:groups when they sign up",
        ("chalicelib.sign_up_rules:refuse_attributes", answering(None)),
    ),
    defence(
        "policy-without-inline-scripts",
        "S-52",
        "inline scripts run",
        (_HEADERS, _inline),
        (
            "chalicelib.web.security_headers:CONTENT_SECURITY_POLICY",
            lambda policy: {**policy, "script-src": ("'self'", "'unsafe-inline'")},
        ),
    ),
    defence(
        "trusted-types",
        "S-52",
        "scripts may write HTML",
        (
            "chalicelib.web.security_headers:CONTENT_SECURITY_POLICY",
            lambda policy: {
                name: sources for name, sources in policy.items() if "trusted-types" not in name
            },
        ),
    ),
    defence(
        "hsts",
        "S-53",
        "no answer asks for HTTPS from now on",
        (_HEADERS, _without("Strict-Transport-Security")),
    ),
    defence(
        "nosniff",
        "S-53",
        "browsers may guess content types",
        (_HEADERS, _without("X-Content-Type-Options")),
    ),
    defence(
        "headers-on-errors",
        "S-53",
        "errors go without security headers",
        (
            "chalicelib.web.middleware:_dress",
            reading(("if name.lower() not in present:", "if response.status_code < 400:")),
        ),
    ),
    defence(
        "headers-on-the-gateways-own-errors",
        "S-53",
        "API Gateway's own errors go without security headers",
        (
            "ops.gateway_responses:GatewayResponse.request",
            reading(("**SECURITY_HEADERS, ", "")),
        ),
    ),
    defence(
        "escaped-page",
        "S-54",
        "settings are put into the page as HTML",
        ("chalicelib.web.static_files:escape", lambda original: lambda text, quote: text),
    ),
)
