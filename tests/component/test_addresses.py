"""Tests that all parts of the code parse an email address in the same way, so that no spelling of an address bypasses a
rule (S-72)."""

from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.direct import EMAIL, PASSWORD, Direct
from tests.component.world import ENVIRONMENT
from tests.data_lines import attack_lines
from tests.doubles.browser import Answer, LambdaContext
from tests.doubles.pool_users import PoolUser
from tests.events import load_event

LINES = attack_lines("hostile_addresses.txt")
REFUSED = r"^GATEHOUSE_REFUSED: This address may not sign up here\.$"
#: Each test uses one of these sets of settings. If a test used both sets at once, it could not show that each set has
#: an effect.
RULES: dict[str, dict[str, frozenset[str]]] = {
    "refuse lists and a provider": {
        "sign_up_refused_domains": frozenset({"bad.example", "b\u00fccher.example"})
    },
    "an allow list": {"sign_up_allowed_domains": frozenset({"good.example"})},
}
#: Each pair contains the address as the person types it, and the address in the request to the pool.
GOOD = [
    ("x@good.example", "x@good.example"),
    ("X.Y+z@Good.Example", "X.Y+z@good.example"),
    (" x@good.example ", "x@good.example"),
    ("x@good\u3002example", "x@good.example"),
    ("x@\uff47ood.example", "x@good.example"),
    ("x@m\u00fcnchen.example", "x@xn--mnchen-3ya.example"),
    ("x@MU\u0308NCHEN.example", "x@xn--mnchen-3ya.example"),
    ("x@xn--MNCHEN-3ya.example", "x@xn--mnchen-3ya.example"),
    ("x@stra\u00dfe.example", "x@xn--strae-oqa.example"),
    ("x@strasse.example", "x@strasse.example"),
    ("x@\u4f8b\u5b50.\u6d4b\u8bd5", "x@xn--fsqu00a.xn--0zwm56d"),
    ("o'b!r#i$e%n&*+-/=?^_`{|}~@good.example", "o'b!r#i$e%n&*+-/=?^_`{|}~@good.example"),
    (".a..b.@good.example", ".a..b.@good.example"),
    ("50%off!@good.example", "50%off!@good.example"),
    ("x@1and1.example", "x@1and1.example"),
    ("x@a-b.c--d.example", "x@a-b.c--d.example"),
    (f"{'x' * 64}@good.example", f"{'x' * 64}@good.example"),
]


def stage(direct: Direct, **settings: Any) -> Direct:
    """A stage on which corp2.example belongs to a provider. `settings` are additional settings."""
    row = {"name": {"S": "Corp2"}, "domains": {"L": [{"S": "corp2.example"}]}}
    direct.world.dynamodb.put(direct.world.settings.providers_table, row)
    direct.restart(**settings)
    return direct


def sign_up(direct: Direct, email: str) -> Answer:
    return direct.post("direct/sign-up", email=email)


def trigger(source: str, email: str, **more: Any) -> Any:
    event = load_event(source)
    event.update(more)
    event["request"]["userAttributes"]["email"] = email
    return gate.user_records(event, LambdaContext())


@pytest.mark.security("S-72")
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_no_hostile_address_gets_an_account(direct: Direct, line: str, rules: str) -> None:
    """Our form refuses the address before the server calls Cognito. On Cognito's page, the trigger refuses the
    address."""
    stage(direct, **RULES[rules])
    assert sign_up(direct, line).status in (400, 403)
    assert direct.pool.calls == []
    with pytest.raises(TriggerFailed, match=REFUSED):
        trigger("PreSignUp_SignUp", line)
    assert direct.world.users() == {}


@pytest.mark.security("S-72")
@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_no_hostile_address_hides_whose_it_is(direct: Direct, line: str) -> None:
    """The server may refuse a hostile address. Otherwise, it finds the same provider as for the plain spelling."""
    domains = ("corp2.example", "bad.example", "xn--bcher-kva.example")
    row = {"name": {"S": "Corp2"}, "domains": {"L": [{"S": domain} for domain in domains]}}
    direct.world.dynamodb.put(direct.world.settings.providers_table, row)
    direct.restart()
    answer = direct.post("discover", email=line)
    assert answer.status == 400 or answer.json()["provider"]["name"] == "Corp2"


@pytest.mark.security("S-72")
@pytest.mark.parametrize(("typed", "heard"), GOOD, ids=ascii)
def test_what_is_an_address_is_read_the_same_everywhere(
    direct: Direct, typed: str, heard: str
) -> None:
    """Sign-up, sign-in and password reset send the same spelling to the pool. Therefore all spellings of an address
    share one account and one counter of attempts."""
    stage(direct)
    assert sign_up(direct, typed).status == 200
    (user,) = [user for user in direct.pool.users if user.email != EMAIL]
    assert user.email == heard
    user.status, user.password = "CONFIRMED", PASSWORD
    for path, more in (("sign-in", {"password": PASSWORD}), ("forgot-password", {})):
        assert direct.post(f"direct/{path}", email=typed, **more).status == 200
    assert direct.pool.sent[-1][:2] == (heard, "reset")


@pytest.mark.security("S-71")
@pytest.mark.parametrize(
    "other", ["\uff47race@example.org", "gr\u00e1ce@example.org", "\u212arace@example.org"]
)
def test_another_spelling_of_the_name_is_no_way_to_guess(direct: Direct, other: str) -> None:
    """The owner of a similar address signs in between the guesses. Grace's counter of guesses is not reset."""
    direct.pool.add(PoolUser(other, PASSWORD))
    statuses = []
    for number in range(40):
        direct.browser.source_ip = f"198.51.100.{number}"
        statuses.append(direct.sign_in(password=f"guess number {number}").status)
        direct.sign_in(other)
        direct.grace.locked_until = 0
    assert statuses.count(401) == 5


@pytest.mark.security("S-72")
@pytest.mark.parametrize(
    "listed", ["m\u00fcnchen.example", "xn--mnchen-3ya.example", "M\u00dcNCHEN\u3002example"]
)
@pytest.mark.parametrize("typed", ["m\u00fcnchen.example", "XN--mnchen-3YA.example"])
def test_settings_and_providers_may_spell_a_domain_either_way(
    direct: Direct, listed: str, typed: str
) -> None:
    """The test covers the list of allowed domains, the list of refused domains, and a row in the providers table that
    an operator wrote by hand."""
    read = Settings.from_env(
        {**ENVIRONMENT, "SIGN_UP_ALLOWED_DOMAINS": listed, "SIGN_UP_REFUSED_DOMAINS": listed}
    )
    assert read.sign_up_allowed_domains == frozenset({"xn--mnchen-3ya.example"})
    direct.restart(sign_up_allowed_domains=read.sign_up_allowed_domains)
    assert sign_up(direct, f"x@{typed}").status == 200
    assert sign_up(direct, "x@good.example").status == 403
    direct.restart(
        sign_up_allowed_domains=frozenset(), sign_up_refused_domains=read.sign_up_refused_domains
    )
    assert sign_up(direct, f"x@{typed}").status == 403
    row = {"name": {"S": "Isar"}, "domains": {"L": [{"S": listed}]}}
    direct.world.dynamodb.put(direct.world.settings.providers_table, row)
    direct.restart(sign_up_refused_domains=frozenset())
    assert sign_up(direct, f"x@{typed}").status == 403
    assert direct.post("discover", email=f"x@{typed}").json()["provider"]["name"] == "Isar"


@pytest.mark.security("S-72")
@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    "email",
    [
        "x@corp2.example>",
        "x@corp2.example,",
        "x@corp2.example (x@elsewhere.example)",
        "x@corp2.example@elsewhere.example",
        "x@corp2.example\u3002",
        "x@corp2\u200b.example",
        "x@corp2.example\r\n",
        "x\r\n@elsewhere.example",
        "x@xn--a.example",
        "x",
        "@corp2.example",
    ],
)
def test_no_other_provider_brings_a_domain_in_odd_syntax(direct: Direct, email: str) -> None:
    """Okta's row contains no domains, so Okta may send any address. Exceptions are ambiguous addresses, and addresses
    in another provider's domain."""
    stage(direct)
    with pytest.raises(TriggerFailed, match=REFUSED):
        trigger("PreSignUp_ExternalProvider", email, userName="okta_00u1")
    assert direct.world.users() == {}


@pytest.mark.parametrize(
    "email",
    [
        "j\u00fcrgen@corp2.example",
        "\u4f8b@corp2.example",
        "J\u00fcrgen M\u00fcller@CORP2.example",
        '"x@y"@corp2.example',
        "x@corp2.example",
    ],
)
def test_what_a_provider_tells_before_the_at_is_kept_as_it_is(direct: Direct, email: str) -> None:
    """The rule checks only the domain of the address. The provider's people can sign in, and the record contains the
    address exactly as the provider sent it."""
    stage(direct)
    trigger("PreSignUp_ExternalProvider", email, userName="corp2_00u1")
    assert direct.world.users()["corp2_00u1"]["Email"] == email
