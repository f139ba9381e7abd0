"""Tests with a users table that is throttled, down or slow. The tests check what people see, what is stored, and what
the app repairs after the outage."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.faulty_table import FaultyTable, faulty_users_table
from tests.e2e.mails import expect_soon, mailed_code
from tests.e2e.stack import Stack, Visitor

PASSWORD = "correct horse battery"
CHLOE = "chloe@example.org"
ALICE = "alice@example.com"


@pytest.fixture(scope="module")
def table(stack: Stack) -> Iterator[FaultyTable]:
    """The proxy that makes the table faulty. The fixture first starts the containers, because several cold starts at
    once can exceed Cognito's 5 s."""
    with faulty_users_table(stack) as faulty:
        with ThreadPoolExecutor() as at_once:
            wait([at_once.submit(Visitor(stack).sign_in, ALICE) for _ in range(4)])
        yield faulty


@pytest.fixture
def newcomer(stack: Stack) -> Iterator[str]:
    """A person at Okta, whom the pool does not know before the test. The fixture deletes the person's account after the
    test."""
    stack.forget_person(CHLOE)
    yield CHLOE
    stack.forget_person(CHLOE)


def row_of(stack: Stack, email: str) -> list[dict[str, str]]:
    return [row for row in stack.users().values() if row.get("Email") == email]


def sign_up(visitor: Visitor, email: str) -> int:
    return visitor.post("/auth/direct/sign-up", {"email": email}).status_code


def confirm(stack: Stack, visitor: Visitor, email: str) -> int:
    body = {
        "email": email,
        "code": mailed_code(stack, email),
        "password": PASSWORD,
        "given_name": "Nia",
        "family_name": "Oke",
    }
    return visitor.post("/auth/direct/confirm", body).status_code


def failed_mails(stack: Stack) -> int:
    """Return the number of failed calls of the function that sends codes by mail."""
    found = stack.aws("logs").filter_log_events(
        logGroupName="/aws/lambda/gatehouse-local-account_mail",
        filterPattern='"account_mail_failed"',
    )
    return len(found["events"])


@pytest.mark.security("S-55")
@pytest.mark.security("S-57")
@pytest.mark.parametrize("fault", ["down", "slow"])
def test_nobody_new_comes_in_known_people_do_and_all_is_healed_afterwards(
    stack: Stack, table: FaultyTable, newcomer: str, fault: str
) -> None:
    """The test uses hosted and direct sign-in at once. The page asks new people to try again. Cognito receives a
    response within its 5 s, and creates no profile. People with an account are signed in, and their record stays
    unchanged. After the outage, the first sign-in writes the missing data."""
    known, unknown = f"known-{fault}@else.example", f"new-{fault}@else.example"
    stack.create_person(known, PASSWORD)
    Visitor(stack).sign_in(ALICE)
    names = {stack.user_name(ALICE), *(row["userName"] for row in row_of(stack, known))}
    for name in names:
        stack.delete_user_item(name)
    password = {"email": known, "password": PASSWORD, "remember": False}

    def arrive(email: str) -> str:
        visitor = Visitor(stack)
        answer = visitor.request("GET", visitor.callback_url(stack.sub(email)))
        assert answer.status_code == 303
        return answer.headers["Location"]

    failed = failed_mails(stack)
    with table(fault), ThreadPoolExecutor() as at_once:
        hosted_new = at_once.submit(arrive, newcomer)
        hosted_known = at_once.submit(arrive, ALICE)
        direct_new = at_once.submit(sign_up, Visitor(stack), unknown)
        direct_known = at_once.submit(Visitor(stack).post, "/auth/direct/sign-in", password)
        assert hosted_new.result() == "/?error=temporarily_unavailable"
        assert hosted_known.result() == "/"
        # The route does not wait for the mail, and the route's response hides the outage. No account exists yet, and
        # Lambda repeats the call.
        assert direct_new.result() == 200
        expect_soon(lambda: failed_mails(stack) > failed)
        signed_in = direct_known.result()
        # The test reads the pool during the outage. After the outage, Lambda's next call would create the account.
        accounts = [*stack.accounts(newcomer), *stack.accounts(unknown)]
        left = [*row_of(stack, newcomer), *row_of(stack, unknown)]
    assert signed_in.status_code == 200
    # The outage affects at most 16 writes. Three triggers and two sign-ins each write up to twice. Lambda makes three
    # calls for the sign-up, and in each call the sign-up's trigger writes up to twice. More writes would mean that a
    # trigger timed out and that Cognito called the trigger again.
    assert {*table.spoiled} == {"UpdateItem"}
    assert len(table.spoiled) <= 16
    assert accounts == []
    # A slow table stores one row for each call by Lambda, although the response is lost. Records without a person are
    # PENDING and expire.
    assert {row["status"] for row in left} == ({"PENDING"} if fault == "slow" else set())
    assert len(left) <= 1 + 3
    assert all("expiresAt" in row for row in left)

    answer = Visitor(stack).get("/me", signed_in.json()["access_token"])
    assert answer.status_code == (200 if fault == "slow" else 404)
    with ThreadPoolExecutor() as at_once:
        hosted = [at_once.submit(arrive, email) for email in (newcomer, ALICE)]
        direct = at_once.submit(Visitor(stack).post, "/auth/direct/sign-in", password)
        visitor = Visitor(stack)
        assert sign_up(visitor, unknown) == 200
        # Lambda may also repeat the sign-up from the time of the outage, and the repeated sign-up mails another code.
        # Of several codes, the newest code is the valid one.
        expect_soon(lambda: confirm(stack, visitor, unknown) == 200)
        assert [each.result() for each in hosted] == ["/", "/"]
        assert direct.result().status_code == 200
    for email in (newcomer, ALICE, known, unknown):
        healed = [row for row in row_of(stack, email) if row["status"] == "CONFIRMED"]
        assert len(healed) == 1, email
        assert healed[0]["ClientId"] == stack.info["client_id"]
        assert "expiresAt" not in healed[0]


def test_the_page_asks_a_newcomer_to_try_again_and_lets_a_known_person_in(
    page: Page, stack: Stack, table: FaultyTable, newcomer: str
) -> None:
    """While the table is throttled or down, the page asks the person to try again. After the outage, the person presses
    the page's button for a new attempt, and the sign-in works."""
    Visitor(stack).sign_in(ALICE)
    page.goto(stack.url)
    page.get_by_role("link", name="Continue with Okta").click()
    with table("throttled"):
        page.get_by_text(newcomer).click()
        expect(page.get_by_text("Your account is fine.")).to_be_visible()
    assert table.spoiled == ["UpdateItem"] * 2
    assert row_of(stack, newcomer) == []
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text(newcomer).click()
    expect(page.get_by_role("heading", name="Hello, Chloé")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Continue with Okta").click()
    with table("down"):
        page.get_by_text(ALICE).click()
        expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
        expect(page.get_by_text("Your data could not be loaded right now.")).to_be_visible()
