"""Tests that search all logs of the functions and all responses of the whole end-to-end run for secrets (S-61). Because
of its name, this file runs last.

The tenants' tests, which may use a separate stack, run the same tests at their end.

The tests search for the secrets of this run: secrets in Secrets Manager, and typed or mailed secrets. The tests recognize
tokens and cookies by format.
"""

import base64
import json
import re
from typing import Any

import pytest
import requests

from tests.e2e.sightings import ANSWERS, TYPED
from tests.e2e.stack import Stack, Visitor

JWT = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
JWE = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{10,}\.")
SEALED = re.compile(r"\bk[0-9]+\.[A-Za-z0-9_-]{60,}")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")
GROUPS = (
    "gatehouse-local",
    "gatehouse-local-user_records",
    "gatehouse-local-token_claims",
    "gatehouse-local-account_mail",
)


def logs_of(stack: Stack) -> dict[str, list[str]]:
    """Return the messages of each function's log group."""
    client = stack.aws("logs")
    found: dict[str, list[str]] = {}
    for name in GROUPS:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{name}"
        )
        found[name] = [event["message"] for page in pages for event in page["events"]]
    return found


def kept_secrets(stack: Stack) -> set[str]:
    """Return every text in Secrets Manager: client secrets and sealing keys."""
    client = stack.aws("secretsmanager")
    texts: set[str] = set()
    for entry in client.list_secrets()["SecretList"]:
        value = json.loads(client.get_secret_value(SecretId=entry["ARN"])["SecretString"])
        texts.update(t for t in value.values() if isinstance(t, str) and len(t) >= 20)
    assert len(texts) >= 2
    return texts - {stack.info["client_id"]}


def mailed_codes(stack: Stack) -> set[str]:
    """Return every mailed code."""
    outbox: dict[str, Any] = requests.get(
        f"{stack.info['aws_endpoint_url']}/_ministack/ses/messages", timeout=10
    ).json()["messages"]
    bodies = " ".join(mail["BodyHtml"] for mails in outbox.values() for mail in mails)
    return set(re.findall(r"\b\d{6}\b", bodies))


def shown(text: str, secrets: set[str]) -> list[str]:
    """Return those of the `secrets` that occur in `text`. Six digits do not count as a code if the digits are part of
    an id."""
    return sorted(
        s[:4] for s in secrets if re.search(rf"(?<![\w.-]){re.escape(s)}(?![\w.-])", text)
    )


@pytest.fixture(scope="module")
def signed_in(stack: Stack) -> Visitor:
    """Sign one person in, so that the logs have content even if this file runs alone."""
    visitor = Visitor(stack)
    visitor.sign_in()
    for person in stack.info["demo_users"]:
        Visitor(stack).post("/auth/direct/sign-in", {**person, "remember": False})
    visitor.post("/auth/logout")
    return visitor


@pytest.mark.security("S-61")
@pytest.mark.security("S-46")
def test_no_secret_of_the_whole_run_is_in_a_functions_log(stack: Stack, signed_in: Visitor) -> None:
    """No log contains any text from Secrets Manager, any typed or mailed secret, a token, a cookie or an address."""
    logs = logs_of(stack)
    assert any('"sign_in"' in message for message in logs["gatehouse-local"])
    secrets = kept_secrets(stack) | TYPED | mailed_codes(stack)
    secrets |= {person["password"] for person in stack.info["demo_users"]}
    for name, messages in logs.items():
        text = "\n".join(messages)
        assert shown(text, secrets) == [], name
        for shape in (JWT, JWE, SEALED, ADDRESS):
            assert shape.findall(text) == [], name


@pytest.mark.security("S-61")
@pytest.mark.security("S-32")
def test_no_answer_of_the_whole_run_held_what_is_not_the_pages(
    stack: Stack, signed_in: Visitor
) -> None:
    """No response contains a secret, a code, a refresh token or an ID token. Sealed values occur in cookies and
    cursors, and nowhere else."""
    secrets = kept_secrets(stack) | mailed_codes(stack)
    secrets |= {person["password"] for person in stack.info["demo_users"]}
    assert len(ANSWERS) > 3
    for answer in ANSWERS:
        assert shown(answer, secrets) == []
        assert '"refresh_token"' not in answer
        assert '"id_token"' not in answer
        assert not JWE.search(answer)
        for token in JWT.findall(answer):
            claims = token.split(".")[1]
            padded = claims + "=" * (-len(claims) % 4)
            assert json.loads(base64.urlsafe_b64decode(padded))["token_use"] == "access"


@pytest.mark.security("S-61")
def test_the_look_finds_what_it_looks_for() -> None:
    """The test hides each kind of secret in a text, and the search finds each of them."""
    part = "A" * 40
    assert JWT.search(f'{{"token": "eyJ{part}.{part}.{part}"}}')
    assert SEALED.search(f"__Host-gatehouse=k1.{part}{part}; Path=/")
    assert ADDRESS.search('"user": "ada@example.org"')
    assert shown('{"code": "123456"}', {"123456"}) == ["1234"]
    assert shown('{"request_id": "9a123456-1234", "Timestamp": 1234567}', {"123456"}) == []
