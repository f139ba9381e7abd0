"""Measures how many sign-ins per second one warm container can do, and what a sign-in costs when many people sign in at
once."""

from dataclasses import replace

from benchmarks import events
from benchmarks.callback import FLASK, OURS, finish
from benchmarks.figures import Section, Spread, Target, number, ratio
from benchmarks.processes import THIRD, Lab, Subject, plan

NAME = "scale"
CROWDS = (1, 10, 200)
_RUNS = 5
#: The maximum cost of one sign-in when many people sign in at once, as a multiple of the cost of a sign-in that runs
#: alone. Each person's browser has its own state.
MAX_OF_ONE = 1.15
_HANDLERS = {OURS: "app:app", FLASK: "benchmarks.peers.flask_sign_in:handler"}


def run(lab: Lab) -> list[Section]:
    """Measure repeated sign-ins in warm processes. Then measure many sign-ins at once. All sign-ins use TLS."""
    login = {"event": events.request("GET", "/auth/login"), "contains": "code_challenge"}
    subjects = [
        Subject(
            name,
            handler,
            {**plan(login, finish(handler), warm=20), "crowds": CROWDS},
            tls=True,
            home=lab.app if name == OURS else Subject._field_defaults["home"],
        )
        for name, handler in _HANDLERS.items()
    ]
    lab = replace(lab, runs=min(lab.runs, _RUNS))
    full = lab.measure(subjects)
    alone = [subject._replace(plan={**subject.plan, "crowds": ()}) for subject in subjects]
    third = lab.measure(alone, share=THIRD)
    rows, cost = [], {}
    for name in _HANDLERS:
        rates = [Spread.of([1 / each for each in times[name].seconds]) for times in (third, full)]
        crowds = [Spread.of(each, 1e3) for each in zip(*full[name].crowds, strict=True)]
        cost[name] = crowds[-1].median / crowds[0].median
        rows.append((name, *(rate.text() for rate in rates), *(number(c.median) for c in crowds)))
    return [
        Section(
            "Many people",
            "First, one warm container handles login and callback repeatedly, over TLS. The figures are sign-ins "
            "per second of elapsed time. Then many people sign in at once: the app redirects all of them to "
            "Cognito before the first person returns. The figures are the CPU time of one sign-in. Lambda gives a "
            f"container one request at a time, so people wait until a container is free. {_RUNS} runs.",
            ("", "a second, ⅓ core", "a second, one core", *(f"{n} at once, ms" for n in CROWDS)),
            rows,
            (
                Target(
                    "One of 200 people at once, compared with a single person",
                    cost[OURS],
                    MAX_OF_ONE,
                ),
            ),
            notes=f"One of 200 sign-ins at once costs {ratio(cost[OURS], 1)} as much as a single sign-in (Flask: "
            f"{ratio(cost[FLASK], 1)}). A test proves that memory does not grow over 100,000 invocations "
            "(`tests/soak/test_memory.py`, in `make soak`).",
        )
    ]
