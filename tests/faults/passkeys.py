"""The fault table's scenes for the sign-in with a passkey, and for the list of passkeys. A scene is a prepared state
and the action during which a fault happens (scenes.py)."""

from collections.abc import Callable

from tests.component.direct import CHALLENGE_COOKIE, EMAIL, PASSWORD, Direct
from tests.component.passkeys import NEW_PASSWORD, Passkeys
from tests.component.world import World
from tests.faults.scenes import Scene


def ask(world: World) -> Scene:
    """A person requests a challenge in a new browser."""
    passkeys = Passkeys(Direct(world))
    passkeys.set_up()
    browser = world.browser()
    return Scene(browser, lambda: passkeys.ask(EMAIL, browser), CHALLENGE_COOKIE)


def ask_known(world: World) -> Scene:
    """In a known browser, the page requests a challenge for autofill, without an address."""
    passkeys = Passkeys(Direct(world))
    passkeys.set_up()
    return Scene(passkeys.direct.browser, lambda: passkeys.ask(None), CHALLENGE_COOKIE)


def open_list(world: World) -> Scene:
    passkeys = Passkeys(Direct(world))
    passkeys.set_up()
    return Scene(passkeys.direct.browser, lambda: passkeys.post("passkeys/open", password=PASSWORD))


def open_with_app(world: World) -> Scene:
    """The person has an authenticator app, and opens the list of passkeys."""
    passkeys = Passkeys(Direct(world))
    direct = passkeys.direct
    direct.sign_in()
    direct.with_totp()
    return Scene(
        direct.browser,
        lambda: passkeys.post("passkeys/open", password=PASSWORD, code=direct.totp()),
    )


def open_refused(world: World) -> Scene:
    """Cognito refuses to list the passkeys. The server must revoke the tokens."""
    from tests.doubles.aws_errors import client_error

    scene = open_list(world)
    world.pool.fail("list_web_authn_credentials", client_error("ForbiddenException"))
    return scene


def reset(world: World) -> Scene:
    """The person sets a new password with a mailed code. This reset ends the passkeys."""
    passkeys = Passkeys(Direct(world))
    passkeys.set_up()
    browser = world.browser()
    passkeys.post("direct/forgot-password", browser, email=EMAIL)
    body = {"email": EMAIL, "code": world.pool.last_code("reset"), "password": NEW_PASSWORD}
    return Scene(browser, lambda: passkeys.post("direct/reset-password", browser, **body))


def open_ended(world: World) -> Scene:
    """A new password has made the passkeys invalid. When the person opens the list, the server deletes these passkeys."""
    passkeys = Passkeys(Direct(world))
    passkeys.set_up()
    passkeys.reset()
    passkeys.direct.sign_in(password=NEW_PASSWORD)
    return Scene(
        passkeys.direct.browser, lambda: passkeys.post("passkeys/open", password=NEW_PASSWORD)
    )


def opened(path: str) -> Callable[[World], Scene]:
    """Send one of the requests that are possible after the person has opened the list."""

    def make(world: World) -> Scene:
        passkeys = Passkeys(Direct(world))
        passkeys.open()
        made = passkeys.add().json()["passkeys"][0]["id"]
        options = passkeys.post("passkeys/setup").json()["options"]
        body = {
            "setup": {},
            "verify": {"credential": passkeys.device.create(options)},
            "rename": {"id": made, "name": "Mine"},
            "remove": {"id": made},
            "close": {},
            "offer": {"not_now": True},
        }[path]
        return Scene(passkeys.direct.browser, lambda: passkeys.post(f"passkeys/{path}", **body))

    return make


PASSKEYS: dict[str, Callable[[World], Scene]] = {
    "passkey": ask,
    "passkey, known": ask_known,
    "passkeys open": open_list,
    "passkeys open, app": open_with_app,
    "passkeys open, refused": open_refused,
    "passkeys open, ended": open_ended,
    "reset, passkeys": reset,
    **{
        f"passkeys {path}": opened(path)
        for path in ("setup", "verify", "rename", "remove", "close", "offer")
    },
}
