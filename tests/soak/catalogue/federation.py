"""Catalogue entries: a provider's data, and the effect of this data (S-69)."""

from tests.soak.defence import Defence, answering, defence, nothing, reading, value, wrapped

_RECORDS = "chalicelib.gatehouse.triggers.user_records"
_INBOUND = "chalicelib.gatehouse.triggers.inbound_federation"
_PROFILES = "chalicelib.gatehouse.cognito.federated_profiles:FederatedProfiles"
_GROUPS = "chalicelib.gatehouse.cognito.group_texts"

FEDERATION: tuple[Defence, ...] = (
    defence(
        "no-groups-is-said-explicitly",
        "S-69",
        "a person who loses the last group at the provider keeps all groups in the pool",
        (
            f"{_INBOUND}:_groups",
            wrapped(lambda original, *given: "" if original(*given) == "=" else original(*given)),
        ),
    ),
    defence(
        "every-claim-is-answered",
        "S-69",
        "attributes that the provider no longer sends keep their values",
        (
            f"{_INBOUND}:decide_attributes",
            wrapped(
                lambda original, *given: {
                    name: value for name, value in original(*given).items() if value
                }
            ),
        ),
    ),
    defence(
        "names-that-are-gone-are-deleted",
        "S-69",
        "a name that the provider has emptied stays if Cognito keeps the old value",
        (f"{_PROFILES}.delete_names", nothing),
    ),
    defence(
        "names-of-the-right-person-only",
        "S-69",
        "a provider that sends another person's address empties that person's names",
        (f"{_PROFILES}._find", reading(("and identity in linked.identities", ""))),
    ),
    defence(
        "emptied-names-are-emptied",
        "S-69",
        "a name that was removed in the pool stays in the table, and reconcile finds no difference",
        ("chalicelib.gatehouse.store.users:UserProfile.emptied", answering(())),
    ),
    defence(
        "not-told-is-not-emptied",
        "S-69",
        "an event without names clears the stored names",
        (
            f"{_RECORDS}:_told_names",
            reading(('event.get("triggerSource") != "PostAuthentication_Authentication"', "False")),
        ),
    ),
    defence(
        "unknown-providers-decide-nothing",
        "S-69",
        "people of a provider that is not in the table can sign in",
        (
            f"{_INBOUND}:handle",
            reading(
                (
                    "providers.find_ignoring_case(name) if isinstance(name, str) else None",
                    "Provider(str(name), str(name))",
                )
            ),
        ),
    ),
    defence(
        "claims-of-one-person-only",
        "S-69",
        "claims that the token lacks are taken from another person's userinfo",
        (
            "chalicelib.gatehouse.cognito.provider_claims:read_claims",
            reading(('if id_token and userinfo.get("sub") != id_token.get("sub"):', "if False:")),
        ),
        tests=("tests/component/test_inbound_federation.py",),
    ),
    defence(
        "names-end-where-the-token-says",
        "S-51",
        "members of a provider's group named `x, admins` become administrators",
        ("chalicelib.gatehouse.cognito.provider_claims:_payload", answering({})),
        tests=("tests/component/test_inbound_federation.py",),
    ),
    defence(
        "groups-that-do-not-fit-are-logged",
        "S-69",
        "groups are left out without a log line",
        (f"{_INBOUND}:log_event", nothing),
    ),
    defence(
        "groups-that-no-token-carries-are-logged",
        "S-69",
        "groups are left out of tokens without a log line",
        ("chalicelib.gatehouse.triggers.token_claims:log_event", nothing),
    ),
    defence(
        "as-many-groups-as-the-attribute-holds",
        "S-69",
        "Cognito refuses the sign-in of people in many groups",
        (f"{_GROUPS}:MAX_TEXT", value(10**6)),
    ),
    defence(
        "as-many-groups-as-a-request-carries",
        "S-69",
        "people in many groups get tokens that API Gateway refuses",
        (f"{_GROUPS}:TOKEN_ROOM", value(10**6)),
    ),
    defence(
        "inbound-for-this-pool-only",
        "S-58",
        "the trigger accepts events of any pool",
        (
            f"{_INBOUND}:handle",
            reading(('event.get("userPoolId") != settings.user_pool_id', "False")),
        ),
    ),
)
