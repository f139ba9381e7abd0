"""The program that runs in a fresh process. The program imports one subject, sends the given events to the subject, and
prints CPU times as one line of JSON.

The program imports as few modules as possible. Otherwise, a module that a subject needs could already be loaded when
the measurement begins. The measurement begins just before the subject's import and ends with the subject's response.
The figures are the CPU time of the whole process (user and system) and the elapsed time. The program also prints the
peak of the process's memory after the first round.
"""

import _socket
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


class Context:
    """A Lambda context with the attributes that our subjects need."""

    aws_request_id = "bench"
    function_name = "bench"
    memory_limit_in_mb = "512"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:bench"


def main() -> None:
    """Read `module`, `attribute` and the plan from the arguments."""
    module, attribute, text = sys.argv[1:4]
    plan = json.loads(text)
    _lead_to_loopback()
    loads = _count_bundles() if plan.get("count_bundles") else []
    began, started = time.monotonic(), time.process_time()
    subject = getattr(__import__(module, fromlist=[attribute]), attribute)
    imported = time.process_time() - started
    journey = Journey(subject, plan["steps"])
    cold = journey.run()
    cold[0] += imported
    found = {"cold": cold, "wall": time.monotonic() - began, "peak": _peak()}
    began = time.monotonic()
    rounds: list[list[float]] = [journey.run() for _ in range(plan["warm"])]
    found["seconds"] = (time.monotonic() - began) / max(1, plan["warm"])
    found["crowds"] = [_crowd(subject, plan["steps"], people) for people in plan.get("crowds", ())]
    warm = [sorted(times)[len(times) // 2] for times in zip(*rounds, strict=True)]
    found |= {"warm": warm, "jar": journey.jar, "at": journey.location, "bundles": len(loads)}
    print("\n" + json.dumps(found))


def _crowd(subject: Callable[[Any, Any], Any], steps: list[dict[str, Any]], people: int) -> float:
    """Let `people` persons sign in at once: everybody finishes a step before anybody begins the next step. Return the
    CPU seconds per person.

    A small group signs in several times, so that the figure does not come from a single measurement.
    """
    crowds = max(1, 50 // people)
    taken = 0.0
    for _ in range(crowds):
        journeys = [Journey(subject, steps) for _ in range(people)]
        taken += sum(each.take(step) for step in steps for each in journeys)
    return taken / people / crowds


def _lead_to_loopback() -> None:
    """Resolve AWS's host names to the address of the benchmark's server. This function replaces a function of `socket`,
    because such a replacement needs no further import."""
    port = int(os.environ.get("BENCHMARK_PORT", "0"))
    resolve = _socket.getaddrinfo

    def getaddrinfo(host: Any, service: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if port and name.endswith((".amazonaws.com", ".amazoncognito.com")):
            host, service = "127.0.0.1", port
        return resolve(host, service, *rest, **named)

    setattr(_socket, "getaddrinfo", getaddrinfo)  # noqa: B010 - typeshed calls it a constant


def _count_bundles() -> list[str]:
    """Count how often CA certificates are read. A run that measures time does not call this function, because the
    function imports `ssl`."""
    import ssl

    loads: list[str] = []

    def noted(name: str) -> None:
        load = getattr(ssl.SSLContext, name)

        def call(*arguments: Any, **named: Any) -> Any:
            loads.append(name)
            return load(*arguments, **named)

        setattr(ssl.SSLContext, name, call)

    noted("load_verify_locations")
    noted("set_default_verify_paths")
    return loads


def _peak() -> int:
    """Return the process's peak memory in kB, or 0 if the system does not report the peak."""
    try:
        # This code uses `open` and not pathlib, because an import of pathlib would count as an import of the subject.
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        return 0


class Journey:
    """A browser that makes the requests in `steps`. `jar` maps each cookie's name to a list of two items: the cookie's
    value, and whether the cookie's SameSite is Lax. `location` is the address of the last redirect."""

    def __init__(self, subject: Callable[[Any, Any], Any], steps: list[dict[str, Any]]) -> None:
        self._subject = subject
        self._steps = steps
        self.jar: dict[str, list[Any]] = {}
        self.location = ""

    def run(self) -> list[float]:
        """Take every step; return the CPU seconds of each step."""
        return [self.take(step) for step in self._steps]

    def take(self, step: dict[str, Any]) -> float:
        """Take one step; return its CPU seconds."""
        event = step["event"]
        self.jar.update(step.get("jar", {}))
        if step.get("cookies"):
            pairs = [
                f"{name}={value}"
                for name, (value, lax) in self.jar.items()
                if lax or step["cookies"] == "all"
            ]
            event["headers"]["Cookie"] = "; ".join(pairs)
            event["multiValueHeaders"]["Cookie"] = ["; ".join(pairs)]
        if step.get("back"):
            # The loopback server accepts the nonce as the authorization code. The browser therefore needs no code from
            # Cognito's authorize endpoint, and sends no request to Cognito.
            sent = dict(
                pair.split("=", 1)
                for pair in (step.get("at") or self.location).split("?")[1].split("&")
            )
            query = {
                "code": sent["nonce"].replace("%3D", "="),
                "state": sent["state"].replace("%3D", "="),
            }
            event["queryStringParameters"] = query
            event["multiValueQueryStringParameters"] = {n: [v] for n, v in query.items()}
        context = Context()
        began = time.process_time()
        answer = self._subject(event, context)
        taken = time.process_time() - began
        if step["contains"] not in json.dumps(answer):
            raise SystemExit(f"unexpected answer: {answer}")
        self._keep(answer)
        return taken

    def _keep(self, answer: dict[str, Any]) -> None:
        several = {n.lower(): v for n, v in (answer.get("multiValueHeaders") or {}).items()}
        single = {n.lower(): [v] for n, v in (answer.get("headers") or {}).items()}
        headers = {**single, **several}
        for text in headers.get("set-cookie", ()):
            pair, _, attributes = text.partition(";")
            name, _, value = pair.partition("=")
            if "max-age=0" not in attributes.lower():
                self.jar[name] = [value, "samesite=strict" not in attributes.lower()]
            else:
                self.jar.pop(name, None)
        self.location = "".join(headers.get("location", ())[:1]) or self.location
