"""This module reports all data about one person, and the person's possible next steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from chalicelib.gatehouse.store.users import CONFIRMED, PENDING, UserRecord

from .directory import Directory, Person
from .invitation import INVITED, validity_of
from .memberships import groups_of
from .people_list import describe
from .pool import PENDING_STATES, build_profile
from .printable import printable
from .program import PROGRAM
from .reconcile import differences
from .second_factor import WORDS


def build_report(directory: Directory, name: str) -> dict[str, Any]:
    """Return the data that the pool, the users table and the providers have about a person. Raises OpsError if no
    person matches.
    """
    person = directory.find(name)
    if person is None:
        record = directory.users.load(name)
        if record is None:
            raise directory.nobody(name)
        return _of_nobody(directory, record)
    record = directory.users.load(person.user_name)
    groups = groups_of(directory, person)
    validity = validity_of(directory, person) if person.user.status == INVITED else None
    now = datetime.fromtimestamp(directory.clock(), timezone.utc)
    report: dict[str, Any] = {
        **describe(person),
        "email_verified": person.user.attributes.get("email_verified") == "true",
        "provider": build_profile(person.user, "").provider,
        "linked": list(person.providers) if not person.is_federated else [],
        "groups": {
            "pool": list(groups.pool),
            "told_by_provider": list(groups.told),
            "in_tokens": list(groups.effective),
        },
        "second_factors": list(person.factors),
        "preferred_second_factor": person.preferred or None,
        "recovery_codes": _recovery_codes(directory, person),
        "invitation": validity
        and {
            "expires_at": validity.at_most_until.isoformat(),
            "words": validity.words(now),
        },
        "record": asdict(record) if record else None,
        "differences": _differences(person, record),
    }
    report["next"] = list(_next_steps(directory, person, record, report))
    return report


def _recovery_codes(directory: Directory, person: Person) -> dict[str, Any] | None:
    """Return the number of unused recovery codes, and the time of the last use. Return None for a person without an
    authenticator app.
    """
    if "SOFTWARE_TOKEN_MFA" not in person.factors:
        return None
    codes = directory.recovery_codes.load(person.user_name)
    return {"left": len(codes.digests), "used_at": codes.used_at or None}


def _of_nobody(directory: Directory, record: UserRecord) -> dict[str, Any]:
    step = (
        f"the pool has no user with this name: remove the record with `{PROGRAM} reconcile "
        f"--stage {directory.stage.name}`, or with `{PROGRAM} user delete`"
    )
    return {
        "user_name": record.userName,
        "status": None,
        "record": asdict(record),
        "differences": ["only in the table"],
        "next": [step],
    }


def _differences(person: Person, record: UserRecord | None) -> list[str]:
    pending = person.user.status in PENDING_STATES
    if record is None:
        return ["no record in the table"]
    if pending:
        return [] if record.status == PENDING else [f"status: the table says {record.status}"]
    profile = build_profile(person.user, record.ClientId)
    if not differences(profile, record):
        return []
    told = {**profile.columns(), "status": CONFIRMED, "linked": profile.linked}
    kept = {name: str(getattr(record, name)) for name in told}
    return [
        f"{name}: the pool says {value!r}, the table {kept[name]!r}"
        for name, value in told.items()
        if kept[name] != value
    ] or ["the record differs from the pool"]


def _next_steps(
    directory: Directory, person: Person, record: UserRecord | None, report: dict[str, Any]
) -> Iterator[str]:
    stage = directory.stage
    user = f"{printable(person.user_name)} --stage {stage.name}"
    if not person.user.enabled:
        yield f"cannot sign in: run `{PROGRAM} user enable {user}`"
    if report["differences"]:
        yield f"pool and table differ: run `{PROGRAM} reconcile --stage {stage.name}`"
    if person.is_federated:
        names = " or ".join(person.providers) or "the provider"
        yield f"signs in through {names}, which manages password, second factor and names"
        return
    if stage.direct_sign_in == "off":
        yield "cannot sign in with a password: DIRECT_SIGN_IN is off"
        return
    status = person.user.status
    if status == INVITED:
        words = report["invitation"]["words"] if report["invitation"] else "sent"
        address = printable(person.email)
        yield (
            f"signs in with the temporary password from the mail (invitation: {words}); to invite again, run "
            f"`{PROGRAM} user invite {address} --stage {stage.name}`"
        )
    elif status == "UNCONFIRMED":
        yield "must sign up again on the page, and enter the mailed code"
    elif status == "RESET_REQUIRED":
        yield "must choose a new password with “Forgot your password?” on the page"
    elif status == "CONFIRMED":
        yield (
            "signs in with email and password; a person who has forgotten the password chooses “Forgot your "
            "password?” on the page"
        )
        if person.factors:
            words = ", ".join(WORDS.get(name, name) for name in person.factors)
            yield (
                f"is asked for a second factor ({words}); if the factor is lost, run "
                f"`{PROGRAM} user reset-mfa {user}`"
            )
        if record is not None and not record.provedAt:
            yield (
                "cannot be linked to a provider yet: the person must first reset the password "
                "with a mailed code, which proves access to the mailbox"
            )
    if not report["email_verified"] and status in ("CONFIRMED", "RESET_REQUIRED"):
        yield "gets no mail for a new password: the address is not verified"


def lines_of(report: dict[str, Any]) -> Iterator[str]:
    """Yield a report as lines of text for people."""
    record = report["record"] or {}
    yield from _line("user name", report["user_name"])
    if report["status"] is not None:
        disabled = "" if report["enabled"] else ", disabled"
        yield from _line(
            "address", report["email"], "" if report["email_verified"] else "not verified"
        )
        yield from _line("name", f"{report['given_name']} {report['family_name']}".strip())
        yield from _line("status", f"{report['status']}{disabled}")
        if report["invitation"]:
            yield from _line("invitation", report["invitation"]["words"])
        yield from _line("from", report["provider"])
        yield from _line("linked to", ", ".join(report["linked"]))
        groups = report["groups"]
        yield from _line("groups", ", ".join(groups["pool"]))
        told = [name for name in groups["told_by_provider"] if name in groups["in_tokens"]]
        yield from _line("", ", ".join(told), "from the provider")
        lost = [
            n
            for n in (*groups["pool"], *groups["told_by_provider"])
            if n not in groups["in_tokens"]
        ]
        yield from _line("", ", ".join(lost), "left out of tokens")
        factors = [WORDS.get(name, name) for name in report["second_factors"]]
        yield from _line("second factor", ", ".join(factors) or "none")
        if codes := report["recovery_codes"]:
            used = f"a code was used {codes['used_at']}" if codes["used_at"] else ""
            yield from _line("recovery codes", f"{codes['left']} left", used)
    for title, name in (
        ("record", "status"),
        ("proved", "provedAt"),
        ("signed out", "validAfter"),
        ("last sign-in", "lastSignInAt"),
        ("made", "createdAt"),
    ):
        yield from _line(title, record.get(name, ""))
    if not record:
        yield from _line("record", "none")
    for text in report["differences"]:
        yield from _line("differs", text)
    for text in report["next"]:
        yield from _line("next", text)


def _line(title: str, text: str, remark: str = "") -> Iterator[str]:
    if text:
        yield f"{title:<14} {printable(text)}{f' ({remark})' if remark else ''}"
