"""Catalogue entries: triggers, the users table, linking (S-55 … S-58, S-68)."""

from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading, wrapped

_USERS = "chalicelib.gatehouse.store.users:UserStore"
_RECORDS = "chalicelib.gatehouse.triggers.user_records"
_LINKING = "chalicelib.gatehouse.cognito.linking"


def _with_any_attribute(columns: Any, self: Any) -> dict[str, str]:
    return {**columns(self), **_TOLD}


_TOLD: dict[str, str] = {}


def _noting(parse_profile: Any, event: Any, client_id: str) -> Any:
    profile = parse_profile(event, client_id)
    attributes = event["request"]["userAttributes"]
    _TOLD.clear()
    _TOLD.update({name: str(told) for name, told in attributes.items() if told and name != "email"})
    return profile


PEOPLE: tuple[Defence, ...] = (
    defence(
        "late-events-change-nothing",
        "S-55",
        "a sign-up event that comes late makes a confirmed person pending again",
        (
            f"{_USERS}.record_pending",
            reading(('"attribute_not_exists(userName)"', '"attribute_not_exists(nobody)"')),
        ),
    ),
    defence(
        "first-values-stay",
        "S-55",
        "each event overwrites createdAt and ClientId",
        (
            f"{_USERS}._update",
            reading(("#{name} = if_not_exists(#{name}, :{name})", "#{name} = :{name}")),
        ),
    ),
    defence(
        "known-columns-only",
        "S-55",
        "every attribute of an event becomes a column",
        ("chalicelib.gatehouse.store.users:UserProfile.columns", wrapped(_with_any_attribute)),
        (f"{_RECORDS}:parse_profile", wrapped(_noting)),
    ),
    defence(
        "sign-up-needs-the-table",
        "S-55",
        "an account is created although its record could not be written",
        (
            f"{_RECORDS}:handle",
            reading(("if store is UserStore.record_pending:", "if False:")),
        ),
    ),
    defence(
        "link-for-trusted-providers-only",
        "S-56",
        "an untrusted provider can take over native accounts",
        (f"{_RECORDS}:handle", reading(("provider.link and provider.trusted", "True"))),
    ),
    defence(
        "link-verified-addresses-only",
        "S-56",
        "an account is linked by an address that the provider has not verified",
        (
            f"{_LINKING}:doubt_about_newcomer",
            reading(('or attributes.get("email_verified") != "true"', "")),
        ),
    ),
    defence(
        "link-to-verified-accounts-only",
        "S-56",
        "a person who signs up first with another person's address gets that person's federated sign-in",
        (
            f"{_LINKING}:doubt_about_natives",
            reading(('native.attributes.get("email_verified") != "true"', "False")),
        ),
    ),
    defence(
        "link-when-nothing-is-in-doubt",
        "S-56",
        "disabled, unconfirmed and duplicate accounts are linked, too",
        (f"{_LINKING}:doubt_about_natives", answering(None)),
    ),
    defence(
        "link-proved-accounts-only",
        "S-68",
        "a person who signs up first with another person's address gets that person's sign-in and rights",
        (f"{_USERS}.is_proved", answering(True)),
    ),
    defence(
        "link-only-where-the-proof-can-be-read",
        "S-68",
        "an account is linked although it has no record that could prove its mailbox",
        (
            f"{_USERS}.is_proved",
            reading(
                (
                    "record is not None and bool(record.provedAt)",
                    "record is None or bool(record.provedAt)",
                )
            ),
        ),
    ),
    defence(
        "link-by-the-pools-case-rule",
        "S-68",
        "an account whose address differs in case is not found",
        (
            f"{_LINKING}:Linker._natives",
            reading(
                (
                    "load_pool_user(self._client.admin_get_user, self._pool, email)",
                    "None",
                )
            ),
        ),
    ),
    defence(
        "no-link-against-the-pools-case-rule",
        "S-68",
        "in a case-sensitive pool, another person's account is linked",
        (f"{_LINKING}:Linker._natives", reading(("if led_to is None:", "if False:"))),
    ),
    defence(
        "addresses-are-not-folded",
        "S-56",
        "a provider's person straße@… is linked to the account strasse@…",
        (
            f"{_LINKING}:Linker._natives",
            reading((".lower() == email.lower()", ".casefold() == email.casefold()")),
        ),
    ),
    defence(
        "each-refusal-to-link-is-logged",
        "S-68",
        "no log line says why an account is not linked",
        (f"{_LINKING}:Linker.link", reading(('log_event("not_linked"', 'dict(event="not_linked"'))),
    ),
    defence(
        "providers-speak-for-their-domains",
        "S-56",
        "a tenant can create people with addresses in another tenant's domain",
        ("chalicelib.gatehouse.store.providers:ProviderStore.refuse_address", answering(None)),
    ),
    defence(
        "domains-in-any-letters",
        "S-56",
        "an address with another spelling of a tenant's domain belongs to no tenant",
        (
            "chalicelib.gatehouse.store.providers:email_domain",
            reading(('parse_domain(domain.removesuffix(".")) or ""', "domain.lower()")),
        ),
        tests=("tests/unit/test_provider_store.py",),
    ),
    defence(
        "no-record-of-a-moved-address",
        "S-56",
        "after the first sign-in, a tenant can give its people addresses in another tenant's domain",
        (f"{_RECORDS}:_refuse_moved_address", nothing),
    ),
    defence(
        "linked-accounts-are-not-moved",
        "S-56",
        "a tenant can give a linked account an address in another tenant's domain",
        (
            f"{_RECORDS}:_refuse_moved_address",
            reading(("(profile.provider, *profile.linked.split(", "(profile.provider, *''.split(")),
        ),
    ),
    defence(
        "no-session-for-a-moved-address",
        "S-56",
        "a person with an address in another tenant's domain gets a session if the trigger missed it",
        ("chalicelib.gatehouse.flows.new_session:NewSessions._refuse_foreign_address", nothing),
    ),
    defence(
        "no-moved-address-by-reconcile",
        "S-56",
        "reconcile writes addresses that a sign-in would refuse",
        (
            "ops.reconcile:Reconciler._compare",
            reading(("if names and (reason", "if not names and (reason")),
        ),
    ),
    defence(
        "no-passwords-for-a-tenants-people",
        "S-56",
        "a person who has left a tenant can sign up with its address and a password",
        (f"{_RECORDS}:_refuse_sign_up", reading(("or providers.refuse_native(email)", ""))),
    ),
    defence(
        "missed-triggers-are-healed",
        "S-57",
        "a person for whom the trigger wrote no record never gets a record",
        ("chalicelib.gatehouse.flows.new_session:NewSessions._record", nothing),
    ),
    defence(
        "records-for-this-pool-only",
        "S-58",
        "the trigger accepts events of any pool and writes to the users table",
        (
            f"{_RECORDS}:handle",
            reading(('event.get("userPoolId") != settings.user_pool_id', "False")),
        ),
    ),
    defence(
        "claims-for-this-pool-only",
        "S-58",
        "the token trigger accepts events of any pool",
        (
            "chalicelib.gatehouse.triggers.token_claims:handle",
            reading(('event.get("userPoolId") != settings.user_pool_id', "False")),
        ),
    ),
    defence(
        "known-sources-only",
        "S-58",
        "an unknown triggerSource is treated as a sign-up",
        (
            f"{_RECORDS}:handle",
            reading(
                (
                    '_WRITES.get(str(event.get("triggerSource")))',
                    '_WRITES.get(str(event.get("triggerSource")), UserStore.record_pending)',
                )
            ),
        ),
    ),
    defence(
        "invocation-by-this-pool-only",
        "S-58",
        "a permission for any pool of any account is accepted",
        (
            "ops.connect:permits",
            lambda original: lambda statement, *rest: statement.get("Effect") == "Allow",
        ),
    ),
    defence(
        "invocation-permission-names-the-pool",
        "S-58",
        "every pool may invoke the triggers",
        ("ops.connect:permit_trigger", reading(("SourceArn=pool_arn,", ""))),
    ),
)
