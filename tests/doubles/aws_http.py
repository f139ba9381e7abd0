"""An HTTP server on loopback that serves AWS doubles to the real botocore. The server uses the JSON protocol of
DynamoDB, Secrets Manager and Cognito."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

#: Maps the first half of X-Amz-Target to the service's name in boto3.
_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "secretsmanager": "secretsmanager",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}
#: The path of a call to Lambda, which contains the function's name. A call to Lambda has no X-Amz-Target.
_INVOKED = re.compile(r"/2015-03-31/functions/([A-Za-z0-9_-]+)/invocations")


def plain(value: object) -> float:
    """Convert a value that JSON cannot represent. A time becomes Unix seconds, as in AWS's responses."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)


@contextmanager
def served(clients: Mapping[str, Any]) -> Iterator[str]:
    """Serve doubles by service name on a free port. Yield the endpoint's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            if invoked := _INVOKED.fullmatch(self.path):
                clients["lambda"].invoke(
                    FunctionName=invoked[1], InvocationType="Event", Payload=body
                )
                self._answer(202, {})
                return
            arguments = json.loads(body or b"{}")
            service, _, operation = self.headers["X-Amz-Target"].partition(".")
            call = getattr(clients[_TARGETS[service]], xform_name(operation))
            try:
                self._answer(200, call(**arguments))
            except ClientError as error:
                said = error.response["Error"]
                self._answer(400, {"__type": said["Code"], "message": said["Message"]})

        def _answer(self, status: int, body: object) -> None:
            data = json.dumps(body, default=plain).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Discard the log line."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
