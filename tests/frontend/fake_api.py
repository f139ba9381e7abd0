"""A small fake of the API. The fake serves the page with the app's own headers, and returns the responses that a test
sets."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from chalicelib.gatehouse.page.first_view import choose_told
from chalicelib.gatehouse.page.qr import build_rows
from chalicelib.gatehouse.page.static_files import StaticFiles

BASE = "/api/"
FILES = StaticFiles()
ASSETS = f"/assets/{FILES.version}/"
TOKEN = "access-token-that-must-not-leak"  # a canary instead of a real secret


@dataclass(frozen=True)
class Answer:
    """One HTTP response. If the body is a dict, the server sends the dict as JSON."""

    status: int
    body: Mapping[str, Any] | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request of the page. The header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)


def error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"error": code, "message": "A sentence."}, headers or {})


def nobody(_: Request) -> Answer:
    """Return the response of /auth/refresh for a browser without a cookie."""
    return error(401, "no_session")


def throttled(seconds: int) -> Answer:
    """Return the throttle's response. The header and the body say how long the page must wait."""
    answer = error(429, "too_many_attempts", {"Retry-After": str(seconds)})
    assert isinstance(answer.body, Mapping)
    return Answer(429, {**answer.body, "retry_after": seconds}, answer.headers)


def challenge(name: str, **more: Any) -> Answer:
    return Answer(200, {"challenge": {"name": name, **more}})


def totp_key() -> dict[str, Any]:
    """Return the key of a new authenticator app, as the server returns it."""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"
    uri = f"otpauth://totp/Acme:ada@example.com?secret={secret}&issuer=Acme"
    return {"secret": secret, "otpauth": uri, "qr": build_rows(uri)}


def signed_in(
    token: str = TOKEN, idle: float = 1800, absolute: float = 43200, **user: Any
) -> Answer:
    """Return the response of /auth/refresh for a browser with a session."""
    person = {
        "sub": "sub-ada",
        "username": "Okta_ada",
        "email": "ada@example.com",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "groups": ["admins"],
        "provider": "Okta",
    }
    now = int(time())
    return Answer(
        200,
        {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": "api/read api/write",
            "user": person | user,
            "session": {
                "now": now,
                "idle_expires_at": int(now + idle),
                "expires_at": int(now + absolute),
            },
        },
    )


RECORD = {
    "userName": "Okta_ada",
    "Email": "ada@example.com",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "provider": "Okta",
    "status": "CONFIRMED",
    "createdAt": "2024-03-09T08:15:00Z",
    "lastSignInAt": "2024-05-02T07:58:12Z",
    "previousSignInAt": "2024-05-01T16:03:40Z",
    "groups": ["admins", "early-access"],
}


#: The sessions of the person Ada. The name of the second device contains markup, as if the server had not removed the
#: markup.
SESSIONS = [
    {"id": "A" * 22, "device": "Firefox, Linux", "provider": "Okta", "provider_label": "Acme Okta",
     "started_at": "2024-05-02T07:58:12Z", "last_used_at": "2024-05-02T09:00:00Z", "current": True},
    {"id": "B" * 22, "device": "<img src=x onerror=alert(1)>", "provider": "Okta",
     "provider_label": "<b>Okta</b>", "started_at": "2024-05-01T07:58:12Z",
     "last_used_at": "2024-05-01T09:00:00Z", "current": False},
    {"id": "C" * 22, "device": "", "provider": "COGNITO", "provider_label": "COGNITO",
     "started_at": "2024-04-01T07:58:12Z", "last_used_at": "2024-04-01T09:00:00Z", "current": False},
]  # fmt: skip


class FakeApi:
    """A server that answers by path. A test may change `answers` at any time. `requests` lists the requests so far."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.title = "Acme Reports"
        #: Another origin that the stage allows.
        self.other = "https://notes.example.com/"
        self.files = FILES
        #: Whether the page opens after a redirect from the callback. After a redirect the browser sends only Lax
        #: cookies.
        self.is_return = False
        #: Whether the browser opens the page without its Strict cookie, although the request does not come from another
        #: site.
        self.withholds = False
        self.headers = dict(SECURITY_HEADERS)
        self.config: dict[str, Any] = {
            "app": "Acme Reports",
            "direct_sign_in": "managed",
            "sign_up": False,
            "auto_sign_in": None,
            "discover": False,
            "return_to": None,
            "providers": [{"name": "Okta", "label": "Okta"}],
        }
        self.answers: dict[str, Answer | Callable[[Request], Answer]] = {
            "GET /auth/config": self.configured,
            "POST /auth/refresh": nobody,
            "GET /auth/session": lambda _: Answer(200, {"goes_on": self.has_cookie}),
            "GET /auth/login": Answer(200, "Cognito's page", {"Content-Type": "text/plain"}),
            "GET /me": Answer(200, RECORD),
            "GET /me/sessions": Answer(200, {"sessions": SESSIONS}),
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self.origin = f"http://localhost:{self._server.server_port}"
        self.url = self.origin + BASE

    def configured(self, request: Request) -> Answer:
        """Return the configuration. Like the server, return only an allowed `return_to`."""
        wish = parse_qs(urlsplit(request.path).query).get("return_to", [""])[0]
        found = {"return_to": wish} if wish.startswith(("/api/", self.other)) else {}
        return Answer(200, {"session": self.has_cookie, **self.config, **found})

    def ask_for_config(self) -> None:
        """Leave the configuration out of the page, as when a person follows a link on another site."""
        self.answers["GET /auth/config"] = lambda request: self.configured(request)

    @property
    def has_cookie(self) -> bool:
        """Return whether the browser would send a session cookie, valid or not."""
        return self.answers["POST /auth/refresh"] is not nobody

    def sign_in(self, **claims: Any) -> None:
        self.answers["POST /auth/refresh"] = signed_in(**claims)

    def embed(self) -> None:
        """Configure a stage with its own forms for direct sign-in. No address has an account."""
        self.config |= {"direct_sign_in": "embedded", "sign_up": True}
        for name in ("sign-up", "confirm", "resend-code", "forgot-password", "reset-password"):
            self.answers[f"POST /auth/direct/{name}"] = Answer(200, {})
        self.answers["POST /auth/direct/sign-in"] = error(401, "invalid_credentials")
        self.answers["POST /auth/direct/challenge"] = error(401, "challenge_expired")

    def offer_passkeys(self) -> None:
        """Configure a stage with passkeys. No person has a passkey."""
        self.embed()
        self.config["passkeys"] = True
        self.answers["POST /auth/direct/passkey"] = Answer(200, {"challenge": None})
        self.answers["POST /auth/passkeys/close"] = Answer(200, {})
        self.answers["POST /auth/passkeys/offer"] = Answer(200, {"offer": True})

    def discover(self, *, provider: str | None = None, direct: bool | None = None) -> None:
        """Configure a stage that asks for the email address first. `provider` is the label of the provider to which
        every address belongs.

        `direct` says whether people may use a password. By default, only people without a provider may use a password.
        """
        direct = provider is None if direct is None else direct
        self.config["discover"] = True
        found = {"name": "Contoso", "label": provider} if provider else None
        self.answers["POST /auth/discover"] = Answer(200, {"provider": found, "direct": direct})

    def accept_password(self, **claims: Any) -> None:
        """Let the next sign-in by password succeed. The reload of the page after this sign-in also succeeds."""
        self.answers["POST /auth/direct/sign-in"] = lambda _: self.native(**claims)

    def native(self, **claims: Any) -> Answer:
        """Return the token response for a person with a password. Let /me return the same person."""
        person = {"sub": "sub-bo", "username": "bo", "email": "bo@example.com", "given_name": "Bo",
                  "family_name": "Ek", "groups": [], "provider": "COGNITO"}  # fmt: skip
        answer = signed_in(**{**person, **claims})
        self.answers["POST /auth/refresh"] = answer
        self.answers["GET /me"] = Answer(
            200, {**RECORD, "Email": "bo@example.com", "given_name": "Bo", "family_name": "Ek",
                  "provider": "COGNITO", "groups": []}
        )  # fmt: skip
        return answer

    def sent(self, line: str) -> list[Request]:
        """Return the received requests whose method and path are those in `line`. The comparison ignores the query."""
        return [
            request
            for request in self.requests
            if f"{request.method} {request.path.partition('?')[0]}" == line
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        if path == "/":
            return self._page(request)
        if path.startswith("/assets/"):
            version, name = path.split("/")[2:]
            asset = self.files.asset(version, name)
            if asset:
                return Answer(200, asset.text, {"Content-Type": asset.content_type})
        found = self.answers.get(f"{request.method} {path}", error(404, "not_found"))
        return found(request) if callable(found) else found

    def _page(self, request: Request) -> Answer:
        """Return the page as the app builds it, with the configuration. A test can delay the page, or replace the page
        by an error."""
        query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        config = self.configured(request).body
        assert not isinstance(config, str)
        site = request.headers.get("sec-fetch-site", "")
        told = choose_told(
            {**config, "session": config["session"] and not (self.is_return or self.withholds)},
            query,
            site="cross-site" if self.is_return else site,
            is_return=self.is_return,
        )
        page = self.files.page(
            base_path=BASE,
            title=self.title,
            accept_language=request.headers.get("accept-language", ""),
            providers=[(one["name"], one["label"]) for one in self.config["providers"]],
            config=told if self.answers["GET /auth/config"] == self.configured else None,
        )
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "private, no-cache"}
        return Answer(200, page, headers)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Send each response in one packet. With two packets, Nagle's algorithm waits 40 ms between head and body.
            wbufsize = -1

            def do_GET(self) -> None:
                self._serve({})

            def do_DELETE(self) -> None:
                self._serve({})

            def do_PATCH(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                self._serve(
                    json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
                )

            def _serve(self, body: Mapping[str, Any]) -> None:
                if not self.path.startswith(BASE):
                    return self._send(error(404, "outside_of_the_root"))
                request = Request(
                    self.command,
                    "/" + self.path[len(BASE) :],
                    {name.lower(): value for name, value in self.headers.items()},
                    body,
                )
                api.requests.append(request)
                return self._send(api.answer(request))

            def _send(self, answer: Answer) -> None:
                text = isinstance(answer.body, str)
                body = answer.body.encode() if text else json.dumps(answer.body).encode()
                headers = {
                    **api.headers,
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **answer.headers,
                }
                self.send_response(answer.status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Write no log."""

        return Handler
