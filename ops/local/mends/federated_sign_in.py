"""A patch of the sign-in through an OIDC identity provider, from /oauth2/idpresponse back to the app.

MiniStack differs from AWS:
- If a sign-in is refused, MiniStack responds with 400 and JSON. AWS redirects to the app's callback with an error, a
  description and the state.
  https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoint-idp-responses.html
- MiniStack drops the app's PKCE parameters.
  https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
- MiniStack maps claims by other rules (see attribute_mapping), and never reads userinfo. In MiniStack, the
  InboundFederation trigger gets less data and can change less (see inbound_federation).
- MiniStack does not run the triggers PostConfirmation, PreAuthentication and PostAuthentication.
- In MiniStack, a disabled user can sign in. AWS responds with `invalid_request` and "User is not enabled". AWS does not
  document this response, but other people's code expects it.
  https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from .attribute_mapping import map_attributes, missing_required
from .emulator import Emulator, Response, first, replace
from .identity_event import fire
from .identity_provider import SignInRefusedError, fetch_claims
from .inbound_federation import decide_claims, merge, without_empty
from .trigger import TriggerFailedError

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_oauth2_idp_response", lambda _: _idp_response(emulator))


def redirect_with_error(redirect_uri: str, error: str, description: str, state: str) -> Response:
    """Return a response that redirects the browser to the app with an error."""
    query = {"error_description": description, "error": error}
    if state:
        query["state"] = state
    separator = "&" if "?" in redirect_uri else "?"
    return 302, {"Location": f"{redirect_uri}{separator}{urlencode(query)}"}, b""


def _idp_response(emulator: Emulator) -> Callable[..., Response]:
    cognito = emulator.cognito

    def respond(method: str, body: bytes, query: Mapping[str, Any]) -> Response:
        answer = {**query, **(parse_qs(body.decode()) if method == "POST" and body else {})}
        relay = cognito._auth_codes.pop(first(answer, "state"), None)
        if not relay or relay.get("type") != "relay":
            refusal: Response = cognito._oauth2_error("invalid_request", "Invalid state.")
            return refusal
        try:
            username = _sign_in(emulator, relay, answer)
        except SignInRefusedError as refused:
            return redirect_with_error(
                relay["redirect_uri"], refused.error, str(refused), relay["state"]
            )
        # `_issue_auth_code_redirect` stores the code together with managed login's codes. So the token endpoint checks
        # PKCE, client and redirect_uri for this code, too.
        issued: Response = cognito._issue_auth_code_redirect(
            relay["client_id"],
            relay["pool_id"],
            relay["redirect_uri"],
            relay["scope"],
            username,
            relay["nonce"],
            relay["code_challenge"],
            relay["code_challenge_method"],
            relay["state"],
        )
        return issued

    return respond


def _sign_in(emulator: Emulator, relay: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """Find or create the profile of a person who returns from the provider. Return the profile's user name."""
    cognito = emulator.cognito
    name = relay["provider_name"]
    if first(answer, "error"):
        description = first(answer, "error_description") or first(answer, "error")
        raise SignInRefusedError(f"{name} Error - {description}", first(answer, "error"))
    pool = cognito._get_pool_unscoped(relay["pool_id"])
    provider = ((pool or {}).get("_identity_providers") or {}).get(name)
    if not provider:
        raise SignInRefusedError(f"Identity provider {name} does not exist.")
    told = fetch_claims(emulator, pool, provider, first(answer, "code"))
    claims = told.claims
    mapping = provider.get("AttributeMapping") or {}
    subject = str(claims.get(mapping.get("username", "sub")) or claims.get("sub") or "")
    if not subject:
        raise SignInRefusedError("The identity provider sent no subject.")
    try:
        decided = decide_claims(emulator, pool, relay, subject, told)
        attributes = map_attributes(decided, mapping)
        missing = missing_required(attributes, pool.get("SchemaAttributes") or [])
        if missing:
            raise SignInRefusedError(f"attributes required: [{', '.join(missing)}]")
        return _enter(emulator, pool, relay, subject, attributes)
    except (TriggerFailedError, cognito._PreSignUpRejected) as failure:
        raise SignInRefusedError(str(failure)) from failure


def _enter(
    emulator: Emulator,
    pool: dict[str, Any],
    relay: Mapping[str, Any],
    subject: str,
    attributes: dict[str, str],
) -> str:
    cognito = emulator.cognito
    name = relay["provider_name"]
    username = f"{name}_{subject}"
    if (pool.get("UsernameConfiguration") or {}).get("CaseSensitive") is False:
        username = username.lower()
    linked = cognito._linked_username_for_federation(pool, name, subject, attributes)
    user = pool["_users"].get(linked or username)
    if user:
        return _sign_in_again(emulator, pool, relay, user, attributes)
    answer = cognito._apply_presignup_trigger(
        pool["Id"], relay["client_id"], username, without_empty(attributes)
    )
    linked = cognito._linked_username_for_federation(pool, name, subject, attributes)
    if linked:
        return _sign_in_again(emulator, pool, relay, pool["_users"][linked], attributes)
    if answer["autoVerifyEmail"] and "email" in attributes:
        attributes["email_verified"] = "true"
    now = cognito._now_epoch()
    user = {
        "Username": username,
        "Attributes": cognito._dict_to_attr_list(
            {"sub": cognito.new_uuid(), **without_empty(attributes)}
        ),
        "UserCreateDate": now,
        "UserLastModifiedDate": now,
        "Enabled": True,
        "UserStatus": "EXTERNAL_PROVIDER",
        "MFAOptions": [],
        "_password": "",
        "_groups": [],
        "_tokens": [],
    }
    pool["_users"][username] = user
    pool["EstimatedNumberOfUsers"] = len(pool["_users"])
    cognito._start_federated_profile(pool, pool["Id"], user, name, subject)
    client = {"ClientId": relay["client_id"]}
    fire(emulator, pool, "PostConfirmation", "ConfirmSignUp", user, client)
    return username


def _sign_in_again(
    emulator: Emulator,
    pool: Mapping[str, Any],
    relay: Mapping[str, Any],
    user: dict[str, Any],
    attributes: dict[str, str],
) -> str:
    if not user.get("Enabled", True):
        raise SignInRefusedError("User is not enabled")
    client = {"ClientId": relay["client_id"]}
    fire(emulator, pool, "PreAuthentication", "Authentication", user, client)
    merge(emulator, pool, user, attributes)
    fire(emulator, pool, "PostAuthentication", "Authentication", user, client)
    return str(user["Username"])
