"""Tests of two tenants and native people in a real Chromium. Each address leads to the right sign-in."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.mails import mailed_code
from tests.e2e.tenants.tenancy import PEOPLE, Tenancy

PASSWORD = "correct horse battery"
THREE_EACH = {
    tenant: [each for each in people if each["sub"][-1] in "ABCDEF"]
    for tenant, people in PEOPLE.items()
}
#: People who create their own accounts. No tenant has their domain.
NATIVES = [("Gwen", "Hale", "gwen@hale.example"), ("Ivo", "Juhl", "ivo@else.example")]


def give_address(page: Page, email: str) -> None:
    page.get_by_role("link", name="Continue with email").click()
    page.get_by_role("textbox", name="Email", exact=True).fill(email)
    page.get_by_role("button", name="Continue").click()


def leave(page: Page, given_name: str, email: str) -> None:
    """Check that the person is signed in and that the page shows the record. Then sign the person out."""
    expect(page.get_by_role("heading", name=f"Hello, {given_name}")).to_be_visible()
    expect(page.get_by_text(email)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def sign_up(page: Page, tenancy: Tenancy, given: str, family: str, email: str) -> None:
    page.get_by_role("link", name="Create an account").click()
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.get_by_role("textbox", name="Code").fill(mailed_code(tenancy.stack, email))
    page.get_by_role("textbox", name="First name").fill(given)
    page.get_by_role("textbox", name="Last name").fill(family)
    page.get_by_role("textbox", name="New password").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()


def test_two_tenants_and_native_people_come_in_by_their_address_alone(
    page: Page, tenancy: Tenancy
) -> None:
    """Three people of each tenant and two people of no tenant sign in. After the test, the users table has one new row
    for each of these people, and no other new row."""
    stack = tenancy.stack
    before = stack.users()
    expected = {}
    page.goto(stack.url)
    for tenant, people in THREE_EACH.items():
        for each in people:
            expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
            # The page is public, so it must not contain the name of a customer.
            assert not any(name in page.content() for name in PEOPLE)
            give_address(page, each["email"])
            expect(page.get_by_text(each["email"], exact=True)).to_be_visible()
            login = urlsplit(page.url)
            assert f"{login.scheme}://{login.netloc}" == tenancy.issuers[tenant]
            page.get_by_text(each["email"], exact=True).click()
            leave(page, each["given_name"], each["email"])
            expected[f"{tenant}_{each['sub']}".lower()] = {
                "Email": each["email"],
                "given_name": each["given_name"],
                "family_name": each["family_name"],
                "provider": tenant,
            }
    for given, family, email in NATIVES:
        give_address(page, email)
        sign_up(page, tenancy, given, family, email)
        leave(page, given, email)
        found = stack.aws("cognito-idp").admin_get_user(
            UserPoolId=stack.info["user_pool_id"], Username=email
        )
        expected[found["Username"]] = {
            "Email": email,
            "given_name": given,
            "family_name": family,
            "provider": "COGNITO",
        }

    after = stack.users()
    assert {name: after[name] for name in before} == before
    new = {name: row for name, row in after.items() if name not in before}
    told = ("Email", "given_name", "family_name", "provider")
    assert {name: {column: row[column] for column in told} for name, row in new.items()} == expected
    for name, row in new.items():
        assert (row["userName"], row["ClientId"]) == (name, stack.info["client_id"])
        assert (row["status"], "expiresAt" in row) == ("CONFIRMED", False)
        assert row["createdAt"] <= row["lastSignInAt"]


@pytest.mark.security("S-40")
def test_an_address_of_no_tenant_is_sent_to_an_administrator_where_there_are_no_passwords(
    page: Page, tenancy: Tenancy
) -> None:
    """The page names a contact, and does not reveal which domains exist."""
    with tenancy.stack.with_setting("DIRECT_SIGN_IN", "off"):
        page.goto(tenancy.stack.url)
        give_address(page, "somebody@nowhere.example")
        expect(page.get_by_text("You cannot sign in with this address here.")).to_be_visible()
        expect(page.get_by_text("ask your administrator for access")).to_be_visible()
        assert not any(name in page.content() for name in PEOPLE)
        page.get_by_role("textbox", name="Email", exact=True).fill("dora@birch.example")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("dora@birch.example", exact=True)).to_be_visible()
        assert page.url.startswith(tenancy.issuers["Birch"])
