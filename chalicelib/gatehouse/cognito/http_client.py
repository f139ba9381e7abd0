"""The one way out to Cognito's OAuth endpoints: bounded in time and size, without redirects (S-14).

`requests` is imported on first use: routes that make no outbound call never pay for it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..deadline import Budget, pause_before_retry
from ..errors import TemporarilyUnavailable

if TYPE_CHECKING:
    import requests

MAX_RESPONSE_BYTES = 256 * 1024


@dataclass(frozen=True)
class HttpAnswer:
    """Status and parsed body; `body` is None unless it was a JSON object. It may hold tokens, so it does not print."""

    status: int
    body: Mapping[str, Any] | None = field(repr=False)

    @property
    def is_unreadable(self) -> bool:
        """Whether it says that all is well, and holds nothing: half an answer, or somebody else's page."""
        return self.status == 200 and self.body is None


class HttpClient:
    """GET and POST for JSON answers, within the limits of `budget`.

    Raises TemporarilyUnavailable when no complete answer arrives.
    """

    def __init__(
        self, budget: Budget | None = None, pause: Callable[[], None] = pause_before_retry
    ) -> None:
        self._budget = budget or Budget()
        self._pause = pause
        self._session: requests.Session | None = None

    def get(self, url: str) -> HttpAnswer:
        """Fetch a JSON document; a second time where the first brought none."""
        limits = self._budget.limits

        def fetch(seconds: float) -> HttpAnswer:
            try:
                answer = self._send("GET", url, None, None, min(seconds, limits.get_try))
                if answer.status < 500 and answer.status != 429 and not answer.is_unreadable:
                    return answer
            except TemporarilyUnavailable:
                pass
            self._pause()
            return self._send("GET", url, None, None, min(seconds, limits.get_try))

        return self._budget.run(f"{_host(url)} GET", limits.get, fetch)

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str] | None = None
    ) -> HttpAnswer:
        """Post a form, with HTTP Basic authentication for Cognito (client_secret_basic, RFC 6749 2.3.1).

        Never a second time: a code serves once, and so does a refresh token that rotates.
        """
        return self._budget.run(
            f"{_host(url)} POST",
            self._budget.limits.post,
            lambda seconds: self._send("POST", url, form, basic_auth, seconds),
        )

    def _send(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None,
        basic_auth: tuple[str, str] | None,
        timeout: float,
    ) -> HttpAnswer:
        import requests

        if self._session is None:
            self._session = _new_session()
        try:
            with self._session.request(
                method,
                url,
                data=form,
                auth=basic_auth,
                headers={"Accept": "application/json"},
                timeout=(min(self._budget.limits.connect, timeout), timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                text = response.raw.read(MAX_RESPONSE_BYTES + 1, decode_content=True)
                status = response.status_code
        except (requests.RequestException, OSError) as error:
            raise TemporarilyUnavailable(f"{method} failed: {type(error).__name__}") from None
        except Exception as error:
            # urllib3's own errors escape from `raw.read`; they are outages of the peer like the others.
            if not type(error).__module__.startswith("urllib3"):
                raise
            raise TemporarilyUnavailable(f"{method} failed: {type(error).__name__}") from None
        if len(text) > MAX_RESPONSE_BYTES:
            raise TemporarilyUnavailable(f"{method} answered more than {MAX_RESPONSE_BYTES} bytes")
        return HttpAnswer(status, _parse_object(text))


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _new_session() -> "requests.Session":
    """Return connections that keep nothing of one request for the next.

    No proxies and no .netrc: the latter would replace our Authorization header. No cookies: a peer's would go from one
    person's request into another's.
    """
    from http.cookiejar import DefaultCookiePolicy

    import requests

    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return session


def _parse_object(text: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
