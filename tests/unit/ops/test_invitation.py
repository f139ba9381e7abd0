"""Tests of `ops user invite`: the first administrator, a second mail, and people who need another command."""

import pytest

from chalicelib.gatehouse.store.users import UserProfile
from tests.doubles.aws_errors import client_error
from tests.unit.ops.desk import Desk
from tests.unit.ops.fakes import POOL

ADA = "ada@x.example"


@pytest.mark.security("S-67")
def test_the_first_administrator_is_one_command(desk: Desk) -> None:
    """One command creates the account with a verified address and names. The command also sends the mail, adds the
    group, and writes a PENDING record."""
    answer = desk.run(
        *("invite", ADA, "--given-name", "Ada", "--family-name", "King", "--group", "admins"),
        "--json",
    )
    assert answer.code == 0, answer.err
    (user,) = desk.pool.users
    assert (user.email, user.email_verified, user.status) == (ADA, True, "FORCE_CHANGE_PASSWORD")
    assert (user.given_name, user.family_name, user.groups) == ("Ada", "King", ("admins",))
    assert desk.pool.sent == [(ADA, "invitation", user.password)]
    assert user.password not in answer.out + answer.err
    row = desk.row(user.username)
    assert (row["status"], row["Email"]) == ("PENDING", ADA)
    assert "provedAt" not in row
    found = answer.json()
    assert (found["sent_again"], found["group"]) == (False, "admins")
    assert found["expires_at"].startswith("2026-01-05")


def test_an_invitation_is_sent_again(desk: Desk) -> None:
    """The same account gets a new password by mail, and the new names. The command creates a missing record."""
    desk.run("invite", ADA)
    (user,) = desk.pool.users
    old = user.password
    desk.dynamodb.delete("users", user.username)
    desk.clock.advance(4 * 86_400)
    answer = desk.run("invite", "Ada@X.example", "--given-name", "Adele", "--group", "admins")
    assert answer.code == 0, answer.err
    assert desk.pool.users == [user]
    assert user.password != old
    assert [sent[0] for sent in desk.pool.sent] == [ADA, ADA]
    assert (user.given_name, user.groups) == ("Adele", ("admins",))
    assert desk.row(user.username)["status"] == "PENDING"
    again = [given for name, given in desk.pool.calls if name == "admin_create_user"][1]
    assert again == {
        "UserPoolId": POOL,
        "Username": ADA,
        "MessageAction": "RESEND",
        "DesiredDeliveryMediums": ["EMAIL"],
    }


def test_a_trigger_that_wrote_no_record_is_named(desk: Desk) -> None:
    """If the trigger wrote no record, the command writes the record and names `doctor`. If the trigger has written the
    record, the command does not mention the record."""
    answer = desk.run("invite", ADA)
    assert "wrote no record" in answer.err
    assert "ops doctor --stage dev" in answer.err
    desk.pool.trigger = lambda _, user, __: desk.users.record_pending(
        UserProfile(user.username, "client", user.email, "", "", "COGNITO")
    )
    assert "wrote no record" not in desk.run("invite", "bob@x.example").err


@pytest.mark.security("S-67")
@pytest.mark.parametrize(
    ("changes", "mend"),
    [
        ({"status": "CONFIRMED"}, "reset-mfa"),
        ({"status": "RESET_REQUIRED"}, "Forgot your password?"),
        ({"status": "UNCONFIRMED"}, "ops user delete ada --stage dev"),
        ({"status": "FORCE_CHANGE_PASSWORD", "enabled": False}, "ops user enable ada --stage dev"),
        ({"status": "COMPROMISED"}, "ops user delete ada --stage dev"),
    ],
)
def test_people_who_need_something_else_are_told_so(
    desk: Desk, changes: dict[str, object], mend: str
) -> None:
    """The command sends no mail, and the person's groups and names do not change."""
    user = desk.add(ADA, sub="ada", **changes)
    answer = desk.run("invite", ADA, "--given-name", "Eve", "--group", "admins")
    assert answer.code == 1
    assert mend in answer.err
    assert (user.groups, user.given_name, desk.pool.sent) == ((), "Grace", [])


def test_people_of_a_provider_belong_to_the_provider(desk: Desk) -> None:
    """People of a provider have no password in the pool."""
    desk.add_federated(ADA)
    answer = desk.run("invite", ADA)
    assert (answer.code, "signs in through Okta" in answer.err) == (1, True)


@pytest.mark.security("S-72")
@pytest.mark.parametrize(
    ("environment", "provider", "email", "mend"),
    [
        ({"DIRECT_SIGN_IN": "off"}, {}, ADA, "DIRECT_SIGN_IN=off"),
        ({"SIGN_UP_ALLOWED_DOMAINS": "Y.example"}, {}, ADA, "SIGN_UP_ALLOWED_DOMAINS"),
        ({"SIGN_UP_REFUSED_DOMAINS": "x.example"}, {}, "ada@X.example", "SIGN_UP_REFUSED_DOMAINS"),
        ({}, {"domains": {"L": [{"S": "x.example"}]}}, ADA, "--native-sign-up"),
        ({}, {"domains": {"L": [{"S": "x.example"}]}}, "ada@X.EXAMPLE", "--native-sign-up"),
    ],
)
def test_invitations_obey_the_stages_rules(
    desk: Desk, environment: dict[str, str], provider: dict[str, object], email: str, mend: str
) -> None:
    """The rules for sign-ups also apply to invitations. For example, an address in a provider's domain gets no
    password."""
    desk.environment |= environment
    if provider:
        desk.add_provider(**provider)
    answer = desk.run("invite", email)
    assert answer.code == 1
    assert mend in answer.err
    assert desk.pool.users == []


@pytest.mark.parametrize("text", ["ada", "ada@", "@x.example", "a b@x.example", "a@b@x.example"])
def test_what_is_no_address_is_not_invited(desk: Desk, text: str) -> None:
    """The command does not call AWS."""
    assert "is not an e-mail address" in desk.run("invite", text).err
    assert desk.pool.calls == []


def test_an_unknown_group_stops_before_the_mail(desk: Desk) -> None:
    """The command fails before the invitation, so that no person is invited with too few rights."""
    assert "Did you mean admins?" in desk.run("invite", ADA, "--group", "Admins").err
    assert (desk.pool.users, desk.pool.sent) == ([], [])


def test_a_mail_that_cannot_be_sent_names_the_quota(desk: Desk) -> None:
    """If the operator runs the same command again, the command completes the invitation."""
    desk.pool.undeliverable = "CodeDeliveryFailureException"
    assert "ses_identity_arn" in desk.run("invite", ADA).err
    desk.pool.undeliverable = None
    assert desk.run("invite", ADA).code == 0
    assert len(desk.pool.sent) == 1


def test_two_operators_at_once_make_one_account(desk: Desk) -> None:
    """The second operator gets an error that says to run the command again."""
    desk.pool.fail("admin_create_user", client_error("UsernameExistsException", "AdminCreateUser"))
    assert "run this command again" in desk.run("invite", ADA).err
