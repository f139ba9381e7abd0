"""Tests of the fixes for operators' calls about people."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.local.mends.invitation import INVITED, is_expired
from tests.local_aws.cloud import Cloud
from tests.local_aws.pool import PASSWORD, Pool

EMAIL = "ivy@example.com"


def invite(pool: Pool, **more: Any) -> None:
    pool.cognito.admin_create_user(
        UserPoolId=pool.id, Username=EMAIL, DesiredDeliveryMediums=["EMAIL"], **more
    )


def mailed_passwords(cloud: Cloud) -> list[str]:
    """Return the temporary passwords in the mails to Ivy."""
    with urllib.request.urlopen(f"{cloud.url}/_ministack/ses/messages", timeout=10) as answer:
        outbox = json.load(answer)["messages"]
    bodies = [
        mail["BodyText"] for mails in outbox.values() for mail in mails if EMAIL in mail["To"]
    ]
    found = (re.search(r"temporary password is (\S+)\.", body) for body in bodies)
    return [match[1] for match in found if match]


def test_an_invitation_sent_again_has_a_new_password(cloud: Cloud, pool: Pool) -> None:
    """The new password works, and the old password does not."""
    invite(pool)
    invite(pool, MessageAction="RESEND")
    old, new = mailed_passwords(cloud)[-2:]
    assert old != new
    with pytest.raises(ClientError, match="Incorrect username or password"):
        pool.sign_in(EMAIL, old)
    assert pool.sign_in(EMAIL, new)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_only_invited_people_are_invited_again(pool: Pool) -> None:
    """Confirmed people keep their password."""
    pool.add_person(EMAIL)
    with pytest.raises(ClientError, match="UnsupportedUserStateException"):
        invite(pool, MessageAction="RESEND")
    assert "AuthenticationResult" in pool.sign_in(EMAIL)


def test_a_temporary_password_runs_out() -> None:
    """Only invited people have a temporary password."""
    user = {"UserStatus": INVITED, "_temporary_until": 100.0}
    assert [is_expired(user, now) for now in (99.0, 100.0)] == [False, True]
    assert not is_expired({**user, "UserStatus": "CONFIRMED"}, 100.0)
    assert not is_expired({"UserStatus": INVITED}, 1e12)


def test_a_lost_authenticator_app_is_forgotten(pool: Pool) -> None:
    """Cognito no longer asks for the authenticator app's code, and the person has no second factor. For an unknown
    person, the call raises an error."""
    name = pool.add_person(EMAIL)
    preference = {"Enabled": True, "PreferredMfa": True}
    pool.cognito.admin_set_user_mfa_preference(
        UserPoolId=pool.id, Username=name, SoftwareTokenMfaSettings=preference
    )
    pool.cognito.admin_delete_software_token(UserPoolId=pool.id, Username=EMAIL)
    found = pool.cognito.admin_get_user(UserPoolId=pool.id, Username=EMAIL)
    assert found.get("UserMFASettingList", []) == []
    assert "AuthenticationResult" in pool.sign_in(EMAIL, PASSWORD)
    with pytest.raises(ClientError, match="UserNotFoundException"):
        pool.cognito.admin_delete_software_token(UserPoolId=pool.id, Username="nobody")
