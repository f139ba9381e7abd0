"""Tests of the fixes for the pre-token-generation trigger of the local AWS."""

from __future__ import annotations

from typing import Any

from ops.local.mends.token_generation import merge_claims
from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import OktaBrowser
from tests.local_aws.pool import Pool, claims

HOSTED = "TokenGeneration_HostedAuth"


def answer(**details: Any) -> dict[str, Any]:
    """Return a version-two response of the trigger."""
    return {"response": {"claimsAndScopeOverrideDetails": details}}


def test_one_event_serves_both_tokens(cloud: Cloud, browser: OktaBrowser) -> None:
    """Each time Cognito issues tokens, the trigger runs only once, for both tokens."""
    changes = {"claimsToAddOrOverride": {"team": "blue"}}
    details = answer(idTokenGeneration=changes, accessTokenGeneration=changes)
    cloud.script({HOSTED: details})
    tokens = browser.tokens()
    assert claims(tokens["id_token"])["team"] == claims(tokens["access_token"])["team"] == "blue"
    assert cloud.sources().count(HOSTED) == 1


def test_groups_beside_the_token_sections_go_into_both(cloud: Cloud, browser: OktaBrowser) -> None:
    """In AWS's documentation, groupOverrideDetails is beside the sections of the two tokens."""
    details = answer(groupOverrideDetails={"groupsToOverride": ["admins"]})
    cloud.script({HOSTED: details})
    tokens = browser.tokens()
    for name in ("id_token", "access_token"):
        assert claims(tokens[name])["cognito:groups"] == ["admins"]


def test_empty_group_details_wipe_the_groups(cloud: Cloud, browser: OktaBrowser) -> None:
    """An object without groups removes all groups."""
    cloud.script({HOSTED: answer(groupOverrideDetails={})})
    assert "cognito:groups" not in claims(browser.tokens()["access_token"])


def test_scopes_are_added_and_suppressed(cloud: Cloud, pool: Pool) -> None:
    """The trigger also changes the tokens of a sign-in by API."""
    pool.add_person()
    section = {"scopesToAdd": ["api/read"], "scopesToSuppress": ["aws.cognito.signin.user.admin"]}
    details = answer(accessTokenGeneration=section)
    cloud.script({"TokenGeneration_Authentication": details})
    tokens = pool.sign_in("dana@example.com")["AuthenticationResult"]
    assert claims(tokens["AccessToken"])["scope"] == "api/read"


def test_a_failing_trigger_gives_no_tokens(cloud: Cloud, browser: OktaBrowser) -> None:
    """The token endpoint answers 400 with the trigger's text."""
    code = browser.sign_in()["code"]
    cloud.script({HOSTED: {"raise": "broken"}})
    refused = browser.pool.exchange(code)
    assert refused.status_code == 400
    assert "PreTokenGeneration failed with error broken" in refused.json()["error_description"]


def test_trusted_claims_cannot_be_overridden() -> None:
    """A trigger can neither replace nor remove the claims that apps trust, for example `sub` and `iss`."""
    section = {"claimsToAddOrOverride": {"sub": "other"}, "claimsToSuppress": ["iss"]}
    details = {"claimsAndScopeOverrideDetails": {"idTokenGeneration": section}}
    before = {"sub": "me", "iss": "pool"}
    assert merge_claims(before, details, "id") == before


def test_version_one_answers_touch_the_id_token() -> None:
    """The older format, claimsOverrideDetails, changes only the ID token."""
    details = {"claimsOverrideDetails": {"claimsToAddOrOverride": {"team": "red"}}}
    assert merge_claims({"sub": "me"}, details, "id") == {"sub": "me", "team": "red"}
