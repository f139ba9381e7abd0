"""Asks for a CAPTCHA after repeated failures, on stages that turn the CAPTCHA on.

hCaptcha and Turnstile share a protocol: the page's widget returns a token, and the server sends the token to
`siteverify`. Sources: hCaptcha developer guide, "Verify the user response server side"; Cloudflare Turnstile,
"Server-side validation".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .cognito.http_client import HttpAnswer
from .errors import TemporarilyUnavailable

#: After this number of counted attempts, the page must send a solved CAPTCHA.
REQUIRED_AFTER_ATTEMPTS = 3
#: After this number of attempts from one source address, the page must send a solved CAPTCHA. The number is higher than
#: for an account, because all people of an office share a source address.
REQUIRED_AFTER_SOURCE_ATTEMPTS = 20
MAX_TOKEN_LENGTH = 4096
#: If a vendor does not know the page's host name, the vendor sends one of the values in `_UNTOLD` instead. hCaptcha
#: sends `not-provided` under high load.
_UNTOLD = (None, "not-provided")


@dataclass(frozen=True)
class CaptchaProvider:
    """A CAPTCHA vendor: the siteverify endpoint, the widget's script, and the origins that the page's
    Content-Security-Policy must allow."""

    verify_url: str
    script: str
    origins: tuple[str, ...]


PROVIDERS: Mapping[str, CaptchaProvider] = {
    "hcaptcha": CaptchaProvider(
        "https://api.hcaptcha.com/siteverify",
        "https://js.hcaptcha.com/1/api.js?render=explicit",
        ("https://hcaptcha.com", "https://*.hcaptcha.com"),
    ),
    "turnstile": CaptchaProvider(
        "https://challenges.cloudflare.com/turnstile/v0/siteverify",
        "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit",
        ("https://challenges.cloudflare.com",),
    ),
}


class Transport(Protocol):
    """The methods that the verifier needs from an HTTP client."""

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str] | None = None
    ) -> HttpAnswer: ...


class SiteVerify:
    """Verifies tokens with the siteverify protocol. `load_secret` returns the site's secret key."""

    def __init__(
        self,
        *,
        name: str,
        site_key: str,
        verify_url: str | None,
        load_secret: Callable[[], str],
        transport: Transport,
    ) -> None:
        self._provider = PROVIDERS[name]
        self._name = name
        self._site_key = site_key
        self._verify_url = verify_url or self._provider.verify_url
        self._load_secret = load_secret
        self._transport = transport

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the origins that the page's Content-Security-Policy must allow."""
        return self._provider.origins

    def challenge(self) -> dict[str, Any]:
        """Return the data that the page needs to show the widget."""
        return {
            "name": "CAPTCHA",
            "provider": self._name,
            "site_key": self._site_key,
            "script": self._provider.script,
        }

    def verify(self, token: str, source: str, hostname: str) -> bool:
        """Return whether a person solved the CAPTCHA. If the vendor's answer names a host, the host must be `hostname`.

        Raises TemporarilyUnavailable if the vendor does not answer, because an unchecked token must never count as
        solved.
        """
        answer = self._transport.post_form(
            self._verify_url,
            {
                "secret": self._load_secret(),
                "response": token,
                "remoteip": source,
                "sitekey": self._site_key,
            },
        )
        if answer.status != 200 or answer.body is None:
            raise TemporarilyUnavailable(f"siteverify answered {answer.status}")
        if answer.body.get("success") is not True:
            return False
        solved_on = answer.body.get("hostname")
        return solved_on in _UNTOLD or solved_on == hostname
