"""A patch of the pre-token-generation trigger. Each time Cognito issues tokens, it runs the trigger once. The trigger
can set the groups in both tokens, and can refuse to issue tokens.

MiniStack runs the trigger once per token, and looks for `groupOverrideDetails` in the wrong place. On AWS, a trigger of
version two gets "a single request with the data for both the identity and access tokens". AWS expects
`groupOverrideDetails` in the trigger's answer, next to the sections of the two tokens. If `groupOverrideDetails` is
empty, AWS removes all groups. A trigger cannot change the claims on which the trust in a token depends:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, replace
from .trigger import invoke

SEEN_WITH = "1.5.33"

_PROTECTED = frozenset(
    (
        *("acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "cognito:username"),
        *("exp", "iat", "iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use", "username"),
    )
)
# The trigger's answer for the tokens that MiniStack is issuing.
_issue: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "issue", default=None
)


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_build_auth_result", _as_one_issue)
    replace(emulator.cognito, "_apply_pretoken_trigger", lambda _: _override(emulator))


def _as_one_issue(build: Callable[..., Any]) -> Callable[..., Any]:
    def build_once(*arguments: Any, **named: Any) -> Any:
        token = _issue.set({})
        try:
            return build(*arguments, **named)
        finally:
            _issue.reset(token)

    return build_once


def _override(emulator: Emulator) -> Callable[..., dict[str, Any]]:
    cognito = emulator.cognito

    def run(
        pool_id: str,
        claims: dict[str, Any],
        token_type: str,
        trigger_source: str,
        **event_facts: Any,
    ) -> dict[str, Any]:
        pool = cognito._get_pool_unscoped(pool_id)
        config = (pool or {}).get("LambdaConfig") or {}
        versioned = config.get("PreTokenGenerationConfig") or {}
        version = versioned.get("LambdaVersion", "V1_0") if versioned.get("LambdaArn") else "V1_0"
        use = token_type
        if version == "V1_0" and use != "id":
            return claims
        if trigger_source == "TokenGeneration_ClientCredentials" and version != "V3_0":
            return claims
        issue = _issue.get()
        if issue is None or "answer" not in issue:
            event = cognito._build_pretoken_event(
                pool_id=pool_id, trigger_source=trigger_source, version=version, **event_facts
            )
            trigger = "PreTokenGenerationConfig" if versioned else "PreTokenGeneration"
            answer = invoke(emulator, pool, trigger, event) or {} if pool else {}
            issue = issue if issue is not None else {}
            issue["answer"] = answer
        return merge_claims(claims, issue["answer"], use)

    return run


def merge_claims(claims: dict[str, Any], answer: Mapping[str, Any], use: str) -> dict[str, Any]:
    """Apply a trigger's answer to the claims of one token; `use` is "access" or "id"."""
    details = answer.get("claimsAndScopeOverrideDetails")
    if details is None:
        details = answer.get("claimsOverrideDetails") or {}
        section = details
    else:
        name = "accessTokenGeneration" if use == "access" else "idTokenGeneration"
        section = details.get(name) or {}
    merged = dict(claims)
    for name, value in (section.get("claimsToAddOrOverride") or {}).items():
        if name not in _PROTECTED:
            merged[name] = value
    for name in section.get("claimsToSuppress") or []:
        if name not in _PROTECTED:
            merged.pop(name, None)
    if use == "access":
        merged["scope"] = _scopes(str(merged.get("scope", "")), section)
    if "groupOverrideDetails" in details:
        groups = (details["groupOverrideDetails"] or {}).get("groupsToOverride")
        if groups:
            merged["cognito:groups"] = list(groups)
        else:
            merged.pop("cognito:groups", None)
    return merged


def _scopes(granted: str, section: Mapping[str, Any]) -> str:
    suppressed = set(section.get("scopesToSuppress") or [])
    wanted = [*granted.split(), *(section.get("scopesToAdd") or [])]
    return " ".join(dict.fromkeys(scope for scope in wanted if scope not in suppressed))
