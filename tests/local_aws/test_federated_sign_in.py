"""Tests of the fixes for the federated sign-in of the local AWS."""

from __future__ import annotations

import pytest
import requests
from botocore.exceptions import ClientError

from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import ALICE, BRUNO, CHLOE, OktaBrowser
from tests.local_aws.pool import Pool, claims

ALICE_NAME = f"okta_{ALICE}".lower()


def test_a_first_sign_in_runs_the_triggers_of_a_new_profile(
    cloud: Cloud, browser: OktaBrowser
) -> None:
    """InboundFederation runs first, then PreSignUp and PostConfirmation. Finally, the trigger for token generation runs
    once for all tokens."""
    browser.tokens()
    assert cloud.sources() == [
        "InboundFederation_ExternalProvider",
        "PreSignUp_ExternalProvider",
        "PostConfirmation_ConfirmSignUp",
        "TokenGeneration_HostedAuth",
    ]


def test_a_later_sign_in_runs_the_triggers_of_authentication(
    cloud: Cloud, browser: OktaBrowser
) -> None:
    """PreSignUp does not run again, and the pool finds the same profile."""
    first = claims(browser.tokens()["id_token"])["sub"]
    cloud.forget_events()
    assert claims(browser.tokens()["id_token"])["sub"] == first
    assert cloud.sources() == [
        "InboundFederation_ExternalProvider",
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "TokenGeneration_HostedAuth",
    ]


def test_events_carry_what_aws_sends(cloud: Cloud, pool: Pool, browser: OktaBrowser) -> None:
    """The event of PreSignUp has no `sub` yet, and the event of PostConfirmation has the `sub`. Each event has the id
    of the app's client."""
    browser.tokens()
    _, before, after, _ = cloud.events()
    assert before["userName"] == after["userName"] == ALICE_NAME
    assert before["callerContext"]["clientId"] == after["callerContext"]["clientId"]
    assert after["callerContext"]["clientId"] == pool.client_id
    assert "sub" not in before["request"]["userAttributes"]
    assert after["request"]["userAttributes"]["sub"]
    assert after["request"]["userAttributes"]["cognito:user_status"] == "EXTERNAL_PROVIDER"


def test_mapped_claims_become_attributes_as_text(pool: Pool, browser: OktaBrowser) -> None:
    """Booleans become lower-case text, and lists stay unchanged. The provider's `sub` becomes a custom attribute; the
    profile's own `sub` is another value."""
    browser.tokens()
    attributes = pool.user(ALICE_NAME)
    assert attributes["email"] == "alice@example.com"
    assert attributes["email_verified"] == "true"
    assert attributes["custom:groups"] == "[Everyone, admins]"
    assert attributes["custom:idp_sub"] == ALICE
    assert attributes["sub"] != ALICE


def test_unmapped_claims_do_not_become_attributes(pool: Pool, browser: OktaBrowser) -> None:
    """The profile has only the mapped attributes, `sub`, `identities` and Cognito's own flags."""
    requests.put(
        f"{pool.cloud.okta_url}/users/{BRUNO}-x",
        json={"email": "x@example.com", "nickname": "X", "secret_claim": "no"},
        timeout=10,
    ).raise_for_status()
    browser.tokens(f"{BRUNO}-x")
    known = {"email", "email_verified", "custom:idp_sub", "sub", "identities"}
    assert set(pool.user(f"okta_{BRUNO}-x".lower())) == known


def test_an_unverified_address_stays_unverified(pool: Pool, browser: OktaBrowser) -> None:
    """The provider's claim `email_verified` about Chloé is false. The ID token has a JSON `false`."""
    id_token = browser.tokens(CHLOE)["id_token"]
    assert claims(id_token)["email_verified"] is False
    assert claims(id_token)["given_name"] == "Chloé"


def test_a_profile_joins_the_providers_group(pool: Pool, browser: OktaBrowser) -> None:
    """A federated user who is not linked is in the group <pool>_<provider>, also after a refresh."""
    tokens = browser.tokens()
    group = f"{pool.id}_Okta"
    assert claims(tokens["access_token"])["cognito:groups"] == [group]
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = pool.post("/oauth2/token", form).json()
    assert claims(refreshed["access_token"])["cognito:groups"] == [group]
    assert claims(refreshed["access_token"])["scope"] == claims(tokens["access_token"])["scope"]


def test_the_nonce_and_state_come_back(browser: OktaBrowser) -> None:
    """The callback has the app's state, and the ID token has the app's nonce."""
    answer = browser.sign_in()
    assert answer["state"] == "state-1"
    tokens = browser.pool.exchange(answer["code"]).json()
    assert claims(tokens["id_token"])["nonce"] == "nonce-1"


def test_pre_sign_up_refusal_ends_at_the_callback(cloud: Cloud, browser: OktaBrowser) -> None:
    """The callback gets the error, the description and the state. The pool creates no profile."""
    cloud.script({"PreSignUp_ExternalProvider": {"raise": "GATEHOUSE_REFUSED not invited"}})
    answer = browser.sign_in()
    assert answer["error"] == "invalid_request"
    assert answer["state"] == "state-1"
    assert "PreSignUp failed with error GATEHOUSE_REFUSED" in answer["error_description"]
    assert browser.pool.cognito.list_users(UserPoolId=browser.pool.id)["Users"] == []


def test_pre_authentication_refusal_ends_at_the_callback(
    cloud: Cloud, browser: OktaBrowser
) -> None:
    """The person has signed in before, and the trigger refuses the next sign-in."""
    browser.tokens()
    cloud.script({"PreAuthentication_Authentication": {"raise": "not today"}})
    assert "not today" in browser.sign_in()["error_description"]


def test_a_denial_at_the_provider_ends_at_the_callback(browser: OktaBrowser) -> None:
    """Cognito passes `error=access_denied` on, with the app's state."""
    answer = browser.come_back({"action": "deny"})
    assert answer["error"] == "access_denied"
    assert answer["state"] == "state-1"


def test_a_missing_required_attribute_ends_at_the_callback(
    pool: Pool, browser: OktaBrowser
) -> None:
    """The pool requires an email address."""
    requests.put(f"{pool.cloud.okta_url}/users/00uNoMail", json={}, timeout=10).raise_for_status()
    assert "email" in browser.sign_in("00uNoMail")["error_description"]


def test_a_disabled_user_gets_no_code(pool: Pool, browser: OktaBrowser) -> None:
    """A disabled user gets no code, and no new tokens for an older refresh token."""
    tokens = browser.tokens()
    pool.cognito.admin_disable_user(UserPoolId=pool.id, Username=ALICE_NAME)
    assert "code" not in browser.sign_in()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert pool.post("/oauth2/token", form).json()["error"] == "invalid_grant"


def test_a_user_disabled_after_the_code_gets_no_tokens(pool: Pool, browser: OktaBrowser) -> None:
    """The exchange checks the user again."""
    code = browser.sign_in()["code"]
    pool.cognito.admin_disable_user(UserPoolId=pool.id, Username=ALICE_NAME)
    assert pool.exchange(code).status_code == 400


@pytest.mark.parametrize("password", ["anything", ""])
def test_a_federated_user_has_no_password(pool: Pool, browser: OktaBrowser, password: str) -> None:
    """InitiateAuth refuses the sign-in in the same way as a wrong password."""
    browser.tokens()
    with pytest.raises(ClientError, match=r"NotAuthorized|InvalidParameter"):
        pool.sign_in(ALICE_NAME, password)


def test_an_unknown_state_is_refused_without_a_redirect(pool: Pool) -> None:
    """Without the state, Cognito has no address for a redirect."""
    answer = requests.get(
        pool.cloud.url + "/oauth2/idpresponse", params={"state": "x", "code": "y"}, timeout=10
    )
    assert answer.status_code == 400
