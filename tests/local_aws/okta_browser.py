"""Makes the requests of a browser in a federated sign-in, over plain HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import requests

from ops.local.okta import load_people
from tests.local_aws.pool import CALLBACK, CHALLENGE, SCOPE, Pool

ALICE, BRUNO, CHLOE = (person["sub"] for person in load_people())


@dataclass(frozen=True)
class OktaBrowser:
    """Opens Cognito, chooses a person at the Okta stand-in, and returns to the app's callback."""

    pool: Pool

    def authorize(self, **changed: str) -> requests.Response:
        """Request /oauth2/authorize. An empty value omits a parameter."""
        query = {
            "response_type": "code",
            "client_id": self.pool.client_id,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "identity_provider": "Okta",
            **changed,
        }
        sent = {name: value for name, value in query.items() if value}
        return requests.get(
            self.pool.cloud.url + "/oauth2/authorize",
            params=sent,
            allow_redirects=False,
            timeout=30,
        )

    def come_back(self, form: dict[str, str], **changed: str) -> dict[str, str]:
        """Submit a form of the Okta stand-in's page. Return the query of the callback."""
        page = self.authorize(**changed).headers["Location"]
        chosen = requests.post(page, data=form, allow_redirects=False, timeout=30)
        back = requests.get(chosen.headers["Location"], allow_redirects=False, timeout=60)
        assert back.headers["Location"].startswith(CALLBACK), back.text
        return query_of(back.headers["Location"])

    def sign_in(self, sub: str = ALICE, **changed: str) -> dict[str, str]:
        """Sign in as a person. Return the query of the callback."""
        return self.come_back({"sub": sub}, **changed)

    def tokens(self, sub: str = ALICE, **changed: str) -> dict[str, str]:
        """Sign in as a person, and exchange the code for tokens."""
        answer = self.pool.exchange(self.sign_in(sub, **changed)["code"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens


def query_of(url: str) -> dict[str, str]:
    """Return the query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
