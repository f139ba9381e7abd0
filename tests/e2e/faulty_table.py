"""A proxy between the deployed functions and the local DynamoDB, which changes the responses of one table."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from tests.e2e.stack import Stack

#: The delay of a slow table's response, in seconds. The table has already written the data when the delay begins.
SLOW_SECONDS = 3.0
_FUNCTIONS = ("", "-user_records")
_THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded.",
}
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "server", "date", "transfer-encoding"}


@dataclass
class FaultyTable:
    """A proxy that passes calls to `upstream`. While a fault is set, calls that name `table` get the fault."""

    upstream: str
    table: str
    fault: str | None = None
    #: The operations that got a fault, in the order of the calls.
    spoiled: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(self, fault: str) -> Iterator[None]:
        """Make the table `throttled`, `down` (the connection ends without a response) or `slow` inside the `with` block."""
        self.fault, self.spoiled = fault, []
        try:
            yield
        finally:
            self.fault = None


def _handler(faulty: FaultyTable) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ours = json.loads(body).get("TableName", "").endswith(faulty.table)
            fault = faulty.fault if ours else None
            if fault is not None:
                faulty.spoiled.append(self.headers["X-Amz-Target"].rpartition(".")[2])
            if fault == "down":
                self.close_connection = True
                return
            if fault == "throttled":
                self._answer(400, {}, json.dumps(_THROTTLED).encode())
                return
            told = requests.post(
                faulty.upstream, data=body, headers=dict(self.headers.items()), timeout=10
            )
            if fault == "slow":
                threading.Event().wait(SLOW_SECONDS)
            kept = {k: v for k, v in told.headers.items() if k.lower() not in _HOP_BY_HOP}
            self._answer(told.status_code, kept, told.content)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the caller has closed the connection

        def log_message(self, *_: object) -> None:
            """Discard the log line."""

    return Handler


@contextmanager
def faulty_users_table(stack: Stack) -> Iterator[FaultyTable]:
    """Put the proxy between the deployed functions and DynamoDB. Remove the proxy afterwards."""
    faulty = FaultyTable(stack.info["aws_endpoint_url"], stack.info["users_table"])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(faulty))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    functions = stack.aws("lambda")
    names = [f"gatehouse-{stack.info['stage']}{suffix}" for suffix in _FUNCTIONS]
    before = {
        name: functions.get_function_configuration(FunctionName=name)["Environment"]
        for name in names
    }
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        for name in names:
            variables = {**before[name]["Variables"], "AWS_ENDPOINT_URL_DYNAMODB": endpoint}
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": variables}
            )
        yield faulty
    finally:
        for name in names:
            functions.update_function_configuration(FunctionName=name, Environment=before[name])
        server.shutdown()
        server.server_close()
