"""Simulates many people who share warm containers, and checks that each response belongs to the caller.

Each person's name, address, `sub` and group contain a text that no other person has (a mark). A response (headers,
body, tokens, opened cookies) may contain only the caller's mark.
"""

import base64
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app import gate
from chalicelib.gatehouse.services import Services
from tests.component.world import MFA_CLIENT_ID, MFA_SECRET_ARN, THROTTLE_TABLE, World
from tests.doubles.browser import Answer, Browser
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_triggers import run_trigger
from tests.soak.fleet import Fleet
from tests.soak.weather import StormyAws, StormyCognito, Weather

PASSWORD = "correct horse battery"
_MARK = re.compile(r"mark\d{4}z")
_TOKEN = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+")
_COOKIE = re.compile(r"__Host-gatehouse(?:-login-\w+|-device|-challenge)?=([\w.-]+)")
#: The possible errors of a sign-in or refresh during faults. Any other error loses a session, or is a bug.
_DECIDED = frozenset({"temporarily_unavailable", "too_many_attempts"})


@dataclass
class Member:
    """One person with a browser. `door` is the person's sign-in method."""

    number: int
    door: str
    person: Person
    browser: Browser
    token: str = ""
    refreshed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def mark(self) -> str:
        return f"mark{self.number:04}z"


class LogLines:
    """A replacement for standard output. It counts log events, and keeps no event."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.marks: set[str] = set()

    def write(self, text: str) -> None:
        for line in text.splitlines():
            if line.startswith("{"):
                self.events[json.loads(line)["event"]] += 1
                if "@" in line:
                    self.marks.add(line)

    def flush(self) -> None:
        """Do nothing, because no output is kept."""


class Crowd:
    """`size` people who share `containers` containers. Half of the people use Okta, and the other half use a
    password."""

    def __init__(self, world: World, *, size: int, containers: int, fault_share: float) -> None:
        self.world = world
        self.weather = Weather(size, fault_share)
        self._cognito = StormyCognito(world.cognito, self.weather)
        self._aws = {
            "dynamodb": StormyAws(world.dynamodb, "dynamodb", self.weather),
            "secretsmanager": StormyAws(world.secrets, "secretsmanager", self.weather),
            "cognito-idp": StormyAws(world.pool, "cognito-idp", self.weather),
            "lambda": StormyAws(world.functions, "lambda", self.weather),
        }
        self._settings = world.settings._replace(
            direct_sign_in="embedded",
            throttle_table=THROTTLE_TABLE,
            mfa_client_id=MFA_CLIENT_ID,
            mfa_client_secret_arn=MFA_SECRET_ARN,
        )
        self.fleet = Fleet(self._start, containers, restarts=200)
        self._triggers = Fleet(self._start, 2, restarts=200)
        world.pool.trigger = lambda *event: self._triggers.trigger(
            lambda: run_trigger(self._settings, *event)
        )
        world.functions.functions = {
            "gatehouse-dev-account_mail": lambda event, context: self._triggers.trigger(
                lambda: gate.account_mail(event, context)
            )
        }
        self.members = [self._member(number) for number in range(size)]
        self.log = LogLines()

    def sign_in(self, member: Member) -> bool:
        """Try once to sign in. Return whether the sign-in worked. After a failure, check that the error is expected."""
        if member.door == "hosted":
            start = member.browser.get("/auth/login?provider=Okta")
            self._belongs(member, start)
            if start.status != 302:
                signed_in = self._came_back(member, start)
                assert not signed_in, "without Cognito"
                return signed_in
            back = self.world.cognito.authorize(start.location, member.person)
            answer = member.browser.get(back, site="cross-site")
            self._belongs(member, answer)
            return self._came_back(member, answer)
        body = {"email": member.person.email, "password": PASSWORD}
        answer = member.browser.post("/auth/direct/sign-in", body)
        self._belongs(member, answer)
        if answer.status != 200:
            return self._decided(member, answer)
        self._is_theirs(member, answer)
        member.outcomes["signed in"] += 1
        return True

    def _came_back(self, member: Member, answer: Answer) -> bool:
        """Return whether the redirect to the page means success. After a failure, check that the redirect names an
        expected error."""
        errors = parse_qs(urlsplit(answer.location).query).get("error", [])
        assert (answer.status, set(errors) - _DECIDED) == (303, set()), answer.location
        member.outcomes.update(["signed in", *errors][-1:])
        return not errors

    def refresh(self, member: Member) -> bool:
        """Refresh once, and return whether the refresh worked. Only an outage may prevent the refresh, and an outage
        must keep the session."""
        before = member.browser.cookies["__Host-gatehouse"].value
        answer = member.browser.post("/auth/refresh")
        self._belongs(member, answer)
        if answer.status == 200:
            self._is_theirs(member, answer)
            assert member.browser.cookies["__Host-gatehouse"].value != before
            member.refreshed += 1
            return True
        assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert member.browser.cookies["__Host-gatehouse"].value == before
        member.outcomes["temporarily_unavailable"] += 1
        return False

    def ask_who(self, member: Member) -> None:
        """Call authorized routes with the claims that API Gateway would pass on."""
        claims = _claims(member.token)
        for path in ("/whoami", "/me"):
            answer = member.browser.get(path, claims=claims)
            self._belongs(member, answer)
            if answer.status == 200:
                assert answer.json()["sub"] == member.person.sub
                assert answer.json()["groups"] == list(member.person.groups)
            else:
                # 404: the table did not accept the record at the sign-in. 503: the token was unavailable.
                assert answer.status in ((404, 503) if path == "/me" else ())

    def sign_out(self, member: Member) -> None:
        """Sign out, and try the old cookie again."""
        kept = dict(member.browser.cookies)
        answer = member.browser.post("/auth/logout")
        self._belongs(member, answer)
        assert answer.status == 200
        member.browser.cookies = kept
        assert member.browser.post("/auth/refresh").status == 401

    def _belongs(self, member: Member, answer: Answer) -> None:
        text = f"{answer.headers} {answer.set_cookies} {answer.body}"
        told = [text, *(_read(payload) for payload in _TOKEN.findall(text))]
        told += self._opened(_COOKIE.findall(text))
        marks = {mark for part in told for mark in _MARK.findall(part)}
        assert marks <= {member.mark}, f"{member.mark} got data of {sorted(marks)}"

    def _opened(self, values: Iterable[str]) -> Iterable[str]:
        for value in values:
            for purpose in ("session", "login", "device"):
                try:
                    yield self.fleet.containers[0]._sealer.open(purpose, value).decode()
                except Exception:  # noqa: BLE001 - sealed for another purpose
                    continue

    def _is_theirs(self, member: Member, answer: Answer) -> None:
        """Check that a token response, the token and the cookie belong to the caller."""
        body = answer.json()
        person = member.person
        assert body["user"] == {
            "sub": person.sub,
            "username": person.username,
            "email": person.email,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "groups": list(person.groups),
            "provider": person.provider,
        }
        member.token = body["access_token"]
        claims = _claims(member.token)
        assert (claims["sub"], claims["username"]) == (person.sub, person.username)
        cookie = member.browser.cookies["__Host-gatehouse"].value
        (session,) = [json.loads(text) for text in self._opened([cookie])]
        assert (session["sub"], session["username"]) == (person.sub, person.username)

    def _decided(self, member: Member, answer: Answer) -> bool:
        error = answer.json()["error"]
        assert answer.status in (429, 503), (answer.status, error)
        assert error in _DECIDED
        assert int(answer.headers["retry-after"]) > 0
        member.outcomes[error] += 1
        return False

    def _start(self) -> Services:
        return Services(
            self._settings,
            clock=self.world.clock,
            aws=self._aws.__getitem__,
            http=self._cognito,  # type: ignore[arg-type]  # HttpClient's two methods
        )

    def _member(self, number: int) -> Member:
        mark, hosted = f"mark{number:04}z", number % 2 == 0
        sub = f"{number:08x}-0000-4000-8000-{mark}"
        browser = self.world.browser()
        browser._app = self.fleet
        browser.source_ip = f"198.51.{number // 250}.{number % 250 + 1}"
        person = Person(
            sub=sub,
            username=f"okta_{mark}" if hosted else sub,
            email=f"{mark}@example.org",
            given_name=f"Given {mark}",
            family_name=f"Family {mark}",
            groups=(f"group-{mark}",),
            provider="Okta" if hosted else "COGNITO",
        )
        if not hosted:
            self.world.pool.add(
                PoolUser(
                    person.email,
                    PASSWORD,
                    given_name=person.given_name,
                    family_name=person.family_name,
                    groups=person.groups,
                    sub=sub,
                )
            )
        return Member(number, "hosted" if hosted else "direct", person, browser)


def together(members: list[Any], do: Callable[[Any], object], threads: int) -> None:
    """Process a shuffled list with `threads` threads, so that the people's requests come in many different orders. If a
    thread fails, raise the thread's error."""
    # Threads switch after every few bytecodes, so that the test notices data that two containers share.
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    try:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(do, members):
                pass
    finally:
        sys.setswitchinterval(before)


def shuffled(members: list[Member], count: int, seed: int) -> list[list[Member]]:
    """Distribute `count` turns among the members at random. All turns of one member are in one list, for one thread."""
    chosen = random.Random(seed).choices(members, k=count)
    turns = Counter(member.number for member in chosen)
    return [[member] * turns[member.number] for member in members]


def _claims(token: str) -> dict[str, Any]:
    return dict(json.loads(_read(token.split(".")[1])))


def _read(payload: str) -> str:
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
