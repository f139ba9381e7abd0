"""A stand-in for Lambda's Runtime API, and one container whose function uses this stand-in.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

_SECONDS = 30.0
_ARN = "arn:aws:lambda:us-east-1:000000000000:function:gatehouse"


@dataclass(frozen=True)
class Outcome:
    """A function's result, or the error that Lambda would get. `kind` is the last part of the request's path."""

    kind: str
    document: Any


class _Quiet(ThreadingHTTPServer):
    """A server that ignores connection errors after a container has ended."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error."""


class Container:
    """One process that runs a function with AWS's runtime client, `awslambdaric`. The first `invoke` is a cold start,
    and later calls are warm."""

    def __init__(
        self, python: Path, task_root: Path, handler: str, environment: Mapping[str, str]
    ) -> None:
        self._logged: str | None = None
        self._events: queue.Queue[Any] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._server = _Quiet(("127.0.0.1", 0), _handler(self._events, self._outcomes))
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._process = subprocess.Popen(
            [python, "-m", "awslambdaric", handler],
            cwd=task_root,
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
                "AWS_LAMBDA_FUNCTION_NAME": "gatehouse",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "LAMBDA_TASK_ROOT": str(task_root),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def invoke(self, event: Any) -> Outcome:
        """Send the event to the function, and wait for the result."""
        self._events.put(event)
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return self._outcomes.get(timeout=0.2)
            except queue.Empty:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(
                        f"the function's process has ended: {self.stop()}"
                    ) from None

    def stop(self) -> str:
        """End the process, and return its log. A second call changes nothing."""
        if self._logged is None:
            self._process.kill()
            self._logged, _ = self._process.communicate()
            self._events.put(None)
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        return self._logged


def _handler(
    events: queue.Queue[Any], outcomes: queue.Queue[Outcome]
) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer `/2018-06-01/runtime/invocation/next`: wait for an event."""
            event = events.get()
            if event is None:
                return
            body = json.dumps(event).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 25) * 1000)))
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-0-0;Sampled=0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", _ARN)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            """Answer `…/invocation/ID/response`, `…/invocation/ID/error` and `…/init/error`."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = "init" if "/init/" in self.path else self.path.rsplit("/", 1)[-1]
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            outcomes.put(Outcome(kind, json.loads(body or b"null")))

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    return RuntimeApi
