"""The cases of docs/faults.md that concern people who leave an organization.

A provider's servers send signals, and the function `leaving` handles the signals.
"""

import json
from collections.abc import Callable
from dataclasses import asdict

from app import gate
from chalicelib.gatehouse import signals
from chalicelib.gatehouse.signals import Signal, timestamp
from tests.component.company import Company
from tests.component.world import SUBJECTS_TABLE, World
from tests.doubles.browser import LambdaContext
from tests.doubles.signing import public_jwk, rsa_key
from tests.events import load_event
from tests.faults.scenes import Scene


def company(world: World) -> Company:
    """Set up a provider. The faulty server (wire.py) also serves the provider's signing keys."""
    made = Company(world)
    keys = f"{world.cognito.url}/oauth2/v1/keys"
    made.put_row("Okta", keys_url=keys)
    world.cognito.other_jwks[keys] = [public_jwk(rsa_key("Okta"), "kid-Okta")]
    return made


def event_hook(world: World) -> Scene:
    okta = company(world)
    told = okta.event("user.session.clear")
    return Scene(world.browser(), lambda: okta.tell(told))


def revoke(world: World) -> Scene:
    okta = company(world)
    return Scene(world.browser(), lambda: okta.revoke(okta.token()))


def revoke_by_address(world: World) -> Scene:
    okta = company(world)
    who = {"format": "email", "email": okta.ada.email}
    return Scene(world.browser(), lambda: okta.revoke(okta.token(), who))


def _function(kind: str, group: str = "", *, gone: bool = False) -> Callable[[World], Scene]:
    """Send one signal about Ada. With `gone`, an earlier signal has disabled her."""

    def scene(world: World) -> Scene:
        okta = company(world)
        if gone:
            assert okta.tell(okta.event("user.lifecycle.deactivate")).status == 204
            world.clock.advance(1)
        signal = Signal("Okta", "00u1Ada", kind, timestamp(world.clock()), "uuid-1", group)
        event = {"Records": [{"messageId": "m1", "body": json.dumps(asdict(signal))}]}

        def act() -> None:
            gate.leaving(event, LambdaContext())

        return Scene(world.browser(), act)

    return scene


def _trigger(name: str) -> Callable[[World], Scene]:
    """Send a trigger's event for a person who signs in through a provider. The stage has the index that finds people by
    subject."""

    def scene(world: World) -> Scene:
        world.restart(subjects_table=SUBJECTS_TABLE)

        def act() -> None:
            gate.user_records(load_event(name), LambdaContext())

        return Scene(world.browser(), act)

    return scene


LEAVERS: dict[str, Callable[[World], Scene]] = {
    "event hook": event_hook,
    "revoke": revoke,
    "revoke by address": revoke_by_address,
    "leaving, gone": _function(signals.GONE),
    "leaving, ended": _function(signals.ENDED),
    "leaving, back": _function(signals.BACK, gone=True),
    "leaving, group": _function(signals.LEFT_GROUP, "admins"),
    "trigger confirmed, subject": _trigger("PostConfirmation_ConfirmSignUp_federated"),
    "trigger sign-in, subject": _trigger("PostAuthentication_Authentication_federated"),
}
