"""Cases about mailed codes: which codes Cognito accepts, and how long a code is valid."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import ACCEPTED, OTHER_PASSWORD, World, made_up_code

CONFIRM = REFERENCE + "API_ConfirmSignUp.html"
RESET = REFERENCE + "API_ConfirmForgotPassword.html"
FORGOT = REFERENCE + "API_ForgotPassword.html"
RESEND = REFERENCE + "API_ResendConfirmationCode.html"
UNKNOWN = GUIDE + "cognito-user-pool-managing-errors.html"
VALIDITY = GUIDE + "signing-up-users-in-your-app.html"
LIMITS = GUIDE + "quotas.html"


@case({"status": "CONFIRMED", "verified": "true"}, VALIDITY, "mail")
def the_right_code_confirms_and_proves_the_address(world: World) -> Any:
    """The right code changes the account's status, and marks the address as verified (`email_verified`)."""
    address = world.port.address()
    world.sign_up(address)
    world.confirm(address, world.port.mailed(address))
    user = world.user(address)
    return {"status": user["UserStatus"], "verified": user.get("email_verified")}


@case("CodeMismatchException", CONFIRM, "mail")
def a_wrong_code_does_not_confirm(world: World) -> Any:
    """The case sends six other digits."""
    address = world.port.address()
    world.sign_up(address)
    wrong = made_up_code(world.port.mailed(address))
    return world.refused(world.confirm, address, wrong)


@case("NotAuthorizedException", CONFIRM, "mail")
def a_confirmed_account_is_not_confirmed_again(world: World) -> Any:
    """After the confirmation, the case sends the same code again."""
    address = world.port.address()
    world.sign_up(address)
    code = world.port.mailed(address)
    world.confirm(address, code)
    return world.refused(world.confirm, address, code)


@case("CodeMismatchException", RESEND, "mail")
def a_code_sent_again_replaces_the_first(world: World) -> Any:
    """Cognito accepts only the newest code."""
    address = world.port.address()
    world.sign_up(address)
    first = world.port.mailed(address)
    world.resend(address)
    if world.port.mailed(address) == first:
        return "the same code again"
    return world.refused(world.confirm, address, first)


@case("InvalidParameterException", RESEND)
def a_confirmed_account_gets_no_second_code(world: World) -> Any:
    """ResendConfirmationCode refuses a confirmed account."""
    return world.refused(world.resend, world.person())


@case("ExpiredCodeException", VALIDITY, "mail", "clock")
def a_sign_ups_code_lasts_a_day(world: World) -> Any:
    """Cognito refuses the code after 24 hours."""
    address = world.port.address()
    world.sign_up(address)
    world.port.wait(86_400)
    return world.refused(world.confirm, address, world.port.mailed(address))


@case(ACCEPTED, RESET, "mail")
def a_reset_replaces_the_password(world: World) -> Any:
    """The person signs in with the new password."""
    address = world.person()
    world.forgot(address)
    world.reset(address, world.port.mailed(address))
    return world.refused(world.tokens_with, address, OTHER_PASSWORD)


@case("NotAuthorizedException", RESET, "mail")
def a_reset_voids_the_old_password(world: World) -> Any:
    """Cognito refuses the old password."""
    address = world.person()
    world.forgot(address)
    world.reset(address, world.port.mailed(address))
    return world.refused(world.sign_in, address)


@case("CodeMismatchException", RESET, "mail")
def a_wrong_code_resets_nothing(world: World) -> Any:
    """The case sends six other digits."""
    address = world.person()
    world.forgot(address)
    wrong = made_up_code(world.port.mailed(address))
    return world.refused(world.reset, address, wrong)


@case("ExpiredCodeException", RESET, "mail")
def a_reset_code_serves_once(world: World) -> Any:
    """When a code has been used, Cognito answers as if it had sent no code to the address."""
    address = world.person()
    world.forgot(address)
    code = world.port.mailed(address)
    world.reset(address, code)
    return world.refused(world.reset, address, code, "a-third-horse-battery-9")


@case("ExpiredCodeException", UNKNOWN)
def a_reset_without_a_request_has_no_code(world: World) -> Any:
    """The case calls ConfirmForgotPassword without a previous ForgotPassword."""
    return world.refused(world.reset, world.person(), made_up_code())


@case("ExpiredCodeException", FORGOT, "mail", "clock")
def a_reset_code_lasts_an_hour(world: World) -> Any:
    """Cognito refuses the code after an hour."""
    address = world.person()
    world.forgot(address)
    world.port.wait(3600)
    return world.refused(world.reset, address, world.port.mailed(address))


@case("InvalidPasswordException", RESET, "mail")
def a_reset_holds_to_the_password_policy(world: World) -> Any:
    """The code is right, but the password is too short."""
    address = world.person()
    world.forgot(address)
    return world.refused(world.reset, address, world.port.mailed(address), "short")


@case("CodeMismatchException", UNKNOWN)
def an_unknown_address_resets_as_with_a_wrong_code(world: World) -> Any:
    """ConfirmForgotPassword does not reveal that the address has no account."""
    return world.refused(world.reset, world.port.address(), made_up_code())


@case(True, UNKNOWN)
def an_unknown_address_seems_to_be_mailed(world: World) -> Any:
    """ForgotPassword returns invented delivery details, or sometimes the error InvalidParameterException."""
    seen = {world.refused(world.forgot, world.port.address()) for _ in range(2)}
    return seen <= {ACCEPTED, "InvalidParameterException"}


@case([True, True], UNKNOWN, "mail")
def an_unproved_address_is_sent_no_reset(world: World) -> Any:
    """An unconfirmed account has no verified address. Cognito either refuses the call, or answers as for a verified
    address. In both cases, Cognito sends no mail."""
    address = world.port.address()
    world.sign_up(address)
    before = world.port.mailed(address)
    outcome = world.refused(world.forgot, address)
    known = outcome in (ACCEPTED, "InvalidParameterException")
    return [known, world.port.mailed(address) == before]


@case("NotAuthorizedException", FORGOT)
def an_invited_person_resets_nothing(world: World) -> Any:
    """Before the first sign-in, only the temporary password works. Cognito refuses to reset it."""
    address = world.port.address()
    world.invite(address, email_verified="true")
    return world.refused(world.forgot, address)


@case("LimitExceededException", LIMITS, "mail")
def wrong_codes_have_a_limit(world: World) -> Any:
    """If somebody enters several wrong codes within an hour, Cognito then refuses even the right code."""
    address = world.port.address()
    world.sign_up(address)
    right = world.port.mailed(address)
    for _ in range(6):
        world.refused(world.confirm, address, made_up_code(right))
    return world.refused(world.confirm, address, right)
