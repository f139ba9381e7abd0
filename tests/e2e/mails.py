"""The local AWS's outbox."""

import re

import requests

from tests.e2e.stack import Stack


def mailed_code(stack: Stack, email: str) -> str:
    """The code in the last mail to somebody."""
    outbox = requests.get(
        f"{stack.info['aws_endpoint_url']}/_ministack/ses/messages", timeout=10
    ).json()["messages"]
    bodies = [
        mail["BodyText"] for mails in outbox.values() for mail in mails if email in mail["To"]
    ]
    found = re.search(r"\b\d{6}\b", bodies[-1])
    assert found, bodies
    return found.group()
