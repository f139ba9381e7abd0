"""Tests of reconciling the pool and the table, and of deleting and unlinking one person."""

import random
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.store.providers import ProviderStore
from chalicelib.gatehouse.store.subjects import SubjectStore
from chalicelib.gatehouse.store.users import UserStore
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from ops.directory import Directory
from ops.errors import OpsError
from ops.people import delete_user, unlink_user
from ops.pool import Pace, PoolReader, build_profile
from ops.progress_file import ProgressFile
from ops.reconcile import Findings, Reconciler, differences
from tests.component.world import ENVIRONMENT
from tests.doubles.aws_errors import client_error
from tests.doubles.clock import Clock
from tests.doubles.cognito import CognitoDouble
from tests.doubles.dynamodb import DynamoDBDouble
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_api import UserPoolDouble
from tests.unit.ops.fakes import POOL, FakeSession, dev_block, project, reporter, stage

TABLE = "users"
CLIENT = "client"


class Place:
    """A pool, a table, and a clock that `sleep` advances."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        cognito = CognitoDouble(self.clock, CLIENT, "secret", "", "", frozenset())
        self.pool = UserPoolDouble(self.clock, cognito, POOL, {CLIENT: "secret"})
        self.dynamodb = DynamoDBDouble(
            {
                TABLE: ("userName", frozenset({"Email"})),
                "providers": ("name", frozenset()),
                "sessions": ("sub/id", frozenset()),
                "subjects": ("subject", frozenset()),
            }
        )
        self.users = UserStore(self.dynamodb, TABLE, self.clock)
        self.report, self.printed = reporter()
        self.session: Any = FakeSession(cognito_idp=self.pool, dynamodb=self.dynamodb)
        self.stage = stage(folder, USERS_TABLE=TABLE, CLIENT_ID=CLIENT)
        self.sleeps: list[float] = []

    def directory(self) -> Directory:
        pace = Pace(clock=self.clock, sleep=self.sleep)
        return Directory(self.session, self.stage, pace, self.clock)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.clock.advance(seconds)

    def run(self, *, dry_run: bool = False) -> Findings:
        """Reconcile, and check that the command has deleted the progress file at the end."""
        progress = ProgressFile(self.folder / "progress.sqlite")
        done = False
        try:
            pace = Pace(clock=self.clock, sleep=self.sleep)
            found = Reconciler(
                pool=PoolReader(self.pool, POOL, pace),
                dynamodb=self.dynamodb,
                table=TABLE,
                client_id=CLIENT,
                refuse_address=ProviderStore(self.dynamodb, "providers", self.clock).refuse_address,
                subjects=SubjectStore(self.dynamodb, "subjects", self.clock),
                progress=progress,
                report=self.report,
                dry_run=dry_run,
                clock=self.clock,
            ).run()
            done = True
        finally:
            progress.close(remove=done)
        return found

    def rows(self) -> dict[str, dict[str, str]]:
        return {
            name: {key: next(iter(value.values())) for key, value in item.items()}
            for name, item in self.dynamodb.items(TABLE).items()
        }

    def add(self, count: int, **changes: Any) -> list[PoolUser]:
        return [
            self.pool.add(PoolUser(f"p{n}@x.example", "x" * 12, sub=f"sub-{n:04d}", **changes))
            for n in range(count)
        ]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(project(tmp_path, dev=dev_block()))


@pytest.mark.security("S-57")
def test_people_from_before_get_their_records(place: Place) -> None:
    """Native, linked, federated and pending people get the same record that the trigger would have written."""
    place.pool.add(PoolUser("grace@x.example", "x" * 12, sub="grace"))
    place.pool.add(PoolUser("lin@x.example", "x" * 12, sub="lin", identities=[("Okta", "1")]))
    place.pool.add(
        PoolUser(
            "ada@x.example",
            "",
            status="EXTERNAL_PROVIDER",
            username="okta_00uada",
            identities=[("Okta", "00uAda")],
        )
    )
    place.pool.add(PoolUser("new@x.example", "x" * 12, sub="new", status="UNCONFIRMED"))
    place.pool.add(PoolUser("inv@x.example", "x" * 12, sub="inv", status="FORCE_CHANGE_PASSWORD"))
    found = place.run()
    assert (found.people, found.missing, found.differing, found.surplus) == (5, 5, 0, 0)
    rows = place.rows()
    assert {n: (r["provider"], r["status"], r.get("linked")) for n, r in rows.items()} == {
        "grace": ("COGNITO", "CONFIRMED", None),
        "lin": ("COGNITO", "CONFIRMED", "Okta"),
        "okta_00uada": ("Okta", "CONFIRMED", None),
        "new": ("COGNITO", "PENDING", None),
        "inv": ("COGNITO", "PENDING", None),
    }
    assert rows["grace"]["ClientId"] == CLIENT
    assert place.run().total == 0


@pytest.mark.security("S-100")
def test_people_from_before_are_found_by_their_providers_signals(place: Place) -> None:
    """Each identity gets a row, even if the identity was linked. If the provider has already reported that a
    person left, the row says so, and the command keeps the row. A dry run writes no rows."""
    place.pool.add(PoolUser("grace@x.example", "x" * 12, sub="grace"))
    linked = [("Okta", "00uLin"), ("Acme", "lin 7")]
    place.pool.add(PoolUser("lin@x.example", "x" * 12, sub="lin", identities=linked))
    place.pool.add(
        PoolUser(
            "ada@x.example",
            "",
            status="EXTERNAL_PROVIDER",
            username="okta_00uada",
            identities=[("Okta", "00uAda")],
        )
    )
    place.run(dry_run=True)
    assert place.dynamodb.items("subjects") == {}
    SubjectStore(place.dynamodb, "subjects", place.clock).note_gone("Okta", "00uAda", "2026-01-01")
    place.run()
    rows = {
        key: {name: value["S"] for name, value in item.items()}
        for key, item in place.dynamodb.items("subjects").items()
    }
    assert rows == {
        "Okta/00uLin": {"subject": "Okta/00uLin", "userName": "lin"},
        "Acme/lin 7": {"subject": "Acme/lin 7", "userName": "lin"},
        "Okta/00uAda": {
            "subject": "Okta/00uAda",
            "userName": "okta_00uada",
            "decidedAt": "2026-01-01",
        },
    }
    before = place.dynamodb.items("subjects")
    place.run()
    assert place.dynamodb.items("subjects") == before


def test_what_differs_is_mended_and_the_rest_is_not_written(place: Place) -> None:
    """The first ClientId and createdAt stay. The command does not change a correct record."""
    people = place.add(130)
    place.run()
    row = place.dynamodb.items(TABLE)["sub-0007"]
    place.dynamodb.put(
        TABLE,
        {**row, "Email": {"S": "old@x.example"}, "linked": {"S": "Okta"}, "ClientId": {"S": "c0"}},
    )
    people[9].given_name = "Changed"
    place.clock.advance(10)
    writes = place.dynamodb.writes
    found = place.run()
    assert (found.differing, found.missing, found.surplus) == (2, 0, 0)
    assert place.dynamodb.writes == writes + 3
    mended = place.rows()["sub-0007"]
    assert (mended["Email"], mended["ClientId"]) == ("p7@x.example", "c0")
    assert "linked" not in mended
    assert place.rows()["sub-0009"]["given_name"] == "Changed"


def test_differences_are_named_up_to_some(place: Place) -> None:
    """Each line names the person and the field. If the pool is older than Gatehouse, the table is empty, so there can be
    very many differences. The command therefore prints only the first differences."""
    people = place.add(30)
    place.run()
    printed = place.printed.getvalue()
    assert printed.count(": no record") == 20
    assert printed.count("further differences are counted, but not listed") == 1
    people[9].given_name = "Changed"
    place.run(dry_run=True)
    assert "sub-0009: given_name" in place.printed.getvalue()


@pytest.mark.security("S-55")
def test_case_makes_neither_two_records_nor_a_difference(place: Place) -> None:
    """The pool ignores case in names and addresses. If an earlier release wrote a second record in another case, the
    command deletes the second record."""
    place.pool.add(
        PoolUser(
            "ada@x.example",
            "",
            status="EXTERNAL_PROVIDER",
            username="Okta_00uAda",
            identities=[("Okta", "00uAda")],
        )
    )
    place.run()
    row = place.dynamodb.items(TABLE)["okta_00uada"]
    place.dynamodb.put(TABLE, {**row, "Email": {"S": "Ada@X.example"}})
    assert place.run().total == 0
    place.dynamodb.put(TABLE, {**row, "userName": {"S": "Okta_00uAda"}})
    assert place.run().surplus == 1
    assert list(place.rows()) == ["okta_00uada"]
    delete_user(place.directory(), "Okta_00uAda", place.report)
    assert place.rows() == {}


def test_records_of_nobody_go_but_a_sign_up_under_way_stays(place: Place) -> None:
    """The trigger writes the PENDING record before the pool has the person, so the record of a new sign-up must
    stay."""
    place.add(1)
    place.run()
    ghost, young = (
        build_profile(_parsed(PoolUser(f"{n}@x.example", "", sub=n)), CLIENT)
        for n in ("ghost", "young")
    )
    place.users.record_confirmed(ghost)
    place.users.record_pending(young)
    assert place.run().surplus == 1
    assert sorted(place.rows()) == ["sub-0000", "young"]
    place.clock.advance(3600)
    assert place.run().surplus == 1
    assert sorted(place.rows()) == ["sub-0000"]


def test_a_person_made_while_it_runs_is_not_taken_for_nobody(place: Place) -> None:
    """A person may sign up after the command has read the pool's page. The command therefore asks the pool again before
    each deletion of a record."""
    place.add(1)
    late = PoolUser("late@x.example", "", sub="late")
    place.users.record_confirmed(build_profile(_parsed(late), CLIENT))
    page = place.users.page

    def page_and_join(*arguments: Any) -> Any:
        if late not in place.pool.users:
            place.pool.add(late)
        return page(*arguments)

    progress = ProgressFile(place.folder / "p.sqlite")
    reconciler = Reconciler(
        pool=PoolReader(place.pool, POOL, Pace(clock=place.clock, sleep=place.sleep)),
        dynamodb=place.dynamodb,
        table=TABLE,
        client_id=CLIENT,
        refuse_address=lambda *_: None,
        progress=progress,
        report=place.report,
        clock=place.clock,
    )
    reconciler._users.page = page_and_join  # type: ignore[method-assign]  # somebody signs up between the passes
    assert reconciler.run().surplus == 0
    progress.close(remove=True)
    assert "late" in place.rows()


def test_a_dry_run_changes_nothing(place: Place) -> None:
    place.add(3)
    place.users.record_confirmed(
        build_profile(_parsed(PoolUser("g@x.example", "", sub="ghost")), CLIENT)
    )
    before, writes = place.rows(), place.dynamodb.writes
    found = place.run(dry_run=True)
    assert (found.missing, found.surplus) == (3, 1)
    assert (place.rows(), place.dynamodb.writes) == (before, writes)


@pytest.mark.parametrize("fails_at", [2, 3, 5])
def test_an_interrupted_run_goes_on_where_it_stopped(place: Place, fails_at: int) -> None:
    """The command compares no page of the pool twice. People on earlier pages are not surplus, so the command does not
    delete their records."""
    place.add(300)
    calls = 0
    list_users = place.pool._op_list_users

    def failing(given: dict[str, Any]) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise client_error("TooManyRequestsException", "ListUsers")
        return list_users(given)

    type(place.pool)._op_list_users = lambda self, given: failing(given)  # type: ignore[method-assign]  # one throttled page
    try:
        with pytest.raises(Exception, match="TooManyRequests"):
            place.run()
        found = place.run()
    finally:
        del type(place.pool)._op_list_users
    assert (found.people, found.missing, found.surplus, calls) == (300, 300, 0, 6)
    assert len(place.rows()) == 300


def test_a_token_that_the_pool_forgot_starts_anew(place: Place) -> None:
    """If a run is interrupted for days, the pool's pagination token expires. The run then starts from the beginning."""
    place.add(100)
    progress = ProgressFile(place.folder / "progress.sqlite")
    findings = {"people": 60, "records": 0, "missing": 60, "differing": 0, "surplus": 0}
    progress.save({"findings": findings, "token": "1", "pool_done": False})
    progress.close(remove=False)
    place.pool.fail("list_users", client_error("InvalidParameterException", "ListUsers"))
    assert place.run().people == 100
    assert "starting again" in place.printed.getvalue()


def test_calls_keep_within_the_pools_quota(place: Place) -> None:
    """The test measures twenty calls a second, at equal intervals, with the test's clock."""
    place.add(60 * 50)
    began = place.clock()
    place.run()
    assert place.pool.called("list_users") == 50
    assert place.clock() - began == pytest.approx(49 / 20, abs=0.01)


def test_keys_that_dynamodb_did_not_get_to_are_asked_for_again(place: Place) -> None:
    place.add(60)
    place.run()
    place.dynamodb.batch_size = 7
    assert place.run().total == 0


def test_the_progress_file_holds_no_names(place: Place) -> None:
    progress = ProgressFile(place.folder / "p.sqlite")
    progress.save({"token": "t"}, ["okta_00uada"])
    assert progress.has("okta_00uada")
    assert not progress.has("okta_00ubob")
    progress.close(remove=False)
    assert b"okta_00uada" not in (place.folder / "p.sqlite").read_bytes()


@pytest.mark.security("S-69")
@pytest.mark.parametrize("name", ["given_name", "family_name"])
def test_a_name_that_the_pool_has_no_more_is_a_difference(place: Place, name: str) -> None:
    """ListUsers returns every existing attribute, so a name that the response omits is empty."""
    (user,) = place.add(1)
    place.run()
    setattr(user, name, "")
    assert place.run(dry_run=True).differing == 1
    assert name in place.rows()["sub-0000"]
    assert place.run().differing == 1
    assert name not in place.rows()["sub-0000"]
    assert place.run().total == 0


def _parsed(user: PoolUser) -> Any:
    from chalicelib.gatehouse.cognito.pool_user import parse_pool_user
    from tests.doubles.user_pool_people import described

    return parse_pool_user(described(user, "Attributes"))


@pytest.mark.security("S-55")
@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_sign_ups_with_faults_lose_and_double_nobody(place: Place, seed: int) -> None:
    """One in ten calls to the table fails. Cognito calls a trigger up to three times, and people try again. At the end
    reconcile runs."""
    from chalicelib.gatehouse.errors import TemporarilyUnavailable
    from chalicelib.gatehouse.triggers import user_records

    chance = random.Random(seed)
    settings = Settings.from_env({**ENVIRONMENT, "USER_POOL_ID": POOL})
    update = place.dynamodb.update_item

    class Flaky:
        """A table whose calls fail before or after the write takes effect."""

        def update_item(self, **arguments: Any) -> dict[str, Any]:
            late = chance.random() < 0.5
            fault = chance.random() < 0.1
            if fault and not late:
                raise client_error("ThrottlingException")
            answer = update(**arguments)
            if fault:
                raise client_error("InternalServerError")
            return answer

        def scan(self, **arguments: Any) -> dict[str, Any]:
            if chance.random() < 0.1:
                raise client_error("ThrottlingException")
            return place.dynamodb.scan(**arguments)

    flaky: Any = Flaky()
    users = UserStore(flaky, TABLE, place.clock)
    providers = ProviderStore(flaky, "providers", place.clock)

    def fire(source: str, user: PoolUser) -> bool:
        attributes = {"email": user.email, "given_name": user.given_name}
        attributes["family_name"] = user.family_name
        if not source.startswith("PreSignUp"):
            attributes["sub"] = user.sub
        event = {
            "triggerSource": source,
            "userPoolId": POOL,
            "userName": user.username,
            "callerContext": {"clientId": CLIENT},
            "request": {"userAttributes": attributes},
        }
        for _ in range(3):
            place.clock.advance(0.01)
            try:
                user_records.handle(
                    event,
                    settings,
                    users,
                    providers,
                    _no_linker,
                    no_secret,
                    lambda: None,
                    lambda: None,
                )
            except (TemporarilyUnavailable, TriggerFailed):
                continue
            return True
        return False

    for n in range(1000):
        user = PoolUser(f"p{n}@x.example", "x" * 12, sub=f"{seed}-{n:04d}", status="UNCONFIRMED")
        while not fire("PreSignUp_SignUp", user):
            pass  # the person presses the button again in the next round
        place.pool.add(user)
        # Cognito confirms the person even if the trigger fails afterwards.
        user.status = "CONFIRMED"
        fire("PostConfirmation_ConfirmSignUp", user)
        if chance.random() < 0.3:
            fire("PostAuthentication_Authentication", user)
    found = place.run()
    assert found.people == 1000
    assert (found.missing, found.surplus) == (0, 0)
    rows = place.rows()
    assert sorted(rows) == sorted(user.sub for user in place.pool.users)
    records = {name: place.users.load(name) for name in rows}
    for user in place.pool.users:
        record = records[user.sub]
        assert record is not None
        assert not differences(build_profile(_parsed(user), CLIENT), record)
        assert "expiresAt" not in rows[user.sub]
    assert place.run().total == 0


@pytest.mark.security("S-56")
def test_an_address_that_a_provider_may_not_tell_does_not_come_in_by_reconcile(
    place: Place,
) -> None:
    """A tenant sent addresses outside its domains. Cognito has stored these addresses, also for linked people. The
    records of these people keep the earlier addresses."""
    for name in ("Contoso", "Fabrikam"):
        row = {"name": {"S": name}, "domains": {"L": [{"S": f"{name.lower()}.example"}]}}
        place.dynamodb.put("providers", row)
    born = PoolUser("a@contoso.example", "", username="contoso_1", identities=[("Contoso", "1")])
    linked = PoolUser("b@contoso.example", "x" * 12, sub="lin", identities=[("Contoso", "2")])
    native = PoolUser("c@contoso.example", "x" * 12, sub="nat")
    for user in (born, linked, native):
        place.pool.add(user)
    assert (place.run().total, place.run().moved) == (3, 0)
    born.email, linked.email, born.given_name = "ceo@fabrikam.example", "ceo@else.example", "New"
    found = place.run()
    assert (found.differing, found.moved) == (1, 2)
    rows = place.rows()
    assert [rows[name]["Email"][0] for name in ("contoso_1", "lin", "nat")] == ["a", "b", "c"]
    assert rows["contoso_1"]["given_name"] == "New"
    assert "contoso_1: the address belongs to another provider" in place.printed.getvalue()
    assert place.run().total == 0


def no_secret(_: bool) -> str:
    """Raise an error. If people sign up on Cognito's own page, the trigger needs no client secret."""
    raise AssertionError("the client secret must not be read")


def _no_linker() -> Any:
    raise AssertionError("no account must be linked here")


def test_deleting_takes_person_and_record(place: Place) -> None:
    """The operator can give the address or the user name. If the operator repeats the command, the command ends with an
    error: no such user."""
    place.add(2)
    place.run()
    delete_user(place.directory(), "P0@x.example", place.report)
    assert [user.sub for user in place.pool.users] == ["sub-0001"]
    assert sorted(place.rows()) == ["sub-0001"]
    delete_user(place.directory(), "sub-0001", place.report)
    assert place.rows() == {}
    with pytest.raises(OpsError, match="has no user"):
        delete_user(place.directory(), "sub-0001", place.report)


def test_a_record_that_stayed_behind_can_be_deleted(place: Place) -> None:
    """After an interrupted deletion, the operator can give the user name to delete the remaining record."""
    place.add(1)
    place.run()
    place.pool.users.clear()
    delete_user(place.directory(), "sub-0000", place.report)
    assert place.rows() == {}


@pytest.mark.security("S-56")
def test_unlinking_leaves_the_account_and_its_other_providers(place: Place) -> None:
    (user,) = place.add(1, identities=[("Okta", "00uA"), ("Acme", "7")])
    place.run()
    unlink_user(place.directory(), user.email, "Okta", place.report)
    assert user.identities == [("Acme", "7")]
    assert place.rows()[user.sub]["linked"] == "Acme"
    unlink_user(place.directory(), user.email, "Acme", place.report)
    assert user.identities == []
    assert "linked" not in place.rows()[user.sub]
    with pytest.raises(OpsError, match="linked to no provider"):
        unlink_user(place.directory(), user.email, "Acme", place.report)


def test_people_of_a_provider_cannot_be_unlinked(place: Place) -> None:
    """People of a provider have no native account."""
    place.add(1, status="EXTERNAL_PROVIDER", identities=[("Okta", "1")])
    with pytest.raises(OpsError, match="created by a provider"):
        unlink_user(place.directory(), "p0@x.example", "Okta", place.report)
    with pytest.raises(OpsError, match="has no user"):
        unlink_user(place.directory(), "q@x.example", "Okta", place.report)
