"""Tests of a departure. When a person has left the company, the provider reports this through its event hook or
Universal Logout."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.flows.leaving import CALLS_PER_SECOND
from chalicelib.gatehouse.store.users import iso
from tests.component.company import ORGS, SECRETS, Company, secret_arn
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import SUBJECTS_TABLE, World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import LambdaContext
from tests.doubles.pool_users import PoolUser
from tests.events import load_event

DEACTIVATE, REACTIVATE = "user.lifecycle.deactivate", "user.lifecycle.reactivate"
OUR_APP = [{"type": "AppInstance", "id": "0oaGatehouse"}]
ADMINS = [{"type": "UserGroup", "id": "00g1", "displayName": "admins"}]


@pytest.fixture
def company(world: World) -> Company:
    """Two providers, each with one signed-in person."""
    return Company(world)


@pytest.mark.security("S-81")
@pytest.mark.parametrize(
    ("kind", "target", "enabled"),
    [
        (DEACTIVATE, [], False),
        ("user.lifecycle.suspend", [], False),
        ("user.lifecycle.delete.initiated", [], False),
        ("application.user_membership.remove", OUR_APP, False),
        ("user.session.clear", [], True),
        ("user.account.reset_password", [], True),
        ("group.user_membership.remove", ADMINS, True),
    ],
)
def test_whoever_leaves_is_out_and_nobody_else(
    company: Company, kind: str, target: list[Any], enabled: bool
) -> None:
    """All sessions of the person end. If Okta reports that the person has left, our code also disables the person's
    profile."""
    answer = company.tell(company.event(kind, target=target))
    assert (answer.status, answer.body) == (204, "")
    assert company.signed_in() == {"bob"}
    assert company.ada.enabled is enabled
    assert company.bob.enabled


@pytest.mark.security("S-70")
def test_a_route_that_asks_refuses_at_once(company: Company) -> None:
    """The record contains `validAfter`. A route with `fresh=True` refuses every access token from before this time."""
    record = {"userName": {"S": "okta_00u1ada"}, "sub": {"S": company.ada.sub}}
    company.world.dynamodb.put(company.world.settings.users_table, record)
    claims = {
        **CLAIMS,
        "sub": company.ada.sub,
        "username": company.ada.username,
        "cognito:groups": "[admins]",
        "iat": str(int(company.world.clock()) - 5),
    }
    browser = company.world.browser()
    assert browser.get("/users", claims=claims).status == 200
    company.tell(company.event("user.session.clear"))
    assert browser.get("/users", claims=claims).status == 401


def test_whoever_comes_back_can_sign_in(company: Company) -> None:
    """Okta reactivates or unsuspends the person, or assigns the person to our app again."""
    pairs = [
        (DEACTIVATE, "user.lifecycle.activate", []),
        ("user.lifecycle.suspend", "user.lifecycle.unsuspend", []),
        ("application.user_membership.remove", "application.user_membership.add", OUR_APP),
    ]
    for gone, back, target in pairs:
        company.world.clock.advance(1)
        company.tell(company.event(gone, target=target))
        assert not company.ada.enabled
        company.world.clock.advance(1)
        company.tell(company.event(back, target=target))
        assert company.ada.enabled


@pytest.mark.security("S-82")
def test_whom_an_administrator_disabled_no_signal_enables(company: Company) -> None:
    """An administrator has disabled the profile. No signal enables it again, whether the signal comes before or after
    the administrator's decision."""
    company.ada.enabled = False
    for kind in (REACTIVATE, DEACTIVATE, REACTIVATE):
        company.world.clock.advance(1)
        company.tell(company.event(kind))
        assert not company.ada.enabled


@pytest.mark.security("S-81")
@pytest.mark.security("S-85")
def test_somebody_disabled_already_has_no_session_left(company: Company) -> None:
    """If an administrator later enables the profile, for example in AWS's console, the old sessions do not work."""
    company.ada.enabled = False
    company.world.clock.advance(1)
    company.tell(company.event(DEACTIVATE))
    company.world.clock.advance(1)
    company.ada.enabled = True
    assert company.signed_in() == {"bob"}


def test_a_provider_that_only_signs_out_disables_nobody(world: World) -> None:
    """The provider has the option `--when-gone sign-out`."""
    company = Company(world, gone="sign-out")
    company.tell(company.event(DEACTIVATE))
    assert company.signed_in() == {"bob"}
    assert company.ada.enabled


@pytest.mark.parametrize(
    ("rule", "out", "enabled"),
    [("sign-out", True, True), ("disable", True, False), ("nothing", False, True)],
)
def test_a_linked_account_follows_a_rule_of_its_own(
    world: World, rule: str, out: bool, enabled: bool
) -> None:
    """A linked account has a password of its own. A person who has left the provider may still have the right to sign
    in with this password."""
    company = Company(world, linked=rule)
    company.ada.username = "5d3c7b1e-native"
    company.ada.status = "CONFIRMED"
    index(company, "5d3c7b1e-native")
    company.sign_everybody_in()
    company.tell(company.event(DEACTIVATE))
    assert company.signed_in() == ({"bob"} if out else {"ada", "bob"})
    assert company.ada.enabled is enabled


def index(company: Company, user_name: str) -> None:
    row = {"subject": {"S": "Okta/00u1Ada"}, "userName": {"S": user_name}}
    company.world.dynamodb.put(SUBJECTS_TABLE, row)


@pytest.mark.security("S-81")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newer_signal_wins_in_any_order(company: Company, order: tuple[int, int]) -> None:
    """Okta deactivates Ada and reactivates her one second later. Ada can sign in, in either order of the two signals."""
    events = [company.event(DEACTIVATE), company.event(REACTIVATE, published=1)]
    for number in order:
        company.tell(events[number])
    assert company.ada.enabled
    events = [company.event(REACTIVATE, published=2), company.event(DEACTIVATE, published=3)]
    for number in order:
        company.tell(events[number])
    assert not company.ada.enabled


@pytest.mark.security("S-79")
def test_a_late_return_does_not_let_an_old_clearing_act_again(company: Company) -> None:
    """Okta reports twice that the sessions were cleared. Between these reports, an older reactivation arrives. The
    second report does not end any newer session."""
    cleared = company.event("user.session.clear")
    company.tell(cleared)
    company.tell(company.event("user.lifecycle.unsuspend", published=-5))
    company.world.clock.advance(30)
    company.sign_everybody_in()
    company.tell(cleared)
    assert company.signed_in() == {"ada", "bob"}


def test_a_clearing_that_came_first_does_not_keep_a_deactivation_out(company: Company) -> None:
    """Okta publishes both events at almost the same time, so they may arrive in either order."""
    cleared, gone = company.event("user.session.clear", published=1), company.event(DEACTIVATE)
    company.tell(cleared, gone)
    assert not company.ada.enabled
    assert company.signed_in() == {"bob"}


def test_of_two_at_a_time_the_newer_one_wins(company: Company) -> None:
    """One function disables Ada, while another function processes her reactivation. The reactivation is newer, so the
    first function enables Ada again."""
    world = company.world
    disable = world.pool.admin_disable_user

    def overtaken(**arguments: Any) -> Any:
        answer = disable(**arguments)
        company.tell(company.event(REACTIVATE, published=1))
        return answer

    world.pool.admin_disable_user = overtaken  # type: ignore[method-assign]
    company.tell(company.event(DEACTIVATE))
    assert company.ada.enabled


def test_a_group_is_gone_until_the_next_sign_in(company: Company) -> None:
    """The server removes only the group that the signal names. It does this only if the provider sends groups."""
    company.tell(company.event("group.user_membership.remove", target=ADMINS))
    assert company.ada.told_groups == "=staff"
    company.put_row("Okta")
    row = company.world.dynamodb.items(company.world.settings.providers_table)["Okta"]
    company.world.dynamodb.put(
        company.world.settings.providers_table, {**row, "groups_claim": {"S": ""}}
    )
    company.world.clock.advance(61)
    staff = [{"type": "UserGroup", "id": "00g2", "displayName": "staff"}]
    company.tell(company.event("group.user_membership.remove", target=staff))
    assert company.ada.told_groups == "=staff"


@pytest.mark.security("S-81")
@pytest.mark.parametrize("linked", [True, False])
def test_a_newer_sign_in_keeps_a_group_only_if_the_provider_was_asked(
    company: Company, linked: bool
) -> None:
    """People of a provider always sign in through the provider. A linked person may also sign in with a password, but
    such a sign-in brings no new groups."""
    user_name = "5d3c7b1e-native" if linked else "okta_00u1ada"
    company.ada.username = user_name if linked else company.ada.username
    index(company, company.ada.username)
    removed = company.event("group.user_membership.remove", target=ADMINS)
    company.world.clock.advance(3)
    record = {"userName": {"S": user_name}, "lastSignInAt": {"S": iso(company.world.clock())}}
    company.world.dynamodb.put(company.world.settings.users_table, record)
    company.world.clock.advance(2)
    company.tell(removed)
    assert company.ada.told_groups == ("=staff" if linked else "=staff,admins")


def test_several_events_of_one_request_each_count(company: Company) -> None:
    """Some events of the request cannot be read, or have no effect. The server counts these events, and processes all
    other events."""
    company.tell(
        {"eventType": DEACTIVATE},
        company.event("user.session.start"),
        *(company.event(DEACTIVATE, f"00uNobody{number}") for number in range(25)),
        company.event(DEACTIVATE),
    )
    assert company.signed_in() == {"bob"}
    assert len(company.world.queue.bodies) == 26


def test_the_queue_does_not_answer(company: Company) -> None:
    """If the queue is unavailable, or refuses one message of a batch, the response is 503. Okta then sends the request
    again. Every session continues."""
    queue = company.world.queue
    queue.fault = client_error("ServiceUnavailable")
    assert company.tell(company.event(DEACTIVATE)).status == 503
    queue.fault, queue.refuses = None, 1
    assert company.tell(company.event(DEACTIVATE)).status == 503
    assert company.signed_in() == {"ada", "bob"}


def test_what_fails_comes_again_and_stops_nobody_else(company: Company) -> None:
    """Cognito fails for one of three people. The function signs the two others out at once. It signs the third person
    out at the next delivery."""
    pool, queue = company.world.pool, company.world.queue
    eve = company._join("Okta", "00u3Eve", "eve@example.org")
    pool.fail("admin_user_global_sign_out", client_error("TooManyRequestsException"))
    company.tell(company.event(DEACTIVATE), company.event(DEACTIVATE, "00u3Eve"))
    assert (company.ada.enabled, eve.enabled) == (True, False)
    assert len(queue.waiting) == 1
    queue.run()
    assert not company.ada.enabled
    assert queue.waiting == []


@pytest.mark.parametrize("operation", ["admin_disable_user", "admin_enable_user"])
def test_a_function_that_is_cut_off_half_way_is_done_with_the_next_time(
    company: Company, operation: str
) -> None:
    """Lambda stops the function after its call to Cognito for Ada, but before it writes the row. The next delivery
    completes the work."""
    pool, queue = company.world.pool, company.world.queue
    if operation == "admin_enable_user":
        company.tell(company.event(DEACTIVATE, published=-1))
    call = getattr(pool, operation)

    def cut_off(**arguments: Any) -> Any:
        call(**arguments)
        setattr(pool, operation, call)
        raise client_error("InternalErrorException")

    setattr(pool, operation, cut_off)
    company.tell(company.event(DEACTIVATE if operation == "admin_disable_user" else REACTIVATE))
    assert len(queue.waiting) == 1
    queue.run()
    assert queue.waiting == []
    company.world.clock.advance(1)
    company.tell(company.event(REACTIVATE))
    assert company.ada.enabled


def test_messages_that_nobody_sent_are_dropped(
    company: Company, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The function drops an invalid message, because a second delivery would not help."""
    good = {"provider": "Okta", "subject": "s", "kind": "gone", "at": "a", "id": "i", "group": ""}
    bodies = ["", "[]", "{}", json.dumps({**good, "kind": "x"}), json.dumps({**good, "id": 1})]
    records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
    assert gate.leaving({"Records": records}, LambdaContext()) == {"batchItemFailures": []}
    events = [line["event"] for line in log_lines()]
    assert events.count("leaving_malformed") == len(bodies)


def test_somebody_who_is_deleted_in_the_middle_is_done_with(company: Company) -> None:
    """Somebody deletes the account during the function's work. The function then treats the message as done."""
    gone = client_error("UserNotFoundException", "AdminUserGlobalSignOut")
    company.world.pool.fail("admin_user_global_sign_out", gone)
    company.tell(company.event(DEACTIVATE))
    assert company.world.queue.waiting == []


def test_the_function_keeps_to_cognitos_pace(company: Company) -> None:
    """One function makes twelve calls a second, so two parallel functions make 24 calls. Cognito allows 25 calls a
    second."""
    company.tell(*(company.event("user.session.clear", f"00uNobody{n}") for n in range(3)))
    assert company.world.pauses == pytest.approx([n / CALLS_PER_SECOND for n in (1, 2)])


def test_okta_verifies_the_address_once(company: Company) -> None:
    """The response repeats Okta's challenge, whatever the provider's name is. So it does not reveal which providers
    exist."""
    browser = company.world.browser()
    headers = [("X-Okta-Verification-Challenge", "challenge-1")]
    answer = browser.get("/auth/events/Okta", headers=headers)
    assert (answer.status, answer.json()) == (200, {"verification": "challenge-1"})
    for value in ("", "x" * 513):
        wrong = [("X-Okta-Verification-Challenge", value)]
        assert browser.get("/auth/events/Okta", headers=wrong).status == 400
    assert browser.get("/auth/events/Nobody", headers=headers).status == 200
    company.world.restart(leaving_queue_url="")
    assert browser.get("/auth/events/Okta", headers=headers).status == 404


@pytest.mark.security("S-77")
def test_a_secret_that_is_being_rotated_counts_beside_the_new_one(company: Company) -> None:
    """The container has cached the old secret, but the new secret works at once. The old secret works until the next
    rotation."""
    nothing = company.event("user.session.start")
    assert company.tell(nothing).status == 204
    company.world.secrets.put(
        secret_arn("Okta"), {"current": "new-secret", "previous": SECRETS["Okta"]}
    )
    company.world.clock.advance(31)
    assert company.tell(nothing, secret="new-secret").status == 204
    assert company.tell(nothing).status == 204
    company.world.secrets.put(secret_arn("Okta"), {"current": "newer", "previous": "new-secret"})
    company.world.clock.advance(31)
    assert company.tell(nothing, secret="newer").status == 204
    assert company.tell(nothing).status == 401


@pytest.mark.parametrize(
    "sub_id",
    [
        {"format": "iss_sub", "iss": ORGS["Okta"], "sub": "00u1Ada"},
        {"format": "iss_sub", "iss": f"{ORGS['Okta']}/oauth2/default", "sub": "00u1Ada"},
        {"format": "email", "email": "ada@example.org"},
        {"format": "email", "email": "Ada@Example.org"},
    ],
)
def test_universal_logout_ends_the_sessions(company: Company, sub_id: dict[str, str]) -> None:
    """The token names the person by the provider's subject, or by address. The account itself is not deleted."""
    answer = company.revoke(company.token(), sub_id)
    assert (answer.status, answer.body) == (204, "")
    assert company.signed_in() == {"bob"}
    assert company.ada.enabled


def test_universal_logout_in_the_words_of_oktas_earlier_page(company: Company) -> None:
    """The request has `subject` instead of `sub_id`. The token has a full media type as `typ`, and a list as
    audience."""
    token = company.token(
        header={"typ": "application/global-token-revocation+jwt"},
        claims={"aud": [f"{company.world.browser().root}auth/revoke/Okta"]},
    )
    subject = {"format": "iss_sub", "iss": ORGS["Okta"], "sub": "00u1Ada"}
    assert company.revoke(token, body={"subject": subject}).status == 204
    assert company.signed_in() == {"bob"}


def test_a_token_serves_again_where_the_queue_failed(company: Company) -> None:
    """The queue fails, so Okta sends the same token again. The second delivery must not be refused as a replay."""
    token = company.token()
    company.world.queue.fault = client_error("ServiceUnavailable")
    assert company.revoke(token).status == 503
    company.world.queue.fault = None
    assert company.revoke(token).status == 204
    assert company.signed_in() == {"bob"}


def test_the_triggers_keep_the_index(world: World) -> None:
    """The triggers write the index at each sign-in. If the table is unavailable, the sign-in still works."""
    world.restart(subjects_table=SUBJECTS_TABLE)
    gate.user_records(load_event("PostConfirmation_ConfirmSignUp_federated"), LambdaContext())
    gate.user_records(load_event("PostAuthentication_Authentication_linked"), LambdaContext())
    rows = world.dynamodb.items(SUBJECTS_TABLE)
    assert set(rows) == {"Okta/00u1ada", "Okta/00u1grace"}
    linked = load_event("PostAuthentication_Authentication_linked")["userName"]
    assert rows["Okta/00u1grace"]["userName"] == {"S": linked}


def test_doctor_can_tell_when_a_provider_was_last_heard(company: Company) -> None:
    """For each provider, one row contains the time of the provider's last signal."""
    company.tell(company.event("user.session.clear"))
    assert set(company.world.dynamodb.items(SUBJECTS_TABLE)["Okta"]) == {"subject", "lastSignalAt"}


def test_an_index_that_is_out_of_date_misleads_nobody(company: Company) -> None:
    """The index names a wrong person. But the pool decides whose profile it is."""
    company.world.pool.add(PoolUser("eve@example.org", "", username="eve-native"))
    index(company, "eve-native")
    company.tell(company.event(DEACTIVATE))
    assert [user.email for user in company.world.pool.users if not user.enabled] == [
        "ada@example.org"
    ]
