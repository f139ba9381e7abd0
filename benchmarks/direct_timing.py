"""Measures whether our own response time reveals that an address has an account (S-40, S-73).

The benchmark runs in one process, with test doubles of Cognito and DynamoDB. Gatehouse does not control how long
Cognito takes (PreventUserExistenceErrors). But the time that Gatehouse adds must be equal for addresses with and
without an account. The difference between two series of wrong passwords shows the noise of the measurement. For
requests that send a mail, the figure is the area under the ROC curve. The area says how often a request takes longer
for an address with an account than for an address without an account. An area of 0.5 means that the times do not reveal
which address has an account.
"""

import contextlib
import io
import json
import secrets
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.figures import Section, Target, number
from benchmarks.processes import Lab
from tests.component.direct import EMAIL, STRANGER, WRONG, Direct
from tests.component.passkeys import DOMAIN, Passkeys
from tests.component.world import build_world
from tests.doubles.authenticator import Authenticator
from tests.doubles.browser import Answer
from tests.doubles.clock import Clock

NAME = "direct"
_HOUR = 3600


@dataclass(frozen=True)
class Report:
    """The median times of refused sign-ins, in microseconds."""

    wrong_us: float
    wrong_again_us: float
    unknown_us: float

    def section(self) -> Section:
        """Return the figures as a section with a table."""
        medians = {
            "wrong password": self.wrong_us,
            "wrong password again (the noise)": self.wrong_again_us,
            "unknown address": self.unknown_us,
        }
        return Section(
            "A refused sign-in: does the time reveal which address has an account?",
            "The time that our own code needs for `POST /auth/direct/sign-in`, in process, with doubles of Cognito "
            "and DynamoDB. Two kinds of refusal alternate. One kind is measured twice, which shows the noise of "
            "the measurement.",
            ("", "µs", "difference, µs"),
            [(name, number(us), f"{us - self.wrong_us:+.1f}") for name, us in medians.items()],
        )


#: The area under the ROC curve may differ from 0.5 by at most this value (S-73).
AUC_SLACK = 0.05
_REQUESTS = ("sign-up", "resend-code", "forgot-password")
_PAIRS = 1000


def run(lab: Lab) -> list[Section]:
    """Measure twenty refused sign-ins of each kind per run. Then measure a thousand requests that send a mail, for
    addresses with and without an account."""
    lab.tell("refused sign-ins")
    refused = measure(20 * lab.runs).section()
    lab.tell("requests for a mail")
    rows, targets = [], []
    for path in _REQUESTS:
        known, unknown = measure_mails(path, _PAIRS)
        auc = area_under_curve(known, unknown)
        medians = [number(statistics.median(values)) for values in (known, unknown)]
        rows.append((path, *medians, f"{auc:.3f}"))
        promise = f"{path}: AUC of addresses with and without an account (0.5 is chance)"
        targets.append(Target(f"{promise}, distance from 0.5", abs(auc - 0.5), AUC_SLACK, "AUC"))
    mails = Section(
        "A request for a mail: does the time reveal which address has an account?",
        f"The time that our own code needs for the route, in process. {_PAIRS:,} requests of each kind alternate. "
        "The function that sends the mail runs afterwards. AUC (area under the curve) is the share of pairs "
        "in which the request for an address with an account took longer. 0.5 means that the times reveal nothing.",
        ("", "known, µs", "unknown, µs", "AUC"),
        rows,
        targets=targets,
    )
    lab.tell("challenges for a passkey")
    rows, targets = [], []
    for name, (known, unknown) in measure_challenges(_PAIRS).items():
        auc = area_under_curve(known, unknown)
        medians = [number(statistics.median(values)) for values in (known, unknown)]
        rows.append((name, *medians, f"{auc:.3f}"))
        promise = f"{name}: AUC of accounts with a passkey and addresses without an account (0.5 is chance)"
        targets.append(Target(f"{promise}, distance from 0.5", abs(auc - 0.5), AUC_SLACK, "AUC"))
    challenges = Section(
        "A challenge for a passkey: does the time reveal which address has a passkey?",
        "The time that our own code needs for `POST /auth/direct/passkey`, and for the refusal of a passkey of "
        f"another account, in process. {_PAIRS:,} requests of each kind alternate. The time of the doubles is not "
        "included.",
        ("", "known, µs", "unknown, µs", "AUC"),
        rows,
        targets=targets,
    )
    return [refused, mails, challenges]


def area_under_curve(longer: list[float], shorter: list[float]) -> float:
    """Return the share of pairs whose `longer` value exceeds the `shorter` value. Equal values count half
    (Mann-Whitney)."""
    ranked = sorted([(value, True) for value in longer] + [(value, False) for value in shorter])
    below, wins = 0, 0.0
    for _, is_longer in ranked:
        if is_longer:
            wins += below
        else:
            below += 1
    ties = len(set(longer) & set(shorter))
    return (wins + ties / 2) / (len(longer) * len(shorter))


def measure_mails(path: str, pairs: int) -> tuple[list[float], list[float]]:
    """Measure the time of requests that send a mail, in microseconds. An address with an account and one without an
    account alternate; each kind comes first in half of the pairs."""
    clock = Clock()
    direct = Direct(build_world(clock))
    direct.restart(mails_per_day=1_000_000)
    # As on AWS, a request does not wait until the Lambda function has ended.
    direct.world.functions.holding = True
    return _alternate(direct, clock, f"direct/{path}", pairs)


def _make_a_challenge() -> None:
    """Do the same work as a test double that makes a challenge, and discard the result.

    A test double that refuses a request makes no challenge. Without this function, the processor's caches would then
    contain other data, and our own code would take some microseconds longer after a refusal.
    """
    json.dumps({"challenge": secrets.token_urlsafe(32), "session": secrets.token_urlsafe(700)})


class Stopwatch:
    """Adds up the seconds that calls of the watched test doubles take. A caller may set `seconds` back to 0."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, double: Any) -> Any:
        """Return a wrapper of the test double. The stopwatch adds up the time that the wrapper's methods take."""
        watch = self

        class Watched:
            def __getattr__(self, name: str) -> Any:
                found = getattr(double, name)
                return watch.timed(found) if callable(found) else found

        return Watched()

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same as `call`. The stopwatch adds up the function's time."""

        def timed(*values: Any, **arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*values, **arguments)
            except Exception as error:  # noqa: BLE001 - raised again
                # The traceback would keep the test double's frames in memory until our code has handled the error. The
                # time to free the frames would then count as our code's time. Without the traceback, Python frees the
                # frames at this line, and the time counts as the test double's.
                raise error.with_traceback(None) from None
            finally:
                _make_a_challenge()
                self.seconds += time.perf_counter() - start

        return timed


def measure_challenges(pairs: int) -> dict[str, tuple[list[float], list[float]]]:
    """Measure the time of passkey challenges, and of refused answers to such challenges, in microseconds. An account
    with a passkey and an address without an account alternate."""
    clock = Clock()
    passkeys = Passkeys(Direct(build_world(clock)))
    passkeys.set_up()
    doubles, world = Stopwatch(), passkeys.direct.world
    world.pool, world.dynamodb = doubles.around(world.pool), doubles.around(world.dynamodb)
    passkeys.direct.restart()
    strange = Authenticator()
    strange.create({"rp": {"id": DOMAIN}, "user": {"id": "eA"}, "challenge": "eA"})

    def own(action: Callable[[], Answer]) -> tuple[Answer, float]:
        doubles.seconds = 0
        with contextlib.redirect_stdout(io.StringIO()):
            start = time.perf_counter()
            answer = action()
            elapsed = time.perf_counter() - start
        return answer, (elapsed - doubles.seconds) * 1e6

    samples: dict[str, dict[str, list[float]]] = {
        kind: {EMAIL: [], STRANGER: []} for kind in ("challenge", "refused answer")
    }
    for count in range(pairs + 20):
        for email in (EMAIL, STRANGER) if count % 2 else (STRANGER, EMAIL):
            clock.advance(_HOUR)
            browser = world.browser()
            asked, asking = own(partial(passkeys.ask, email, browser))
            assert asked.status == 200, asked
            credential = strange.get(asked.json()["challenge"]["options"])
            refused, refusing = own(partial(passkeys.answer, credential, browser))
            assert refused.status == 401, refused
            if count >= 20:
                samples["challenge"][email].append(asking)
                samples["refused answer"][email].append(refusing)
    return {kind: (found[EMAIL], found[STRANGER]) for kind, found in samples.items()}


def _alternate(
    direct: Direct, clock: Clock, path: str, pairs: int
) -> tuple[list[float], list[float]]:
    samples: dict[str, list[float]] = {EMAIL: [], STRANGER: []}
    for count in range(pairs + 20):
        order = (EMAIL, STRANGER) if count % 2 else (STRANGER, EMAIL)
        for email in order:
            clock.advance(_HOUR)
            browser = direct.world.browser()
            with contextlib.redirect_stdout(io.StringIO()):
                start = time.perf_counter()
                answer = direct.post(path, browser, email=email)
                elapsed = time.perf_counter() - start
            assert answer.status == 200, answer
            if count >= 20:
                samples[email].append(elapsed * 1e6)
    return samples[EMAIL], samples[STRANGER]


def measure(rounds: int) -> Report:
    """Measure `rounds` refusals of each kind. The kinds alternate, and the throttle is reset between two refusals."""
    clock = Clock()
    direct = Direct(build_world(clock))
    samples: dict[str, list[float]] = {"wrong": [], "again": [], "unknown": []}
    subjects = {"wrong": EMAIL, "again": EMAIL, "unknown": STRANGER}
    for count in range(rounds + 20):
        for name, email in subjects.items():
            clock.advance(_HOUR)
            with contextlib.redirect_stdout(io.StringIO()):
                start = time.perf_counter()
                answer = direct.sign_in(email, WRONG)
                elapsed = time.perf_counter() - start
            assert answer.status == 401, answer
            if count >= 20:
                samples[name].append(elapsed * 1e6)
    medians = {name: statistics.median(values) for name, values in samples.items()}
    return Report(medians["wrong"], medians["again"], medians["unknown"])
