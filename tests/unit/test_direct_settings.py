"""Tests of the required settings of a stage with our own form, and of QR rows for the page."""

import pytest

from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.page.qr import build_rows
from chalicelib.gatehouse.settings import Settings
from tests.component.world import ENVIRONMENT

EMBEDDED = {
    **ENVIRONMENT,
    "DIRECT_SIGN_IN": "embedded",
    "THROTTLE_TABLE": "gatehouse-dev-throttle",
    "MFA_CLIENT_ID": "2example",
    "MFA_CLIENT_SECRET_ARN": "arn:mfa",
}


def test_embedded_reads_what_it_needs() -> None:
    settings = Settings.from_env(EMBEDDED)
    assert settings.direct_sign_in == "embedded"
    assert settings.throttle_table == "gatehouse-dev-throttle"
    assert (settings.mfa_client_id, settings.mfa_client_secret_arn) == ("2example", "arn:mfa")
    assert (settings.captcha, settings.captcha_verify_url) == ("off", None)


@pytest.mark.security("S-41")
def test_embedded_without_a_throttle_does_not_start() -> None:
    """The form must never run without a throttle. One error lists all missing settings."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({**ENVIRONMENT, "DIRECT_SIGN_IN": "embedded", "CAPTCHA": "hcaptcha"})
    for name in (
        "THROTTLE_TABLE",
        "MFA_CLIENT_ID",
        "MFA_CLIENT_SECRET_ARN",
        "CAPTCHA_SITE_KEY",
        "CAPTCHA_SECRET_ARN",
    ):
        assert f"{name} is missing" in caught.value.detail


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"CAPTCHA": "recaptcha"}, "CAPTCHA must be one of off, hcaptcha, turnstile"),
        (
            {"CAPTCHA_VERIFY_URL": "http://example.org"},
            "CAPTCHA_VERIFY_URL must start with https://",
        ),
    ],
)
def test_wrong_captcha_settings_are_named(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({**EMBEDDED, **changes})
    assert said in caught.value.detail


def test_qr_rows_are_a_square_with_its_three_finders() -> None:
    """The code has the finder patterns of ISO/IEC 18004 in three corners, no pattern in the fourth corner, and no quiet
    zone."""
    rows = build_rows("otpauth://totp/Gatehouse%3Aada@example.org?secret=" + "A" * 52)
    assert {len(row) for row in rows} == {len(rows)}
    finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    assert [row[:7] for row in rows[:7]] == finder
    assert [row[-7:] for row in rows[:7]] == finder
    assert [row[:7] for row in rows[-7:]] == finder
    assert [row[-7:] for row in rows[-7:]] != finder
