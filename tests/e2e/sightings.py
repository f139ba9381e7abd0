"""What the end-to-end tests typed and were answered: kept for test_what_was_logged.py, which comes last."""

import json
from typing import Any

import requests

_TYPED = ("password", "code", "captcha", "client_secret")

#: Passwords and codes that somebody typed, right or wrong.
TYPED: set[str] = set()
#: Bodies, cookies and places to go of every JSON answer and redirect.
ANSWERS: list[str] = []


def note_sent(body: object) -> None:
    """Remember what a JSON body (text or parsed) has of secrets."""
    try:
        parsed: Any = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return
    if isinstance(parsed, dict):
        values = (parsed.get(name) for name in _TYPED)
        TYPED.update(v for v in values if isinstance(v, str) and len(v) >= 6)


def note_answer(answer: requests.Response) -> None:
    """Remember an answer of the app; the page and its assets are the same for everybody."""
    if answer.headers.get("Content-Type", "").startswith(("application/json", "text/plain")):
        ANSWERS.append(f"{answer.status_code} {answer.headers} {answer.text}")
