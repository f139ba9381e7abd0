"""Collects the observations of a live run in one file: requests to the stage, the result of each test, and the cases.
Secrets in the file are masked."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.cognitos.mask import Masks
from tests.cognitos.transcript import Transcript

ROOT = Path(__file__).resolve().parents[2]
#: The default path of the transcript.
DEFAULT = ROOT / ".local" / "live-transcript.json"
#: The variables with the tester's own secrets, which must not appear in any file.
_OWN = ("GATEHOUSE_LIVE_OKTA_USER", "GATEHOUSE_LIVE_OKTA_PASSWORD", "GATEHOUSE_LIVE_MAIL")
_HEADERS = (
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "x-amzn-errortype",
    "strict-transport-security",
    "cache-control",
)


def start(region: str, stage: str, direct_sign_in: str) -> Transcript:
    """Start a transcript. The transcript names the region, the stage and the versions."""
    versions = {name: metadata.version(name) for name in ("boto3", "botocore", "chalice")}
    about = {
        "region": region,
        "stage": stage,
        "direct_sign_in": direct_sign_in,
        "python": platform.python_version(),
        **versions,
    }
    own = (os.environ.get(name, "") for name in _OWN)
    return Transcript(about, Masks(*(value for value in own if value)))


class StageRecord:
    """Records requests and results under the name of the running test."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.test = ""

    def listen(self, method: str, path: str, answer: requests.Response) -> None:
        """Record a request and the response. The record omits the values of cookies. For a body, the record has only
        the names of the members."""
        headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        if "location" in headers:
            headers["location"] = _without_values(headers["location"])
        cookies = [line.partition("=")[0] for line in answer.raw.headers.getlist("Set-Cookie")]
        kept = {
            "method": method,
            "path": path.partition("?")[0],
            "status": answer.status_code,
            "headers": headers,
            "cookies": cookies,
            "body": self.transcript.masks.take(_members(answer)),
        }
        self._entry().setdefault("requests", []).append(kept)

    def note(self, test: str, **what: Any) -> None:
        """Record a test's result, or other data about the test."""
        self.test = test
        self._entry().update(what)

    def _entry(self) -> dict[str, Any]:
        found: dict[str, Any] = self.transcript.stage.setdefault(self.test, {})
        return found


def _members(answer: requests.Response) -> Any:
    """Return the complete body of an error. For any other response, return only the names of the body's members."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return f"{len(answer.content)} bytes"
    body = answer.json()
    if not isinstance(body, dict) or "error" in body or "message" in body:
        return body
    return sorted(body)


def _without_values(url: str) -> str:
    """Return the address without the values of its parameters."""
    parts = urlsplit(url)
    names = "&".join(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{names}".replace("://?", "?")
