"""Functions that read the outbox of the local AWS."""

import re
import time
from collections import Counter
from collections.abc import Callable
from html import unescape
from typing import Any

import requests

from tests.e2e.stack import Stack

#: The maximum time to wait for a mail. Another function sends the mails, and the first container of this function may
#: start slowly.
_PATIENCE_SECONDS = 20.0
_read: Counter[tuple[str, str]] = Counter()


def mails_to(stack: Stack, email: str) -> list[dict[str, Any]]:
    """Return every mail to an address. The oldest mail comes first."""
    outbox = requests.get(
        f"{stack.info['aws_endpoint_url']}/_ministack/ses/messages", timeout=10
    ).json()["messages"]
    return [mail for mails in outbox.values() for mail in mails if email in mail["To"]]


def expect_soon(holds: Callable[[], bool]) -> None:
    """Wait until `holds` returns true. Tests need this wait, because the route calls a function and does not wait for
    the function's result."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends_at, "it does not happen"
        time.sleep(0.05)


def mailed_code(stack: Stack, email: str) -> str:
    """Wait for the next mail to an address, and return the code in the mail. Each call uses a later mail than the call
    before."""
    return _next_match(stack, email, r"\d{6}")


def mailed_password(stack: Stack, email: str) -> str:
    """Return the temporary password in the last invitation to an address. `ops` has already waited for the invitation."""
    return shown(mails_to(stack, email)[-1])[-1]


def _next_match(stack: Stack, email: str, pattern: str) -> str:
    place = (stack.url, email)
    expect_soon(lambda: len(mails_to(stack, email)) > _read[place])
    found = mails_to(stack, email)
    _read[place] = len(found)
    told = [line for line in shown(found[-1]) if re.fullmatch(pattern, line)]
    assert told, found[-1]
    return told[0]


def shown(mail: dict[str, Any]) -> list[str]:
    """Return the values that people copy from a mail, such as a code. In the mail, each value has its own line."""
    return [unescape(line) for line in re.findall(r"user-select:all\">([^<]+)<", mail["BodyHtml"])]
