"""Cases about challenges. The Session of a challenge is valid for one person, one client and one response. Cognito asks
for the second factors that the person has set up."""

from __future__ import annotations

import json
from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import ACCEPTED, OTHER_PASSWORD, World, made_up_code

ANSWER = REFERENCE + "API_AdminRespondToAuthChallenge.html"
TOTP = GUIDE + "user-pool-settings-mfa-totp.html"
MFA = GUIDE + "user-pool-settings-mfa.html"
SESSION = GUIDE + "authentication.html"


def invited(world: World) -> tuple[dict[str, Any], str]:
    """Start the first sign-in of an invited person. Return the challenge and the user name."""
    address = world.port.address()
    world.invite(address, email_verified="true")
    return world.sign_in(address), world.user(address)["Username"]


def enrolled(world: World) -> tuple[str, str, str]:
    """Make a person with an authenticator app. Return the address, the user name, and the app's secret."""
    address = world.person()
    return address, world.user(address)["Username"], world.enrol(address)


@case({"name": "NEW_PASSWORD_REQUIRED", "whom": True}, ANSWER)
def an_invited_person_chooses_a_password(world: World) -> Any:
    """At the first sign-in, Cognito asks for a new password. The challenge contains the pool's own user name for the
    person."""
    challenge, username = invited(world)
    whom = challenge["ChallengeParameters"].get("USER_ID_FOR_SRP") == username
    return {"name": challenge["ChallengeName"], "whom": whom}


@case({"outcome": ACCEPTED, "status": "CONFIRMED"}, ANSWER)
def a_new_password_signs_in(world: World) -> Any:
    """The new password also confirms the account."""
    challenge, username = invited(world)
    outcome = world.refused(world.answer, challenge, username, NEW_PASSWORD=OTHER_PASSWORD)
    return {"outcome": outcome, "status": world.user(username)["UserStatus"]}


@case("InvalidPasswordException", ANSWER)
def a_new_password_holds_to_the_policy(world: World) -> Any:
    """Cognito refuses a short password."""
    challenge, username = invited(world)
    return world.refused(world.answer, challenge, username, NEW_PASSWORD="short")


@case("NotAuthorizedException", SESSION)
def a_session_serves_once(world: World) -> Any:
    """The case sends the same answer twice."""
    challenge, username = invited(world)
    world.answer(challenge, username, NEW_PASSWORD=OTHER_PASSWORD)
    return world.refused(world.answer, challenge, username, NEW_PASSWORD=OTHER_PASSWORD)


@case("NotAuthorizedException", SESSION)
def a_made_up_session_is_refused(world: World) -> Any:
    """The Session is a text that no sign-in returned."""
    challenge, username = invited(world)
    made_up = "x" * len(challenge["Session"])
    return world.refused(world.answer, challenge, username, made_up, NEW_PASSWORD=OTHER_PASSWORD)


@case("NotAuthorizedException", SESSION)
def a_session_is_of_one_person(world: World) -> Any:
    """The Session belongs to another invited person."""
    challenge, _ = invited(world)
    _, other = invited(world)
    return world.refused(world.answer, challenge, other, NEW_PASSWORD=OTHER_PASSWORD)


@case("NotAuthorizedException", SESSION)
def a_session_is_of_one_challenge(world: World) -> Any:
    """The person's sign-in waits for an authenticator app's code. The case uses the Session of this sign-in to answer
    another challenge, `NEW_PASSWORD_REQUIRED`."""
    address, username, _ = enrolled(world)
    challenge = {**world.sign_in(address), "ChallengeName": "NEW_PASSWORD_REQUIRED"}
    return world.refused(world.answer, challenge, username, NEW_PASSWORD=OTHER_PASSWORD)


@case("NotAuthorizedException", SESSION, "clock")
def a_session_ends_after_fifteen_minutes(world: World) -> Any:
    """The client's setting AuthSessionValidity is 15 minutes."""
    challenge, username = invited(world)
    world.port.wait(15 * 60)
    return world.refused(world.answer, challenge, username, NEW_PASSWORD=OTHER_PASSWORD)


@case("SOFTWARE_TOKEN_MFA", TOTP)
def an_app_is_asked_for_once_it_is_set_up(world: World) -> Any:
    """At the next sign-in, Cognito asks for the authenticator app's code."""
    return world.sign_in(enrolled(world)[0])["ChallengeName"]


@case(ACCEPTED, TOTP)
def the_apps_code_signs_in(world: World) -> Any:
    """The case uses the code of the next half minute, because the set-up has already used the current code."""
    address, username, secret = enrolled(world)
    code = world.totp(secret, 1)
    return world.refused(
        world.answer, world.sign_in(address), username, SOFTWARE_TOKEN_MFA_CODE=code
    )


@case("CodeMismatchException", TOTP)
def a_wrong_code_of_the_app_is_refused(world: World) -> Any:
    """The case sends six other digits."""
    address, username, secret = enrolled(world)
    code = made_up_code(world.totp(secret, 1))
    return world.refused(
        world.answer, world.sign_in(address), username, SOFTWARE_TOKEN_MFA_CODE=code
    )


@case(ACCEPTED, SESSION)
def a_wrong_code_leaves_the_session(world: World) -> Any:
    """After a wrong code, the right code still works in the same Session."""
    address, username, secret = enrolled(world)
    challenge, code = world.sign_in(address), world.totp(secret, 1)
    wrong = made_up_code(code)
    world.refused(world.answer, challenge, username, SOFTWARE_TOKEN_MFA_CODE=wrong)
    return world.refused(world.answer, challenge, username, SOFTWARE_TOKEN_MFA_CODE=code)


@case(["CodeMismatchException", "ExpiredCodeException"], TOTP)
def a_code_of_the_app_serves_once(world: World) -> Any:
    """The person signs in twice within half a minute. At the second sign-in, Cognito refuses the same code. AWS has two
    names for the error."""
    address, username, secret = enrolled(world)
    code = world.totp(secret, 1)
    world.answer(world.sign_in(address), username, SOFTWARE_TOKEN_MFA_CODE=code)
    again = world.refused(
        world.answer, world.sign_in(address), username, SOFTWARE_TOKEN_MFA_CODE=code
    )
    both = ["CodeMismatchException", "ExpiredCodeException"]
    return both if again in both else again


@case({"name": "MFA_SETUP", "can": ["SOFTWARE_TOKEN_MFA"]}, MFA)
def a_required_factor_is_set_up_at_the_sign_in(world: World) -> Any:
    """If a person has no second factor, Cognito asks the person to set one up and lists the possible factors."""
    address = world.person()
    with world.factor_required():
        challenge = world.sign_in(address)
    can = json.loads(challenge["ChallengeParameters"].get("MFAS_CAN_SETUP", "[]"))
    return {"name": challenge["ChallengeName"], "can": can}


@case("MFA_SETUP", MFA)
def a_new_password_is_followed_by_the_required_factor(world: World) -> Any:
    """If the pool requires a second factor, an invited person must first set one up. Only then is the sign-in
    complete."""
    with world.factor_required():
        challenge, username = invited(world)
        answer = world.answer(challenge, username, NEW_PASSWORD=OTHER_PASSWORD)
    return answer.get("ChallengeName", ACCEPTED)


@case(ACCEPTED, TOTP)
def setting_an_app_up_finishes_the_sign_in(world: World) -> Any:
    """AssociateSoftwareToken and VerifySoftwareToken return the Session for the next call."""
    address = world.person()
    username = world.user(address)["Username"]
    with world.factor_required():
        challenge = world.sign_in(address)
        begun = world.call("associate_software_token", Session=challenge["Session"])
        code = world.totp(begun["SecretCode"])
        done = world.call("verify_software_token", Session=begun["Session"], UserCode=code)
        return world.refused(world.answer, challenge, username, done["Session"])


@case("EnableSoftwareTokenMFAException", TOTP)
def a_wrong_code_sets_no_app_up(world: World) -> Any:
    """The case calls VerifySoftwareToken with the access token."""
    access = world.tokens(world.person(), world.port.server_client)["AccessToken"]
    secret = world.call("associate_software_token", AccessToken=access)["SecretCode"]
    code = made_up_code(world.totp(secret))
    return world.refused(world.call, "verify_software_token", AccessToken=access, UserCode=code)


@case({"name": "SELECT_MFA_TYPE", "can": 2}, MFA, "factors")
def somebody_with_two_factors_chooses(world: World) -> Any:
    """The person has two factors and prefers neither of them, so Cognito asks the person to choose a factor."""
    address, username, _ = enrolled(world)
    world.port.add_factor(username, "EMAIL_OTP")
    challenge = world.sign_in(address)
    can = json.loads(challenge["ChallengeParameters"].get("MFAS_CAN_CHOOSE", "[]"))
    return {"name": challenge["ChallengeName"], "can": len(can)}


@case({"name": "EMAIL_OTP", "outcome": ACCEPTED}, MFA, "factors")
def a_mailed_code_is_a_factor(world: World) -> Any:
    """Cognito asks for a code that it has mailed, and accepts this code."""
    address = world.person()
    username = world.user(address)["Username"]
    world.port.add_factor(username, "EMAIL_OTP")
    challenge = world.sign_in(address)
    code = world.port.mailed(address)
    outcome = world.refused(world.answer, challenge, username, EMAIL_OTP_CODE=code)
    return {"name": challenge["ChallengeName"], "outcome": outcome}
