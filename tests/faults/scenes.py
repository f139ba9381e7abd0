"""Causes the outbound calls that docs/faults.md lists. Each scene prepares a state, and then an action makes the call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app import gate
from chalicelib.gatehouse.cognito.sign_up_mark import KEY, build_mark
from tests.component.direct import CHALLENGE_COOKIE, EMAIL, PASSWORD, SESSION_COOKIE, WRONG, Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import CLIENT_SECRET, World
from tests.doubles.browser import Answer, Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
from tests.events import load_event

CAPTCHA_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:gatehouse/dev/captcha"
NEWCOMER = "newcomer@example.org"
NATIVE = {**CLAIMS, "sub": "native-sub", "username": "native"}
ADMIN = {**NATIVE, "cognito:groups": "[admins]"}
ADA = Person()
NEW_PASSWORD = "another good one 34"
NAMES = {"given_name": "N", "family_name": "C"}

Act = Callable[[], Answer | None]


@dataclass
class Scene:
    """A prepared state, and the action during which the fault happens. `cookie` names the cookie that the test checks
    after the action."""

    browser: Browser
    act: Act
    cookie: str = SESSION_COOKIE


def callback(world: World) -> Scene:
    browser = world.browser()
    start = browser.get("/auth/login?provider=Okta")
    back = world.cognito.authorize(start.location, Person())
    return Scene(browser, lambda: browser.get(back, site="cross-site"))


def refresh(world: World) -> Scene:
    browser = world.browser()
    world.sign_in(browser)
    return Scene(browser, lambda: browser.post("/auth/refresh"))


def refresh_by_api(world: World) -> Scene:
    """The person has signed in with our form. The token endpoint refuses the refresh token of such a sign-in."""
    direct = Direct(world)
    world.cognito.takes_api_tokens = False
    direct.sign_in()
    return Scene(direct.browser, lambda: direct.post("refresh"))


def refresh_without_id_token(world: World) -> Scene:
    """The access token lacks the scope `openid`, so the refresh returns no ID token."""
    browser = world.browser()
    world.sign_in(browser)
    world.cognito.openid = False
    return Scene(browser, lambda: browser.post("/auth/refresh"))


def own_sessions(world: World) -> Scene:
    """The person has signed in twice through a provider."""
    browser = _twice(world)
    return Scene(browser, lambda: browser.get("/me/sessions", claims=CLAIMS))


def end_a_session(world: World) -> Scene:
    browser = _twice(world)
    other = browser.get("/me/sessions", claims=CLAIMS).json()["sessions"][-1]["id"]
    target = f"/me/sessions/{other}"
    return Scene(browser, lambda: browser.send("DELETE", target, claims=CLAIMS))


def end_the_others(world: World) -> Scene:
    browser = _twice(world)
    target = "/me/sessions/end-others"
    return Scene(browser, lambda: browser.send("POST", target, claims=CLAIMS))


def _twice(world: World) -> Browser:
    world.sign_in(world.browser())
    browser = world.browser()
    world.clock.advance(1)
    world.sign_in(browser)
    return browser


def logout(world: World) -> Scene:
    browser = world.browser()
    world.sign_in(browser)
    return Scene(browser, lambda: browser.post("/auth/logout"))


def config(world: World) -> Scene:
    browser = world.browser()
    return Scene(browser, lambda: browser.get("/auth/config"))


def with_record(world: World) -> Browser:
    item = {"userName": "native", "sub": "native-sub", "provider": "COGNITO", "Email": EMAIL}
    world.dynamodb.put(world.settings.users_table, {k: {"S": v} for k, v in item.items()})
    world.pool.add(
        PoolUser(EMAIL, PASSWORD, sub="native-sub", username="native", groups=("admins",))
    )
    return world.browser()


def me(world: World) -> Scene:
    browser = with_record(world)
    return Scene(browser, lambda: browser.get("/me", claims=NATIVE))


def users(world: World) -> Scene:
    browser = with_record(world)
    return Scene(browser, lambda: browser.get("/users", claims=ADMIN))


def own_password(world: World) -> Scene:
    """The person changes the password while another browser is also signed in."""
    direct = Direct(world)
    direct.sign_in(browser=world.browser())
    direct.sign_in()
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    return Scene(direct.browser, lambda: direct.post("password", **body))


def second_factor(world: World) -> Scene:
    browser = with_record(world)
    return Scene(browser, lambda: browser.get("/me/second-factor", claims=NATIVE))


def rename(world: World) -> Scene:
    browser = with_record(world)
    headers = [("Content-Type", "application/json")]
    return Scene(
        browser,
        lambda: browser.send("PATCH", "/me", headers, body='{"given_name": "G"}', claims=NATIVE),
    )


def global_sign_out(world: World) -> Scene:
    browser = with_record(world)
    world.sign_in(browser)
    world.pool.add(PoolUser(ADA.email, PASSWORD, sub=ADA.sub, username=ADA.username))
    target = f"/users/{ADA.username}/sign-out"
    return Scene(browser, lambda: browser.send("POST", target, claims=ADMIN))


def sign_in(world: World) -> Scene:
    direct = Direct(world)
    return Scene(direct.browser, direct.sign_in)


def captcha(world: World) -> Scene:
    direct = Direct(world)
    world.secrets.put(CAPTCHA_ARN, {"secret": "canary-captcha-secret"})
    direct.restart(
        captcha="turnstile",
        captcha_site_key="site-key-1",
        captcha_secret_arn=CAPTCHA_ARN,
        captcha_verify_url=f"{world.cognito.url}/siteverify",
    )
    for _ in range(3):
        direct.sign_in(password=WRONG)
    return Scene(direct.browser, lambda: direct.sign_in(captcha="solved"))


def challenge(world: World) -> Scene:
    direct = Direct(world)
    direct.with_totp()
    direct.sign_in()
    return Scene(
        direct.browser,
        lambda: direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()),
        CHALLENGE_COOKIE,
    )


def _account(path: str, **body: Any) -> Callable[[World], Scene]:
    def scene(world: World) -> Scene:
        direct = Direct(world)
        return Scene(direct.browser, lambda: direct.post(f"direct/{path}", **body))

    return scene


def confirm(world: World) -> Scene:
    return _proof(world, "confirm", "sign-up", NEWCOMER, **NAMES)


def confirm_known(world: World) -> Scene:
    """A person with an account signs up again, and uses the mailed code to set a new password."""
    return _proof(world, "confirm", "reset", EMAIL, **NAMES)


def reset_waiting(world: World) -> Scene:
    """A person without a confirmed account asks for a new password. The mailed code belongs to a sign-up."""
    return _proof(world, "reset-password", "sign-up", NEWCOMER)


def _proof(world: World, path: str, kind: str, email: str, **names: str) -> Scene:
    direct = Direct(world)
    direct.post("direct/sign-up", email=email)
    body = {"email": email, "code": world.pool.last_code(kind), "password": NEW_PASSWORD, **names}
    return Scene(direct.browser, lambda: direct.post(f"direct/{path}", **body))


def _mail(kind: str, email: str, *, before: str = "") -> Callable[[World], Scene]:
    """Send one request to the function `account_mail`. `before` says which state the scene prepares."""

    def scene(world: World) -> Scene:
        direct = Direct(world)
        if before == "sign-up":
            direct.post("direct/sign-up", email=email)
        elif before:
            world.pool.add(PoolUser(email, PASSWORD, status="UNCONFIRMED"))
        event = {"kind": kind, "email": email, "ip": "192.0.2.7", "lock": "lock/1"}

        def act() -> None:
            gate.account_mail(event, LambdaContext())

        return Scene(direct.browser, act)

    return scene


def reset(world: World) -> Scene:
    direct = Direct(world)
    direct.post("direct/forgot-password", email=EMAIL)
    body = {"email": EMAIL, "code": world.pool.last_code("reset"), "password": NEW_PASSWORD}
    return Scene(direct.browser, lambda: direct.post("direct/reset-password", **body))


def mfa_setup(world: World) -> Scene:
    direct = Direct(world)
    direct.sign_in()
    return Scene(direct.browser, lambda: direct.post("mfa/setup", password=PASSWORD))


def mfa_verify(world: World) -> Scene:
    direct = Direct(world)
    direct.sign_in()
    secret = direct.post("mfa/setup", password=PASSWORD).json()["secret"]
    return Scene(direct.browser, lambda: direct.post("mfa/verify", code=direct.totp(secret)))


def _trigger(name: str) -> Callable[[World], Scene]:
    def scene(world: World) -> Scene:
        def act() -> None:
            gate.user_records(load_event(name), LambdaContext())

        return Scene(world.browser(), act)

    return scene


def trigger_marked(world: World) -> Scene:
    """The event has the mark that proves that our server sent the sign-up."""
    Direct(world)
    event = load_event("PreSignUp_SignUp")
    email = event["request"]["userAttributes"]["email"]
    event["request"]["clientMetadata"] = {KEY: build_mark(email, CLIENT_SECRET)}

    def act() -> None:
        gate.user_records(event, LambdaContext())

    return Scene(world.browser(), act)


def trigger_linking(world: World) -> Scene:
    row = {"name": {"S": "Okta"}, "trusted": {"BOOL": True}, "link": {"BOOL": True}}
    world.dynamodb.put(world.settings.providers_table, row)
    world.pool.add(PoolUser("ada@example.org", PASSWORD, sub="native-sub"))
    proved = {"userName": {"S": "native-sub"}, "provedAt": {"S": "2026-01-01T00:00:00.000Z"}}
    world.dynamodb.put(world.settings.users_table, proved)

    def act() -> None:
        event = load_event("PreSignUp_ExternalProvider")
        event["request"]["userAttributes"]["custom:idp_sub"] = "00u1ada"
        gate.user_records(event, LambdaContext())

    return Scene(world.browser(), act)


def trigger_inbound(world: World) -> Scene:
    """The person has a profile, and the provider no longer sends a family name."""
    ada = PoolUser("ada@example.org", PASSWORD, status="EXTERNAL_PROVIDER", username="okta_00u1ada")
    world.pool.add(ada)

    def act() -> None:
        event = load_event("InboundFederation_ExternalProvider")
        del event["request"]["attributes"]["idToken"]["family_name"]
        gate.user_records(event, LambdaContext())

    return Scene(world.browser(), act)


SCENES: dict[str, Callable[[World], Scene]] = {
    "callback": callback,
    "refresh": refresh,
    "refresh, by the API": refresh_by_api,
    "refresh, no ID token": refresh_without_id_token,
    "logout": logout,
    "own sessions": own_sessions,
    "end a session": end_a_session,
    "end the others": end_the_others,
    "config": config,
    "me": me,
    "users": users,
    "rename": rename,
    "own password": own_password,
    "second factor": second_factor,
    "global sign-out": global_sign_out,
    "sign-in": sign_in,
    "captcha": captcha,
    "challenge": challenge,
    "sign-up": _account("sign-up", email=NEWCOMER),
    "mail, new": _mail("sign-up", NEWCOMER),
    "mail, waiting": _mail("resend-code", NEWCOMER, before="sign-up"),
    "mail, known": _mail("forgot-password", EMAIL),
    "mail, removed": _mail("sign-up", NEWCOMER, before="an account of Cognito's page"),
    "confirm": confirm,
    "confirm, account": confirm_known,
    "reset, waiting": reset_waiting,
    "resend": _account("resend-code", email=EMAIL),
    "forgot": _account("forgot-password", email=EMAIL),
    "reset": reset,
    "mfa setup": mfa_setup,
    "mfa verify": mfa_verify,
    "trigger sign-up": _trigger("PreSignUp_SignUp"),
    "trigger sign-up, ours": trigger_marked,
    "trigger linking": trigger_linking,
    "trigger inbound": trigger_inbound,
    "trigger sign-in": _trigger("PostAuthentication_Authentication"),
}
#: Scenes that use up a code or a session, so that the same browser cannot repeat the scene.
ONCE = ("callback", "logout", "mfa verify")
