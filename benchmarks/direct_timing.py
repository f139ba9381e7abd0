"""Whether an unknown address and a wrong password can be told apart by our own time (S-40).

In process, with Cognito and DynamoDB doubled: what Cognito itself takes is Cognito's matter (PreventUserExistenceErrors),
and what we add around it must be the same for both. Wrong password against wrong password is the noise of the measurement.
"""

import contextlib
import io
import statistics
import time
from dataclasses import dataclass

from tests.component.direct import EMAIL, STRANGER, WRONG, Direct
from tests.component.world import build_world
from tests.doubles.clock import Clock

_HOUR = 3600


@dataclass(frozen=True)
class Report:
    """Medians of one refused sign-in in microseconds."""

    wrong_us: float
    wrong_again_us: float
    unknown_us: float

    def text(self) -> str:
        """The figures as lines of a table."""
        return "\n".join(
            [
                "refused sign-in, our own time        median      difference to the first",
                f"  wrong password                {self.wrong_us:8.1f} us",
                f"  wrong password (the noise)    {self.wrong_again_us:8.1f} us   "
                f"{self.wrong_again_us - self.wrong_us:+8.1f} us",
                f"  unknown address               {self.unknown_us:8.1f} us   "
                f"{self.unknown_us - self.wrong_us:+8.1f} us",
            ]
        )


def run(rounds: int) -> Report:
    """Time `rounds` refusals of each kind in turn; the throttle forgets between them."""
    clock = Clock()
    direct = Direct(build_world(clock))
    samples: dict[str, list[float]] = {"wrong": [], "again": [], "unknown": []}
    subjects = {"wrong": EMAIL, "again": EMAIL, "unknown": STRANGER}
    for number in range(rounds + 20):
        for name, email in subjects.items():
            clock.advance(_HOUR)
            with contextlib.redirect_stdout(io.StringIO()):
                start = time.perf_counter()
                answer = direct.sign_in(email, WRONG)
                elapsed = time.perf_counter() - start
            assert answer.status == 401, answer
            if number >= 20:
                samples[name].append(elapsed * 1e6)
    medians = {name: statistics.median(values) for name, values in samples.items()}
    return Report(medians["wrong"], medians["again"], medians["unknown"])
