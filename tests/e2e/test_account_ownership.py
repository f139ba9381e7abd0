"""Tests on the deployed stack that an account belongs to the owner of the mailbox. A stranger who signs up before or
after the owner gets no access (S-67)."""

from collections.abc import Callable, Iterator

import pytest
import requests
from botocore.exceptions import ClientError
from playwright.sync_api import Browser, Page

from chalicelib.gatehouse.cognito.user_pool_api import secret_hash
from tests.e2e.mails import expect_soon, mailed_code, mails_to
from tests.e2e.stack import Stack, Visitor
from tests.e2e.test_direct_browser import field, sign_out, submit, title

STRANGERS = "the stranger's own 1"
OWNERS = "the owner's own word 2"


@pytest.fixture
def address(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    """A mailbox without an account."""
    name = request.node.name.partition("[")[2].strip("]").replace("-", ".") or "owner"
    email = f"{name}.{abs(hash(request.node.name)) % 10**6}@mailbox.example"
    yield email
    cognito = stack.aws("cognito-idp")
    try:
        cognito.admin_delete_user(UserPoolId=stack.info["user_pool_id"], Username=email)
    except cognito.exceptions.UserNotFoundException:
        return


def open_sign_up(page: Page, url: str, email: str) -> None:
    page.goto(url)
    page.get_by_text("Continue with email").click()
    page.get_by_text("Create an account").click()
    field(page, "Email").fill(email)
    submit(page)
    title(page, "Check your mail")


def finish(page: Page, code: str, given: str, family: str, password: str) -> None:
    field(page, "Code").fill(code)
    field(page, "First name").fill(given)
    field(page, "Last name").fill(family)
    field(page, "New password").fill(password)
    submit(page)


@pytest.mark.security("S-67")
@pytest.mark.parametrize("first", ["stranger", "owner"])
def test_the_mailboxs_owner_gets_the_account_and_the_stranger_nothing(
    page: Page, browser: Browser, stack: Stack, address: str, first: str
) -> None:
    """Owner and stranger use two devices, and either of them may come first. The owner gets the account with the chosen
    names and password, and may finish on another device. The stranger gets no session, no valid password, and no second
    factor in the account."""
    strangers = browser.new_context(locale="en-GB").new_page()
    order = [strangers, page] if first == "stranger" else [page, strangers]
    for each in order:
        open_sign_up(each, stack.url, address)
    expect_soon(lambda: len(mails_to(stack, address)) == 2)
    finish(strangers, "000000", "Mallory", "Stranger", STRANGERS)
    strangers.get_by_text("This code is wrong").wait_for()

    phone = browser.new_context(locale="en-GB").new_page()
    phone.goto(f"{stack.url}#code")
    field(phone, "Email").fill(address)
    finish(phone, mailed_code(stack, address), "Olga", "Owner", OWNERS)
    title(phone, "Hello, Olga")
    phone.get_by_text("Olga Owner").wait_for()

    finish(strangers, "123456", "Mallory", "Stranger", STRANGERS)
    strangers.get_by_text("This code is wrong").wait_for()
    visitor = Visitor(stack)
    for password, status in ((STRANGERS, 401), (OWNERS, 200)):
        body = {"email": address, "password": password}
        assert visitor.post("/auth/direct/sign-in", body).status_code == status
    user = stack.aws("cognito-idp").admin_get_user(
        UserPoolId=stack.info["user_pool_id"], Username=address
    )
    names = {a["Name"]: a["Value"] for a in user["UserAttributes"]}
    assert (names["given_name"], names["family_name"]) == ("Olga", "Owner")
    assert not user.get("UserMFASettingList")
    rows = [row for row in stack.users().values() if row.get("Email") == address]
    assert [(row["given_name"], row["status"], "provedAt" in row) for row in rows] == [
        ("Olga", "CONFIRMED", True)
    ]
    sign_out(phone)
    for each in (strangers, phone):
        each.context.close()


def _by_the_api(stack: Stack, email: str) -> None:
    cognito = stack.aws("cognito-idp")
    client = cognito.describe_user_pool_client(
        UserPoolId=stack.info["user_pool_id"], ClientId=stack.info["client_id"]
    )["UserPoolClient"]
    cognito.sign_up(
        ClientId=client["ClientId"],
        SecretHash=secret_hash(email, client["ClientId"], client["ClientSecret"]),
        Username=email,
        Password=STRANGERS,
        UserAttributes=[{"Name": "email", "Value": email}],
    )


def _by_cognitos_page(stack: Stack, email: str) -> str:
    start = Visitor(stack).get("/auth/login?provider=COGNITO").headers["Location"]
    address = start.replace("/oauth2/authorize", "/signup")
    form = {"username": email, "password": STRANGERS}
    answer = requests.post(address, data=form, allow_redirects=False, timeout=30)
    # Status 200 means that the page would show the next step, which asks for the code.
    assert answer.status_code == 200, answer.headers
    return answer.text


def _refused_by_the_api(stack: Stack, email: str) -> str:
    with pytest.raises(ClientError) as refusal:
        _by_the_api(stack, email)
    return str(refusal.value)


@pytest.mark.security("S-67")
@pytest.mark.parametrize("door", [_refused_by_the_api, _by_cognitos_page], ids=["api", "page"])
def test_a_stranger_finds_no_other_door(
    stack: Stack, address: str, door: Callable[[Stack, str], str]
) -> None:
    """Cognito's own sign-up accepts a password for an unverified address. On a stage with our form, the trigger
    therefore refuses Cognito's own sign-up."""
    assert "GATEHOUSE_REFUSED" in door(stack, address)
    assert stack.accounts(address) == []


@pytest.mark.security("S-67")
def test_an_account_from_before_starts_afresh(stack: Stack, address: str) -> None:
    """An account of an earlier release has a stranger's password, and no record says that our server created the
    account. A new sign-up replaces this account."""
    functions = stack.aws("lambda")
    name = "gatehouse-local-user_records"
    found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    managed = {**found, "DIRECT_SIGN_IN": "managed"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": managed})
    try:
        _by_the_api(stack, address)
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": found})
    (old,) = [row for row in stack.users().values() if row.get("Email") == address]
    assert mailed_code(stack, address)

    visitor = Visitor(stack)
    body = {"email": address, "password": OWNERS, "given_name": "Olga", "family_name": "Owner"}
    early = visitor.post("/auth/direct/confirm", {**body, "code": "123456"})
    assert (early.status_code, early.json()["error"]) == (400, "invalid_code")
    assert visitor.post("/auth/direct/sign-up", {"email": address}).status_code == 200
    code = mailed_code(stack, address)
    assert visitor.post("/auth/direct/confirm", {**body, "code": code}).status_code == 200
    for password, status in ((STRANGERS, 401), (OWNERS, 200)):
        sent = {"email": address, "password": password}
        assert visitor.post("/auth/direct/sign-in", sent).status_code == status
    (row,) = [row for row in stack.users().values() if row.get("Email") == address]
    assert row["userName"] != old["userName"]
