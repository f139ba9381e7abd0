"""Whether an unknown address and a wrong password can be told apart by our own time (S-40).

In process, with Cognito and DynamoDB doubled: what Cognito itself takes is Cognito's matter (PreventUserExistenceErrors),
and what we add around it must be the same for both. Wrong password against wrong password is the noise of the measurement.
"""

import contextlib
import io
import statistics
import time
from dataclasses import dataclass

from benchmarks.figures import Section, number
from benchmarks.processes import Lab
from tests.component.direct import EMAIL, STRANGER, WRONG, Direct
from tests.component.world import build_world
from tests.doubles.clock import Clock

NAME = "direct"
_HOUR = 3600


@dataclass(frozen=True)
class Report:
    """Medians of one refused sign-in in microseconds."""

    wrong_us: float
    wrong_again_us: float
    unknown_us: float

    def section(self) -> Section:
        """Return the figures as a table."""
        medians = {
            "wrong password": self.wrong_us,
            "wrong password again (the noise)": self.wrong_again_us,
            "unknown address": self.unknown_us,
        }
        return Section(
            "A refused sign-in: can an unknown address be told from a wrong password?",
            "Our own time of `POST /auth/direct/sign-in`, in process, Cognito and DynamoDB doubled. Two kinds of refusal in "
            "turn, and one of them twice, which shows what the measurement cannot tell apart.",
            ("", "µs", "difference, µs"),
            [(name, number(us), f"{us - self.wrong_us:+.1f}") for name, us in medians.items()],
        )


def run(lab: Lab) -> list[Section]:
    """Time twenty refusals of each kind a run."""
    lab.tell("refused sign-ins")
    return [measure(20 * lab.runs).section()]


def measure(rounds: int) -> Report:
    """Time `rounds` refusals of each kind in turn; the throttle forgets between them."""
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
