"""Catalogue entries: the operators' commands `ops user …` (S-40, S-51, S-60, S-67, S-69, S-70, S-72)."""

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
        "a disabled person keeps existing sessions",
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
        "tokens that were already issued still work on routes with `fresh=True`",
        ("chalicelib.gatehouse.store.users:UserStore.record_signed_out", nothing),
        tests=_ACCESS,
    ),
    defence(
        "enabling-brings-no-session-back",
        "S-70",
        "a session from before a person was disabled works again after `enable`",
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
        "sessions on a lost phone stay signed in",
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
        "removing a person from a group seems to succeed although a provider still sends it",
        (
            "ops.memberships:remove_from_group",
            reading(("told = groups.counted and group in groups.told", "told = False")),
        ),
        tests=_ACCESS,
    ),
    defence(
        "invitations-obey-domains",
        "S-72",
        "an operator can invite an address in a provider's domain to use a password",
        ("ops.invitation:_refuse", nothing),
        tests=_INVITATION,
    ),
    defence(
        "only-the-invited-are-invited-again",
        "S-67",
        "people who have an account can be invited, which changes their names and groups",
        ("ops.invitation:_refuse_known", nothing),
        tests=_INVITATION,
    ),
    defence(
        "one-address-several-people",
        "S-70",
        "if several people have an address, a command changes the first of them",
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
        "addresses that differ in case are treated as one person, although the pool is case-sensitive",
        ("ops.directory:Directory.same", answering(True)),
        tests=_NAMES,
    ),
    defence(
        "a-stages-name-in-a-mail-is-text",
        "S-54",
        "braces in the app's name are used as a placeholder for the mailed code",
        ("ops.mails:_safe", _as_it_came),
        tests=("tests/unit/ops/test_mails.py",),
    ),
)
