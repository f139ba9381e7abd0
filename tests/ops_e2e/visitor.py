"""Signs a person in through Okta without a browser."""

from __future__ import annotations

from urllib.parse import urljoin

import requests

from ops.local.okta import load_people
from tests.ops_e2e.place import Place


def sign_in(place: Place) -> str:
    """Sign in through Okta as a browser would. Return the session cookie."""
    http = requests.Session()

    def get(url: str, cookie: str = "") -> requests.Response:
        headers = {"Cookie": cookie} if cookie else {}
        return http.get(url, headers=headers, allow_redirects=False, timeout=30)

    start = get(urljoin(place.app_url, "auth/login?provider=Okta"))
    login = cookies(start)
    okta = get(start.headers["Location"])
    person = {"sub": load_people()[0]["sub"]}
    chosen = http.post(okta.headers["Location"], data=person, allow_redirects=False, timeout=30)
    back = get(chosen.headers["Location"])
    done = get(back.headers["Location"], login)
    assert done.status_code == 303, done.text
    return cookies(done)


def cookies(answer: requests.Response) -> str:
    """Return the cookies that a browser would keep. The jar of the package `requests` refuses Secure cookies over http."""
    lines = answer.raw.headers.getlist("Set-Cookie")
    kept = [line.split(";")[0] for line in lines if "max-age=0" not in line.lower()]
    return "; ".join(kept)


def refresh(place: Place, cookie: str) -> requests.Response:
    """Refresh as the page does."""
    headers = {
        "Cookie": cookie,
        "X-Gatehouse": "1",
        "Origin": place.app_url.rstrip("/"),
    }
    return requests.post(
        urljoin(place.app_url, "auth/refresh"), headers=headers, json={}, timeout=30
    )
