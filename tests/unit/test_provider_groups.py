"""Tests of the groups that an identity provider sends: how the code reads the groups, and which people get the
groups."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse.cognito.claims import parse_groups
from chalicelib.gatehouse.cognito.group_texts import (
    parse_provider_groups,
    read_groups_claim,
    write_groups,
)
from chalicelib.gatehouse.cognito.groups import is_one_name, without_automatic
from chalicelib.gatehouse.cognito.identities import Identity, birthplace_of, parse_identities
from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.store.providers import CACHE_SECONDS, ProviderStore
from chalicelib.gatehouse.triggers.token_claims import handle
from tests.component.world import ENVIRONMENT
from tests.doubles.aws_errors import client_error
from tests.doubles.clock import Clock
from tests.doubles.dynamodb import DynamoDBDouble

SETTINGS = Settings.from_env(ENVIRONMENT)
POOL = SETTINGS.user_pool_id
IDENTITIES = '[{"userId":"00u1ada","providerName":"Okta","providerType":"OIDC","primary":true}]'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[Everyone, admins]", ("Everyone", "admins")),
        ('["Everyone", "admins"]', ("Everyone", "admins")),
        ("Everyone,admins", ("Everyone", "admins")),
        ("admins", ("admins",)),
        ("[admins, admins]", ("admins",)),
        ("[team:a/b, x.y-z_1, a@b+c]", ("team:a/b", "x.y-z_1", "a@b+c")),
        ("[team%3Aa%2Fb, a%40b%2Bc]", ("team:a/b", "a@b+c")),
        ('["team%3Aa", "c++"]', ("team:a", "c++")),
        ("team%3Aa", ("team:a",)),
        ("[50%, %zz, %ff, %00]", ("50%", "%zz")),
        ("", ()),
        ("[]", ()),
        ("[,,]", ()),
        ('[["admins"], {"a": 1}, 7, null, "ok"]', ("ok",)),
        ("[" * 2000, ()),
        ("a" * 129, ()),
        ("x" * 2049, ()),
        (None, ()),
        (["admins"], ()),
    ],
)
def test_every_spelling_of_a_list_is_read(text: object, names: tuple[str, ...]) -> None:
    """The result omits a name that cannot be read."""
    assert parse_provider_groups(text).names == names


@pytest.mark.security("S-51")
@pytest.mark.parametrize(
    "text",
    [
        *('["x admins"]', "[x admins]", '["ab]"]', '["ad\\nmins"]', '["[admins"]', "x admins"),
        *("[x%20admins]", "[x+admins%2E]", "[x%2Cadmins]", "[ab%5D]", "[%5Badmins]", "x%0Aadmins"),
        *("=x admins", "=[admins", "=admins]", "=ad\u200bmins", "=ad\u2028mins", "=ad\nmins"),
    ],
)
def test_a_name_that_could_read_as_another_is_left_out(text: str) -> None:
    """Behind API Gateway, a group with the name `x admins` would be read as two groups."""
    assert parse_provider_groups(text) == ((), 1)


@pytest.mark.security("S-51")
@given(st.text(max_size=80))
def test_no_text_makes_more_groups_behind_the_gateway(text: str) -> None:
    """The test writes the names in API Gateway's format and reads the result. The names stay the same."""
    names = parse_provider_groups(text).names
    assert parse_groups("[" + " ".join(names) + "]") == tuple(
        part for name in names for part in name.split(",")
    )


FIVE = ("Everyone", "Geschäftsführung", "R&D", "App(Prod)", "sales")


@pytest.mark.security("S-69")
@pytest.mark.parametrize(
    "name", [*FIVE, "50%", "%41dmins", "a=b", "=", "ops/eu:1", "e\u0301quipe", "🚀"]
)
def test_one_rule_for_the_pools_names_and_a_providers(name: str) -> None:
    """The test writes every name that Cognito allows and that cannot be read as several names. Reading returns the same
    name, also behind API Gateway."""
    assert is_one_name(name)
    assert read_groups_claim(["a", name]) == (("a", name), 0)
    text, left_out = write_groups(("a", name))
    assert (parse_provider_groups(text), left_out) == ((("a", name), 0), 0)
    assert parse_groups(f"[a {name}]") == parse_groups(f"a,{name}") == ("a", name)
    assert groups_of(token_event(text, own=[name])) == [name, "a"]


@pytest.mark.security("S-69")
def test_no_groups_is_a_value_of_its_own() -> None:
    """The value for "no groups" is not empty, so it replaces the stored value. Therefore, it does not matter how
    Cognito treats empty values."""
    text, _ = write_groups(())
    assert text
    assert parse_provider_groups(text) == ((), 0)
    assert groups_of(token_event(text, own=["staff"])) == ["staff"]


@pytest.mark.security("S-69")
@given(st.lists(st.text(max_size=140), max_size=200))
def test_whatever_is_told_is_kept_or_counted(told: list[str]) -> None:
    """The result keeps as many groups as the limit allows. The result contains only groups that the provider sent."""
    names, unfit = read_groups_claim(told)
    assert set(names) <= set(told)
    assert len(told) - unfit >= len(names)
    text, no_room = write_groups(names)
    assert len(text.encode("utf-16-le")) // 2 <= 2048
    read = parse_provider_groups(text)
    assert (set(read.names) <= set(names), read.left_out) == (True, 0)
    assert len(read.names) + no_room == len(names)


@pytest.mark.security("S-69")
@pytest.mark.parametrize(("length", "kept"), [(9, 150), (20, 97), (127, 16), (128, 15)])
def test_of_many_groups_as_many_as_fit_are_kept(length: int, kept: int) -> None:
    """The provider sends 150 groups. The attribute keeps as many groups as fit, and the token contains all groups of
    the attribute."""
    names = [f"{number:03}".ljust(length, "x") for number in range(150)]
    text, left_out = write_groups(names)
    assert (left_out, parse_provider_groups(text).names) == (150 - kept, tuple(names[:kept]))
    assert groups_of(token_event(text, own=[])) == names[:kept]


@pytest.mark.security("S-69")
def test_short_names_are_not_crowded_out_by_a_long_one() -> None:
    """The result keeps as many groups as possible, in the original order."""
    told = ("x" * 128, *(f"{number:04}" for number in range(409)))
    text, left_out = write_groups(told)
    assert (parse_provider_groups(text).names, left_out) == (told[1:], 1)


@pytest.mark.security("S-69")
def test_a_token_carries_what_a_requests_headers_can(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The pool's own groups come first. The log has the number of omitted groups, but no names of groups."""
    text, left_out = write_groups(f"{number:03}" + "語" * 10 for number in range(150))
    own = [f"own-{number:03}" for number in range(100)]
    event = token_event(text, own=own)
    groups = groups_of(event)
    assert groups[:100] == own
    assert len(json.dumps(groups, ensure_ascii=False, separators=(",", ":")).encode()) <= 2802
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["event"] == "groups_left_out"
    assert (line["kept"], line["kept"] + line["no_room"]) == (len(groups), 250 - left_out)
    assert "語" not in json.dumps(line, ensure_ascii=False)


@pytest.mark.security("S-69")
def test_names_in_no_token_are_counted_for_pool_and_provider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = token_event("[a, x admins]", own=["x,admins", "staff"])
    assert groups_of(event) == ["staff", "a"]
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["event"], line["unfit"], line["no_room"]) == ("groups_left_out", 2, 0)


def token_event(groups: object, identities: object = IDENTITIES, own: Any = None) -> dict[str, Any]:
    return {
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "userPoolId": POOL,
        "userName": "okta_00u1ada",
        "callerContext": {"clientId": SETTINGS.client_id},
        "request": {
            "userAttributes": {"custom:groups": groups, "identities": identities},
            "groupConfiguration": {
                "groupsToOverride": own if own is not None else [f"{POOL}_Okta"],
                "iamRolesToOverride": [],
                "preferredRole": None,
            },
            "scopes": [],
        },
        "response": {},
    }


def providers(clock: Clock | None = None, **claims: str) -> tuple[ProviderStore, DynamoDBDouble]:
    """Return a providers table. `claims` maps each provider's name to the name of its groups claim; an empty value
    means no claim."""
    table = DynamoDBDouble({"providers": ("name", frozenset())})
    for name, claim in claims.items():
        table.put("providers", {"name": {"S": name}, "groups_claim": {"S": claim}})
    return ProviderStore(table, "providers", clock or Clock()), table


def okta() -> ProviderStore:
    """Return a table with Okta, which sends groups."""
    return providers(Okta="groups")[0]


def groups_of(
    event: dict[str, Any], load_providers: Callable[[], ProviderStore] = okta
) -> list[str]:
    """Return the groups in the two tokens that Cognito makes from the trigger's response."""
    own = event["request"]["groupConfiguration"]["groupsToOverride"]
    details = handle(event, SETTINGS, load_providers)["response"]["claimsAndScopeOverrideDetails"]
    found = details.get("groupOverrideDetails")
    return list(own if found is None else found["groupsToOverride"])


@pytest.mark.parametrize(
    "source",
    ["HostedAuth", "Authentication", "RefreshTokens", "NewPasswordChallenge"],
)
def test_groups_of_the_provider_come_besides_the_pools_own(source: str) -> None:
    """The trigger adds the provider's groups at hosted and direct sign-ins, and at each refresh. The trigger omits
    Cognito's automatic group."""
    event = token_event("[Everyone, admins]", own=[f"{POOL}_Okta", "staff"])
    event["triggerSource"] = f"TokenGeneration_{source}"
    assert groups_of(event) == ["staff", "Everyone", "admins"]


def test_a_group_that_the_provider_takes_away_is_gone() -> None:
    """Groups come only from the attribute, so no group from an earlier sign-in stays."""
    assert groups_of(token_event("[Everyone, admins]")) == ["Everyone", "admins"]
    assert groups_of(token_event("[Everyone]")) == ["Everyone"]
    assert groups_of(token_event(None)) == []


@pytest.mark.security("S-51")
def test_groups_are_gone_when_the_provider_tells_them_no_more() -> None:
    """Cognito keeps the attribute after the removal of the attribute's mapping. Therefore the provider's row decides
    whether the groups count. A change of the row has an effect within a minute."""
    clock = Clock()
    store, table = providers(clock, Okta="groups")
    event = token_event("[Everyone, admins]", own=["staff"])
    assert groups_of(event, lambda: store) == ["staff", "Everyone", "admins"]
    table.put("providers", {"name": {"S": "Okta"}, "groups_claim": {"S": ""}})
    clock.advance(CACHE_SECONDS)
    assert groups_of(event, lambda: store) == ["staff"]
    removed, _ = providers(Acme="groups")
    assert groups_of(event, lambda: removed) == ["staff"]


@pytest.mark.security("S-51")
def test_any_of_a_persons_providers_may_tell_them() -> None:
    """The provider's name may be in upper or lower case, as in the pool and the table."""
    linked = '[{"providerName":"OKTA","userId":"1"},{"providerName":"Acme","userId":"2"}]'
    for claims, expected in (
        ({"okta": "", "acme": "teams"}, ["admins"]),
        ({"okta": "", "acme": ""}, []),
    ):
        store, _ = providers(**claims)
        assert groups_of(token_event("[admins]", linked), lambda store=store: store) == expected  # type: ignore[misc]  # bound in the loop


@pytest.mark.security("S-51")
def test_without_the_table_there_are_no_groups_of_a_provider_but_there_are_tokens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An outage gives no person additional permissions. If a container has read the providers before the outage, the
    container uses the cached list."""
    clock = Clock()
    store, table = providers(clock, Okta="groups")
    event = token_event("[admins]", own=["staff"])
    table.fault = client_error("ThrottlingException")
    assert groups_of(event, lambda: store) == ["staff"]
    assert "groups_left_out" in capsys.readouterr().out
    table.fault = None
    assert groups_of(event, lambda: store) == ["staff", "admins"]
    table.fault = client_error("ThrottlingException")
    clock.advance(CACHE_SECONDS)
    assert groups_of(event, lambda: store) == ["staff", "admins"]


def test_the_table_is_asked_for_nobody_who_was_told_no_groups() -> None:
    """The trigger does not read the table for people with passwords, and for people of a provider without a groups
    claim."""

    def no_table() -> ProviderStore:
        raise AssertionError("asked")

    assert groups_of(token_event("[admins]", None, own=["staff"]), no_table) == ["staff"]
    assert groups_of(token_event(None, own=["staff"]), no_table) == ["staff"]


@pytest.mark.security("S-51")
@pytest.mark.parametrize("identities", [None, "", "[]", "{}", "garbage", "[7]", "[{}]", 7])
def test_people_without_a_provider_have_no_groups_of_one(identities: object) -> None:
    """The app client may write `custom:groups`, so a person without identities may have set this attribute."""
    assert groups_of(token_event("[admins]", identities, own=["staff"])) == ["staff"]


@pytest.mark.security("S-51")
def test_a_provider_cannot_name_the_pools_automatic_groups() -> None:
    """The automatic groups show the provider of a person, so a claim must not name an automatic group."""
    assert groups_of(token_event(f"[{POOL}_Other, ok]")) == ["ok"]


def test_roles_of_groups_are_kept_when_groups_are_overridden() -> None:
    """If the trigger omitted the groups' IAM roles, Cognito would remove the roles from the token."""
    event = token_event("[admins]", own=["staff"])
    roles = {"iamRolesToOverride": ["arn:role"], "preferredRole": "arn:role"}
    event["request"]["groupConfiguration"] |= roles
    details = handle(event, SETTINGS, okta)["response"]["claimsAndScopeOverrideDetails"]
    assert details["groupOverrideDetails"] == {"groupsToOverride": ["staff", "admins"], **roles}


@pytest.mark.parametrize("request_part", [None, {}, {"userAttributes": []}, 7])
def test_an_event_without_attributes_changes_no_groups(request_part: object) -> None:
    event = token_event("[admins]")
    event["request"] = request_part
    details = handle(event, SETTINGS, okta)["response"]["claimsAndScopeOverrideDetails"]
    assert "groupOverrideDetails" not in details


def test_identities_are_read_from_text_and_from_lists() -> None:
    """Trigger events have JSON text, and ID tokens have a list."""
    expected = (Identity("Okta", "00u1ada"),)
    assert parse_identities(IDENTITIES) == expected
    assert parse_identities([{"providerName": "Okta", "userId": "00u1ada"}]) == expected


@pytest.mark.parametrize(
    ("user_name", "names", "provider", "linked"),
    [
        ("okta_00u1", ["Okta"], "Okta", ()),
        ("7b1c-uuid", ["Okta"], "COGNITO", ("Okta",)),
        ("7b1c-uuid", ["Okta", "Acme"], "COGNITO", ("Acme", "Okta")),
        ("acme_00u1", ["Okta", "Acme"], "Acme", ("Okta",)),
        ("7b1c-uuid", [], "COGNITO", ()),
    ],
)
def test_the_user_name_tells_where_a_person_was_born(
    user_name: str, names: list[str], provider: str, linked: tuple[str, ...]
) -> None:
    """Linking adds identities to a native person, but the user name stays the same."""
    found = birthplace_of(user_name, tuple(Identity(name, "s") for name in names))
    assert found == (provider, linked)


def test_the_automatic_group_is_left_out_where_claims_are_read() -> None:
    """The app also omits the automatic group, because a stage may lack the trigger."""
    assert without_automatic((f"{POOL}_Okta", "admins"), POOL) == ("admins",)
