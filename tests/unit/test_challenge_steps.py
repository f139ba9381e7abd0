"""Tests of Cognito's challenges in the form that the page gets."""

import pytest

from chalicelib.gatehouse.cognito.user_pool_api import Step
from chalicelib.gatehouse.flows.challenge_steps import (
    CODE_RESPONSES,
    choice_of,
    public_name,
    read_step,
)


@pytest.mark.parametrize("name", ["EMAIL_OTP", "EMAIL_MFA"])
def test_a_code_by_mail_has_one_name_on_the_page(name: str) -> None:
    """The page uses one name for both challenges. The response to Cognito has Cognito's own names of the challenge and
    of the code."""
    asked = read_step(
        Step(challenge=name, session="s", parameters={"CODE_DELIVERY_DESTINATION": "g***@e***"})
    )
    assert asked.name == name
    assert asked.body == {"name": "EMAIL_OTP", "destination": "g***@e***"}
    assert public_name(name) == "EMAIL_OTP"
    assert CODE_RESPONSES[name] == f"{name}_CODE"


@pytest.mark.parametrize(
    ("offered", "shown", "sent"),
    [
        ('["EMAIL_MFA"]', ["EMAIL_OTP"], "EMAIL_MFA"),
        ('["EMAIL_OTP"]', ["EMAIL_OTP"], "EMAIL_OTP"),
        ('["SMS_MFA", "EMAIL_MFA"]', ["SMS_MFA", "EMAIL_OTP"], "EMAIL_MFA"),
    ],
)
def test_the_answer_to_a_choice_is_what_was_offered(
    offered: str, shown: list[str], sent: str
) -> None:
    asked = read_step(
        Step(challenge="SELECT_MFA_TYPE", session="s", parameters={"MFAS_CAN_CHOOSE": offered})
    )
    assert asked.body["choices"] == shown
    assert choice_of(asked.choices, "EMAIL_OTP") == sent
    assert choice_of(asked.choices, "SOFTWARE_TOKEN_MFA") is None
