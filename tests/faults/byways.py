"""Causes the less common calls of the table in docs/faults.md. As in scenes.py, each scene prepares a state, and then
an action makes the call."""

from collections.abc import Callable
from unittest.mock import patch

from app import gate
from chalicelib.gatehouse.guard.guard import Guard
from tests.component.direct import CHALLENGE_COOKIE, EMAIL, PASSWORD, Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import THROTTLE_TABLE, World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
from tests.events import load_event
from tests.faults.leavers import LEAVERS
from tests.faults.passkeys import PASSKEYS
from tests.faults.recovery import RECOVERY
from tests.faults.scenes import ADMIN, Scene, with_record

LINKED = "linked@example.org"


def page(world: World) -> Scene:
    """The browser opens the page. If the server can read the configuration, the page contains the configuration."""
    browser = world.browser()
    return Scene(browser, lambda: browser.get("/"))


def signed_out(world: World) -> Scene:
    """After a sign-out, the browser opens the page with a `return_to`."""
    browser = world.browser()
    world.sign_in(browser)
    browser.post("/auth/logout", {"return_to": "/api/bye"})
    return Scene(browser, lambda: browser.get("/?signed_out=1", site="cross-site"))


def login(world: World) -> Scene:
    """A person starts a sign-in with an e-mail address. The throttle counts the address."""
    world.restart(throttle_table=THROTTLE_TABLE, direct_sign_in="embedded")
    browser = world.browser()
    return Scene(browser, lambda: browser.get("/auth/login?email=ada@example.org"))


def discover(world: World) -> Scene:
    direct = Direct(world)
    return Scene(direct.browser, lambda: direct.post("discover", email="ada@example.org"))


def callback_refused(world: World) -> Scene:
    """The person's provider sends an address that the provider is not allowed to use."""
    browser = world.browser()
    start = browser.get("/auth/login?provider=Okta")
    back = world.cognito.authorize(start.location, Person(email="ceo@fabrikam.example"))
    row = {"name": {"S": "Fabrikam"}, "domains": {"SS": ["fabrikam.example"]}}
    world.dynamodb.put(world.settings.providers_table, row)
    return Scene(browser, lambda: browser.get(back, site="cross-site"))


def refresh_of_another(world: World) -> Scene:
    """At the refresh, Cognito returns the tokens of another person."""
    browser = world.browser()
    world.sign_in(browser)
    (token,) = world.cognito.refresh_tokens()
    family = world.cognito._refresh[token].family
    family.person = Person(sub="somebody-else")
    return Scene(browser, lambda: browser.post("/auth/refresh"))


def look(world: World) -> Scene:
    """The person comes back to the page, and the page asks the server whether the session still exists."""
    browser = world.browser()
    world.sign_in(browser)
    return Scene(browser, lambda: browser.get("/auth/session"))


def look_without_row(world: World) -> Scene:
    """The session has no row, because the session began during an outage of the sessions table."""
    browser = world.browser()
    world.dynamodb.faults["sessions"] = client_error("InternalServerError")
    world.sign_in(browser)
    world.dynamodb.faults.clear()
    return Scene(browser, lambda: browser.get("/auth/session"))


def me_of_provider(world: World) -> Scene:
    """The person's provider has a label. The route reads the label from the providers table."""
    browser = world.browser()
    world.sign_in(browser)
    return Scene(browser, lambda: browser.get("/me", claims=CLAIMS))


def callback_again(world: World) -> Scene:
    """The browser still has a session. The new session replaces the earlier session."""
    browser = world.browser()
    world.sign_in(browser)
    start = browser.get("/auth/login?provider=Okta")
    back = world.cognito.authorize(start.location, Person())
    return Scene(browser, lambda: browser.get(back))


def reset_signed_in(path: str, **names: str) -> Callable[[World], Scene]:
    """A person sets a new password with a mailed code. Another browser still has a session that began with the old
    password."""

    def scene(world: World) -> Scene:
        direct = Direct(world)
        direct.sign_in(browser=world.browser())
        direct.post("direct/forgot-password", email=EMAIL)
        code = world.pool.last_code("reset")
        body = {"email": EMAIL, "code": code, "password": "another good one 34", **names}
        return Scene(direct.browser, lambda: direct.post(f"direct/{path}", **body))

    return scene


def sessions_of_person(world: World) -> Scene:
    """An administrator lists Ada's sessions."""
    browser, target = _signed_in_ada(world)
    return Scene(browser, lambda: browser.get(target, claims=ADMIN))


def end_of_person(world: World) -> Scene:
    browser, target = _signed_in_ada(world)
    (found,) = browser.get(target, claims=ADMIN).json()["sessions"]
    return Scene(browser, lambda: browser.send("DELETE", f"{target}/{found['id']}", claims=ADMIN))


def _signed_in_ada(world: World) -> tuple[Browser, str]:
    browser = with_record(world)
    ada = Person()
    world.sign_in(browser)
    world.pool.add(PoolUser(ada.email, PASSWORD, sub=ada.sub, username=ada.username))
    return browser, f"/users/{ada.username}/sessions"


def of_told_groups(method: str, path: str) -> Callable[[World], Scene]:
    """The caller is an administrator because of a group that a provider sent."""

    def scene(world: World) -> Scene:
        browser = users_of_told_groups(world).browser
        return Scene(browser, lambda: browser.send(method, path, claims=ADMIN))

    return scene


def users_page(world: World) -> Scene:
    """The table contains more people than fit on one page, so the response contains a sealed cursor."""
    for name in ("a", "b", "c"):
        item = {"userName": {"S": name}, "Email": {"S": f"{name}@example.org"}}
        world.dynamodb.put(world.settings.users_table, item)
    browser = with_record(world)
    return Scene(browser, lambda: browser.get("/users?limit=1", claims=ADMIN))


def users_of_told_groups(world: World) -> Scene:
    """The caller is an administrator because of a group that a provider sent. The provider's row says whether the
    provider's groups count."""
    browser = with_record(world)
    person = world.pool.users[0]
    person.groups, person.told_groups, person.identities = (), "admins", [("Okta", "00u1")]
    row = {"name": {"S": "Okta"}, "groups_claim": {"S": "groups"}}
    world.dynamodb.put(world.settings.providers_table, row)
    return Scene(browser, lambda: browser.get("/users", claims=ADMIN))


def sign_out_of_told_groups(world: World) -> Scene:
    """An administrator signs a person out. The caller is an administrator because of a group that a provider sent."""
    browser = users_of_told_groups(world).browser
    return Scene(browser, lambda: browser.send("POST", "/users/native/sign-out", claims=ADMIN))


def sign_in_linked(world: World) -> Scene:
    """A person with a linked provider signs in to their native account."""
    direct = Direct(world)
    direct.pool.add(PoolUser(LINKED, PASSWORD, provider="Okta"))
    return Scene(direct.browser, lambda: direct.sign_in(LINKED))


def sign_in_again(world: World) -> Scene:
    """At the new sign-in, the server ends the browser's previous session."""
    direct = Direct(world)
    direct.sign_in()
    return Scene(direct.browser, direct.sign_in)


def sign_in_set_up(world: World) -> Scene:
    """The pool requires an authenticator app at the sign-in."""
    direct = Direct(world)
    direct.pool.mfa_required = True
    return Scene(direct.browser, direct.sign_in)


def challenge_again(world: World) -> Scene:
    direct = Direct(world)
    direct.sign_in()
    direct.with_totp()
    direct.sign_in()
    return Scene(direct.browser, lambda: direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()))


def challenge_linked(world: World) -> Scene:
    direct = Direct(world)
    linked = direct.pool.add(PoolUser(LINKED, PASSWORD, provider="Okta"))
    direct.with_totp()
    linked.totp_secret, linked.factors = direct.grace.totp_secret, set(direct.grace.factors)
    direct.sign_in(LINKED)
    return Scene(
        direct.browser,
        lambda: direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()),
    )


def challenge_set_up(world: World) -> Scene:
    direct = Direct(world)
    direct.pool.mfa_required = True
    secret = direct.sign_in().json()["challenge"]["secret"]
    return Scene(
        direct.browser,
        lambda: direct.challenge("MFA_SETUP", code=direct.totp(secret)),
        CHALLENGE_COOKIE,
    )


def challenge_both(world: World) -> Scene:
    """The person first sets a new password. Then the person sets up an authenticator app, because the pool requires an
    app."""
    direct = Direct(world)
    direct.grace.status = "FORCE_CHANGE_PASSWORD"
    direct.pool.mfa_required = True
    direct.sign_in()
    return Scene(
        direct.browser,
        lambda: direct.challenge("NEW_PASSWORD_REQUIRED", password="another good one 34"),
        CHALLENGE_COOKIE,
    )


def known(path: str, **body: str) -> Callable[[World], Scene]:
    """Send an account form from a browser in which the person has signed in before."""

    def scene(world: World) -> Scene:
        direct = Direct(world)
        direct.sign_in()
        return Scene(direct.browser, lambda: direct.post(f"direct/{path}", email=EMAIL, **body))

    return scene


def mfa_disable(world: World) -> Scene:
    direct = Direct(world)
    direct.sign_in()
    direct.with_totp()
    return Scene(
        direct.browser,
        lambda: direct.post("mfa/disable", password=PASSWORD, code=direct.totp()),
    )


def mfa_setup_refused(world: World) -> Scene:
    """Cognito returns no key for the authenticator app. The server must nevertheless revoke the tokens of the
    server-only client."""
    direct = Direct(world)
    direct.sign_in()
    direct.pool.fail("associate_software_token", client_error("InternalErrorException"))
    return Scene(direct.browser, lambda: direct.post("mfa/setup", password=PASSWORD))


def trigger(name: str, *, claims: bool = False, max_age: bool = False) -> Callable[[World], Scene]:
    """Send one event to a trigger. With `max_age`, the app has a route that requires a recent proof."""

    def scene(world: World) -> Scene:
        if max_age:
            world.restart(throttle_table=THROTTLE_TABLE)

        def act() -> None:
            run = gate.token_claims if claims else gate.user_records
            asked = {("GET", "/whoami"): 300} if max_age else {}
            with patch.object(Guard, "max_ages", asked):
                run(load_event(name), LambdaContext())

        return Scene(world.browser(), act)

    return scene


BYWAYS: dict[str, Callable[[World], Scene]] = {
    **LEAVERS,
    "page": page,
    "signed out": signed_out,
    "login": login,
    "discover": discover,
    "callback refused": callback_refused,
    "refresh of another": refresh_of_another,
    "callback again": callback_again,
    "look": look,
    "look, no row": look_without_row,
    "me, by a provider": me_of_provider,
    "reset, signed in": reset_signed_in("reset-password"),
    "confirm, signed in": reset_signed_in("confirm", given_name="N", family_name="C"),
    "sessions of a person": sessions_of_person,
    "end a person's session": end_of_person,
    "sessions, told groups": of_told_groups("GET", "/users/native/sessions"),
    "end, told groups": of_told_groups("DELETE", "/users/native/sessions/none"),
    "users, a page": users_page,
    "users, told groups": users_of_told_groups,
    "global sign-out, told groups": sign_out_of_told_groups,
    "sign-in, linked": sign_in_linked,
    "sign-in again": sign_in_again,
    "sign-in, set-up": sign_in_set_up,
    "challenge again": challenge_again,
    "challenge, linked": challenge_linked,
    "challenge, set-up": challenge_set_up,
    "challenge, both": challenge_both,
    "sign-up, known": known("sign-up"),
    "resend, known": known("resend-code"),
    "forgot, known": known("forgot-password"),
    "mfa disable": mfa_disable,
    "mfa setup, refused": mfa_setup_refused,
    **PASSKEYS,
    **RECOVERY,
    "trigger confirmed": trigger("PostConfirmation_ConfirmSignUp"),
    "trigger new password": trigger("PostConfirmation_ConfirmForgotPassword"),
    "trigger created": trigger("PreSignUp_AdminCreateUser"),
    "trigger federated": trigger("PreSignUp_ExternalProvider"),
    "trigger federated sign-in": trigger("PostAuthentication_Authentication_federated"),
    "trigger inbound, max_age": trigger("InboundFederation_ExternalProvider", max_age=True),
    "trigger refresh, max_age": trigger("TokenGeneration_RefreshTokens", claims=True, max_age=True),
    "trigger sign-in, max_age": trigger(
        "TokenGeneration_Authentication", claims=True, max_age=True
    ),
    "trigger tokens": trigger("TokenGeneration_HostedAuth_federated", claims=True),
}
