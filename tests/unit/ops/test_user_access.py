"""Tests of the commands that block and help people: disable, enable, sign-out, reset-mfa, groups, unlink, delete."""

import pytest

from chalicelib.gatehouse.store.recovery_codes import RecoveryCodeStore
from tests.unit.ops.desk import Desk

ADA = "ada@x.example"


@pytest.mark.security("S-70")
def test_disabling_ends_every_session_at_once(desk: Desk) -> None:
    """The pool revokes refresh tokens. The person's record makes all earlier access tokens invalid."""
    user = desk.add(ADA, sub="ada")
    assert desk.run("disable", ADA, "--yes").code == 0
    assert not user.enabled
    assert desk.pool.called("admin_user_global_sign_out") == 1
    assert desk.row("ada")["validAfter"].startswith("2026-01-02T03:04:05")


@pytest.mark.security("S-70")
def test_what_was_before_does_not_come_back_with_enabling(desk: Desk) -> None:
    """After `enable`, earlier sessions do not work again, even if the pool refuses to sign out disabled people."""
    user = desk.add(ADA, sub="ada")
    desk.pool.unsure = True
    assert desk.run("disable", ADA, "--yes").code == 0
    first = desk.row("ada")["validAfter"]
    desk.clock.advance(60)
    assert desk.run("enable", ADA).code == 0
    assert user.enabled
    assert desk.row("ada")["validAfter"] > first
    assert desk.pool.called("admin_user_global_sign_out") == 2


def test_enabling_somebody_who_is_not_disabled_ends_nothing(desk: Desk) -> None:
    """For a person who is not disabled, `enable` must not end sessions."""
    desk.add(ADA, sub="ada")
    assert desk.run("enable", ADA).code == 0
    assert desk.pool.called("admin_user_global_sign_out") == 0


@pytest.mark.security("S-70")
def test_signing_out_works_for_people_of_a_provider_too(desk: Desk) -> None:
    """The user name may be in upper or lower case. The command creates a missing record, because the record stores the
    sign-out."""
    desk.add_federated(ADA, subject="00uAda")
    assert desk.run("sign-out", "Okta_00uAda", "--yes").code == 0
    row = desk.row("okta_00uada")
    assert (row["provider"], bool(row["validAfter"])) == ("Okta", True)


@pytest.mark.security("S-70")
@pytest.mark.parametrize("action", ["sign-out", "disable", "reset-mfa", "delete"])
def test_what_cannot_be_undone_is_asked_first(desk: Desk, action: str) -> None:
    """The operator must type the name to confirm the action. Without a terminal, or with another word, the command
    changes nothing."""
    user = desk.add(ADA, sub="ada", factors={"SOFTWARE_TOKEN_MFA"})
    before = [name for name, _ in desk.pool.calls]
    assert "--yes" in desk.run(action, ADA).err
    assert "Nothing was changed" in desk.run(action, ADA, typed="yes").err
    assert user.enabled
    assert user.factors
    changes = {name for name, _ in desk.pool.calls} - {*before, "admin_get_user", "list_users"}
    assert changes <= {"describe_user_pool"}
    assert desk.run(action, ADA, typed=ADA).code == 0


@pytest.mark.security("S-67")
def test_a_lost_phone(desk: Desk) -> None:
    """The command turns off every second factor, deletes the authenticator app's key, and ends every session. The
    password does not change."""
    desk.pool.pool_factors = ("SOFTWARE_TOKEN_MFA", "EMAIL_OTP")
    user = desk.add(
        ADA,
        sub="ada",
        factors={"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"},
        preferred="SOFTWARE_TOKEN_MFA",
        totp_secret="SECRET",
    )
    codes = RecoveryCodeStore(desk.dynamodb, "users")
    desk.dynamodb.put("users", {"userName": {"S": "ada"}})
    codes.replace("ada", ["0123456789ABCDEF"])
    assert "recovery codes 1 left" in desk.run("show", ADA).out
    answer = desk.run("reset-mfa", ADA, "--yes")
    assert answer.code == 0, answer.err
    assert codes.load("ada").digests == ()
    assert (user.factors, user.preferred, user.totp_secret) == (set(), None, None)
    assert desk.pool.called("admin_user_global_sign_out") == 1
    assert desk.row("ada")["validAfter"]
    assert user.password == "x" * 12
    assert "authenticator app is removed" in answer.err


@pytest.mark.parametrize("unsure", [False, True])
def test_an_app_that_was_never_switched_on_is_forgotten_too(desk: Desk, unsure: bool) -> None:
    """An authenticator app that was never switched on could belong to a stranger. The command also works for a person
    without an app, whether or not AWS returns an error."""
    desk.pool.unsure = unsure
    user = desk.add(ADA, sub="ada", totp_secret=None if unsure else "SECRET")
    assert desk.run("reset-mfa", ADA, "--yes").code == 0
    assert user.totp_secret is None
    assert desk.pool.called("admin_set_user_mfa_preference") == 0


def test_a_second_factor_of_a_provider_is_reset_there(desk: Desk) -> None:
    """Gatehouse never asks for the second factor of a person who signs in through a provider, so only the provider can
    reset this factor."""
    desk.add_federated(ADA)
    answer = desk.run("reset-mfa", ADA, "--yes")
    assert (answer.code, "Okta, which asks for the second factor" in answer.err) == (1, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "FORCE_CHANGE_PASSWORD"}, "has no second factor"),
        ({"factors": {"MIND_READING"}}, "does not support: MIND_READING"),
    ],
)
def test_factors_that_are_not_there_or_not_known_are_named(
    desk: Desk, changes: dict[str, object], said: str
) -> None:
    """If an unknown factor stayed on, the person could not sign in. The command therefore ends with an error."""
    desk.add(ADA, sub="ada", **changes)
    answer = desk.run("reset-mfa", ADA, "--yes")
    assert (answer.code, said in answer.err) == (1, True)
    assert desk.pool.called("admin_user_global_sign_out") == 0


def test_groups_are_given_and_taken(desk: Desk) -> None:
    """A second addition or removal does no harm."""
    user = desk.add(ADA, sub="ada")
    for _ in range(2):
        assert desk.run("group", "add", ADA, "admins").code == 0
    assert user.groups == ("admins",)
    answers = [desk.run("group", "remove", ADA, "admins") for _ in range(2)]
    assert [answer.code for answer in answers] == [0, 0]
    assert user.groups == ()
    assert "within ten minutes" in answers[0].err
    assert "is not in admins" in answers[1].err


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_an_unknown_group_is_named_with_those_there_are(desk: Desk, verb: str) -> None:
    """The error suggests the closest name."""
    desk.add(ADA, sub="ada")
    answer = desk.run("group", verb, ADA, "amdins")
    assert answer.code == 1
    assert "Did you mean admins?" in answer.err
    assert "Groups: admins, readers" in answer.err
    automatic = desk.run("group", verb, ADA, f"{desk.pool.pool_id}_Okta")
    assert (automatic.code, "Cognito manages the group" in automatic.err) == (1, True)


@pytest.mark.security("S-69")
@pytest.mark.parametrize("also_here", [False, True])
def test_a_group_that_a_provider_tells_is_taken_away_there(desk: Desk, also_here: bool) -> None:
    """The command ends the membership in the pool, but the provider still sends the group. The error reports this
    fact."""
    desk.add_provider(groups_claim={"S": "groups"})
    user = desk.add_federated(ADA, told_groups="[admins]", groups=("admins",) if also_here else ())
    answer = desk.run("group", "remove", user.username, "admins")
    assert answer.code == 1
    assert "Okta sends the group 'admins'" in answer.err
    assert user.groups == ()


def test_a_group_that_a_provider_no_longer_tells_does_not_count(desk: Desk) -> None:
    """After the removal of the mapping, the attribute stays in the pool, but the groups in the attribute have no
    effect."""
    desk.add_provider()
    user = desk.add_federated(ADA, told_groups="[admins]")
    assert desk.run("group", "remove", user.username, "admins").code == 0
    assert desk.run("show", user.username, "--json").json()["groups"]["in_tokens"] == []


def test_a_group_whose_name_reads_as_several_is_in_no_token(desk: Desk) -> None:
    """The command warns the operator at once."""
    desk.pool.pool_groups = ("admins", "a,b")
    desk.add(ADA, sub="ada")
    assert "tokens do not contain 'a,b'" in desk.run("group", "add", ADA, "a,b").err


def test_deleting_asks_with_whom_it_found(desk: Desk) -> None:
    """The question names the person. After the answer, the command deletes the person from the pool and the table. The
    command also works if only a record exists."""
    desk.add(ADA, sub="ada")
    directory = desk.directory()
    directory.record(directory.require("ada"))
    assert f"deletes {ADA} (ada) from stage 'dev'" in desk.run("delete", ADA, typed="no").err
    assert desk.run("delete", ADA, "--yes").code == 0
    assert (desk.pool.users, desk.row("ada")) == ([], {})
    assert "has no user" in desk.run("delete", ADA, "--yes").err


def test_unlinking_asks_first(desk: Desk) -> None:
    """The question is necessary because no command can link the provider to the person again."""
    user = desk.add(ADA, sub="ada", identities=[("Okta", "1")])
    assert desk.run("unlink", ADA, "Okta", typed="no").code == 1
    assert user.identities
    assert desk.run("unlink", ADA, "Okta", typed=ADA).code == 0
    assert not user.identities


def sessions_of(desk: Desk) -> list[str]:
    return sorted(desk.dynamodb.items("sessions"))


def test_sessions_are_listed_and_ended_one_by_one(desk: Desk) -> None:
    """The list has only the named person's sessions. The id of another person's session causes an error."""
    desk.add(ADA, sub="ada")
    desk.add("bob@x.example", sub="bob")
    for sub, session_id in (("ada", "A" * 22), ("ada", "B" * 22), ("bob", "C" * 22)):
        desk.add_session(sub, session_id)
    assert (
        desk.run("sessions", ADA).out.count("Firefox, Windows, by Okta; started 2026-01-02T") == 2
    )
    (first, second) = desk.run("sessions", ADA, "--json").json()
    assert {first["id"], second["id"]} == {"A" * 22, "B" * 22}
    assert "has no session" in desk.run("sessions", ADA, "--end", "C" * 22).err
    assert desk.run("sessions", ADA, "--end", "A" * 22).code == 0
    assert sessions_of(desk) == ["ada/" + "B" * 22, "bob/" + "C" * 22]
    assert desk.run("sessions", ADA, "--end", "").code == 1
    desk.clock.advance(1800)
    assert "has no session" in desk.run("sessions", ADA).out


@pytest.mark.security("S-85")
@pytest.mark.parametrize("action", ["sign-out", "disable", "reset-mfa", "delete"])
def test_what_ends_all_sessions_takes_their_rows_away(desk: Desk, action: str) -> None:
    """A session in a browser needs a row in the table of sessions. If the row is missing, the session no longer works,
    even if no other step has ended the session."""
    desk.add(ADA, sub="ada", factors={"SOFTWARE_TOKEN_MFA"})
    desk.add_session("ada")
    desk.add_session("bob")
    assert desk.run(action, ADA, "--yes").code == 0
    assert sessions_of(desk) == ["bob/" + "A" * 22]


@pytest.mark.security("S-82")
@pytest.mark.parametrize("action", [("disable", "--yes"), ("enable",)])
def test_what_an_administrator_decides_is_no_signals_doing_any_more(
    desk: Desk, action: tuple[str, ...]
) -> None:
    """A signal of the provider has disabled Ada. Then an administrator makes a decision. No later signal changes the
    administrator's decision."""
    desk.add_federated(ADA, subject="00uAda", enabled=False)
    row = {"subject": {"S": "Okta/00uAda"}, "disabledAt": {"S": "2026-01-01T00:00:00.000Z"}}
    desk.dynamodb.put("subjects", row)
    assert desk.run(*action, "okta_00uada").code == 0
    assert "disabledAt" not in desk.dynamodb.items("subjects")["Okta/00uAda"]
    assert desk.run(*action, "okta_00uada").code == 0
