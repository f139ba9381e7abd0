"""A collector of the data that the end-to-end tests send and receive. test_what_was_logged.py runs last, and uses this
data to search for secrets."""

import json
from typing import Any

import requests

_TYPED = ("password", "code", "captcha", "client_secret")

#: Typed passwords and codes, right or wrong.
TYPED: set[str] = set()
#: The bodies, cookies and redirect targets of all JSON responses and of all redirects.
ANSWERS: list[str] = []


def note_sent(body: object) -> None:
    """Record the secrets in a JSON body. `body` is a string or a parsed value."""
    try:
        parsed: Any = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return
    if isinstance(parsed, dict):
        values = (parsed.get(name) for name in _TYPED)
        TYPED.update(v for v in values if isinstance(v, str) and len(v) >= 6)


def note_answer(answer: requests.Response) -> None:
    """Record a response of the app. The function ignores the page and its assets, because everybody receives the same
    files."""
    if answer.headers.get("Content-Type", "").startswith(("application/json", "text/plain")):
        ANSWERS.append(f"{answer.status_code} {answer.headers} {answer.text}")
