"""Builds entity tags for conditional requests, and checks whether a browser already has the current version (RFC 9110,
13.1.2)."""

import hashlib


def build_etag(text: str) -> str:
    """Return a weak entity tag for `text`. The tag is weak, because API Gateway may compress the response."""
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Return True if an If-None-Match header is `*`, or if it contains `etag`. The comparison of the tags is weak."""
    if not if_none_match:
        return False
    own = etag.removeprefix("W/")
    candidates = [one.strip() for one in if_none_match.split(",")]
    return candidates == ["*"] or any(one.removeprefix("W/") == own for one in candidates)
