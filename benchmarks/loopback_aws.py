"""A server on loopback that answers like Cognito's OAuth endpoints, DynamoDB and Secrets Manager. The measured
processes call this server.

One port speaks plain HTTP. The other port uses TLS with AWS's own host names, and `benchmarks.child` resolves these
names to loopback. The server answers at once and checks nothing, so a call takes the same short time for every subject.
The token endpoint accepts a nonce as the authorization code. The strict test doubles of the same services are in
tests/doubles.
"""

import json
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.doubles.cognito import CognitoDouble, Person, default_jwks
from tests.faults.certificates import Authority

REGION = "eu-west-1"
POOL = f"{REGION}_BenchPool"
CLIENT_ID = "1example23456789"
CLIENT_SECRET = "client-secret-of-the-benchmark"
SEALING_KEY = "sealing-key-of-the-benchmark-" + "k" * 40
DOMAIN = "api.example.com"
COGNITO = f"bench.auth.{REGION}.amazoncognito.com"
#: The host names that subjects call over TLS.
HOSTS = (
    COGNITO,
    *(f"{name}.{REGION}.amazonaws.com" for name in ("cognito-idp", "dynamodb", "secretsmanager")),
)
SCOPE = "openid profile email api/read api/write"

_BUNDLE = "certifi/cacert.pem"
_SECRETS = {
    "arn:client": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    "arn:keys": {"current": "k1", "k1": SEALING_KEY},
}
_RECORD = {
    "userName": "Okta_00u1ada",
    "ClientId": CLIENT_ID,
    "Email": "ada@example.org",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "status": "CONFIRMED",
}


class LoopbackAws:
    """The server's address, the environment variables that lead subjects to this address, and the received calls."""

    def __init__(self, port: int, tls_port: int = 0, site: Path = Path()) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.calls: list[str] = []
        self.connections = 0
        #: The number of seconds that the server waits before each answer. The wait stands for the delay of a network.
        self.delay = 0.0
        self._site = site
        self._tls_port = tls_port
        clock: Any = time.time
        self.cognito = CognitoDouble(
            clock=clock,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            url=self.url,
            issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{POOL}",
            redirect_uris=frozenset(),
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables for plain HTTP (STAGE=local allows plain HTTP). The variables are the same
        for every subject."""
        return {
            **self._shared,
            "STAGE": "local",
            "AWS_ENDPOINT_URL": self.url,
            "COGNITO_URL": self.url,
            "JWKS_URL": f"{self.url}/.well-known/jwks.json",
        }

    @property
    def tls_environment(self) -> dict[str, str]:
        """Return the environment variables for TLS. The variables are the same for every subject. The addresses differ
        from AWS's addresses in nothing but the port."""
        return {
            **self._shared,
            "STAGE": "prod",
            "COGNITO_URL": f"https://{COGNITO}",
            "JWKS_URL": f"https://cognito-idp.{REGION}.amazonaws.com/{POOL}/.well-known/jwks.json",
            "BENCHMARK_PORT": str(self._tls_port),
            # Code that uses neither certifi nor botocore, such as Python's `urllib`, reads this variable.
            "SSL_CERT_FILE": str(self._site / _BUNDLE),
            "PYTHONPATH": str(self._site),
        }

    @property
    def _shared(self) -> dict[str, str]:
        return {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_EC2_METADATA_DISABLED": "true",
            "USER_POOL_ID": POOL,
            "CLIENT_ID": CLIENT_ID,
            "PUBLIC_URL": f"https://{DOMAIN}/api",
            "CLIENT_SECRET_ARN": "arn:client",
            "SEALING_KEYS_SECRET_ARN": "arn:keys",
            "USERS_TABLE": "users",
            "PROVIDERS_TABLE": "providers",
            "SESSIONS_TABLE": "sessions",
        }

    def answer(self, operation: str, body: bytes) -> tuple[str, Any]:
        """Return the name under which the call is counted, and the JSON of the answer."""
        if operation.endswith("jwks.json"):
            return "Cognito keys", {"keys": default_jwks()}
        if operation == "/oauth2/token":
            code = parse_qs(body.decode()).get("code", [None])[0]
            access = self.cognito.access_token(Person(), SCOPE)
            answer = {
                "access_token": access,
                "id_token": self.cognito.id_token(Person(), code, access),
                "refresh_token": "refresh-".ljust(1900, "r"),
                "token_type": "Bearer",
                "expires_in": 600,
            }
            return f"Cognito token ({'code' if code else 'refresh'})", answer
        target = operation.rpartition(".")[2]
        if target == "GetSecretValue":
            arn = json.loads(body)["SecretId"]
            return "Secrets Manager", {"ARN": arn, "SecretString": json.dumps(_SECRETS[arn])}
        called = f"DynamoDB {target} {json.loads(body).get('TableName', '')}".rstrip()
        if called == "DynamoDB GetItem users":
            return called, {"Item": {name: {"S": value} for name, value in _RECORD.items()}}
        # a Query returns no items, because the person has no other sessions
        return called, {"Items": [], "Count": 0} if target == "Query" else {}


@contextmanager
def served() -> Iterator[LoopbackAws]:
    """Serve on two free ports."""
    import certifi

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            aws.connections += 1
            super().setup()

        def do_GET(self) -> None:
            self._answer(self.path, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._answer(self.headers.get("X-Amz-Target") or self.path, body)

        def _answer(self, operation: str, body: bytes) -> None:
            name, answer = aws.answer(operation, body)
            aws.calls.append(name)
            time.sleep(aws.delay)
            data = json.dumps(answer).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as plain,
        _TlsServer(("127.0.0.1", 0), Handler) as secure,
    ):
        authority = Authority(Path(folder))
        secure.context = authority.server("aws", days=10, host=HOSTS[0], also=HOSTS[1:])
        # `site` contains a copy of certifi with one more certificate in the bundle. Python finds the copy before the
        # installed certifi.
        site = Path(folder) / "site"
        shutil.copytree(Path(certifi.__file__).parent, site / "certifi")
        with (site / _BUNDLE).open("ab") as bundle:
            bundle.write(authority.bundle.read_bytes())
        aws = LoopbackAws(plain.server_port, secure.server_port, site)
        threads = [
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            for server in (plain, secure)
        ]
        for thread in threads:
            thread.start()
        try:
            yield aws
        finally:
            for server, thread in zip((plain, secure), threads, strict=True):
                server.shutdown()
                thread.join()


class _TlsServer(ThreadingHTTPServer):
    """A server that performs the TLS handshake in the connection's own thread, so that no connection waits for another."""

    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            secure = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with secure:
            super().finish_request(secure, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Do nothing, because the TLS socket has replaced the original socket."""
