"""Catalogue entries: the hosted sign-in with authorize request and callback (S-01 … S-17)."""

from typing import Any

from chalicelib.gatehouse.errors import SignInError
from tests.soak.defence import Defence, calling_in, defence, reading, value, wrapped
from tests.soak.template import template_with

_FLOW = "chalicelib.gatehouse.flows.hosted_sign_in:HostedSignIn"
_TRANSACTIONS = "chalicelib.gatehouse.sealed.transactions:LoginTransactions"
_SESSION_MODULE = "chalicelib.gatehouse.sealed.transactions"


def _address_by_host(url: Any) -> Any:
    """Build the address from the request's headers, as many frameworks do."""

    def believing(call: Any) -> Any:
        host = call.header("x-forwarded-host") or call.header("host")
        found = url.func(call)
        return found._replace(origin=f"https://{host}") if host else found

    return property(believing)


_kept: dict[str, Any] = {}


def _remembering(begin: Any, *args: Any, **named: Any) -> Any:
    transaction = begin(*args, **named)
    _kept[transaction.state] = transaction
    return transaction


def _kept_on_the_server(load: Any, self: Any, cookies: Any, state: str) -> Any:
    return _kept.get(state) or load(self, cookies, state)


def _reflecting(original: Any, error: str, description: str) -> Any:
    class Reflected(SignInError):
        code = error

    return Reflected(description)


def _unverified(original: Any, self: Any, token: str, **_: Any) -> Any:
    import jwt

    from chalicelib.gatehouse.cognito.tokens import _identity

    return _identity(jwt.decode(token, options={"verify_signature": False}))


def _following(request: Any, *args: Any, **named: Any) -> Any:
    return request(*args, **{**named, "redirect": True, "retries": 3})


HOSTED: tuple[Defence, ...] = (
    defence(
        "authorization-code-only",
        "S-01",
        "the app client offers the implicit flow as well",
        ("ops.identity_stack:TEMPLATE", template_with("[code]", "[code, implicit]")),
    ),
    defence(
        "fresh-code-verifier",
        "S-02",
        "every login uses the same code_verifier",
        (
            f"{_TRANSACTIONS}.begin",
            reading(
                ("code_verifier=secrets.token_urlsafe(_RANDOM_BYTES)", 'code_verifier="v" * 43')
            ),
        ),
    ),
    defence(
        "long-state",
        "S-03",
        "state has 64 random bits",
        (
            f"{_TRANSACTIONS}.begin",
            reading(
                ('f"{now:08x}" + secrets.token_urlsafe(_RANDOM_BYTES)', "secrets.token_urlsafe(8)")
            ),
        ),
    ),
    defence(
        "independent-nonce",
        "S-03",
        "the nonce is the same at every login",
        (
            f"{_TRANSACTIONS}.begin",
            reading(("nonce=secrets.token_urlsafe(_RANDOM_BYTES)", 'nonce="n" * 43')),
        ),
    ),
    defence(
        "address-from-request-context",
        "S-04",
        "redirect_uri is built from Host and X-Forwarded-Host",
        ("chalicelib.gatehouse.routes.call:Call.url", _address_by_host),
    ),
    defence(
        "minimal-scopes",
        "S-05",
        "a sign-in also requests the scope of Cognito's user API",
        (
            "chalicelib.gatehouse.flows.hosted_sign_in:OAuthClient.build_authorize_url",
            reading(('" ".join(SCOPES)', '" ".join((*SCOPES, "aws.cognito.signin.user.admin"))')),
        ),
        # If only this defence is off, another defence refuses the resulting token. The entry therefore switches off
        # both defences.
        (
            "chalicelib.gatehouse.cognito.tokens:TokenVerifier.verify_access_token",
            reading(("USER_ADMIN_SCOPE in scope.split()", "False")),
        ),
        tests=("tests/component/test_login.py",),
    ),
    defence(
        "user-api-scope-refused",
        "S-05",
        "an access token that may change the profile reaches the browser",
        (
            "chalicelib.gatehouse.cognito.tokens:TokenVerifier.verify_access_token",
            reading(("USER_ADMIN_SCOPE in scope.split()", "False")),
        ),
    ),
    defence(
        "user-api-scope-suppressed",
        "S-05",
        "the token trigger leaves the scope of Cognito's user API in place",
        ("chalicelib.gatehouse.triggers.token_claims:USER_ADMIN_SCOPE", value("none")),
        tests=("tests/unit/test_token_claims.py",),
    ),
    defence(
        "provider-allowlist",
        "S-06",
        "any text is passed on as identity_provider",
        (
            f"{_FLOW}._choose_provider",
            reading(("self._providers.find(provider) is not None", "True")),
        ),
    ),
    defence(
        "return-to-checked-at-login",
        "S-07",
        "return_to may be any text with allowed characters",
        ("chalicelib.gatehouse.edge.redirects:_stays_below", value(lambda value, base_path: True)),
    ),
    defence(
        "return-to-characters",
        "S-07",
        "return_to may contain control characters and backslashes",
        (
            "chalicelib.gatehouse.edge.redirects:parse_return_to",
            reading(("or not _SAFE.issuperset(value)", "")),
        ),
        (
            "chalicelib.gatehouse.edge.redirects:_is_plain_path",
            reading(
                (
                    'or "\\\\" in path or any(ord(char) < 0x20 or ord(char) == 0x7F for char in path)',
                    "",
                )
            ),
        ),
    ),
    defence(
        "return-to-checked-again-at-callback",
        "S-07",
        "the callback does not check the transaction's return_to again",
        (
            "chalicelib.gatehouse.routes.call:Call.parse_place",
            calling_in("callback", lambda original, call, wish, *rest: wish),
        ),
    ),
    defence(
        "transaction-ten-minutes",
        "S-08",
        "a login transaction is valid for a day",
        (f"{_SESSION_MODULE}:LIFETIME_SECONDS", value(86_400)),
    ),
    defence(
        "doubled-state-refused",
        "S-09",
        "if there are several `state` parameters, the first one is used",
        ("chalicelib.gatehouse.routes.auth:_find", reading(("len(states) > 1", "False"))),
    ),
    defence(
        "reads-for-a-login-cookie-alone",
        "S-09",
        "any callback without a transaction makes a new container read secrets, keys and providers",
        (
            f"{_FLOW}.reading_ahead",
            reading(("states and cookie_name(states[0]) in cookies", "states")),
        ),
    ),
    defence(
        "state-bound-to-the-browser",
        "S-09 S-10",
        "transactions are stored on the server, so every browser that knows a state can use them",
        (f"{_TRANSACTIONS}.begin", wrapped(_remembering)),
        (f"{_TRANSACTIONS}.load", wrapped(_kept_on_the_server)),
    ),
    defence(
        "transaction-expires",
        "S-11 S-08",
        "a transaction of any age is accepted",
        (
            f"{_TRANSACTIONS}.load",
            reading(("transaction.expires_at <= self._clock()", "False")),
        ),
    ),
    defence(
        "transaction-cleared",
        "S-11",
        "the callback does not clear the login cookie",
        (f"{_SESSION_MODULE}:MAX_CLEARED", value(0)),
        (f"{_TRANSACTIONS}.surplus", value(lambda self, *_: [])),
    ),
    defence(
        "prefetch-spends-nothing",
        "S-11 S-29",
        "requests that a browser makes in advance (prefetch) begin and end sign-ins",
        ("chalicelib.gatehouse.edge.prefetches:is_prefetch", value(lambda headers: False)),
        tests=("tests/component/test_used_callbacks.py",),
    ),
    defence(
        "failure-leads-no-further-than-a-success",
        "S-07",
        "the page gets the transaction's return address without a check",
        (
            "chalicelib.gatehouse.routes.call:Call.parse_place",
            calling_in("_error_location", lambda original, call, wish, *rest: wish),
        ),
        tests=("tests/component/test_way_back.py",),
    ),
    defence(
        "page-asks-the-server-where-to-go",
        "S-07",
        "the configuration returns every return address in the request",
        (
            "chalicelib.gatehouse.routes.call:Call.parse_place",
            calling_in("_wanted", lambda original, call, wish, *rest: wish or "/api/"),
        ),
        tests=("tests/component/test_way_back.py",),
    ),
    defence(
        "issuers-are-exact",
        "S-06",
        "an issuer that only begins with a provider's issuer selects this provider",
        (
            "chalicelib.gatehouse.store.providers:ProviderStore.find_by_issuer",
            reading(("each.issuer == wanted", "wanted.startswith(each.issuer)")),
        ),
        tests=("tests/component/test_tiles.py",),
    ),
    defence(
        "hint-is-an-address",
        "S-06",
        "any text is passed on as login_hint",
        (
            "chalicelib.gatehouse.cognito.oauth:OAuthClient.build_authorize_url",
            reading(("and _HINT.fullmatch(login_hint)", "")),
        ),
        tests=("tests/component/test_tiles.py",),
    ),
    defence(
        "transaction-of-this-state",
        "S-12",
        "any transaction of the browser is accepted for a state",
        (
            f"{_TRANSACTIONS}.load",
            reading(
                (
                    "not secrets.compare_digest(transaction.state.encode(), state.encode())",
                    "False",
                )
            ),
        ),
    ),
    defence(
        "errors-are-fixed-codes",
        "S-13",
        "the error text in the callback's URL is passed on to the page",
        ("chalicelib.gatehouse.flows.hosted_sign_in:map_callback_error", wrapped(_reflecting)),
    ),
    defence(
        "certificates-are-verified",
        "S-25 S-59",
        "the certificates of Cognito, DynamoDB and Secrets Manager are not checked",
        (
            "chalicelib.gatehouse.tls:shared_context",
            reading(
                (
                    "_context = context",
                    "context.check_hostname = False; context.verify_mode = 0; _context = context",
                )
            ),
        ),
        tests=("tests/faults/test_certificates.py",),
    ),
    defence(
        "token-request-follows-no-redirect",
        "S-14",
        "the token request follows redirects and sends secret and code along",
        ("urllib3:PoolManager.request", wrapped(_following)),
    ),
    defence(
        "issuer-of-the-callback",
        "S-15",
        "a callback that names another issuer is accepted",
        (
            f"{_FLOW}.finish",
            reading(
                (
                    "query.issuer is not None and query.issuer not in both_forms(self._settings.issuer)",
                    "False",
                )
            ),
        ),
    ),
    defence(
        "session-after-every-check",
        "S-16",
        "session and record come from an unverified ID token",
        (
            "chalicelib.gatehouse.cognito.tokens:TokenVerifier.verify_id_token",
            calling_in("_start", _unverified),
        ),
    ),
    defence(
        "both-tokens-name-one-person",
        "S-16",
        "ID token and access token may name different people",
        (f"{_FLOW}._start", reading(("access.sub != identity.sub", "False"))),
    ),
    defence(
        "access-token-belongs-to-id-token",
        "S-16",
        "at_hash is not compared",
        (
            "chalicelib.gatehouse.cognito.tokens:TokenVerifier.verify_id_token",
            reading(
                (
                    "access_token is not None and at_hash is not None and at_hash != _at_hash(access_token)",
                    "False",
                )
            ),
        ),
    ),
    defence(
        "clean-uncached-callback",
        "S-17",
        "the callback's response may be cached, and the next page gets its URL as referrer",
        (
            "chalicelib.gatehouse.edge.security_headers:SECURITY_HEADERS",
            lambda headers: {
                name: text
                for name, text in headers.items()
                if name not in ("Cache-Control", "Referrer-Policy")
            },
        ),
    ),
)
