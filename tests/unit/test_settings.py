"""Tests of the settings: the app reads the settings once, and reports all errors together."""

import pytest

from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.settings import Settings, user_pool_arn
from tests.component.world import ENVIRONMENT

REQUIRED = sorted(set(ENVIRONMENT) - {"APP_NAME"})


def problems(**changes: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({**ENVIRONMENT, **changes})
    return caught.value.detail


def test_a_complete_environment_is_read() -> None:
    """Optional settings have defaults. The region and the pool determine the addresses of Cognito."""
    settings = Settings.from_env(ENVIRONMENT)
    assert settings.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1"
    assert settings.jwks_url == f"{settings.issuer}/.well-known/jwks.json"
    assert (settings.direct_sign_in, settings.auto_sign_in, settings.public_url) == (
        "managed",
        None,
        None,
    )
    assert (settings.session.idle, settings.session.absolute) == (1800, 43_200)


@pytest.mark.security("S-72")
def test_domains_are_read_in_one_spelling_and_wrong_ones_named() -> None:
    """A domain in Unicode and its A-label (xn--…) are equal. An invalid domain, which could never match, is an error."""
    listed = "B\u00dcCHER.example, xn--bcher-kva.example,Example.COM"
    settings = Settings.from_env({**ENVIRONMENT, "SIGN_UP_ALLOWED_DOMAINS": listed})
    assert settings.sign_up_allowed_domains == {"xn--bcher-kva.example", "example.com"}
    for wrong in (
        "example",
        "a@example.com",
        "example.com.",
        "*.example.com",
        "10.0.0.1",
        "xn--a.de",
    ):
        said = problems(SIGN_UP_REFUSED_DOMAINS=f"example.org,{wrong}")
        assert said.startswith("SIGN_UP_REFUSED_DOMAINS must be domains such as example.com")
        assert said.endswith(f"not {wrong}")


@pytest.mark.parametrize(("text", "mails"), [(None, 50), ("1", 1), ("1000000", 1_000_000)])
def test_the_mails_of_a_day_are_a_number(text: str | None, mails: int) -> None:
    """The default is fifty, the limit of Cognito's own sender."""
    more = {} if text is None else {"MAILS_PER_DAY": text}
    assert Settings.from_env({**ENVIRONMENT, **more}).mails_per_day == mails
    for wrong in ("0", "-1", "1000001", "1e3", "many", "\u0661"):
        assert problems(MAILS_PER_DAY=wrong) == "MAILS_PER_DAY must be a number from 1 to 1000000"


def test_every_missing_setting_is_named_at_once() -> None:
    """With one error for each variable, an operator would need many attempts."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({})
    assert all(f"{name} is missing" in caught.value.detail for name in REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["", None])
def test_each_required_setting_is_required(name: str, value: str | None) -> None:
    """An empty value counts as missing. Secrets, tables and pools have no default."""
    environment = {key: text for key, text in ENVIRONMENT.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(ConfigurationError, match=f"^{name} is missing$"):
        Settings.from_env(environment)


def test_missing_wrong_and_contradictory_settings_come_in_one_message() -> None:
    """One error lists all problems: missing, wrong and contradictory settings."""
    found = problems(
        CLIENT_ID="",
        COGNITO_URL="http://acme.example",
        DIRECT_SIGN_IN="sometimes",
        SESSION_IDLE_SECONDS="7200",
        SESSION_ABSOLUTE_SECONDS="3600",
        REMEMBER_IDLE_SECONDS="soon",
    )
    for name in (
        "CLIENT_ID",
        "COGNITO_URL",
        "DIRECT_SIGN_IN",
        "SESSION_IDLE_SECONDS is longer",
        "REMEMBER_IDLE_SECONDS must",
    ):
        assert name in found


@pytest.mark.security("S-64")
@pytest.mark.parametrize("name", ["COGNITO_URL", "PUBLIC_URL", "JWKS_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://acme.example",
        "ftp://acme.example",
        "acme.example",
        "https://",
        "https://u:p@acme.example",
        "https://u@acme.example",
        "https://acme.example/?a=b",
        "https://acme.example/#a",
        "https://[",
        "javascript:alert(1)",
    ],
)
def test_addresses_are_plain_https_outside_the_local_stage(name: str, url: str) -> None:
    """Only the local stage may use http. A malformed address causes an error that names the address."""
    assert name in problems(**{name: url})


@pytest.mark.security("S-64")
def test_the_local_stage_may_use_http() -> None:
    """No stage with another name may use http."""
    local = {
        "STAGE": "local",
        "PUBLIC_URL": "http://localhost:8000/",
        "COGNITO_URL": "http://127.0.0.1:4566/",
    }
    assert Settings.from_env({**ENVIRONMENT, **local}).cognito_url == "http://127.0.0.1:4566"
    for stage in ("Local", "local2", "dev", "prod"):
        assert "PUBLIC_URL" in problems(**{**local, "STAGE": stage})


@pytest.mark.parametrize("text", ["0", "-1", "59", "1e3", "٣٠٠", "99999999999", "1.5", " 300"])
def test_durations_are_numbers_in_range(text: str) -> None:
    """A duration must be a number of seconds in ASCII digits, within the range of the setting."""
    assert "SESSION_IDLE_SECONDS" in problems(SESSION_IDLE_SECONDS=text)


def test_automatic_sign_in_needs_what_it_starts() -> None:
    """`AUTO_SIGN_IN=COGNITO` is an error if direct sign-in is off."""
    assert "AUTO_SIGN_IN" in problems(AUTO_SIGN_IN="COGNITO", DIRECT_SIGN_IN="off")


def test_the_authorizers_arn_is_a_placeholder_only_outside_the_cli() -> None:
    """If a stage were deployed with the placeholder, the authorizer would refuse every request."""
    assert "placeholder" in user_pool_arn({})
    assert user_pool_arn({"USER_POOL_ARN": "arn:x", "AWS_CHALICE_CLI_MODE": "1"}) == "arn:x"
    with pytest.raises(ConfigurationError, match="ops provision"):
        user_pool_arn({"AWS_CHALICE_CLI_MODE": "1"})
    with pytest.raises(ConfigurationError, match="ops deploy --stage local`"):
        user_pool_arn({"AWS_CHALICE_CLI_MODE": "1", "STAGE": "local"})


@pytest.mark.security("S-59")
def test_settings_hold_no_secret() -> None:
    """Settings contain only names and ARNs, so the app may log and show settings."""
    names = [setting.attribute for setting in Settings.every_setting()]
    assert [name for name in names if "secret" in name]
    assert not [name for name in names if "secret" in name and not name.endswith("_arn")]


@pytest.mark.security("S-30")
def test_allowed_origins_are_none_by_default_and_exact() -> None:
    """The list may contain spaces and end with a comma."""
    assert Settings.from_env(ENVIRONMENT).allowed_origins == frozenset()
    text = "https://app.example.com, https://notes.example.com:8443,"
    assert Settings.from_env({**ENVIRONMENT, "ALLOWED_ORIGINS": text}).allowed_origins == {
        "https://app.example.com",
        "https://notes.example.com:8443",
    }


@pytest.mark.security("S-30")
@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "https://*.example.com",
        "https://app.example.com/",
        "https://app.example.com/app",
        "https://app.example.com?x",
        "https://APP.example.com",
        "https://app.example.com:443",
        "https://app.example.com:0",
        "https://app.example.com:",
        "https://user@app.example.com",
        "https://app.example.com https://notes.example.com",
        "https://äpp.example.com",
        "app.example.com",
        "//app.example.com",
        "https://",
        "ftp://app.example.com",
        "http://app.example.com",
        "http://localhost:3000",
        "https://app.example.com,*",
    ],
)
def test_an_origin_that_browsers_would_not_send_is_refused(text: str) -> None:
    """If the setting has such an origin, the app does not start."""
    assert "ALLOWED_ORIGINS" in problems(ALLOWED_ORIGINS=text)


@pytest.mark.security("S-30")
@pytest.mark.parametrize("name", ["ALLOWED_HEADERS", "EXPOSED_HEADERS"])
def test_headers_for_other_origins_are_names_and_nothing_else(name: str) -> None:
    """By default the list of headers is empty. The setting refuses `*` and values that could begin another header."""
    found = Settings.from_env({**ENVIRONMENT, name: "Traceparent, if-match,"})
    assert getattr(found, name.lower()) == ("traceparent", "if-match")
    assert getattr(Settings.from_env(ENVIRONMENT), name.lower()) == ()
    for text in ("*", "x-a\r\nSet-Cookie: a", "a b", "a:b", "x-é", "-"):
        assert name in problems(**{name: text})


@pytest.mark.security("S-07")
def test_the_place_after_a_sign_in_is_of_the_app_or_an_allowed_origin() -> None:
    origin = {"ALLOWED_ORIGINS": "https://app.example.com"}
    for place in ("/api/reports?x=1", "/", "https://app.example.com/home"):
        found = Settings.from_env({**ENVIRONMENT, **origin, "AFTER_SIGN_IN": place})
        assert found.after_sign_in == place
    assert Settings.from_env(ENVIRONMENT).after_sign_in is None
    for place in (
        "reports",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "https://app.example.com",
        "https://app.example.com.evil.example/",
        "javascript:alert(1)",
    ):
        assert "AFTER_SIGN_IN" in problems(**origin, AFTER_SIGN_IN=place)


def test_origins_over_http_are_for_the_local_stage() -> None:
    """A front end under development has an origin with http while the front end uses the local stack of `make up`."""
    local = {**ENVIRONMENT, "STAGE": "local", "ALLOWED_ORIGINS": "http://localhost:3000"}
    assert Settings.from_env(local).allowed_origins == {"http://localhost:3000"}
    assert "ALLOWED_ORIGINS" in problems(
        STAGE="local", ALLOWED_ORIGINS="http://localhost:80", COGNITO_URL="http://127.0.0.1:1"
    )


_ARN = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_TestPool1"


def test_pool_arn_and_region_that_belong_together_are_accepted() -> None:
    """The check also accepts other partitions of AWS."""
    Settings.from_env({**ENVIRONMENT, "USER_POOL_ARN": _ARN})
    Settings.from_env({**ENVIRONMENT, "USER_POOL_ARN": _ARN.replace("arn:aws:", "arn:aws-cn:")})


@pytest.mark.security("S-20")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"USER_POOL_ID": "eu-central-1_TestPool1"}, "USER_POOL_ID is in another region"),
        ({"AWS_REGION": "us-east-1"}, "USER_POOL_ID is in another region"),
        ({"USER_POOL_ID": "TestPool1"}, "USER_POOL_ID must look like"),
        ({"USER_POOL_ID": "eu-west-1_Test/../Pool"}, "USER_POOL_ID must look like"),
        ({"USER_POOL_ARN": "arn:x"}, "USER_POOL_ARN is not the ARN of a user pool"),
        ({"USER_POOL_ARN": f"{_ARN}x"}, "USER_POOL_ARN belongs to another pool"),
        (
            {"USER_POOL_ARN": _ARN.replace(":eu-west-1:", ":eu-west-2:")},
            "USER_POOL_ARN is in another region",
        ),
    ],
)
def test_pool_arn_and_region_that_do_not_belong_together_are_named(
    changes: dict[str, str], problem: str
) -> None:
    """The issuer and the keys' address contain the pool and the region. If the two addresses named another pool, the
    owner of the other pool could sign tokens. One error lists all problems."""
    found = problems(**changes, DIRECT_SIGN_IN="sometimes")
    assert problem in found
    assert "DIRECT_SIGN_IN" in found
