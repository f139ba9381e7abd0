"""A whole sign-in: our Lambda time from the first redirect to the person's data on the page, and who talks to whom."""

from collections import Counter
from typing import Any

from benchmarks import events
from benchmarks.figures import Section, Spread
from benchmarks.loopback_aws import LoopbackAws
from benchmarks.processes import Lab, Subject, plan

NAME = "sign-in"

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
    """Sign in once in each fresh process, then twenty times warm."""
    subject = Subject("a sign-in", "app:app", plan(*_STEPS.values(), warm=20))
    calls, both = (_calls(lab, aws, warm) for warm in (0, 1))
    times = lab.measure([subject])[subject.name]
    rows: list[tuple[str, ...]] = []
    for index, name in enumerate(_STEPS):
        cold = Spread.of([steps[index] for steps in times.cold], 1e3)
        warm = Spread.of([steps[index] for steps in times.warm], 1e3)
        rows.append((name, cold.text(), warm.text()))
    whole = [
        Spread.of([sum(steps) for steps in runs], 1e3).text() for runs in (times.cold, times.warm)
    ]
    rows.append(("together", *whole))
    outward = "; ".join(f"{name}: {count}" for name, count in sorted(calls.items()))
    return [
        Section(
            "A whole sign-in",
            "One container takes all four calls; the first one's time has the import of the app in it. AWS is on loopback, "
            "and its time is not counted; building requests and reading answers is. Warm is the same sign-in again.",
            ("", "cold, ms", "warm, ms"),
            rows,
            notes=(
                f"Round trips: {len(_STEPS)} from the browser to the app (besides the page, before and after). From a cold "
                f"app to AWS {sum(calls.values())}: {outward}. From a warm one: {sum((both - calls).values())}."
            ),
        )
    ]


def _calls(lab: Lab, aws: LoopbackAws, warm: int) -> Counter[str]:
    """Return the calls of one sign-in in a new container, and of `warm` further ones."""
    aws.calls.clear()
    lab.run(Subject("a sign-in", "app:app", plan(*_STEPS.values(), warm=warm)))
    return Counter(aws.calls)
