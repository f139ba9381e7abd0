"""Tests of examples/program: the requests of the program, and the responses that the program must refuse because they
are for another program."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from examples.program.program import Program, ProgramError
from ops.local.ports import free_ports

ROOT = "https://auth.example.com/api/"


class Cognito(ThreadingHTTPServer):
    """A server with Cognito's endpoints, and a browser that signs in at once. `request` replaces the API's HTTPS."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Endpoint)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.port, self.taken = free_ports(2)
        self.posts: list[tuple[str, dict[str, str]]] = []
        self.changes: dict[str, Any] = {}
        self.answer: Mapping[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.location = ""
        self.statuses: list[int] = []
        self.before: list[str] = []
        self.after = ""

    def config(self) -> dict[str, Any]:
        return {
            "client_id": "public",
            "redirect_uris": [f"http://127.0.0.1:{self.port}/callback"],
            "scope": "openid api/read",
            "authorization_endpoint": f"{self.url}/oauth2/authorize",
            "token_endpoint": f"{self.url}/oauth2/token",
            "revocation_endpoint": f"{self.url}/oauth2/revoke",
        }

    def browse(self, url: str) -> None:
        """Act as the browser: send the requests in `before`, then return with a code and with `after` in the query."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = f"/callback?code=good&state={self.asked['state']}"
        self.visit = threading.Thread(target=self._visit, args=([*self.before, back + self.after],))
        self.visit.start()

    def _visit(self, targets: list[str]) -> None:
        for target in targets:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
            with suppress(OSError):
                connection.request("GET", target.replace("STATE", self.asked["state"]))
                self.statuses.append(connection.getresponse().status)
            connection.close()

    def id_token(self) -> str:
        claims = {
            "token_use": "id",
            "aud": "public",
            "exp": time.time() + 600,
            "nonce": self.asked.get("nonce", ""),
            **self.changes,
        }
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        return f"header.{body}.signature"


class _Endpoint(BaseHTTPRequestHandler):
    server: Cognito

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.posts.append((self.path, form))
        turn = len([path for path, _ in self.server.posts if path == "/oauth2/token"])
        answer = {
            "access_token": f"access-{turn}",
            "id_token": self.server.id_token(),
            "refresh_token": f"refresh-{turn}",
            "expires_in": 600,
            **self.server.answer,
        }
        text = json.dumps(answer).encode() if self.path == "/oauth2/token" else b""
        self.send_response(302 if self.server.location else 200)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        """Write no log."""


@pytest.fixture
def cognito() -> Iterator[Cognito]:
    with Cognito() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def calls() -> list[tuple[str, str | None]]:
    """Return the calls to the API as pairs of address and token."""
    return []


@pytest.fixture
def program(
    cognito: Cognito, calls: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> Program:
    """Return a program with handwritten API responses. The API must use https, but the servers of this test use plain
    HTTP."""
    made = Program(ROOT, open_browser=cognito.browse, wait_seconds=10)
    send = made._send

    def answer(request: Any) -> Any:
        if request.full_url.startswith(cognito.url):
            return send(request)
        if request.full_url == f"{ROOT}auth/config":
            return {"programs": cognito.config()}
        calls.append((request.full_url, request.get_header("Authorization")))
        return {"ok": True}

    monkeypatch.setattr(made, "_send", answer)
    return made


def test_a_sign_in_a_call_a_renewal_and_the_way_out(
    program: Program, cognito: Cognito, calls: list[tuple[str, str | None]]
) -> None:
    """Each sign-in has a new PKCE verifier, state and nonce. The program always uses the newest refresh token."""
    cognito.answer = {"expires_in": 30}
    program.sign_in("Okta")
    asked = cognito.asked
    assert asked["identity_provider"] == "Okta"
    assert asked["code_challenge_method"] == "S256"
    path, form = cognito.posts[0]
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert (path, form["code"], form["client_id"]) == ("/oauth2/token", "good", "public")
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert min(len(asked["state"]), len(asked["nonce"]), len(form["code_verifier"])) >= 43
    cognito.answer = {}
    assert program.call("GET", "/me") == {
        "ok": True
    }  # only 30 seconds remain, so the program renews the token first
    program.call("POST", "orders", {"id": 1})
    assert calls == [(f"{ROOT}me", "Bearer access-2"), (f"{ROOT}orders", "Bearer access-2")]
    program.sign_out()
    refreshed, revoked = cognito.posts[1:]
    assert refreshed[1]["refresh_token"] == "refresh-1"
    assert revoked == ("/oauth2/revoke", {"token": "refresh-2", "client_id": "public"})
    with pytest.raises(ProgramError, match="Sign in first"):
        program.call("GET", "me")


def test_two_sign_ins_share_no_secret(program: Program, cognito: Cognito) -> None:
    """Each sign-in has its own verifier, state and nonce."""
    seen: list[str] = []
    for _ in range(2):
        program.sign_in()
        seen += [cognito.asked[name] for name in ("state", "nonce", "code_challenge")]
    assert "identity_provider" not in cognito.asked
    assert len(set(seen)) == 6


@pytest.mark.security("S-09")
@pytest.mark.parametrize(
    "foreign",
    [
        *("/callback?code=evil&state=guess", "/callback?code=evil", "/favicon.ico"),
        *("/callback?error=access_denied&state=guess", "/other?code=evil&state=STATE"),
        *("/callback?code=evil&state=STATE&state=guess", "/callback?code=evil&state=%C3%A9"),
    ],
)
def test_whoever_does_not_know_the_state_neither_ends_nor_steers_the_sign_in(
    program: Program, cognito: Cognito, foreign: str
) -> None:
    """While the program waits, any page in any browser on the same machine can send requests to the program's port."""
    cognito.before = [foreign]
    program.sign_in()
    cognito.visit.join()
    assert cognito.statuses == [404, 200]
    assert cognito.posts[0][1]["code"] == "good"


def test_a_doubled_code_is_no_code(program: Program, cognito: Cognito) -> None:
    """The program refuses a request with two codes. Otherwise, the sender could choose which code the program uses."""
    cognito.after = "&code=evil"
    with pytest.raises(ProgramError, match="refused: no code"):
        program.sign_in()
    assert cognito.posts == []


def test_a_refusal_is_told(program: Program, cognito: Cognito) -> None:
    """The error has the provider's error code."""
    cognito.before = ["/callback?error=access_denied&state=STATE"]
    with pytest.raises(ProgramError, match="refused: access_denied"):
        program.sign_in()


@pytest.mark.security("S-23")
@pytest.mark.parametrize(
    "changes",
    [
        *({"nonce": "another"}, {"nonce": None}, {"aud": "2other"}, {"aud": ["public"]}),
        *({"token_use": "access"}, {"exp": 1}),
    ],
)
def test_tokens_of_another_sign_in_are_given_back(
    program: Program, cognito: Cognito, changes: dict[str, Any]
) -> None:
    """If a stranger could inject a code, the person would work in the stranger's account."""
    cognito.changes = changes
    with pytest.raises(ProgramError, match="another sign-in"):
        program.sign_in()
    assert cognito.posts[-1] == ("/oauth2/revoke", {"token": "refresh-1", "client_id": "public"})
    with pytest.raises(ProgramError, match="Sign in first"):
        program.call("GET", "me")


@pytest.mark.security("S-14")
def test_no_redirect_is_followed(program: Program, cognito: Cognito) -> None:
    """A redirect would send the code or the refresh token to another server."""
    cognito.location = f"{cognito.url}/elsewhere"
    with pytest.raises(ProgramError, match="302"):
        program.sign_in()
    assert [path for path, _ in cognito.posts] == ["/oauth2/token"]


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "../admin", "http:me", "//evil.example/x", "\thttps://evil/"]
)
def test_the_token_goes_nowhere_but_below_the_root(
    program: Program, calls: list[tuple[str, str | None]], path: str
) -> None:
    """The program refuses a path that leads to an address outside of the API."""
    program.sign_in()
    with suppress(ProgramError):
        program.call("GET", path)
    assert all(url.startswith(ROOT) for url, _ in calls), calls


def test_ports_that_are_taken_are_named(program: Program, cognito: Cognito) -> None:
    """The program tries every port in its list. If all ports are taken, the error names the ports."""
    first = f"http://127.0.0.1:{cognito.taken}/callback"
    config = {**cognito.config(), "redirect_uris": [first, *cognito.config()["redirect_uris"]]}
    cognito.config = lambda: config  # type: ignore[method-assign]
    with ThreadingHTTPServer(("127.0.0.1", cognito.taken), BaseHTTPRequestHandler):
        program.sign_in()
        assert cognito.posts[0][1]["redirect_uri"].endswith(f":{cognito.port}/callback")
        config["redirect_uris"] = [first]
        with pytest.raises(ProgramError, match=f"use the ports \\({cognito.taken}\\)"):
            program.sign_in()


@pytest.mark.security("S-64")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redirect_uris": ["http://0.0.0.0:53682/callback"]}, "not on this machine"),
        ({"redirect_uris": ["https://evil.example/callback"]}, "not on this machine"),
        ({"token_endpoint": "http://auth.example.com/oauth2/token"}, "must be on https"),
    ],
)
def test_what_would_leave_the_machine_is_refused(
    program: Program, cognito: Cognito, change: dict[str, Any], said: str
) -> None:
    """The program refuses a redirect URI that is not on this machine, and a token endpoint without https."""
    config = {**cognito.config(), **change}
    cognito.config = lambda: config  # type: ignore[method-assign]
    with pytest.raises(ProgramError, match=said):
        program.sign_in()


def test_an_api_in_the_clear_is_refused() -> None:
    """Any listener on the network could read the access token."""
    with pytest.raises(ProgramError, match="https"):
        Program("http://auth.example.com/")


def test_a_stage_without_programs_says_so(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default a stage has no client for programs."""
    monkeypatch.setattr(program, "_send", lambda request: {"app": "Gatehouse"})
    with pytest.raises(ProgramError, match="loopback_ports"):
        program.sign_in()


def test_waiting_has_an_end(program: Program, cognito: Cognito) -> None:
    """If the person does not sign in, the program stops waiting and frees the port."""
    program._wait_seconds = 0.01
    cognito.browse = lambda url: None  # type: ignore[method-assign,assignment]
    program._open_browser = cognito.browse
    with pytest.raises(ProgramError, match="time for the sign-in is over"):
        program.sign_in()
    with ThreadingHTTPServer(("127.0.0.1", cognito.port), BaseHTTPRequestHandler):
        pass
