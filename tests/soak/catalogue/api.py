"""Catalogue entries: authorized routes, headers, the page (S-48 … S-54)."""

from typing import Any

from tests.soak.defence import (
    Defence,
    answering,
    calling_in,
    defence,
    nothing,
    reading,
    value,
    wrapped,
)

_CALLER = "chalicelib.gatehouse.cognito.claims:verify_caller"
_FRESH = "chalicelib.gatehouse.flows.fresh_check:FreshCheck.verify"
_HEADERS = "chalicelib.gatehouse.edge.security_headers:SECURITY_HEADERS"


def _without(*names: str) -> Any:
    return lambda headers: {name: text for name, text in headers.items() if name not in names}


def _ours_only(cover: Any, self: Any, path: str) -> None:
    if self._own_path(path) is not None or path == "/whoami":
        cover(self, path)


def _inline(headers: Any) -> dict[str, str]:
    name = "Content-Security-Policy"
    return {**headers, name: headers[name].replace("'self'", "'self' 'unsafe-inline'", 1)}


def _by_attribute(verify: Any, context: Any, *, group: str | None, **named: Any) -> Any:
    """Also accept groups from an attribute that people can write."""
    from chalicelib.gatehouse.errors import Forbidden

    caller = verify(context, group=None, **named)
    told = str(context["authorizer"]["claims"].get("custom:groups", "")).split(",")
    if group is not None and group not in (*caller.groups, *told):
        raise Forbidden("group is missing")
    caller.groups = (*caller.groups, *told)
    return caller


def _now_if_unreadable(parse: Any, context: Any) -> Any:
    from chalicelib.gatehouse.errors import Unauthorized

    try:
        return parse(context)
    except Unauthorized:
        return 4_000_000_000


def _passing_in_outages(verify: Any, *args: Any, **named: Any) -> None:
    from chalicelib.gatehouse.errors import TemporarilyUnavailable

    try:
        verify(*args, **named)
    except TemporarilyUnavailable:
        return


API: tuple[Defence, ...] = (
    defence(
        "no-open-routes",
        "S-48",
        "a route without an authorizer is deployed as a public one",
        (
            "chalicelib.gatehouse.guard.guard:Guard._check_of",
            reading(("raise ValueError(_advice(entry))", "return _let_pass")),
        ),
    ),
    defence(
        "routes-by-hand-are-guarded",
        "S-48",
        "a route that was added without Chalice's registration has no authorizer",
        (
            "chalicelib.gatehouse.guard.guarded_app:GuardedChalice._cover_late",
            nothing,
        ),
    ),
    defence(
        "later-routes-are-guarded",
        "S-48",
        "only routes that were registered before Gatehouse have an authorizer",
        ("chalicelib.gatehouse.guard.guarded_app:GuardedChalice._cover_late", nothing),
        (
            "chalicelib.gatehouse.guard.guard:Guard.cover",
            calling_in("_register_route", _ours_only),
        ),
        tests=("tests/component/test_gatehouse.py",),
    ),
    defence(
        "access-tokens-only",
        "S-49",
        "the API accepts ID tokens",
        (_CALLER, reading(('claims.get("token_use") != "access"', "False"))),
    ),
    defence(
        "our-client-only",
        "S-49",
        "the API accepts tokens of any app client of the pool",
        (_CALLER, reading(('claims.get("client_id") not in client_ids', "False"))),
    ),
    defence(
        "scope-in-the-handler",
        "S-49",
        "only API Gateway checks the scope",
        (_CALLER, reading(("scope not in scopes", "False"))),
    ),
    defence(
        "group-in-the-handler",
        "S-50",
        "everybody may list people and sign people out",
        (_CALLER, reading(("group is not None and group not in groups", "False"))),
    ),
    defence(
        "record-of-the-same-sub",
        "S-50",
        "a person with a reused user name gets the former owner's record",
        (
            "chalicelib.gatehouse.flows.profile:Profile.load",
            reading(('record.sub not in ("", sub)', "False")),
        ),
    ),
    defence(
        "cursors-sealed",
        "S-50",
        "callers can read and invent the cursors of a list",
        (
            "chalicelib.gatehouse.sealed.cursors:Cursors.seal",
            lambda original: lambda self, key: key,
        ),
        (
            "chalicelib.gatehouse.sealed.cursors:Cursors.open",
            lambda original: lambda self, cursor: cursor,
        ),
        tests=("tests/component/test_users.py",),
    ),
    defence(
        "groups-of-the-token-only",
        "S-51",
        "groups are read from an attribute that people can write",
        (_CALLER, wrapped(_by_attribute)),
    ),
    defence(
        "provider-groups-of-federated-people-only",
        "S-51",
        "people without a provider become administrators through custom:groups",
        (
            "chalicelib.gatehouse.cognito.told_groups:told_groups",
            reading(
                ('parse_identities(attributes.get("identities"))', '(Identity("Okta", "00u1"),)')
            ),
        ),
    ),
    defence(
        "provider-groups-while-they-are-told",
        "S-51",
        "people keep a provider's groups after its groups claim is removed",
        ("chalicelib.gatehouse.store.providers:ProviderStore.tells_groups", answering(True)),
    ),
    defence(
        "groups-with-one-name",
        "S-51",
        "members of a group named `x,admins` become administrators",
        ("chalicelib.gatehouse.triggers.token_claims:is_one_name", answering(True)),
    ),
    defence(
        "group-names-read-as-one",
        "S-51",
        "members of a pool group named `x admins` become administrators",
        ("chalicelib.gatehouse.cognito.groups:is_one_name", answering(True)),
        tests=("tests/unit/test_token_claims.py", "tests/component/test_authorized_routes.py"),
    ),
    defence(
        "no-provider-attributes-at-sign-up",
        "S-51",
        "people can set custom:groups when they sign up",
        ("chalicelib.gatehouse.sign_up_rules:refuse_attributes", answering(None)),
    ),
    defence(
        "fresh-on-the-administrators-routes",
        "S-70",
        "for ten minutes, a former administrator's token can still list people and sign people out",
        (_FRESH, nothing),
    ),
    defence(
        "fresh-enabled",
        "S-70",
        "disabled people keep the rights in their token",
        (_FRESH, reading(("if not person.enabled:", "if False:"))),
    ),
    defence(
        "fresh-same-person",
        "S-70",
        "the former owner's token works for a reused user name",
        (_FRESH, reading(("if person.sub != caller.sub:", "if False:"))),
    ),
    defence(
        "fresh-in-the-group",
        "S-70",
        "a person who was removed from a group keeps its rights for ten minutes",
        (_FRESH, reading(("if not in_pool_group and", "if False and"))),
    ),
    defence(
        "fresh-providers-groups-by-the-rule-of-tokens",
        "S-70",
        "people without a provider get rights through custom:groups",
        (
            _FRESH,
            reading(
                (
                    "group not in self._told_groups(person)",
                    'group not in person.attributes.get("custom:groups", "")',
                )
            ),
        ),
    ),
    defence(
        "fresh-after-sign-out",
        "S-70",
        "tokens that are older than a sign-out everywhere still work",
        ("chalicelib.gatehouse.store.users:UserRecord.ends_tokens_of", answering(False)),
    ),
    defence(
        "fresh-the-same-second",
        "S-70",
        "a token that was issued in the same second as the sign-out still works",
        (
            "chalicelib.gatehouse.store.users:_not_after",
            reading(("<= time", "< time")),
        ),
    ),
    defence(
        "fresh-time-of-issue",
        "S-70",
        "a token with an unreadable iat is treated as new",
        ("chalicelib.gatehouse.guard.authorization:parse_issued_at", wrapped(_now_if_unreadable)),
    ),
    defence(
        "fresh-outage-is-no-pass",
        "S-70",
        "while the pool does not answer, people keep a right that was removed",
        (_FRESH, wrapped(_passing_in_outages)),
    ),
    defence(
        "fresh-a-list-without-end",
        "S-70",
        "an endless list of groups blocks the function until it times out",
        ("chalicelib.gatehouse.cognito.user_admin:_GROUP_PAGES", value(1_000)),
    ),
    defence(
        "sign-out-noted",
        "S-70",
        "access tokens still work after a sign-out everywhere",
        ("chalicelib.gatehouse.store.users:UserStore.record_signed_out", answering(True)),
    ),
    defence(
        "sign-out-noted-for-good",
        "S-70",
        "a slower container overwrites a later sign-out",
        (
            "chalicelib.gatehouse.store.users:UserStore.record_signed_out",
            reading(
                (
                    "(attribute_not_exists(validAfter) OR #validAfter <= :validAfter)",
                    "#validAfter <> :validAfter",
                )
            ),
        ),
    ),
    defence(
        "policy-without-inline-scripts",
        "S-52",
        "inline scripts run",
        (_HEADERS, _inline),
        (
            "chalicelib.gatehouse.edge.security_headers:CONTENT_SECURITY_POLICY",
            lambda policy: {**policy, "script-src": ("'self'", "'unsafe-inline'")},
        ),
    ),
    defence(
        "trusted-types",
        "S-52",
        "scripts may write HTML",
        (
            "chalicelib.gatehouse.edge.security_headers:CONTENT_SECURITY_POLICY",
            lambda policy: {
                name: sources for name, sources in policy.items() if "trusted-types" not in name
            },
        ),
    ),
    defence(
        "hsts",
        "S-53",
        "no response has HSTS",
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
        "error responses have no security headers",
        (
            "chalicelib.gatehouse.guard.answers:dress",
            reading(("if name.lower() not in present:", "if response.status_code < 400:")),
        ),
    ),
    defence(
        "headers-on-the-gateways-own-errors",
        "S-53",
        "API Gateway's own errors have no security headers",
        (
            "ops.gateway_responses:GatewayResponse.request",
            reading(("**SECURITY_HEADERS, ", "")),
        ),
    ),
    defence(
        "escaped-page",
        "S-54",
        "settings are inserted into the page as HTML",
        (
            "chalicelib.gatehouse.page.static_files:escape",
            lambda original: lambda text, quote: text,
        ),
    ),
    defence(
        "escaped-first-view",
        "S-54",
        "labels are inserted into the page's first view as HTML",
        (
            "chalicelib.gatehouse.page.first_view:escape",
            lambda original: lambda text, quote: text,
        ),
    ),
    defence(
        "absent-cookie-after-another-site",
        "S-109",
        "the page shows the sign-in methods although the browser may have a session",
        (
            "chalicelib.gatehouse.page.first_view:_SITES_WITH_COOKIE",
            lambda sites: sites | {"cross-site", ""},
        ),
    ),
    defence(
        "absent-cookie-proves-nothing",
        "S-109",
        "if the browser did not send the cookie, the page treats the session as missing",
        (
            "chalicelib.gatehouse.page.first_view:choose_told",
            reading(('"session": None', '"session": False')),
        ),
    ),
    defence(
        "page-for-one-browser",
        "S-109",
        "a shared cache may give the page of one browser to others",
        (
            "chalicelib.gatehouse.routes.pages:page",
            reading(('"private, no-cache"', '"no-cache"')),
        ),
    ),
)
