"""Collects what the end-to-end tests send and receive, for test_what_was_logged.py, which runs last."""

import json
from typing import Any

import requests

_TYPED = ("password", "code", "captcha", "client_secret")

#: Passwords and codes that were typed, right or wrong.
TYPED: set[str] = set()
#: Bodies, cookies and redirect targets of all JSON answers and redirects.
ANSWERS: list[str] = []


def note_sent(body: object) -> None:
    """Remember the secrets in a JSON body, which is a text or already parsed."""
    try:
        parsed: Any = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return
    if isinstance(parsed, dict):
        values = (parsed.get(name) for name in _TYPED)
        TYPED.update(v for v in values if isinstance(v, str) and len(v) >= 6)


def note_answer(answer: requests.Response) -> None:
    """Remember an answer of the app, except the page and its assets, which are the same for everybody."""
    if answer.headers.get("Content-Type", "").startswith(("application/json", "text/plain")):
        ANSWERS.append(f"{answer.status_code} {answer.headers} {answer.text}")
