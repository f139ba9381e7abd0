"""Tests of the fixes for /oauth2/authorize, /login, /oauth2/token, /oauth2/revoke and /logout of the local AWS."""

from __future__ import annotations

import requests

from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import OktaBrowser, query_of
from tests.local_aws.pool import CALLBACK, CHALLENGE, PASSWORD, SCOPE, SIGNED_OUT, Pool, claims

EMAIL = "dana@example.com"


def log_in(pool: Pool, password: str = PASSWORD) -> requests.Response:
    """Post the form of the hosted login page."""
    form = {
        "client_id": pool.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": SCOPE,
        "state": "state-2",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "username": EMAIL,
        "password": password,
    }
    return requests.post(pool.cloud.url + "/login", data=form, allow_redirects=False, timeout=30)


def test_cognito_as_provider_shows_the_login_page(browser: OktaBrowser) -> None:
    """`identity_provider=COGNITO` means the pool itself."""
    page = browser.authorize(identity_provider="COGNITO")
    assert page.status_code == 200
    assert 'name="password"' in page.text


def test_an_idp_identifier_picks_its_provider(browser: OktaBrowser) -> None:
    """For example, a provider's identifier can be the domain of the people's addresses."""
    answer = browser.authorize(identity_provider="", idp_identifier="example.com")
    assert answer.headers["Location"].startswith(browser.pool.cloud.okta_url)


def test_an_unknown_idp_identifier_goes_nowhere(browser: OktaBrowser) -> None:
    """Cognito shows an error page instead of a redirect."""
    answer = browser.authorize(identity_provider="", idp_identifier="example.net")
    assert answer.status_code == 400


def test_a_provider_must_be_enabled_for_the_client(browser: OktaBrowser) -> None:
    """Cognito refuses a provider that the client does not list."""
    assert browser.authorize(identity_provider="Other").status_code == 400


def test_a_foreign_redirect_uri_is_never_redirected_to(browser: OktaBrowser) -> None:
    """Even when Cognito reports an error in the request, Cognito does not redirect to a foreign address."""
    answer = browser.authorize(redirect_uri="https://evil.example/")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_plain_pkce_is_refused(browser: OktaBrowser) -> None:
    """Cognito accepts only S256, also in federated sign-ins."""
    answer = browser.authorize(code_challenge_method="plain")
    assert query_of(answer.headers["Location"])["error"] == "invalid_request"


def test_a_login_hint_travels_to_the_provider(browser: OktaBrowser) -> None:
    """The provider may write the hint into the login form."""
    answer = browser.authorize(login_hint="alice@example.com")
    assert query_of(answer.headers["Location"])["login_hint"] == "alice@example.com"


def test_a_prompt_travels_to_the_provider(browser: OktaBrowser) -> None:
    """With `prompt`, the provider may show the login page again. AWS does not document whether Cognito also passes
    `max_age` on."""
    query = query_of(browser.authorize(prompt="login", max_age="0").headers["Location"])
    assert query["prompt"] == "login"
    assert "max_age" not in query


def test_pkce_is_enforced_on_the_federated_path(browser: OktaBrowser) -> None:
    """Without a verifier, and with a wrong verifier, the exchange fails. The right verifier works afterwards, so a
    failed exchange does not use the code up."""
    code = browser.sign_in()["code"]
    pool = browser.pool
    assert pool.exchange(code, code_verifier="").status_code == 400
    assert pool.exchange(code, code_verifier="x" * 43).json()["error"] == "invalid_grant"
    assert pool.exchange(code).status_code == 200
    assert pool.exchange(code).json()["error"] == "invalid_grant"


def test_a_code_needs_its_redirect_uri_and_secret(browser: OktaBrowser) -> None:
    """For the codes of MiniStack's own login page, MiniStack requires `redirect_uri` and the secret even without the
    fix."""
    code = browser.sign_in()["code"]
    assert browser.pool.exchange(code, redirect_uri="http://localhost:1/").status_code == 400
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert browser.pool.post("/oauth2/token", form, secret="wrong").status_code == 400


def test_an_omitted_scope_means_all_of_the_clients(browser: OktaBrowser) -> None:
    """The app therefore sends the scopes in every request."""
    access = claims(browser.tokens(scope="")["access_token"])
    assert set(access["scope"].split()) == set(SCOPE.split())


def test_a_refresh_needs_the_clients_secret(browser: OktaBrowser) -> None:
    """A confidential client gets no tokens without the secret."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": browser.tokens()["refresh_token"],
        "client_id": browser.pool.client_id,
    }
    answer = requests.post(browser.pool.cloud.url + "/oauth2/token", data=form, timeout=30)
    assert answer.json()["error"] == "invalid_client"


def test_expires_in_is_the_access_tokens_lifetime(browser: OktaBrowser) -> None:
    """In this test the lifetime is ten minutes. The test checks the response to the exchange and to a refresh."""
    tokens = browser.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = browser.pool.post("/oauth2/token", form).json()
    assert tokens["expires_in"] == refreshed["expires_in"] == 600


def test_revoking_ends_a_refresh_token(browser: OktaBrowser) -> None:
    """The endpoint also answers 200 for a token that is already revoked."""
    form = {"token": browser.tokens()["refresh_token"]}
    pool = browser.pool
    assert pool.post("/oauth2/revoke", form).status_code == 200
    refresh = {"grant_type": "refresh_token", "refresh_token": form["token"]}
    assert pool.post("/oauth2/token", refresh).json()["error"] == "invalid_grant"
    assert pool.post("/oauth2/revoke", form).status_code == 200


def test_revoking_wants_a_refresh_token_and_its_client(browser: OktaBrowser) -> None:
    """The endpoint refuses three requests: with an access token, without a token, and without credentials."""
    pool, tokens = browser.pool, browser.tokens()
    assert pool.post("/oauth2/revoke", {}).json()["error"] == "invalid_request"
    access = pool.post("/oauth2/revoke", {"token": tokens["access_token"]})
    assert access.json()["error"] == "unsupported_token_type"
    form = {"token": tokens["refresh_token"]}
    assert pool.post("/oauth2/revoke", form, secret="wrong").json()["error"] == "invalid_client"


def test_a_client_without_a_secret_revokes_by_its_id(pool: Pool) -> None:
    """If the client has no secret, the endpoint refuses a request with a secret."""
    created = pool.cognito.create_user_pool_client(UserPoolId=pool.id, ClientName="public")
    form = {"token": "spent", "client_id": created["UserPoolClient"]["ClientId"]}
    url = f"{pool.cloud.url}/oauth2/revoke"
    assert requests.post(url, data=form, timeout=10).status_code == 200
    refused = requests.post(url, data={**form, "client_secret": "guess"}, timeout=10)
    assert refused.json()["error"] == "invalid_client"


def test_logout_goes_only_to_the_clients_own_urls(pool: Pool) -> None:
    """Cognito refuses any other address without a redirect."""
    logout = f"{pool.cloud.url}/logout"
    query = {"client_id": pool.client_id, "logout_uri": SIGNED_OUT}
    allowed = requests.get(logout, params=query, allow_redirects=False, timeout=10)
    assert allowed.headers["Location"] == SIGNED_OUT
    query["logout_uri"] = "https://evil.example/"
    refused = requests.get(logout, params=query, allow_redirects=False, timeout=10)
    assert refused.status_code == 400
    assert "Location" not in refused.headers


def test_a_client_without_logout_urls_sends_people_nowhere(pool: Pool) -> None:
    """With an empty list of logout URLs, Cognito allows no address."""
    created = pool.cognito.create_user_pool_client(UserPoolId=pool.id, ClientName="bare")
    query = {
        "client_id": created["UserPoolClient"]["ClientId"],
        "logout_uri": "https://evil.example/",
    }
    answer = requests.get(
        f"{pool.cloud.url}/logout", params=query, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 400


def test_the_login_page_runs_the_triggers(cloud: Cloud, pool: Pool) -> None:
    """Triggers run before and after the sign-in. The trigger for tokens runs later, at the exchange."""
    pool.add_person(EMAIL)
    answer = query_of(log_in(pool).headers["Location"])
    assert answer["state"] == "state-2"
    assert pool.exchange(answer["code"]).status_code == 200
    assert cloud.sources() == [
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "TokenGeneration_HostedAuth",
    ]


def test_a_wrong_password_shows_the_login_page_again(cloud: Cloud, pool: Pool) -> None:
    """PostAuthentication does not run."""
    pool.add_person(EMAIL)
    assert log_in(pool, "wrong").status_code == 200
    assert "PostAuthentication_Authentication" not in cloud.sources()


def test_a_refusal_on_the_login_page_ends_at_the_callback(cloud: Cloud, pool: Pool) -> None:
    """The callback gets the trigger's text and the state."""
    pool.add_person(EMAIL)
    cloud.script({"PreAuthentication_Authentication": {"raise": "closed"}})
    answer = query_of(log_in(pool).headers["Location"])
    assert answer["error"] == "invalid_request"
    assert answer["state"] == "state-2"
