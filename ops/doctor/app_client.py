"""Checks of the app client: URLs, scopes, tokens, attribute rights."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.gatehouse.cognito.provider_claims import ATTRIBUTE_MAPPING, GROUPS_ATTRIBUTE
from chalicelib.gatehouse.cognito.scopes import SCOPES, USER_ADMIN_SCOPE

from ..connect import stack_parameters
from ..program import PROGRAM
from .check import Check, Fault
from .deployment import Deployment, Missing

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_MAX_GRACE = 60


def app_client(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client in config.json exists, and has a secret."""
    try:
        found = deployment.app_client
    except Missing as missing:
        if "app client" not in missing.args[0]:
            raise
        yield Fault("the app client is missing: people cannot sign in.", deployment.again)
        return
    if not found.get("ClientSecret"):
        yield Fault(
            "the app client has no secret.",
            "deploy a new stage: Cognito cannot add a secret to an existing app client.",
        )


def callback_urls(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client has only one callback URL, and that the URL belongs to this stage's API (S-64)."""
    yield from _urls(deployment, "CallbackURLs", "CallbackUrls", "redirect_mismatch at sign-in")


def logout_urls(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client has only one logout URL, and that the URL belongs to this stage's API (S-64)."""
    yield from _urls(deployment, "LogoutURLs", "LogoutUrls", "an error page at sign-out")


def _urls(deployment: Deployment, key: str, parameter: str, effect: str) -> Iterator[Fault]:
    wanted = stack_parameters(deployment.url, {})[parameter].split(",")
    found = deployment.app_client.get(key, [])
    if sorted(found) != sorted(wanted):
        yield Fault(
            f"the app client's {key} are {', '.join(found) or 'empty'}; this API needs {', '.join(wanted)}. People "
            f"get {effect}.",
            deployment.again,
        )


def oauth_flow(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client allows only one OAuth flow, the authorization code flow (S-01)."""
    client = deployment.app_client
    flows = client.get("AllowedOAuthFlows", [])
    if flows != ["code"] or not client.get("AllowedOAuthFlowsUserPoolClient"):
        yield Fault(
            f"the app client's OAuth flows are {', '.join(flows) or 'switched off'}; "
            "only `code` may be on.",
            deployment.again,
        )


def scopes(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client may request Gatehouse's scopes, and may not request Cognito's own scope (S-05)."""
    allowed = deployment.app_client.get("AllowedOAuthScopes", [])
    lacking = [scope for scope in SCOPES if scope not in allowed]
    if lacking:
        yield Fault(
            f"the app client is not allowed to request {', '.join(lacking)}: sign-ins end in invalid_scope.",
            deployment.again,
        )
    if USER_ADMIN_SCOPE in allowed:
        yield Fault(
            f"the app client can request {USER_ADMIN_SCOPE}: a script in the page could change "
            "profiles.",
            deployment.again,
        )


def auth_flows(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client allows only the flows that the stage needs (S-65)."""
    embedded = deployment.stage.direct_sign_in == "embedded"
    wanted = {"ALLOW_ADMIN_USER_PASSWORD_AUTH" if embedded else "ALLOW_USER_SRP_AUTH"}
    if deployment.stage.passkey_domain:
        wanted.add("ALLOW_USER_AUTH")
    found = set(deployment.app_client.get("ExplicitAuthFlows", []))
    if found != wanted:
        yield Fault(
            f"the app client allows {', '.join(sorted(found)) or 'the default flows'}; this stage "
            f"needs {', '.join(sorted(wanted))} only.",
            deployment.again,
        )


def token_lifetimes(deployment: Deployment) -> Iterator[Fault]:
    """Check that access and ID tokens last 5 to 15 minutes (S-37), and that refresh tokens last at least as long as the
    longest session.
    """
    client = deployment.app_client
    units = client.get("TokenValidityUnits", {})
    for kind in ("Access", "Id"):
        unit = units.get(f"{kind}Token", "hours")
        seconds = client.get(f"{kind}TokenValidity", 1) * _SECONDS[unit]
        if not 300 <= seconds <= 900:
            yield Fault(
                f"{kind.lower()} tokens last {seconds // 60} minutes, not 5 to 15: a revoked "
                f"token works for {seconds // 60} minutes.",
                deployment.again,
            )
    refresh = client.get("RefreshTokenValidity", 30) * _SECONDS[units.get("RefreshToken", "days")]
    if refresh < 30 * _SECONDS["days"]:
        yield Fault(
            f"refresh tokens last {refresh // 3600} hours: sessions with 'keep me signed in' end early.",
            deployment.again,
        )


def refresh_rotation(deployment: Deployment) -> Iterator[Fault]:
    """Check that refresh tokens rotate with a short grace period (S-34)."""
    rotation = deployment.app_client.get("RefreshTokenRotation", {})
    grace = rotation.get("RetryGracePeriodSeconds", 0)
    if rotation.get("Feature") != "ENABLED" or not 0 < grace <= _MAX_GRACE:
        yield Fault(
            f"refresh token rotation is {rotation.get('Feature', 'off').lower()} with a grace "
            f"period of {grace} s: the theft of a token is not noticed, or two tabs sign each "
            "other out.",
            deployment.again,
        )


def token_revocation(deployment: Deployment) -> Iterator[Fault]:
    """Check that signing out revokes the refresh token (S-65)."""
    if not deployment.app_client.get("EnableTokenRevocation"):
        yield Fault(
            "token revocation is off: after a sign-out the old refresh token still works.",
            deployment.again,
        )


def user_existence_errors(deployment: Deployment) -> Iterator[Fault]:
    """Check that Cognito's errors do not tell strangers who has an account (S-65)."""
    if deployment.app_client.get("PreventUserExistenceErrors") != "ENABLED":
        yield Fault(
            (
                "Cognito's errors distinguish missing accounts from wrong passwords: strangers "
                "can find out who has an account."
            ),
            deployment.again,
        )


def attribute_permissions(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client may write the attributes to which providers' claims are mapped, and may read the attributes
    that the scopes need.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
    """
    client = deployment.app_client
    mapped = {*ATTRIBUTE_MAPPING, GROUPS_ATTRIBUTE} - {"email_verified"}
    unwritable = sorted(mapped - set(client.get("WriteAttributes", mapped)))
    if unwritable:
        yield Fault(
            f"the app client is not allowed to write {', '.join(unwritable)}: federated sign-ins fail with "
            "'attributes required' or 'user is not authorized'.",
            deployment.again,
        )
    needed = {"email", "email_verified", "given_name", "family_name"}
    unreadable = sorted(needed - set(client.get("ReadAttributes", needed)))
    if unreadable:
        yield Fault(
            f"the app client is not allowed to read {', '.join(unreadable)}: the token endpoint "
            "responds with invalid_grant, or names are empty.",
            deployment.again,
        )


def client_providers(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client allows exactly the registered providers. If DIRECT_SIGN_IN is not off, the client must also
    allow password accounts.
    """
    enabled = set(deployment.app_client.get("SupportedIdentityProviders", []))
    native = deployment.stage.direct_sign_in != "off"
    wanted = {*deployment.provider_rows, *(["COGNITO"] if native else [])}
    for name in sorted(wanted - enabled):
        yield Fault(
            f"the app client does not allow {name}, although the page offers it.",
            deployment.again
            if name == "COGNITO"
            else f"run `{PROGRAM} provider add {name} …` again.",
        )
    for name in sorted(enabled - wanted):
        yield Fault(
            f"the app client allows {name}, although the page does not offer it.",
            deployment.again
            if name == "COGNITO"
            else f"run `{PROGRAM} provider remove {name}`, or add the provider again.",
        )


CHECKS = (
    Check("app-client", app_client),
    Check("callback-urls", callback_urls),
    Check("logout-urls", logout_urls),
    Check("oauth-flow", oauth_flow),
    Check("scopes", scopes),
    Check("auth-flows", auth_flows),
    Check("token-lifetimes", token_lifetimes),
    Check("refresh-rotation", refresh_rotation),
    Check("token-revocation", token_revocation),
    Check("user-existence-errors", user_existence_errors),
    Check("attribute-permissions", attribute_permissions),
    Check("client-providers", client_providers),
)
