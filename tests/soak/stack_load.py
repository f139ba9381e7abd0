"""Puts load on a complete local stack: real HTTP, the deployed functions, IAM, tables. Part of `make soak`.

`python -m tests.soak.stack_load [--people N] [--seconds N]` starts a separate stack. N people sign in at the same
moment: one half through the Okta stand-in, the other half by password on our own routes. Then the people refresh and
call the API. The program checks that every response belongs to the caller, and that the table contains exactly these
people. The program uses only the loopback interface.

The people's IP addresses are 127.0.1.1 and so on, with ten people for each address. The throttle therefore sees
attempts from many addresses instead of one address. (The stack's proxy reports the true peer address and ignores
headers.)

All sign-ins run at the same time. At most `IN_FLIGHT` requests are open at a time, because the local AWS starts a
process for each parallel request on this one machine.
"""

import argparse
import base64
import json
import random
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from threading import Barrier, BoundedSemaphore, Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter

from tests.e2e.stack import Stack, Visitor
from tests.own_stack import own_stack_info

PASSWORD = "correct horse battery"
PEOPLE_PER_ADDRESS = 10
IN_FLIGHT = 16
#: The maximum time for all sign-ins together, including repeated attempts.
PATIENCE_SECONDS = 240


class _Session(requests.Session):
    """An HTTP session that waits for its turn before each request."""

    turns = BoundedSemaphore(IN_FLIGHT)

    def send(self, *args: Any, **named: Any) -> requests.Response:
        with self.turns:
            return super().send(*args, **named)


class _From(HTTPAdapter):
    """An adapter that connects from a chosen IP address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **named)


@dataclass
class Figures:
    """The figures of a run: latencies in seconds by kind of request, numbers of results by status or error code, and
    faults."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, what: str, seconds: float, outcome: str) -> None:
        with self._lock:
            self.latencies.setdefault(what, []).append(seconds)
            self.outcomes[f"{what}: {outcome}"] += 1

    def fault(self, text: str) -> None:
        with self._lock:
            self.faults.append(text)

    def line(self, what: str) -> str:
        """Return a line with the number and the percentiles of one kind of request."""
        found = sorted(self.latencies.get(what, []))
        if len(found) < 2:
            return f"{what}: {len(found)}"
        cuts = statistics.quantiles(found, n=100, method="inclusive")
        told = ", ".join(f"p{n} {cuts[n - 1]:.2f} s" for n in (50, 95, 99))
        return f"{what}: {len(found)}, {told}, max {found[-1]:.2f} s"


@dataclass
class Member:
    """One person. After the sign-in, every response must have the data in `expected`."""

    number: int
    email: str
    visitor: Visitor
    sub: str = ""
    expected: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    @property
    def hosted(self) -> bool:
        return bool(self.sub)


class Load:
    """One run of the load: its stack, people and figures."""

    def __init__(self, stack: Stack, people: int) -> None:
        self.stack = stack
        self.figures = Figures()
        self.members = [self._member(number) for number in range(people)]
        self._emails = {member.email for member in self.members}

    def sign_in(self, member: Member) -> None:
        """Try until the sign-in works. After a 429 or 503, wait as long as Retry-After says."""
        ends = time.monotonic() + PATIENCE_SECONDS
        pause = random.Random(member.number)
        while time.monotonic() < ends:
            began = time.monotonic()
            try:
                outcome, wait = (self._hosted if member.hosted else self._direct)(member)
            except requests.RequestException as error:
                outcome, wait = type(error).__name__, 1.0
            what = "hosted sign-in" if member.hosted else "direct sign-in"
            self.figures.add(what, time.monotonic() - began, outcome)
            if outcome == "200":
                return
            time.sleep(wait * (1 + pause.random()))
        self.figures.fault(f"{member.email} could not sign in")

    def refresh(self, member: Member) -> bool:
        """Refresh once, and check that the response belongs to the person. Return whether the refresh worked."""
        began = time.monotonic()
        try:
            answer = member.visitor.post("/auth/refresh")
        except requests.RequestException as error:
            self.figures.add("refresh", time.monotonic() - began, type(error).__name__)
            return False
        self.figures.add("refresh", time.monotonic() - began, _outcome(answer))
        if answer.status_code == 200:
            self._is_theirs(member, answer.json())
            return True
        if answer.status_code not in (429, 503):
            self.figures.fault(f"{member.email}: refresh answered {_outcome(answer)}")
        return False

    def ask_who(self, member: Member) -> None:
        """Call the API behind the authorizer."""
        for path in ("/whoami", "/me"):
            began = time.monotonic()
            try:
                answer = member.visitor.get(path, member.token)
            except requests.RequestException as error:
                self.figures.add(path, time.monotonic() - began, type(error).__name__)
                continue
            self.figures.add(path, time.monotonic() - began, _outcome(answer))
            if answer.status_code == 200 and answer.json()["sub"] != member.expected["sub"]:
                self.figures.fault(f"{member.email}: {path} answered for somebody else")

    def check_table(self, before: set[str]) -> None:
        """Check that the table has exactly the people of `before` and of this run, each with the right address."""
        rows = _rows(self.stack)
        for member in self.members:
            row = rows.pop(member.expected.get("username", "?").lower(), None)
            if row is None or (row["Email"], row["sub"]) != (member.email, member.expected["sub"]):
                self.figures.fault(f"{member.email}: the record is {row}")
        if set(rows) != before:
            self.figures.fault(f"the table has unexpected people: {sorted(set(rows) ^ before)}")

    def _hosted(self, member: Member) -> tuple[str, float]:
        visitor = member.visitor
        start = visitor.get("/auth/login?provider=Okta")
        if start.status_code != 302:
            return _outcome(start), _wait(start)
        okta = visitor.http.get(start.headers["Location"], allow_redirects=False, timeout=60)
        chosen = visitor.http.post(
            okta.headers["Location"], data={"sub": member.sub}, allow_redirects=False, timeout=60
        )
        back = visitor.http.get(chosen.headers["Location"], allow_redirects=False, timeout=90)
        answer = visitor.request("GET", back.headers["Location"])
        error = parse_qs(urlsplit(answer.headers.get("Location", "?error=none")).query).get("error")
        if error:
            return error[0], 1.0
        return ("200", 0.0) if self.refresh(member) else ("signed in, refresh later", 1.0)

    def _direct(self, member: Member) -> tuple[str, float]:
        body = {"email": member.email, "password": PASSWORD}
        answer = member.visitor.post("/auth/direct/sign-in", body)
        if answer.status_code == 200:
            self._is_theirs(member, answer.json())
        return _outcome(answer), _wait(answer)

    def _is_theirs(self, member: Member, body: dict[str, Any]) -> None:
        user = body["user"]
        known = {name: user[name] for name in ("sub", "username", "email")}
        if not member.expected:
            member.expected = known
        member.token = body["access_token"]
        claims = _claims(member.token)
        others = {email for email in self._emails if email in json.dumps(body)} - {member.email}
        theirs = user["email"] == member.email and known == member.expected and not others
        theirs &= (claims["sub"], claims["username"]) == (known["sub"], known["username"])
        theirs &= member.hosted == (user["provider"] == "Okta")
        if not theirs:
            self.figures.fault(f"{member.email} got a response for {known}, {others}")

    def _member(self, number: int) -> Member:
        email = f"crowd-{number:04}@example.com"
        visitor = Visitor(self.stack, http=_Session())
        office = f"127.0.1.{number // PEOPLE_PER_ADDRESS + 1}"
        if _is_ours(office):
            visitor.http.mount(self.stack.origin, _From(office))
        if number % 2:
            self.stack.create_person(email, PASSWORD)
            return Member(number, email, visitor)
        sub = f"00ucrowd{number:04}"
        claims = {"email": email, "email_verified": True, "given_name": "Crowd", "family_name": sub}
        added = requests.put(f"{self.stack.info['okta_url']}/users/{sub}", json=claims, timeout=30)
        assert added.status_code == 204, added.text
        return Member(number, email, visitor, sub)


def run(people: int, seconds: float) -> int:
    """Run all phases and print the figures. Return the exit code."""
    _say("starting a local stack")
    with own_stack_info() as info:
        stack = Stack(info)
        # Start the function with one request before all other requests.
        Visitor(stack).get("/auth/config")
        before = set(_rows(stack))
        load = Load(stack, people)
        _say(f"{people} people sign in at once, half through Okta, half by password")
        began = time.monotonic()
        everybody = Barrier(people)

        def come(member: Member) -> None:
            everybody.wait()
            load.sign_in(member)

        _each(load.members, people, come)
        signed_in = time.monotonic() - began
        _report(load.figures, ("hosted sign-in", "direct sign-in", "refresh"))
        _say(f"all were signed in after {signed_in:.1f} s; they refresh for {seconds:.0f} s")
        load.figures.latencies.clear()
        load.figures.outcomes.clear()
        ends = time.monotonic() + seconds
        began = time.monotonic()
        _each(_shares(load.members), IN_FLIGHT, lambda own: _use(load, own, ends))
        used = time.monotonic() - began
        asked = sum(len(found) for found in load.figures.latencies.values())
        refreshes = load.figures.outcomes["refresh: 200"]
        _report(load.figures, ("refresh", "/whoami", "/me"))
        _say(f"{refreshes / used:.1f} refreshes a second, {asked / used:.1f} requests a second")
        _say("afterwards every session still works, and the table contains exactly these people")
        _each(load.members, IN_FLIGHT, lambda member: _goes_on(load, member))
        load.check_table(before)
        for fault in load.figures.faults[:20]:
            _say(f"FAULT: {fault}")
        _say(f"{len(load.figures.faults)} faults")
        return 1 if load.figures.faults else 0


@cache
def _is_ours(address: str) -> bool:
    """Return whether this machine can connect from an address. Linux can use all of 127.0.0.0/8, other systems only
    127.0.0.1."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _rows(stack: Stack) -> dict[str, dict[str, str]]:
    """Return the rows of the users table. The keys are user names."""
    pages = stack.aws("dynamodb").get_paginator("scan")
    rows: dict[str, dict[str, str]] = {}
    for page in pages.paginate(TableName=stack.info["users_table"]):
        for item in page["Items"]:
            rows[item["userName"]["S"]] = {k: next(iter(v.values())) for k, v in item.items()}
    return rows


def _use(load: Load, own: list[Member], ends: float) -> None:
    chosen = random.Random(own[0].number)
    while time.monotonic() < ends:
        member = chosen.choice(own)
        if not load.refresh(member):
            # The page also waits after 429 and 503. The throttle of API Gateway's stage allows calls again after a
            # second.
            time.sleep(1 + chosen.random())
        elif chosen.random() < 0.25:
            load.ask_who(member)


def _goes_on(load: Load, member: Member) -> None:
    """Check that the session still exists: a refresh must work. If the stage's throttle refuses the refresh, try again
    after a pause."""
    for _ in range(5):
        if load.refresh(member):
            return
        time.sleep(1.5)
    load.figures.fault(f"{member.email}: the session was lost")


def _shares(members: list[Member]) -> list[list[Member]]:
    """Distribute the people among threads. Each person's requests stay in one thread, because threads do not share
    people's cookies."""
    return [members[n::IN_FLIGHT] for n in range(IN_FLIGHT) if members[n:]]


def _each(items: Iterable[Any], threads: int, call: Callable[[Any], None]) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(call, items):
            pass


def _report(figures: Figures, kinds: Iterable[str]) -> None:
    for kind in kinds:
        _say(f"  {figures.line(kind)}")
    _say(f"  outcomes: {dict(sorted(figures.outcomes.items()))}")


def _outcome(answer: requests.Response) -> str:
    if answer.status_code == 200:
        return "200"
    try:
        return f"{answer.status_code} {answer.json().get('error')}"
    except ValueError:
        return str(answer.status_code)


def _wait(answer: requests.Response) -> float:
    return float(answer.headers.get("Retry-After", "1"))


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def _say(text: str) -> None:
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.stack_load", description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args(arguments)
    return run(given.people, given.seconds)


if __name__ == "__main__":
    sys.exit(main())
