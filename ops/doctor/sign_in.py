"""Checks of the parts that a sign-in needs: the page, Cognito's keys and domain, and Okta's login page."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urljoin, urlsplit

from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from chalicelib.gatehouse.cognito.oauth import OAuthClient

from ..pool_addresses import partition_of
from .check import Check, Fault
from .deployment import Deployment

_HOPS = 6
_NO_DOMAINS = "the local AWS has no sign-in domains"
# The code challenge of the example in RFC 7636, appendix B. Doctor never redeems a code, so a constant code challenge
# is enough.
_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def app_answers(deployment: Deployment) -> Iterator[Fault]:
    """Check that the app's public address returns the page and the page's settings."""
    url = deployment.url
    for path, wanted in (
        (f"{url.base_path}health", '"status"'),
        (url.page_path, "<!doctype html"),
        (f"{url.base_path}auth/config", "{"),
    ):
        answer = deployment.http(url.origin + path)
        if answer.status != 200 or wanted not in answer.text.lower():
            yield Fault(
                f"{url.origin}{path} answers {answer.status or answer.error}"
                + (": " + _message(answer.text) if answer.text else "."),
                f"read the log group /aws/lambda/{deployment.stage.api_function}; "
                f"then {deployment.again}",
            )
            return


def signing_keys(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool's signing keys can be downloaded from the address that the app uses."""
    pool = deployment.pool["Id"]
    stage = deployment.stage
    host = partition_of(stage.region).user_pools_host(stage.region)
    issuer = stage.environment.get("ISSUER") or f"https://{host}/{pool}"
    url = stage.environment.get("JWKS_URL") or f"{issuer}/.well-known/jwks.json"
    answer = deployment.http(url)
    try:
        keys = json.loads(answer.text).get("keys") if answer.status == 200 else None
    except (ValueError, AttributeError):
        keys = None
    if not keys or pool not in url:
        yield Fault(
            f"no signing keys of this pool at {url} ({answer.status or answer.error}): every "
            "sign-in fails with temporarily_unavailable.",
            f"clear or correct JWKS_URL; then {deployment.again}",
        )


def authorize_redirect(deployment: Deployment) -> Iterator[Fault]:
    """For each provider, start a sign-in, and check that the sign-in reaches the provider's own page."""
    providers = deployment.providers
    for name in sorted(deployment.provider_rows):
        if name not in providers:
            continue
        issuer = providers[name]["ProviderDetails"].get("oidc_issuer", "")
        url = _oauth(deployment).build_authorize_url(
            redirect_uri=deployment.url.callback,
            state=secrets.token_urlsafe(16),
            nonce=secrets.token_urlsafe(16),
            code_challenge=_CHALLENGE,
            provider=name,
        )
        problem = _follow(deployment, url, urlsplit(issuer).netloc)
        if problem:
            yield Fault(
                f"a sign-in with {name} does not reach its page: {problem}",
                "read about this error in docs/okta-setup.md.",
            )


def _oauth(deployment: Deployment) -> OAuthClient:
    return OAuthClient(
        cognito_url=deployment.variable("COGNITO_URL"),
        client_id=deployment.variable("CLIENT_ID"),
        load_client_secret=lambda renew: "",
        transport=_NoTransport(),
    )


class _NoTransport:
    """An HTTP transport that refuses POST requests, because doctor starts sign-ins but never redeems a code."""

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str]
    ) -> HttpAnswer:
        raise AssertionError("doctor does not redeem codes")


def _follow(deployment: Deployment, url: str, host: str) -> str:
    """Follow redirects to the provider's page. Return a description of the problem, or an empty string if the redirects
    reach the page.
    """
    for _ in range(_HOPS):
        answer = deployment.http(url)
        there = urlsplit(url)
        if answer.status in (301, 302, 303, 307):
            url = urljoin(url, answer.headers.get("Location", ""))
            error = parse_qs(urlsplit(url).query).get("error")
            if error:
                said = parse_qs(urlsplit(url).query).get("error_description", [""])[0]
                return f"{there.netloc} answered {error[0]} {said}".strip()
            continue
        if answer.status == 200 and there.netloc == host:
            return ""
        if answer.status == 200:
            return f"the redirects end at {there.netloc}{there.path}, not at {host}."
        return f"{there.netloc}{there.path} answered {answer.status or answer.error}: " + _message(
            answer.text
        )
    return f"more than {_HOPS} redirects."


def _message(text: str) -> str:
    return " ".join(text.split())[:200]


def sign_in_domain(deployment: Deployment) -> Iterator[Fault]:
    """Check that the sign-in domain belongs to this pool, is active, and shows managed login."""
    prefix = str(deployment.stage.option("domain_prefix"))
    found = deployment.client("cognito-idp").describe_user_pool_domain(Domain=prefix)
    domain = found.get("DomainDescription", {})
    if domain.get("UserPoolId") != deployment.pool["Id"]:
        yield Fault(f"the sign-in domain {prefix} does not belong to this pool.", deployment.again)
    elif domain.get("Status") != "ACTIVE":
        yield Fault(
            f"the sign-in domain {prefix} is {domain.get('Status')}.",
            "wait some minutes, then run doctor again.",
        )
    elif domain.get("ManagedLoginVersion", 2) != 2:
        yield Fault(f"{prefix} shows the old hosted UI instead of managed login.", deployment.again)


def sign_in_style(deployment: Deployment) -> Iterator[Fault]:
    """Check that managed login has a style for the client. Without a style, managed login shows an error page.

    https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html
    """
    found = deployment.absent_as_none(
        deployment.client("cognito-idp").describe_managed_login_branding_by_client,
        UserPoolId=deployment.pool["Id"],
        ClientId=deployment.variable("CLIENT_ID"),
    )
    if found is None:
        yield Fault("Cognito's sign-in page has no style and shows an error.", deployment.again)


CHECKS = (
    Check("sign-in-domain", sign_in_domain, _NO_DOMAINS),
    Check("sign-in-style", sign_in_style, _NO_DOMAINS),
    Check("app-answers", app_answers),
    Check("signing-keys", signing_keys),
    Check("authorize-redirect", authorize_redirect),
)
