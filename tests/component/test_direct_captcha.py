"""Tests of the CAPTCHA at the sign-in. After repeated failures, the person must solve a puzzle. The server checks the
solution before the throttle and before it calls Cognito. The rule is the same with and without an account."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from tests.component.direct import EMAIL, PASSWORD, STRANGER, WRONG, Direct, outline
from tests.component.world import THROTTLE_TABLE
from tests.doubles.cognito import times_out

SITEVERIFY = "https://captcha.example/siteverify"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:captcha"


class Vendor:
    """A test double of the CAPTCHA vendor's siteverify endpoint. Each token works once."""

    def __init__(self, direct: Direct, patch: pytest.MonkeyPatch) -> None:
        self.solved: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.down = False
        #: The host name of the page on which the person solves the puzzles.
        self.hostname = direct.browser.domain
        ours = direct.world.cognito.post_form

        def post_form(
            url: str, form: Mapping[str, str], basic_auth: tuple[str, str] | None = None
        ) -> HttpAnswer:
            if url != SITEVERIFY:
                assert basic_auth is not None
                return ours(url, form, basic_auth)
            if self.down:
                return times_out()
            self.forms.append(dict(form))
            good = form["response"] in self.solved and form["secret"] == "canary-captcha-secret"
            self.solved.discard(form["response"])
            return HttpAnswer(200, {"success": good, "hostname": self.hostname})

        patch.setattr(direct.world.cognito, "post_form", post_form)
        direct.world.secrets.put(SECRET_ARN, {"secret": "canary-captcha-secret"})
        direct.restart(
            captcha="turnstile",
            captcha_site_key="site-key-1",
            captcha_secret_arn=SECRET_ARN,
            captcha_verify_url=SITEVERIFY,
        )


@pytest.fixture
def vendor(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return Vendor(direct, monkeypatch)


def fail_three_times(direct: Direct, email: str = EMAIL) -> None:
    for _ in range(3):
        assert direct.sign_in(email, WRONG).status == 401


def test_off_means_never(direct: Direct) -> None:
    fail_three_times(direct)
    assert "access_token" in direct.sign_in().json()


@pytest.mark.security("S-40")
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_after_three_failures_it_must_be_solved(direct: Direct, vendor: Vendor, email: str) -> None:
    """If the puzzle is not solved, the server does not call Cognito. The response contains the data that the page needs
    to show the puzzle."""
    fail_three_times(direct, email)
    asked = len(direct.pool.calls)
    for captcha in ({}, {"captcha": "made up"}):
        answer = direct.sign_in(email, PASSWORD, **captcha)
        assert answer.status == 200
        challenge: dict[str, Any] = answer.json()["challenge"]
        assert challenge["name"] == "CAPTCHA"
        assert challenge["site_key"] == "site-key-1"
    assert len(direct.pool.calls) == asked
    assert direct.browser.cookies == {}


def test_a_solved_one_lets_the_password_through_once(direct: Direct, vendor: Vendor) -> None:
    fail_three_times(direct)
    vendor.solved = {"token-1"}
    assert direct.sign_in(password=WRONG, captcha="token-1").status == 401
    assert "challenge" in direct.sign_in(captcha="token-1").json()
    vendor.solved = {"token-2"}
    assert "access_token" in direct.sign_in(captcha="token-2").json()
    assert vendor.forms[-1]["remoteip"] == "192.0.2.7"
    assert "access_token" in direct.sign_in().json()


@pytest.mark.security("S-41")
def test_it_is_no_way_around_the_throttle(direct: Direct, vendor: Vendor) -> None:
    fail_three_times(direct)
    vendor.solved = {str(number) for number in range(3)}
    statuses = [direct.sign_in(password=WRONG, captcha=str(number)).status for number in range(3)]
    assert statuses == [401, 401, 429]


def test_a_vendor_that_is_down_fails_closed(direct: Direct, vendor: Vendor) -> None:
    fail_three_times(direct)
    vendor.down = True
    asked = len(direct.pool.calls)
    assert direct.sign_in(captcha="token").status == 503
    assert len(direct.pool.calls) == asked


@pytest.mark.security("S-40")
def test_known_and_unknown_are_asked_alike(direct: Direct, vendor: Vendor) -> None:
    outlines = []
    for email in (EMAIL, STRANGER):
        fail_three_times(direct, email)
        outlines.append(outline(direct.sign_in(email)))
    assert outlines[0] == outlines[1]


def test_a_source_with_many_failures_is_asked_for_every_account(
    direct: Direct, vendor: Vendor
) -> None:
    """Somebody tries twenty email addresses from one source address, each address once. Further sign-ins from this
    source address require a solved puzzle. Sign-ins from other sources do not."""
    for number in range(20):
        assert direct.sign_in(f"person{number}@example.org", WRONG).status == 401
    assert direct.sign_in().json()["challenge"]["name"] == "CAPTCHA"
    elsewhere = direct.world.browser()
    elsewhere.source_ip = "203.0.113.9"
    assert "access_token" in direct.sign_in(browser=elsewhere).json()


@pytest.mark.security("S-52")
def test_only_the_page_opens_its_policy_and_only_with_a_captcha(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A content security policy applies to one document. The page of a stage with a CAPTCHA allows the vendor. All
    other responses, and the pages of other stages, keep the strict policy."""
    origin = "https://challenges.cloudflare.com"

    def policy(path: str) -> str:
        return str(direct.browser.get(path).headers["content-security-policy"])

    assert origin not in policy("/")
    Vendor(direct, monkeypatch)
    assert f"script-src 'self' {origin}" in policy("/")
    assert origin not in policy("/health")


def test_a_puzzle_that_was_solved_on_another_site_is_none(direct: Direct, vendor: Vendor) -> None:
    """The site key is public. Another site could use the key and let its own visitors solve puzzles."""
    fail_three_times(direct)
    vendor.solved, vendor.hostname = {"token-1"}, "puzzles.example"
    assert direct.sign_in(captcha="token-1").json()["challenge"]["name"] == "CAPTCHA"
    vendor.solved, vendor.hostname = {"token-2"}, direct.browser.domain
    assert "access_token" in direct.sign_in(captcha="token-2").json()


@pytest.mark.security("S-41")
def test_made_up_tokens_count_against_their_source(direct: Direct, vendor: Vendor) -> None:
    """Each token causes a call to the vendor. After fifty tokens from one source, the server no longer calls the vendor
    for this source. Other sources are not affected."""
    fail_three_times(direct)
    for _ in range(50):
        assert direct.sign_in(captcha="junk").status == 200
    asked = len(vendor.forms)
    answer = direct.sign_in(captcha="junk")
    assert (answer.status, answer.json()["error"]) == (429, "too_many_attempts")
    assert len(vendor.forms) == asked
    elsewhere = direct.world.browser()
    elsewhere.source_ip = "203.0.113.9"
    vendor.solved = {"token-1"}
    assert "access_token" in direct.sign_in(browser=elsewhere, captcha="token-1").json()


@pytest.mark.security("S-41")
def test_solved_puzzles_and_a_vendors_outage_do_not_count(direct: Direct, vendor: Vendor) -> None:
    """Sixty outages of the vendor and two solved puzzles are not counted. The first counted token is the invented token
    that follows."""
    fail_three_times(direct)
    vendor.down = True
    for _ in range(60):
        assert direct.sign_in(captcha="token").status == 503
    vendor.down, vendor.solved = False, {"token-1", "token-2"}
    for token in ("token-1", "token-2"):
        assert direct.sign_in(password=WRONG, captcha=token).status == 401
    assert direct.sign_in(captcha="junk").status == 200
    counted = direct.world.dynamodb.items(THROTTLE_TABLE)
    (ours,) = [row for key, row in counted.items() if key.startswith("captcha/")]
    assert float(ours["attempts"]["N"]) == 1


def test_a_token_that_is_too_long_is_not_asked_about(direct: Direct, vendor: Vendor) -> None:
    """The route refuses the token. The flow behind the route refuses such a token as well."""
    fail_three_times(direct)
    assert direct.sign_in(captcha="x" * 4097).status == 400
    assert vendor.forms == []
