"""The one way out to Cognito's OAuth endpoints: bounded in time and size, without redirects (S-14).

`requests` is imported on first use: routes that make no outbound call never pay for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.errors import TemporarilyUnavailable

if TYPE_CHECKING:
    import requests

#: Seconds to connect and seconds between two bytes. Two tries of a call stay far below API Gateway's 29 s.
CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 5.0
MAX_RESPONSE_BYTES = 256 * 1024


@dataclass(frozen=True)
class HttpAnswer:
    """Status and parsed body; `body` is None unless it was a JSON object. It may hold tokens, so it does not print."""

    status: int
    body: Mapping[str, Any] | None = field(repr=False)


class HttpClient:
    """GET and POST for JSON answers. Raises TemporarilyUnavailable when no complete answer arrives."""

    def __init__(self) -> None:
        self._session: requests.Session | None = None

    def get(self, url: str) -> HttpAnswer:
        """Fetch a JSON document."""
        return self._send("GET", url, None, None)

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str] | None = None
    ) -> HttpAnswer:
        """Post a form, with HTTP Basic authentication for Cognito (client_secret_basic, RFC 6749 2.3.1)."""
        return self._send("POST", url, form, basic_auth)

    def _send(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None,
        basic_auth: tuple[str, str] | None,
    ) -> HttpAnswer:
        import requests

        if self._session is None:
            self._session = requests.Session()
            # No proxies and no .netrc: the latter would replace our Authorization header.
            self._session.trust_env = False
        try:
            with self._session.request(
                method,
                url,
                data=form,
                auth=basic_auth,
                headers={"Accept": "application/json"},
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
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


def _parse_object(text: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
