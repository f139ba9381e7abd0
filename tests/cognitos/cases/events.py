"""Cases about the events that Cognito sends to the pool's triggers, and about the calls that cause the events.

The cases cover the triggers that a stage has: PreSignUp, PostConfirmation, PostAuthentication, InboundFederation.
"""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, case
from tests.cognitos.cases.federation import profile
from tests.cognitos.world import World

PRE_SIGN_UP = GUIDE + "user-pool-lambda-pre-sign-up.html"
CONFIRMATION = GUIDE + "user-pool-lambda-post-confirmation.html"
AUTHENTICATION = GUIDE + "user-pool-lambda-post-authentication.html"
INBOUND = GUIDE + "user-pool-lambda-inbound-federation.html"
SOURCES = GUIDE + "cognito-user-identity-pools-working-with-aws-lambda-triggers.html"
OURS = ("PreSignUp", "PostConfirmation", "PostAuthentication", "InboundFederation")


def sources(world: World) -> list[str]:
    told = (str(event["triggerSource"]) for event in world.port.events())
    return [source for source in told if source.startswith(OURS)]


def only_event(world: World, source: str) -> dict[str, Any]:
    (event,) = (one for one in world.port.events() if one["triggerSource"] == source)
    return event


@case(["PreSignUp_SignUp"], PRE_SIGN_UP, "events")
def a_sign_up_is_shown_to_pre_sign_up(world: World) -> Any:
    """A sign-up sends an event to PreSignUp, and to no other trigger."""
    world.port.script({})
    world.sign_up(world.port.address())
    return sources(world)


@case(
    {"sub": False, "email": True, "client": True, "metadata": {"mark": "7"}}, PRE_SIGN_UP, "events"
)
def pre_sign_up_sees_attributes_and_metadata(world: World) -> Any:
    """The event contains ClientMetadata. It does not contain a `sub` yet."""
    world.port.script({})
    address = world.port.address()
    world.sign_up(address, ClientMetadata={"mark": "7"})
    event = only_event(world, "PreSignUp_SignUp")
    told = event["request"]["userAttributes"]
    return {
        "sub": "sub" in told,
        "email": told["email"] == address,
        "client": event["callerContext"]["clientId"] == world.port.client.id,
        "metadata": event["request"].get("clientMetadata"),
    }


@case(["UserLambdaValidationException", "UserNotFoundException"], PRE_SIGN_UP, "events")
def a_refused_sign_up_makes_nobody(world: World) -> Any:
    """If the trigger raises an error, Cognito refuses the sign-up."""
    world.port.script({"PreSignUp_SignUp": {"raise": "no"}})
    address = world.port.address()
    return [world.refused(world.sign_up, address), world.refused(world.user, address)]


@case([["PostConfirmation_ConfirmSignUp"], "CONFIRMED", True], CONFIRMATION, "events", "mail")
def a_confirmation_is_shown_to_post_confirmation(world: World) -> Any:
    """The event has the user's new status and the `sub`."""
    address = world.port.address()
    sub = world.sign_up(address)["UserSub"]
    code = world.port.mailed(address)
    world.port.script({})
    world.confirm(address, code)
    told = only_event(world, "PostConfirmation_ConfirmSignUp")["request"]["userAttributes"]
    return [sources(world), told["cognito:user_status"], told["sub"] == sub]


@case(["PostConfirmation_ConfirmForgotPassword"], CONFIRMATION, "events", "mail")
def a_reset_is_shown_to_post_confirmation(world: World) -> Any:
    """The event has a different trigger source after a password reset than after a sign-up."""
    address = world.person()
    world.forgot(address)
    code = world.port.mailed(address)
    world.port.script({})
    world.reset(address, code)
    return sources(world)


@case(["PreSignUp_AdminCreateUser"], PRE_SIGN_UP, "events")
def an_invitation_is_shown_to_pre_sign_up(world: World) -> Any:
    """An invitation runs PreSignUp, but does not run PostConfirmation."""
    world.port.script({})
    world.invite(world.port.address())
    return sources(world)


@case(["PostAuthentication_Authentication"], AUTHENTICATION, "events")
def a_sign_in_is_shown_to_post_authentication(world: World) -> Any:
    """A sign-in runs PostAuthentication once."""
    address = world.person()
    world.port.script({})
    world.sign_in(address)
    return sources(world)


@case([], AUTHENTICATION, "events")
def a_wrong_password_is_shown_to_no_trigger_of_ours(world: World) -> Any:
    """For a wrong password, Cognito runs only PreAuthentication, which a stage does not have."""
    address = world.person()
    world.port.script({})
    world.refused(world.sign_in, address, "not-the-password-at-all")
    return sources(world)


@case(
    [
        "InboundFederation_ExternalProvider",
        "PreSignUp_ExternalProvider",
        "PostConfirmation_ConfirmSignUp",
    ],
    SOURCES,
    "events",
    "federation",
)
def a_first_federated_sign_in_runs_three_triggers(world: World) -> Any:
    """InboundFederation runs first. Then Cognito runs the two triggers for a new profile."""
    world.port.script({})
    world.arrive("alice")
    return sources(world)


@case(
    ["InboundFederation_ExternalProvider", "PostAuthentication_Authentication"],
    SOURCES,
    "events",
    "federation",
)
def a_later_federated_sign_in_is_an_authentication(world: World) -> Any:
    """A later sign-in does not run PreSignUp."""
    world.arrive("alice")
    world.port.script({})
    world.arrive("alice")
    return sources(world)


@case({"user": True, "sub": False, "mapped": True}, PRE_SIGN_UP, "events", "federation")
def pre_sign_up_sees_what_was_mapped(world: World) -> Any:
    """A person signs in through a provider for the first time. The event has the pool's user name and the mapped
    attributes, but no `sub`."""
    world.port.script({})
    world.arrive("alice")
    event = only_event(world, "PreSignUp_ExternalProvider")
    told = event["request"]["userAttributes"]
    mapped = told.get("email") == "alice@example.com" and "custom:idp_sub" in told
    return {"user": event["userName"] == profile("alice"), "sub": "sub" in told, "mapped": mapped}


@case({"provider": "Okta", "claims": True, "text": True}, INBOUND, "events", "federation")
def inbound_federation_sees_the_providers_claims(world: World) -> Any:
    """The event contains all claims as text, under the names that the provider uses."""
    world.port.script({})
    world.arrive("alice")
    request = only_event(world, "InboundFederation_ExternalProvider")["request"]
    told = request["attributes"]["idToken"]
    named = told.get("email") == "alice@example.com" and told.get("given_name") == "Alice"
    text = all(isinstance(value, str) for value in told.values())
    return {"provider": request["providerName"], "claims": named, "text": text}
