"""Scenes (see `tests/faults/scenes.py`) for recovery codes. In each scene, a fault happens while the codes are created,
used or counted."""

from tests.component.direct import CHALLENGE_COOKIE, PASSWORD, Direct
from tests.component.test_recovery_codes import lose_the_phone, make
from tests.component.world import World
from tests.faults.scenes import NATIVE, Scene, with_record


def make_codes(world: World) -> Scene:
    direct = Direct(world)
    direct.sign_in()
    direct.with_totp()
    return Scene(
        direct.browser,
        lambda: direct.post("mfa/recovery-codes", password=PASSWORD, code=direct.totp()),
    )


def use_code(world: World) -> Scene:
    direct = Direct(world)
    (code, *_) = make(direct)
    browser = lose_the_phone(direct)
    return Scene(
        browser, lambda: direct.post("direct/recovery-code", browser, code=code), CHALLENGE_COOKIE
    )


def count_codes(world: World) -> Scene:
    browser = with_record(world)
    (person,) = [each for each in world.pool.users if each.username == "native"]
    person.factors.add("SOFTWARE_TOKEN_MFA")
    return Scene(browser, lambda: browser.get("/me/second-factor", claims=NATIVE))


RECOVERY = {
    "recovery codes": make_codes,
    "recovery code": use_code,
    "second factor, app": count_codes,
}
