"""The only HTTP client for Cognito's OAuth endpoints. The client limits the time and the size of each answer, and does
not follow redirects (S-14).

`urllib3` is imported on first use, so routes without an outbound call do not load `urllib3`. The library `requests`
would lengthen a cold start by 15 ms, and its redirects, cookies, proxies and .netrc would have to be switched off.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from ..deadline import Budget, pause_before_retry
from ..errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from urllib3 import PoolManager

MAX_RESPONSE_BYTES = 256 * 1024


@dataclass(frozen=True)
class HttpAnswer:
    """The status and the parsed body of an answer. `body` is None if the answer was not a JSON object. `repr` omits the
    body, because the body may contain tokens."""

    status: int
    body: Mapping[str, Any] | None = field(repr=False)

    @property
    def is_unreadable(self) -> bool:
        """Whether the answer reports success but contains no JSON object. Such an answer is incomplete, or comes from
        another server."""
        return self.status == 200 and self.body is None


class HttpClient:
    """Sends GET and POST requests and reads the JSON answers, within the time limits of `budget`.

    Raises TemporarilyUnavailable if no complete answer arrives.
    """

    def __init__(
        self, budget: Budget | None = None, pause: Callable[[], None] = pause_before_retry
    ) -> None:
        self._budget = budget or Budget()
        self._pause = pause
        self._pools: dict[bool, PoolManager] = {}

    def get(self, url: str) -> HttpAnswer:
        """Fetch a JSON document. If the first answer contains no document, try a second time."""
        limits = self._budget.limits
        # Make the connections before the time limit begins. Otherwise, our imports and file reads would use up a part
        # of the server's time limit.
        self._connections(url)

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

        The request is never repeated. A code works only once. If rotation is on, the same is true of a refresh token.
        """
        self._connections(url)
        return self._budget.run(
            f"{_host(url)} POST",
            self._budget.limits.post,
            lambda seconds: self._send("POST", url, form, basic_auth, seconds),
        )

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.clear()

    def _connections(self, url: str) -> "PoolManager":
        from urllib3 import PoolManager

        from ..tls import shared_context

        with_tls = not url.startswith("http:")
        if with_tls not in self._pools:
            # Only the local stage uses plain HTTP. Plain HTTP needs no certificates.
            self._pools[with_tls] = PoolManager(ssl_context=shared_context() if with_tls else None)
        return self._pools[with_tls]

    def _send(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None,
        basic_auth: tuple[str, str] | None,
        timeout: float,
    ) -> HttpAnswer:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError
        from urllib3.util import make_headers

        headers = {"Accept": "application/json"}
        if basic_auth is not None:
            headers |= make_headers(basic_auth=":".join(basic_auth))
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            response = self._connections(url).request(
                method,
                url,
                body=None if form is None else urlencode(form),
                headers=headers,
                timeout=Timeout(connect=min(self._budget.limits.connect, timeout), read=timeout),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                text = response.read(MAX_RESPONSE_BYTES + 1, decode_content=True)
                status = response.status
            finally:
                # `close` closes a connection only after an incomplete read. After a complete read, the connection is
                # already back in the pool and stays open.
                response.close()
        except (HTTPError, OSError) as error:
            raise TemporarilyUnavailable(f"{method} failed: {type(error).__name__}") from None
        if len(text) > MAX_RESPONSE_BYTES:
            raise TemporarilyUnavailable(f"{method} answered more than {MAX_RESPONSE_BYTES} bytes")
        return HttpAnswer(status, _parse_object(text))


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _parse_object(text: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
