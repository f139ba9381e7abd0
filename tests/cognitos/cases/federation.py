"""Cases about the hosted pages and the sign-in through an identity provider."""

from __future__ import annotations

from typing import Any

from tests.cognitos.case import GUIDE, REFERENCE, case
from tests.cognitos.world import ACCEPTED, PEOPLE, World, claims

AUTHORIZE = GUIDE + "authorization-endpoint.html"
TOKEN = GUIDE + "token-endpoint.html"
PKCE = GUIDE + "using-pkce-in-authorization-code.html"
MAPPING = GUIDE + "cognito-user-pools-specifying-attribute-mapping.html"
ANSWERS = GUIDE + "federation-endpoint-idp-responses.html"
NAMES = GUIDE + "user-pool-case-sensitivity.html"
PROFILES = GUIDE + "cognito-user-pools-identity-federation-consolidate-users.html"
LINK = REFERENCE + "API_AdminLinkProviderForUser.html"
MANAGING = GUIDE + "managing-users.html"


def profile(person: str) -> str:
    """Return the user name that the pool makes for a person of the provider."""
    return f"okta_{PEOPLE[person]['sub']}".lower()


@case({"shown": 400}, AUTHORIZE, "federation")
def a_foreign_redirect_uri_is_never_redirected_to(world: World) -> Any:
    """Cognito shows the error on its own page."""
    return world.visit(redirect_uri="https://evil.example/")


@case({"shown": 400}, AUTHORIZE, "federation")
def an_unknown_client_gets_no_page(world: World) -> Any:
    """The authorize request contains a client id that no pool has. Cognito does not redirect."""
    return world.visit(client_id="0" * 26)


@case("invalid_request", PKCE, "federation")
def only_s256_challenges_are_taken(world: World) -> Any:
    """Cognito refuses the challenge method `plain` and redirects to the callback with an error."""
    return world.visit(code_challenge_method="plain").get("error")


@case([["code", "state"], "state-1"], AUTHORIZE, "federation")
def a_sign_in_ends_with_a_code_and_the_state(world: World) -> Any:
    """The callback URL has two parameters: the code and the state."""
    query = world.visit("alice")
    return [sorted(query), query.get("state")]


@case([200, 400, "invalid_grant"], TOKEN, "federation")
def a_code_serves_once(world: World) -> Any:
    """Cognito refuses the second exchange of the code."""
    code = world.visit("alice")["code"]
    first, _ = world.exchange(code)
    second, body = world.exchange(code)
    return [first, second, body.get("error")]


@case([400, "invalid_grant"], PKCE, "federation")
def a_code_needs_its_verifier(world: World) -> Any:
    """The case exchanges the code with a different verifier of the right length."""
    code = world.visit("alice")["code"]
    status, body = world.exchange(code, code_verifier="x" * 60)
    return [status, body.get("error")]


@case([400, "unauthorized_client"], TOKEN, "federation")
def a_code_is_for_its_redirect_uri(world: World) -> Any:
    """The case exchanges the code with a different redirect_uri."""
    code = world.visit("alice")["code"]
    status, body = world.exchange(code, redirect_uri="https://app.example.org/other")
    return [status, body.get("error")]


@case([400, "invalid_grant"], TOKEN, "federation", "clock")
def a_code_lasts_five_minutes(world: World) -> Any:
    """Cognito refuses the code after five minutes."""
    code = world.visit("alice")["code"]
    world.port.wait(300)
    status, body = world.exchange(code)
    return [status, body.get("error")]


@case("nonce-1", AUTHORIZE, "federation")
def the_nonce_comes_back_in_the_id_token(world: World) -> Any:
    """The token has the nonce of the authorize request."""
    return claims(world.arrive("alice")["id_token"]).get("nonce")


@case({"status": "EXTERNAL_PROVIDER", "enabled": "True"}, PROFILES, "federation")
def a_first_sign_in_makes_a_profile(world: World) -> Any:
    """The profile's name consists of the provider's name and the subject. If the pool ignores case, the name is in
    lower case."""
    world.arrive("alice")
    user = world.user(profile("alice"))
    return {"status": user["UserStatus"], "enabled": user["Enabled"]}


@case(True, NAMES, "federation")
def a_profiles_name_is_in_lower_case(world: World) -> Any:
    """The pool converts the profile's name to lower case. The mapped attribute keeps the case of the provider's
    subject."""
    world.arrive("alice")
    user = world.user(profile("alice"))
    return [user["Username"], user["custom:idp_sub"]] == [profile("alice"), PEOPLE["alice"]["sub"]]


@case(
    {"email": "chloe@example.org", "email_verified": "false", "given_name": "Chloé"},
    MAPPING,
    "federation",
)
def mapped_claims_become_text(world: World) -> Any:
    """For example, a JSON `false` becomes the text "false"."""
    world.arrive("chloe")
    user = world.user(profile("chloe"))
    return {name: user.get(name) for name in ("email", "email_verified", "given_name")}


@case("[Everyone, admins]", MAPPING, "federation")
def a_list_becomes_text_in_brackets(world: World) -> Any:
    """AWS documents this format only for SAML. Code that parses a list must therefore accept other formats as well."""
    world.arrive("alice")
    return world.user(profile("alice")).get("custom:groups")


@case([{"providerName": "Okta", "subject": True, "providerType": "OIDC"}], PROFILES, "federation")
def an_id_token_names_the_provider(world: World) -> Any:
    """The claim `identities` has the subject in its original case."""
    told = claims(world.arrive("alice")["id_token"])["identities"]
    subject = PEOPLE["alice"]["sub"]
    return [
        {
            "providerName": each["providerName"],
            "subject": each["userId"] == subject,
            "providerType": each["providerType"],
        }
        for each in told
    ]


@case(True, GUIDE + "cognito-user-pools-user-groups.html", "federation")
def a_profile_is_in_its_providers_group(world: World) -> Any:
    """Cognito itself adds the profile to the group `<pool>_<provider>`. Our code makes no call for this."""
    told = claims(world.arrive("alice")["access_token"]).get("cognito:groups", [])
    return f"{world.port.pool_id}_Okta" in told


@case(True, PROFILES, "federation")
def a_second_sign_in_finds_the_profile(world: World) -> Any:
    """The `sub` is the same as at the first sign-in."""
    first, second = (claims(world.arrive("alice")["id_token"])["sub"] for _ in range(2))
    return first == second


@case("NotAuthorizedException", MANAGING, "federation")
def a_profile_has_no_password(world: World) -> Any:
    """Cognito refuses every password for a profile."""
    world.arrive("alice")
    return world.refused(world.sign_in, profile("alice"))


@case([True, True], ANSWERS, "federation", "events")
def a_triggers_refusal_ends_at_the_callback(world: World) -> Any:
    """The callback gets an error. The error's description contains the text from the trigger."""
    world.port.script({"PreSignUp_ExternalProvider": {"raise": "GATEHOUSE:not_here"}})
    query = world.visit("bruno")
    return [bool(query.get("error")), "GATEHOUSE:not_here" in query.get("error_description", "")]


@case([True, False], REFERENCE + "API_AdminDisableUser.html", "federation")
def a_disabled_profile_gets_no_code(world: World) -> Any:
    """The sign-in ends with an error at the callback."""
    world.arrive("bruno")
    world.admin("admin_disable_user", Username=profile("bruno"))
    query = world.visit("bruno")
    return [bool(query.get("error")), "code" in query]


@case({"same": True, "group": False}, LINK, "federation")
def a_linked_person_signs_in_to_the_native_account(world: World) -> Any:
    """The token contains the native account's `sub`. It does not contain the provider's group."""
    address = world.person()
    sub = world.user(address)["sub"]
    link(world, address, "bruno")
    said = claims(world.arrive("bruno")["access_token"])
    group = f"{world.port.pool_id}_Okta" in said.get("cognito:groups", [])
    return {"same": said["sub"] == sub, "group": group}


def link(world: World, address: str, person: str) -> None:
    world.admin(
        "admin_link_provider_for_user",
        DestinationUser={
            "ProviderName": "Cognito",
            "ProviderAttributeValue": world.user(address)["Username"],
        },
        SourceUser={
            "ProviderName": "Okta",
            "ProviderAttributeName": "Cognito_Subject",
            "ProviderAttributeValue": PEOPLE[person]["sub"],
        },
    )


@case(True, LINK, "federation")
def a_providers_person_is_linked_once(world: World) -> Any:
    """Cognito refuses to link the person to a second account. AWS's page has two names for the error, and does not say
    when Cognito uses which name."""
    link(world, world.person(), "bruno")
    refused = world.refused(link, world, world.person(), "bruno")
    return refused in ("InvalidParameterException", "AliasExistsException")


@case(ACCEPTED, LINK, "federation")
def a_deleted_account_frees_its_providers_person(world: World) -> Any:
    """After an account is deleted, an administrator can link the provider's person to another account."""
    address = world.person()
    link(world, address, "bruno")
    world.admin("admin_delete_user", Username=address)
    return world.refused(link, world, world.person(), "bruno")
