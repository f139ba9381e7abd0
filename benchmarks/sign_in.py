"""Measures a whole sign-in: the outbound calls, and our Lambda time from the first redirect to the person's data on the
page."""

from collections import Counter
from typing import Any

from benchmarks import events
from benchmarks.builds import EARLIER
from benchmarks.figures import Section, Spread, Target, number
from benchmarks.loopback_aws import LoopbackAws
from benchmarks.processes import THIRD, Lab, Subject, plan

NAME = "sign-in"
OURS = "a sign-in"
MAX_OF_EARLIER = 0.70
#: The time that each call to AWS is assumed to take, in seconds.
DELAY = 0.02

_OWN_POST = {
    "X-Gatehouse": "1",
    "Origin": "https://api.example.com",
    "Sec-Fetch-Site": "same-origin",
    "Content-Type": "application/json",
}
_STEPS: dict[str, dict[str, Any]] = {
    "GET /auth/login": {
        "event": events.request("GET", "/auth/login"),
        "contains": "code_challenge",
    },
    "GET /auth/callback": {
        "event": events.request("GET", "/auth/callback"),
        "contains": "__Host-gatehouse=",
        "cookies": "lax",
        "back": True,
    },
    "POST /auth/refresh": {
        "event": events.request("POST", "/auth/refresh", headers=_OWN_POST),
        "contains": "access_token",
        "cookies": "all",
    },
    "GET /me": {
        "event": events.request("GET", "/me", authorized=True),
        "contains": "Lovelace",
    },
}


def run(lab: Lab, aws: LoopbackAws) -> list[Section]:
    """In each fresh process, sign in once, and then twenty more times."""
    work = plan(*_STEPS.values(), warm=20)
    ours = Subject(OURS, "app:app", work, tls=True, home=lab.app)
    earlier = Subject(EARLIER, "app:app", work, tls=True, home=lab.earlier)
    calls, both = (_calls(lab, aws, ours, warm) for warm in (0, 1))
    before = _calls(lab, aws, earlier, 0)
    plain = [each._replace(name=f"{each.name}, HTTP", tls=False) for each in (ours, earlier)]
    times = lab.measure([ours, earlier, *plain])
    once = [each._replace(plan=plan(*_STEPS.values())) for each in (ours, earlier)]
    slow = lab.measure(once, share=THIRD)
    aws.delay = DELAY
    late = lab.measure(once)
    aws.delay = 0
    rows: list[tuple[str, ...]] = []
    for index, name in enumerate(_STEPS):
        cells = [
            Spread.of([steps[index] for steps in runs], 1e3).text()
            for runs in (times[OURS].cold, times[EARLIER].cold, times[OURS].warm)
        ]
        rows.append((name, *cells))
    together = {name: Spread.of(found.together(), 1e3) for name, found in times.items()}
    warm = Spread.of([sum(steps) for steps in times[OURS].warm], 1e3)
    rows += [
        ("together", together[OURS].text(), together[EARLIER].text(), warm.text()),
        ("together, HTTP", *(together[f"{each.name}, HTTP"].text() for each in once), ""),
        (
            "on the clock, at ⅓ core",
            *(Spread.of(slow[each.name].wall, 1e3).text() for each in once),
            "",
        ),
        (
            f"on the clock, each call {DELAY * 1e3:.0f} ms late",
            *(Spread.of(late[each.name].wall, 1e3).text() for each in once),
            "",
        ),
        (
            "peak, MB",
            *(number(Spread.of(times[each.name].peak, 1 / 1024).median) for each in once),
            "",
        ),
    ]
    outward = "; ".join(f"{name}: {count}" for name, count in sorted(calls.items()))
    warm_calls = sum((both - calls).values())
    return [
        Section(
            "A whole sign-in",
            "One container receives all four calls. The time of the first call includes the import of the app. AWS "
            "is on loopback, and its time is not counted. The time of building requests and reading responses is "
            "counted. *Warm* is a further sign-in in the same container.",
            ("", "cold, ms", f"{EARLIER}, cold, ms", "warm, ms"),
            rows,
            (
                Target(
                    f"Whole sign-in, cold, compared with {EARLIER}",
                    together[OURS].median / together[EARLIER].median,
                    MAX_OF_EARLIER,
                ),
            ),
            notes=(
                f"Round trips: {len(_STEPS)} from the browser to the app (the page's own requests are not counted). "
                f"A cold app makes {sum(calls.values())} calls to AWS ({sum(before.values())} at {EARLIER}): {outward}. "
                f"A warm app makes {warm_calls} calls."
            ),
        )
    ]


def _calls(lab: Lab, aws: LoopbackAws, subject: Subject, warm: int) -> Counter[str]:
    """Return how often each kind of call is made in one sign-in in a new container and in `warm` further sign-ins."""
    aws.calls.clear()
    lab.run(subject._replace(plan=plan(*_STEPS.values(), warm=warm)))
    return Counter(aws.calls)
