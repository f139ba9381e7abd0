"""Tests of signals that are forged, replayed, late, malformed or foreign. Such a signal ends no session, and the log
has a line for it."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.component.company import DROPPED, SECRETS, Company, secret_arn
from tests.component.world import SUBJECTS_TABLE, World

CORPUS = json.loads(
    (Path(__file__).resolve().parents[1] / "data" / "leaving_signals.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = CORPUS["cases"]
HUGE = '{"data": {"events": []}, "pad": "' + "x" * (256 * 1024) + '"}'


@pytest.mark.security("S-75")
@pytest.mark.security("S-77")
@pytest.mark.security("S-78")
@pytest.mark.security("S-79")
@pytest.mark.security("S-80")
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_nobody_is_signed_out_and_the_log_says_so(
    case: dict[str, Any], world: World, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Every session continues, every profile stays enabled, and the groups are unchanged."""
    company = Company(world)
    company.world.clock.advance(120)
    for told in case.get("before", ()):
        assert company.tell(event(company, told)).status == 204
    send = prepared(company, case)
    if case.get("again"):
        assert send().status == 204
        for told in case.get("after", ()):
            world.clock.advance(1)
            assert company.tell(event(company, told)).status == 204
    company.sign_everybody_in()
    log_lines()
    answer = send()
    assert answer.status == case["status"], answer.body
    logged = log_lines()
    assert case["logged"] in [line["event"] for line in logged]
    assert not [line for line in logged if line["event"] in ("leaving", "unhandled_error")]
    assert company.signed_in() == {"ada", "bob"}
    assert all(user.enabled for user in world.pool.users)
    assert company.ada.told_groups == "=staff,admins"
    assert not [text for text in SECRETS.values() if text in json.dumps(logged)]


def prepared(company: Company, case: Mapping[str, Any]) -> Callable[[], Any]:
    """Return a function that sends the request of the case. If it is called again, it sends the same request again."""
    provider = case.get("provider", "Okta")
    if "without" in case:
        company.put_row("Okta", **{case["without"]: ""})
    if "kept" in case:
        company.world.secrets.put(secret_arn("Okta"), case["kept"])
        company.world.clock.advance(600)
    if "indexed" in case:
        row = {"subject": {"S": f"{provider}/00u1Ada"}, "userName": {"S": case["indexed"]}}
        company.world.dynamodb.put(SUBJECTS_TABLE, row)
    body = filled(company, case["body"]) if "body" in case else None
    if case["door"] == "events":
        told = [event(company, case["event"])] if "event" in case else []
        secret = case.get("secret")
        if isinstance(secret, str):
            secret = SECRETS.get(secret.removeprefix("@"), filled(company, secret))
        return lambda: company.tell(*told, provider=provider, secret=secret, body=body)
    token = filled(company, case.get("text"))
    if token is None:
        changes = {name: filled(company, value) for name, value in case["token"].items()}
        signer = case.get("signer", provider)
        token = company.token(signer, **changes)
    return lambda: company.revoke(
        token,
        case.get("sub_id"),
        provider=provider,
        body=body,
        scheme=case.get("scheme", "Bearer"),
    )


def event(company: Company, told: Mapping[str, Any]) -> dict[str, Any]:
    """Build an event. Members with the value null are left out."""
    changes = {name: filled(company, value) for name, value in told.items()}
    changes = {name: DROPPED if value is None else value for name, value in changes.items()}
    raw = {
        name.removesuffix("_raw"): changes.pop(name)
        for name in list(changes)
        if name.endswith("_raw")
    }
    kind = changes.pop("kind")
    return {**company.event(kind, **changes), **raw}


def filled(company: Company, value: Any) -> Any:
    """Replace placeholders by values that the data file cannot contain."""
    if isinstance(value, dict):
        return {name: filled(company, member) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(company, member) for member in value]
    words = {"@huge": HUGE, "@long": "x" * 9000, "@300": "x" * 300, "@inf": math.inf}
    if value == "@1001":
        return [{"eventType": "user.session.start"}] * 1001
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    if value in words:
        return words[value]
    if value.startswith("@audience:"):
        return f"{company.world.browser().root}auth/revoke/{value.partition(':')[2]}"
    if value[1:].lstrip("-").isdigit():
        return int(company.world.clock()) + int(value[1:])
    return value
