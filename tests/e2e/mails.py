"""The local AWS's outbox."""

import re

import requests

from tests.e2e.stack import Stack


def mailed_code(stack: Stack, email: str) -> str:
    """The code in the last mail to somebody."""
    return _last_match(stack, email, r"\b(\d{6})\b")


def mailed_password(stack: Stack, email: str) -> str:
    """The temporary password in the last invitation to somebody."""
    return _last_match(stack, email, r"temporary password is (\S+)\.$")


def _last_match(stack: Stack, email: str, pattern: str) -> str:
    outbox = requests.get(
        f"{stack.info['aws_endpoint_url']}/_ministack/ses/messages", timeout=10
    ).json()["messages"]
    bodies = [
        mail["BodyText"] for mails in outbox.values() for mail in mails if email in mail["To"]
    ]
    found = re.search(pattern, bodies[-1])
    assert found, bodies
    return found[1]
