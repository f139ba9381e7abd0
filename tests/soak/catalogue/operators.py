"""Operators' commands on a person's machine: `ops user …` (S-40, S-51, S-60, S-67, S-69, S-70, S-72)."""

from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading

_ACCESS = ("tests/unit/ops/test_user_access.py",)
_NAMES = ("tests/unit/ops/test_user_names.py",)
_INVITATION = ("tests/unit/ops/test_invitation.py",)


def _as_it_came(original: Any) -> Any:
    return lambda text: text


OPERATORS: tuple[Defence, ...] = (
    defence(
        "disabling-ends-sessions",
        "S-70",
        "somebody who is disabled keeps the sessions there are",
        (
            "ops.access:disable",
            reading(
                (
                    "end_sessions(directory, directory.get(person.user_name) or person, report)",
                    "pass",
                )
            ),
        ),
        tests=_ACCESS,
    ),
    defence(
        "signing-out-is-recorded",
        "S-70",
        "tokens that are out already go on counting on the routes that ask at the time of use",
        ("chalicelib.gatehouse.store.users:UserStore.record_signed_out", nothing),
        tests=_ACCESS,
    ),
    defence(
        "enabling-brings-no-session-back",
        "S-70",
        "a session from before somebody was disabled works again",
        ("ops.access:enable", reading(("if not person.user.enabled:", "if False:"))),
        tests=_ACCESS,
    ),
    defence(
        "a-reset-forgets-the-app",
        "S-67",
        "a stranger's authenticator app stays registered when the second factor is reset",
        ("ops.second_factor:_forget_app", nothing),
        tests=_ACCESS,
    ),
    defence(
        "a-reset-ends-sessions",
        "S-67",
        "whoever has the lost phone stays signed in",
        (
            "ops.second_factor:reset",
            reading(("end_sessions(directory, person, report)", "pass")),
        ),
        tests=_ACCESS,
    ),
    defence(
        "irrevocable-is-asked",
        "S-70",
        "a script without --yes signs people out and deletes them",
        ("ops.command:ask", nothing),
        tests=_ACCESS,
    ),
    defence(
        "a-providers-group-is-named",
        "S-69",
        "taking somebody out of a group that a provider tells looks done, and they keep it",
        (
            "ops.memberships:remove_from_group",
            reading(("told = groups.counted and group in groups.told", "told = False")),
        ),
        tests=_ACCESS,
    ),
    defence(
        "invitations-obey-domains",
        "S-72",
        "an operator gives a password to an address that a provider speaks for",
        ("ops.invitation:_refuse", nothing),
        tests=_INVITATION,
    ),
    defence(
        "only-the-invited-are-invited-again",
        "S-67",
        "an invitation goes to people with an account, and changes their names and groups",
        ("ops.invitation:_refuse_known", nothing),
        tests=_INVITATION,
    ),
    defence(
        "one-address-several-people",
        "S-70",
        "a command acts on whichever person of an address comes first",
        ("ops.directory:Directory.find", reading(("len(people) > 1", "False"))),
        tests=_NAMES,
    ),
    defence(
        "operators-screens-obey-nobody",
        "S-54",
        "an escape sequence in a stranger's name rewrites the operator's screen",
        ("ops.printable:printable", _as_it_came),
        tests=_NAMES,
    ),
    defence(
        "the-pool-says-what-is-one-name",
        "S-72",
        "two addresses that differ in case are one person in a pool that tells them apart",
        ("ops.directory:Directory.same", answering(True)),
        tests=_NAMES,
    ),
    defence(
        "a-stages-name-in-a-mail-is-text",
        "S-54",
        "a name with braces puts the mailed code where it does not belong",
        ("ops.mails:_safe", _as_it_came),
        tests=("tests/unit/ops/test_mails.py",),
    ),
)
