"""A patch of the triggers that run when people sign up, or sign in with a password.

MiniStack runs PreSignUp only for SignUp. MiniStack's event contains a `sub`, but AWS sends no `sub` before the person
exists. AWS also runs PreSignUp_AdminCreateUser, PostConfirmation after every confirmation, PreAuthentication before a
sign-in, and PostAuthentication after a sign-in:
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace
from .trigger import TriggerFailedError, build_event, invoke

SEEN_WITH = "1.5.33"

_CONFIRMATIONS = {
    "ConfirmSignUp": "PostConfirmation_ConfirmSignUp",
    "AdminConfirmSignUp": "PostConfirmation_ConfirmSignUp",
    "ConfirmForgotPassword": "PostConfirmation_ConfirmForgotPassword",
}
_PASSWORD_FLOWS = {"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}
_CHALLENGE_ANSWERS = {"RespondToAuthChallenge", "AdminRespondToAuthChallenge"}
_ADMIN_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
_request: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar(
    "request", default=None
)
# The `sub` that a new person will have. A trigger gets this value, as the user name, before the person exists.
_promised_sub: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "promised_sub", default=None
)


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "new_uuid", _keep_promise)
    replace(emulator.cognito, "_apply_presignup_trigger", lambda _: _pre_sign_up(emulator))
    replace(emulator.cognito, "_run_idp_handler", lambda run: _around_api_call(emulator, run))


def _pre_sign_up(emulator: Emulator) -> Callable[..., dict[str, bool]]:
    cognito = emulator.cognito

    def run(
        pool_id: str,
        client_id: str,
        username: str,
        user_attrs: dict[str, Any],
        trigger_source: str = "PreSignUp_ExternalProvider",
    ) -> dict[str, bool]:
        pool = cognito._get_pool_unscoped(pool_id)
        attributes = {name: value for name, value in user_attrs.items() if name != "sub"}
        event = cognito._build_presignup_event(
            pool_id, client_id, username, attributes, trigger_source
        )
        request = _request.get() or {}
        validation = cognito._attr_list_to_dict(request.get("ValidationData") or [])
        event["request"]["validationData"] = validation
        if request.get("ClientMetadata"):
            event["request"]["clientMetadata"] = request["ClientMetadata"]
        try:
            answer = invoke(emulator, pool, "PreSignUp", event) or {}
        except TriggerFailedError as failure:
            raise cognito._PreSignUpRejected(str(failure)) from failure
        flags = ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")
        return {flag: bool(answer.get(flag)) for flag in flags}

    return run


def _around_api_call(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def call(handler: Any, action: str, data: dict[str, Any]) -> Response:
        token = _request.set(data)
        try:
            _before(emulator, action, data)
            response = run(handler, action, data)
            if response[0] == 200:
                _after(emulator, action, data, json.loads(response[2] or b"{}"))
            return response
        except (TriggerFailedError, emulator.cognito._PreSignUpRejected) as failure:
            code = getattr(failure, "code", "UserLambdaValidationException")
            refusal: Response = emulator.scope.error_response_json(code, str(failure), 400)
            return refusal
        finally:
            _request.reset(token)

    return call


def _before(emulator: Emulator, action: str, data: dict[str, Any]) -> None:
    if action == "AdminCreateUser" and data.get("MessageAction") != "RESEND":
        _before_admin_create(emulator, data)
    elif action in ("InitiateAuth", "AdminInitiateAuth") and _is_password_flow(data):
        pool, user = _find(emulator, data, (data.get("AuthParameters") or {}).get("USERNAME"))
        if user:
            fire(emulator, pool, "PreAuthentication", "Authentication", user, data)


def _keep_promise(new_uuid: Callable[[], str]) -> Callable[[], str]:
    def uuid() -> str:
        promised = _promised_sub.get()
        _promised_sub.set(None)
        return promised or new_uuid()

    return uuid


def _before_admin_create(emulator: Emulator, data: dict[str, Any]) -> None:
    cognito = emulator.cognito
    pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
    username = data.get("Username") or ""
    if not pool or not username or cognito._resolve_user(pool, username)[0]:
        return
    attributes = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
    alias = cognito._username_alias_attribute(pool, username)
    if alias:
        attributes.setdefault(alias, username)
        # In a pool whose people sign in by email, the user name is the future `sub`.
        username = cognito.new_uuid()
        _promised_sub.set(username)
    answer = cognito._apply_presignup_trigger(
        pool["Id"], _ADMIN_CLIENT, username, attributes, "PreSignUp_AdminCreateUser"
    )
    if answer["autoVerifyEmail"] and "email" in attributes:
        attributes["email_verified"] = "true"
        data["UserAttributes"] = cognito._dict_to_attr_list(attributes)


def _after(
    emulator: Emulator, action: str, data: dict[str, Any], answer: Mapping[str, Any]
) -> None:
    source = _CONFIRMATIONS.get(action)
    if action == "SignUp" and answer.get("UserConfirmed"):
        source = _CONFIRMATIONS["ConfirmSignUp"]
    if source:
        pool, user = _find(emulator, data, data.get("Username"))
        if user:
            trigger, _, kind = source.partition("_")
            fire(emulator, pool, trigger, kind, user, data)
        return
    signed_in = action in _CHALLENGE_ANSWERS or (
        action in ("InitiateAuth", "AdminInitiateAuth") and _is_password_flow(data)
    )
    access_token = (answer.get("AuthenticationResult") or {}).get("AccessToken")
    if signed_in and access_token:
        username = emulator.cognito._token_claims(access_token).get("username")
        pool, user = _find(emulator, data, username)
        if user:
            fire(emulator, pool, "PostAuthentication", "Authentication", user, data)


def fire(
    emulator: Emulator,
    pool: Mapping[str, Any],
    trigger: str,
    kind: str,
    user: Mapping[str, Any],
    data: Mapping[str, Any],
) -> None:
    """Run a trigger whose answer Cognito ignores. Such a trigger can read the event or refuse the operation, but cannot
    change anything.
    """
    client_id = data.get("ClientId") or _ADMIN_CLIENT
    source = f"{trigger}_{kind}"
    event = build_event(emulator, pool, source, user, client_id, data.get("ClientMetadata"))
    invoke(emulator, pool, trigger, event)


def _is_password_flow(data: Mapping[str, Any]) -> bool:
    return data.get("AuthFlow") in _PASSWORD_FLOWS


def _find(emulator: Emulator, data: Mapping[str, Any], username: Any) -> tuple[Any, Any]:
    cognito = emulator.cognito
    pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
    pool = pool or cognito._find_pool_by_client_id(data.get("ClientId"))[1]
    return pool, cognito._resolve_user(pool, username)[0] if pool else None
