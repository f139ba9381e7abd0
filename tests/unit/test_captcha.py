"""Tests of the siteverify protocol, with a test double of a vendor's endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.gatehouse.captcha import PROVIDERS, SiteVerify
from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS, open_for_captcha
from chalicelib.gatehouse.errors import TemporarilyUnavailable

HOST = "app.example.com"


@dataclass
class Vendor:
    """A test double of the vendor's endpoint. The double accepts one token for one secret and one site, and accepts the
    token only once."""

    good: str = "solved"
    status: int = 200
    garbage: bool = False
    hostname: object = "app.example.com"
    seen: list[Mapping[str, str]] = field(default_factory=list)

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: tuple[str, str] | None = None
    ) -> HttpAnswer:
        assert basic_auth is None
        assert url == "https://vendor.test/siteverify"
        self.seen.append(form)
        success = form["secret"] == "secret" and form["response"] == self.good
        if success:
            self.good = "used"
        body: dict[str, Any] = {"success": success}
        if self.hostname is not None:
            body["hostname"] = self.hostname
        return HttpAnswer(self.status, None if self.garbage else body)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def verifier(vendor: Vendor) -> SiteVerify:
    return SiteVerify(
        name="turnstile",
        site_key="site",
        verify_url="https://vendor.test/siteverify",
        load_secret=lambda: "secret",
        transport=vendor,
    )


def test_a_solved_challenge_passes_once(vendor: Vendor) -> None:
    """The vendor gets the site key and the person's IP address, and the vendor's response decides."""
    captcha = verifier(vendor)
    assert captcha.verify("solved", "198.51.100.7", HOST)
    assert vendor.seen[0]["remoteip"] == "198.51.100.7"
    assert vendor.seen[0]["sitekey"] == "site"
    assert not captcha.verify("solved", "198.51.100.7", HOST)


@pytest.mark.parametrize("elsewhere", ["other.example.com", "app.example.com.evil.example", "", 7])
def test_a_token_of_another_site_is_refused(vendor: Vendor, elsewhere: object) -> None:
    """The app refuses a token that was solved on another site's page, even if the other site uses our site key."""
    vendor.hostname = elsewhere
    assert not verifier(vendor).verify("solved", "198.51.100.7", HOST)


@pytest.mark.parametrize("untold", [None, "not-provided"])
def test_a_vendor_that_names_no_host_is_believed(vendor: Vendor, untold: object) -> None:
    """hCaptcha omits the host name under heavy traffic. Heavy traffic on other sites must not prevent people's
    sign-ins."""
    vendor.hostname = untold
    assert verifier(vendor).verify("solved", "198.51.100.7", HOST)


@pytest.mark.parametrize(("status", "garbage"), [(500, False), (200, True)])
def test_a_vendor_that_is_down_fails_closed(vendor: Vendor, status: int, garbage: bool) -> None:
    """If the vendor does not answer, the result is an outage. The challenge is neither passed nor refused."""
    vendor.status, vendor.garbage = status, garbage
    with pytest.raises(TemporarilyUnavailable):
        verifier(vendor).verify("solved", "198.51.100.7", HOST)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_challenge_tells_the_page_what_to_load(vendor: Vendor, name: str) -> None:
    """The CSP allows the script's origin for this vendor."""
    captcha = SiteVerify(
        name=name, site_key="s", verify_url=None, load_secret=lambda: "", transport=vendor
    )
    challenge = captcha.challenge()
    assert challenge["name"] == "CAPTCHA"
    host = challenge["script"].split("/")[2]
    origins = [origin.removeprefix("https://") for origin in PROVIDERS[name].origins]
    assert any(
        host == origin or (origin.startswith("*.") and host.endswith(origin[1:]))
        for origin in origins
    )


@pytest.mark.security("S-52")
def test_the_policy_opens_for_the_vendor_and_nobody_else() -> None:
    """The CSP allows the vendor's scripts, frames, styles and calls, and switches Trusted Types off. All other
    directives stay strict."""
    origins = PROVIDERS["turnstile"].origins
    opened = parse_policy(open_for_captcha(origins))
    strict = parse_policy(SECURITY_HEADERS["Content-Security-Policy"])
    for name in ("script-src", "style-src", "connect-src"):
        assert opened.pop(name) == strict.pop(name) | set(origins)
    assert opened.pop("frame-src") == set(origins)
    assert strict.pop("require-trusted-types-for") == {"'script'"}
    strict.pop("trusted-types")
    assert opened == strict
    assert "'unsafe-inline'" not in open_for_captcha(origins)


def parse_policy(text: str) -> dict[str, set[str]]:
    """Return a policy as a mapping from each directive to its sources."""
    directives = [directive.split() for directive in text.split(";")]
    return {name: set(sources) for name, *sources in directives}
