"""The stand-in for Okta: oidc-provider-mock with our own people and our own login page.

The issuer is http://127.0.0.1:PORT. It adds three things to the mock. A refusal returns `state`, as RFC 6749 (4.1.2.1)
requires and Okta does. ID tokens say when the person signed in here (`auth_time`). And people who tick the box stay
signed in here: they see no login page the next time, unless `prompt=login` or `max_age` require one (OpenID Connect
Core 2 and 3.1.2.1).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

_SESSION = "okta-session"
_AUTHORIZE = "/oauth2/authorize"
_HERE = Path(__file__).resolve().parent
PEOPLE_FILE = _HERE / "people.json"


def load_people(path: Path = PEOPLE_FILE) -> list[dict[str, Any]]:
    """Read the people who can sign in: a list of their claims, including `sub`."""
    people: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return people


def build_app(people: list[dict[str, Any]]) -> Any:
    """Build the provider's WSGI app (Flask, untyped here: it is a dependency of the mock)."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # http on this machine only
    import flask
    import jinja2
    import oidc_provider_mock

    users = [
        oidc_provider_mock.User(
            sub=person["sub"], claims={name: person[name] for name in person if name != "sub"}
        )
        for person in people
    ]
    app: Any = oidc_provider_mock.app(user_claims=users)
    app.jinja_loader = jinja2.ChoiceLoader(
        [jinja2.FileSystemLoader(_HERE / "okta_pages"), app.jinja_loader]
    )
    app.jinja_env.globals["people"] = people

    _remember_sign_ins(app)

    @app.after_request  # type: ignore[untyped-decorator]  # Flask's app is untyped here
    def carry_state(response: Any) -> Any:
        asked, location = flask.request.args, response.headers.get("Location", "")
        if flask.request.form.get("action") == "deny" and location and "state" in asked:
            response.headers["Location"] = with_state(location, asked["state"])
        return response

    return app


def _remember_sign_ins(app: Any) -> None:
    """Store the time of the sign-in with each code, and give people who tick the box a session here."""
    import flask
    import oidc_provider_mock
    from werkzeug.datastructures import ImmutableMultiDict

    # Session -> who signed in, and when; code -> when.
    sessions: dict[str, tuple[str, int]] = {}
    times: dict[str, int] = {}
    oidc_provider_mock._storage.AuthorizationCode.get_auth_time = lambda code: times.get(code.code)

    @app.before_request  # type: ignore[untyped-decorator]
    def let_through() -> None:
        request = flask.request
        found = sessions.get(request.cookies.get(_SESSION, ""))
        if request.method != "GET" or request.path != _AUTHORIZE or found is None:
            return
        age, oldest = time.time() - found[1], request.args.get("max_age", "")
        if request.args.get("prompt") == "login" or (oldest.isdigit() and age >= int(oldest)):
            return
        # This has the same effect as if the person had chosen their name on the page.
        request.method, request.form = "POST", ImmutableMultiDict({"sub": found[0]})
        flask.g.signed_in_at = found[1]

    @app.after_request  # type: ignore[untyped-decorator]
    def note_time(response: Any) -> Any:
        request, location = flask.request, response.headers.get("Location", "")
        code = parse_qs(urlsplit(location).query).get("code")
        if request.path == _AUTHORIZE and code:
            at = flask.g.get("signed_in_at", int(time.time()))
            times[code[0]] = at
            if request.form.get("keep"):
                session = secrets.token_urlsafe(16)
                sessions[session] = (request.form["sub"], at)
                response.set_cookie(_SESSION, session, httponly=True, samesite="Lax")
        return response


def with_state(location: str, state: str) -> str:
    """Add `state` to a redirect that lacks it."""
    if "state" in parse_qs(urlsplit(location).query):
        return location
    return f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'state': state})}"


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--people", type=Path, default=PEOPLE_FILE)
    options = parser.parse_args()
    import werkzeug.serving

    app = build_app(load_people(options.people))
    werkzeug.serving.make_server("127.0.0.1", options.port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
