"""A program on a person's machine. The program signs the person in with the browser, and calls the API on the person's
behalf.

    python3 examples/program/program.py https://auth.example.com/

The program needs only the standard library. The program follows RFC 8252: the browser does the sign-in, and a listener
on loopback receives the code. PKCE makes a stolen code useless. Tokens stay in this process and are never written to
disk. The stage must name the ports that the program may listen on: docs/clients.md, "Programs".
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import ssl
import time
import webbrowser
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

_TIMEOUT_SECONDS = 30
#: The program renews an access token this many seconds before the token expires.
_EARLY_SECONDS = 60
#: The clocks of the program and the server may differ by this many seconds.
_LEEWAY_SECONDS = 60
_PAGE = (
    b"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    b"<title>%s</title><p>%s You can close this window."
)


class ProgramError(Exception):
    """The sign-in or the call failed. The message is written for the person who runs the program."""


class Program:
    """One person's session with one API."""

    def __init__(
        self,
        root: str,
        *,
        ca_file: str | None = None,
        open_browser: Callable[[str], object] = webbrowser.open,
        wait_seconds: float = 300,
    ) -> None:
        """`root` is the URL of the API's root. `ca_file` names an additional certificate authority, for the local stack
        of `make up`."""
        self._root = root if root.endswith("/") else root + "/"
        if urlsplit(root).scheme != "https":
            raise ProgramError(
                "The API must be on https: over http, other people could read the token."
            )
        self._open_browser = open_browser
        self._wait_seconds = wait_seconds
        context = ssl.create_default_context(cafile=ca_file)
        # A redirect could send a token or a code to another server.
        self._http = build_opener(HTTPSHandler(context=context), _NoRedirects)
        self._server: dict[str, Any] = {}
        self._access_token = ""
        self._refresh_token = ""
        self._expires_at = 0.0

    def sign_in(self, provider: str | None = None) -> None:
        """Let the person sign in with the browser. `provider` is an identity provider's name; with None the person
        chooses."""
        self._server = self._discover()
        verifier = secrets.token_urlsafe(64)
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with _listen(self._server["redirect_uris"], state) as listener:
            query = {
                "response_type": "code",
                "client_id": self._server["client_id"],
                "redirect_uri": listener.redirect_uri,
                "scope": self._server["scope"],
                "state": state,
                "nonce": nonce,
                "code_challenge": _encode(hashlib.sha256(verifier.encode()).digest()),
                "code_challenge_method": "S256",
                **({"identity_provider": provider} if provider else {}),
            }
            self._open_browser(f"{self._server['authorization_endpoint']}?{urlencode(query)}")
            code = listener.wait(self._wait_seconds)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": listener.redirect_uri,
            "code_verifier": verifier,
        }
        tokens = self._ask_tokens(form)
        try:
            self._verify_id_token(str(tokens.get("id_token", "")), nonce)
        except ProgramError:
            self._revoke(str(tokens.get("refresh_token", "")))
            raise
        self._keep(tokens)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call a route with the access token, and return the parsed JSON. If the access token is about to expire, renew
        the token first."""
        if not self._refresh_token:
            raise ProgramError("Sign in first.")
        if time.time() > self._expires_at - _EARLY_SECONDS:
            self.refresh()
        url = urljoin(self._root, path.lstrip("/"))
        if not url.startswith(self._root):
            raise ProgramError("This path does not belong to the API.")
        request = Request(
            url, method=method, headers={"Authorization": f"Bearer {self._access_token}"}
        )
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return self._send(request)

    def refresh(self) -> None:
        """Renew the tokens. Each renewal brings a new refresh token; the old refresh token expires within seconds."""
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        self._keep(self._ask_tokens(form))

    def sign_out(self) -> None:
        """End the session at Cognito. The access token still works for up to ten minutes."""
        refresh_token, self._refresh_token, self._access_token = self._refresh_token, "", ""
        self._revoke(refresh_token)

    def _discover(self) -> dict[str, Any]:
        found = self._send(Request(urljoin(self._root, "auth/config"))).get("programs")
        if not isinstance(found, dict):
            raise ProgramError("This API has no sign-in for programs (gatehouse.loopback_ports).")
        for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
            parts = urlsplit(found[name])
            # Only the local AWS of `make up` may be without https.
            if parts.scheme != "https" and parts.hostname != "127.0.0.1":
                raise ProgramError(f"The {name} must be on https.")
        return found

    def _ask_tokens(self, form: Mapping[str, str]) -> dict[str, Any]:
        return dict(self._post(self._server["token_endpoint"], form))

    def _revoke(self, refresh_token: str) -> None:
        if refresh_token:
            self._post(self._server["revocation_endpoint"], {"token": refresh_token})

    def _post(self, url: str, form: Mapping[str, str]) -> Any:
        body = urlencode({**form, "client_id": self._server["client_id"]}).encode()
        return self._send(Request(url, body, {"Accept": "application/json"}))

    def _send(self, request: Request) -> Any:
        try:
            with self._http.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                text = answer.read()
        except HTTPError as error:
            raise ProgramError(f"{error.code} {_code_of(error.read())}".strip()) from None
        except (URLError, OSError) as error:
            raise ProgramError(
                f"No answer from {urlsplit(request.full_url).netloc}: {error}"
            ) from None
        return json.loads(text) if text else {}

    def _verify_id_token(self, token: str, nonce: str) -> None:
        """Check that the ID token belongs to this sign-in, and was not injected.

        The token came directly from the token endpoint over TLS. In this case TLS may replace the signature check
        (OpenID Connect Core 3.1.3.7, 6).
        """
        try:
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
            mine = (
                claims["token_use"] == "id"  # noqa: S105 - a kind, not a secret
                and claims["aud"] == self._server["client_id"]
                and claims["exp"] > time.time() - _LEEWAY_SECONDS
                and hmac.compare_digest(str(claims["nonce"]), nonce)
            )
        except (ValueError, KeyError, IndexError, TypeError):
            mine = False
        if not mine:
            raise ProgramError(
                "The response belongs to another sign-in. The program did not sign you in."
            )

    def _keep(self, tokens: Mapping[str, Any]) -> None:
        self._access_token = str(tokens["access_token"])
        self._refresh_token = str(tokens.get("refresh_token") or self._refresh_token)
        self._expires_at = time.time() + float(tokens["expires_in"])


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class _Listener(HTTPServer):
    """Waits on loopback for one request with the right state."""

    # On Windows, `allow_reuse_address` would let another program use the same port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, redirect_uri: str, state: str) -> None:
        parts = urlsplit(redirect_uri)
        super().__init__((str(parts.hostname), int(parts.port or 0)), _Handler)
        self.redirect_uri = redirect_uri
        self.path = parts.path
        self.state = state
        self.found: dict[str, str] | None = None

    def wait(self, seconds: float) -> str:
        """Return the code. Raises ProgramError if the sign-in is refused, or takes longer than `seconds`."""
        end = time.monotonic() + seconds
        while self.found is None:
            self.timeout = end - time.monotonic()
            if self.timeout <= 0:
                raise ProgramError("The time for the sign-in is over. Try again.")
            self.handle_request()
        if not self.found.get("code"):
            raise ProgramError(f"The sign-in was refused: {self.found.get('error', 'no code')}")
        return self.found["code"]

    def handle_error(self, *_: Any) -> None:
        """Ignore connections without a valid request."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    #: In seconds. A silent connection must not block the redirect.
    timeout = 5

    def do_GET(self) -> None:
        """Accept only the redirect with the right state, because any web page can send a request to this port."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        alone = {name: values[0] for name, values in query.items() if len(values) == 1}
        state = alone.get("state", "").encode()
        if parts.path != self.server.path or not hmac.compare_digest(
            state, self.server.state.encode()
        ):
            self.send_error(404)
            return
        self.server.found = alone
        text = (
            (b"Signed in", b"You are signed in.") if alone.get("code") else (b"Not signed in",) * 2
        )
        page = _PAGE % text
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Write no log, because the line would contain the code."""


def _listen(redirect_uris: list[str], state: str) -> _Listener:
    """Listen on the first free port in `redirect_uris`, the addresses that Cognito accepts."""
    for redirect_uri in redirect_uris:
        if urlsplit(redirect_uri).hostname != "127.0.0.1":
            raise ProgramError(
                "The API's configuration has an address that is not on this machine."
            )
        try:
            return _Listener(redirect_uri, state)
        except OSError:
            continue
    ports = ", ".join(str(urlsplit(each).port) for each in redirect_uris)
    raise ProgramError(
        f"Other programs use the ports ({ports}). Close one of them, then try again."
    )


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _code_of(body: bytes) -> str:
    try:
        return str(json.loads(body).get("error", ""))
    except (ValueError, AttributeError):
        return ""


def main() -> None:
    """Sign in and print the person's name. Call the paths that the person types, and sign out at the end."""
    parser = argparse.ArgumentParser(description="Sign in with the browser and call the API.")
    parser.add_argument("root", help="the API's root, such as https://auth.example.com/")
    parser.add_argument("--provider", help="an identity provider, such as Okta")
    parser.add_argument("--ca-file", help="`ca_file` of `python -m ops info --json`, for `make up`")
    options = parser.parse_args()
    try:
        program = Program(options.root, ca_file=options.ca_file)
        print("Sign in with the browser that opens.", flush=True)
        program.sign_in(options.provider)
    except ProgramError as error:
        raise SystemExit(str(error)) from None
    try:
        path = "me"
        while path:
            try:
                print(json.dumps(program.call("GET", path), indent=2), flush=True)
            except ProgramError as error:
                print(error, flush=True)
            path = input("GET (press Enter to sign out): ").strip()
    except (EOFError, KeyboardInterrupt):
        print()
    finally:
        try:
            program.sign_out()
            print("Signed out.", flush=True)
        except ProgramError as error:
            print(
                f"The session could not be ended, and continues until it expires: {error}",
                flush=True,
            )


if __name__ == "__main__":
    main()
