"""The Okta stand-in: a local OIDC provider that takes Okta's place. It is the package oidc-provider-mock with
Gatehouse's own people and login page.

The issuer is http://127.0.0.1:PORT. This module adds three things to oidc-provider-mock. First, the redirect
after a refusal contains `state`, because RFC 6749 (4.1.2.1) requires `state`, and Okta sends `state`, too. Second, ID
tokens contain the time of the sign-in at the stand-in (`auth_time`). Third, people who tick the box on the login page
stay signed in at the stand-in. At their next sign-in, the stand-in shows the login page only if `prompt=login` or
`max_age` requires the page (OpenID Connect Core 2 and 3.1.2.1).

The stand-in's admin console is at /admin (okta_console.py). The login page refuses people who were deactivated in the
console. If a person was removed from the app, the stand-in redirects to the app with the error `access_denied`, as Okta
does.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

_SESSION = "okta-session"
_AUTHORIZE = "/oauth2/authorize"
_ADMIN = "/admin"
_TOKEN_TYPE = "global-token-revocation+jwt"  # noqa: S105 - a type, no secret
_HERE = Path(__file__).resolve().parent
PEOPLE_FILE = _HERE / "people.json"


def load_people(path: Path = PEOPLE_FILE) -> list[dict[str, Any]]:
    """Return the people who can sign in: one dict of claims for each person. The claims include `sub`."""
    people: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return people


def build_app(
    people: list[dict[str, Any]], issuer: str = "", console_file: Path | None = None
) -> Any:
    """Build the provider's WSGI app. The app is a Flask app, because oidc-provider-mock uses Flask. The type checker
    does not know Flask's types here.

    `console_file` is the file with the app's addresses, which the admin console needs.
    """
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # allows http, which stays on this machine
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

    # Session → the person, and the time of the sign-in.
    sessions: dict[str, tuple[str, int]] = {}
    console = _load_console_module().Console(console_file, issuer, _sign)
    _remember_sign_ins(app, sessions)
    # `_refuse_who_left` registers its hook after the hooks of `_remember_sign_ins`. So the hook of `_refuse_who_left`
    # also refuses people who have a session.
    _refuse_who_left(app, console)
    _serve_console(app, people, console, sessions, issuer)

    @app.after_request  # type: ignore[untyped-decorator]  # Flask's app is untyped here
    def carry_state(response: Any) -> Any:
        asked, location = flask.request.args, response.headers.get("Location", "")
        if flask.request.form.get("action") == "deny" and location and "state" in asked:
            response.headers["Location"] = with_state(location, asked["state"])
        return response

    return app


def _remember_sign_ins(app: Any, sessions: dict[str, tuple[str, int]]) -> None:
    """Store the time of the sign-in for each authorization code. If a person chooses to stay signed in, start a session
    at the Okta stand-in.
    """
    import flask
    import oidc_provider_mock
    from werkzeug.datastructures import ImmutableMultiDict

    times: dict[str, int] = {}  # code → time of the sign-in
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
        # The next lines have the same effect as if the session's person had been chosen on the login page.
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


def _refuse_who_left(app: Any, console: Any) -> None:
    """Refuse the sign-in of people who were deactivated, or who were removed from the app."""
    import flask

    @app.before_request  # type: ignore[untyped-decorator]
    def refuse() -> Any:
        request = flask.request
        state = console.state(request.form.get("sub", ""))
        if request.path != _AUTHORIZE or request.method != "POST" or state == "active":
            return None
        # As on Okta's page, the page gives no reason and has no link back to the app.
        if state == "deactivated":
            client = request.args.get("client_id", "")
            return flask.render_template("authorization_form.html", client_id=client, refused=True)
        query = {
            "error": "access_denied",
            "error_description": "User is not assigned to the client application.",
            "state": request.args.get("state", ""),
        }
        return flask.redirect(f"{request.args.get('redirect_uri', '')}?{urlencode(query)}")


def _serve_console(
    app: Any,
    people: list[dict[str, Any]],
    console: Any,
    sessions: dict[str, tuple[str, int]],
    origin: str,
) -> None:
    """Serve the admin console, and add `use` and `alg` to the published keys, as Okta does."""
    import flask

    module = _load_console_module()

    @app.get(_ADMIN)  # type: ignore[untyped-decorator]
    def show_console() -> Any:
        states = {person["sub"]: console.state(person["sub"]) for person in people}
        way = flask.request.args.get("way", module.WAYS[0])
        return flask.render_template("console.html", states=states, way=way, sent=console.sent)

    @app.post(_ADMIN)  # type: ignore[untyped-decorator]
    def press() -> Any:
        request = flask.request
        # Check Host and Origin. Otherwise, a page of another origin could send this form through another host name that
        # resolves to this machine (DNS rebinding).
        asked = request.host_url.rstrip("/")
        if {asked, request.headers.get("Origin", asked)} != {origin}:
            flask.abort(403)
        action, _, sub = request.form.get("press", "").partition(" ")
        way = request.form.get("way", "")
        if action not in module.ACTIONS or way not in module.WAYS:
            flask.abort(400)
        if action in module.ENDS_HERE:
            for session in [each for each, (whose, _) in sessions.items() if whose == sub]:
                del sessions[session]
        console.press(action, sub, way)
        return flask.redirect(f"{_ADMIN}?{urlencode({'way': way})}", 303)

    @app.after_request  # type: ignore[untyped-decorator]
    def say_use(response: Any) -> Any:
        if flask.request.path == "/jwks":
            keys = [{**key, "use": "sig", "alg": "RS256"} for key in response.get_json()["keys"]]
            response.set_data(json.dumps({"keys": keys}))
        return response


def _sign(claims: dict[str, Any]) -> str:
    """Return a token for Universal Logout, signed with the provider's key. Call this function only during a request."""
    import flask
    import jwt

    key = flask.g.oidc_provider_mock_storage.jwk
    header = {"typ": _TOKEN_TYPE, "kid": key.as_dict()["kid"]}
    return jwt.encode(claims, key.as_pem(is_private=True), "RS256", headers=header)


def _load_console_module() -> Any:
    """Load okta_console.py, even if this file runs as a program outside its package (`-P`)."""
    if __package__:
        return importlib.import_module(".okta_console", __package__)
    name = "gatehouse_okta_console"
    if name not in sys.modules:
        file = _HERE / "okta_console.py"
        spec: Any = importlib.util.spec_from_file_location(name, file)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def with_state(location: str, state: str) -> str:
    """Return the redirect's address with `state`. If `state` is there already, the address stays the same."""
    if "state" in parse_qs(urlsplit(location).query):
        return location
    return f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'state': state})}"


def main() -> None:
    """Run the Okta stand-in until a signal stops it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--people", type=Path, default=PEOPLE_FILE)
    parser.add_argument("--console", type=Path)
    options = parser.parse_args()
    import werkzeug.serving

    issuer = f"http://127.0.0.1:{options.port}"
    app = build_app(load_people(options.people), issuer, options.console)
    werkzeug.serving.make_server("127.0.0.1", options.port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
