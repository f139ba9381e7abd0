"""Catalogue entries: signals about people who leave, the signals' senders and subjects, and the effects (S-75, S-77 …
S-82)."""

from tests.soak.defence import Defence, answering, defence, nothing, reading

_DOOR = "chalicelib.gatehouse.flows.leaving_door:LeavingDoor"
_FLOW = "chalicelib.gatehouse.flows.leaving:Leaving"
_EVENTS = "chalicelib.gatehouse.okta.events"
_TOKEN = "chalicelib.gatehouse.okta.revocation"
_PEOPLE = "chalicelib.gatehouse.cognito.provider_people:ProviderPeople"

LEAVING: tuple[Defence, ...] = (
    defence(
        "signals-reach-a-providers-own-people",
        "S-75",
        "an index row can make a signal sign out a person of another provider",
        (f"{_PEOPLE}.find", reading(("and wanted in user.identities", ""))),
    ),
    defence(
        "event-hooks-prove-themselves",
        "S-77",
        "signals are accepted from anybody",
        (f"{_DOOR}._verify_secret", nothing),
    ),
    defence(
        "logout-tokens-are-of-one-type",
        "S-78",
        "another kind of token from the tenant can end sessions",
        (
            f"{_TOKEN}:verify_token",
            reading(("!= TYPE:", '== "":')),
        ),
    ),
    defence(
        "logout-tokens-are-for-this-endpoint",
        "S-78",
        "a token for another app ends sessions of this app",
        (
            f"{_TOKEN}:verify_token",
            reading(('claims.get("aud") not in (audience, [audience])', "False")),
        ),
    ),
    defence(
        "logout-tokens-serve-once",
        "S-78",
        "a logout token can be used again and again",
        (f"{_DOOR}._take_once", answering(("", ""))),
    ),
    defence(
        "older-signals-do-not-end-sessions",
        "S-79",
        "a late or repeated signal also ends sessions that are newer than it",
        (f"{_FLOW}._end_sessions", reading(("at <= person.row.ended_at or ", ""))),
    ),
    defence(
        "only-our-app-counts",
        "S-80",
        "a person who is unassigned from any app of the tenant is signed out of this app",
        (
            f"{_EVENTS}:_parse_event",
            reading(
                (
                    'app_id not in _targets(event, "AppInstance", "id")',
                    "False",
                )
            ),
        ),
    ),
    defence(
        "who-is-gone-is-disabled",
        "S-81",
        "a deactivated person can sign in again with an open session at the provider",
        (f"{_FLOW}._shut_out", answering(False)),
    ),
    defence(
        "only-a-signals-own-doing-is-undone",
        "S-82",
        "a signal enables a person whom an administrator has disabled",
        (f"{_FLOW}._let_in", reading(("bool(person.row.disabled_at) and ", ""))),
    ),
    defence(
        "an-administrators-decision-stays",
        "S-82",
        "a signal enables a person whom a signal disabled first and an administrator disabled later",
        ("ops.directory:Directory.settle", nothing),
        tests=("tests/unit/ops/test_user_access.py",),
    ),
    defence(
        "nobody-disabled-keeps-a-session",
        "S-81 S-85",
        "a session of a person who was already disabled works again when the profile is enabled",
        (f"{_FLOW}._sign_out", reading(("self._global_sign_out.end_here(user)", "pass"))),
        tests=("tests/component/test_leaving.py",),
    ),
    defence(
        "a-password-tells-no-groups",
        "S-81",
        "a linked person who signs in with a password keeps a group that Okta took away",
        (
            f"{_FLOW}._take_group",
            reading(("birthplace_of(user.user_name, user.identities).provider != NATIVE", "True")),
        ),
        tests=("tests/component/test_leaving.py",),
    ),
    defence(
        "providers-are-not-listed",
        "S-77",
        "by trying many names, strangers can find out the provider names",
        (
            f"{_DOOR}._find",
            reading(('Unauthorized("no such provider")', 'NotFound("no such provider")')),
        ),
        tests=("tests/component/test_leaving_signals.py",),
    ),
    defence(
        "people-from-before-are-indexed",
        "S-100",
        "a linked person of an earlier release is not found by a signal, even after a reconcile",
        ("chalicelib.gatehouse.store.subjects:SubjectStore.note_person", nothing),
        tests=("tests/unit/ops/test_reconcile.py",),
    ),
    defence(
        "a-killed-worker-does-it-again",
        "S-101",
        "a step that a killed function had only begun counts as done, and the profile stays enabled",
        (
            f"{_FLOW}._shut_out",
            reading(("at <= person.row.decided_at or", "at <= person.row.ended_at or")),
        ),
        tests=("tests/soak/test_leavers.py",),
    ),
)
