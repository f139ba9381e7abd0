"""The cost of an authorized route. The benchmark measures the import of the app, one call in a cold container, and a
warm call.

For Gatehouse, the benchmark measures the real `app.py`, with all its routes and checks. Each peer is an app with one
route.
"""

from benchmarks import events
from benchmarks.figures import Headline, Section, Spread, Target, number, ratio
from benchmarks.processes import ROOT, Lab, Subject, plan

NAME = "route"
MAX_OF_CHALICE = 1.25
MIN_AGAINST_POWERTOOLS = 2.5

OURS, CHALICE, POWERTOOLS = "Gatehouse, the whole app", "bare Chalice", "Powertools"
_HANDLERS = {
    OURS: "app:app",
    CHALICE: "benchmarks.peers.bare_chalice:app",
    POWERTOOLS: "benchmarks.peers.powertools_app:handler",
    "Flask + flask-cognito-lib": "benchmarks.peers.flask_app:handler",
    "FastAPI + Mangum": "benchmarks.peers.fastapi_app:handler",
}


def run(lab: Lab) -> list[Section]:
    """Measure our app and the peers alternately."""
    step = {
        "event": events.request("GET", "/whoami", authorized=True),
        "contains": '"statusCode": 200',
    }
    subjects = [
        Subject(name, handler, plan(step, warm=300), home=lab.app if name == OURS else ROOT)
        for name, handler in _HANDLERS.items()
    ]
    times = lab.measure(subjects)
    cold = {name: Spread.of([steps[0] for steps in t.cold], 1e3) for name, t in times.items()}
    warm = {name: Spread.of([steps[0] for steps in t.warm], 1e6) for name, t in times.items()}
    ours, bare, powertools = (cold[name].median for name in (OURS, CHALICE, POWERTOOLS))
    rows = [
        (name, cold[name].text(), ratio(cold[name].median, bare), warm[name].text())
        for name in _HANDLERS
    ]
    return [
        Section(
            "An authorized route",
            "`GET /whoami` behind API Gateway's authorizer. The claims are in the event, and the response is JSON. "
            "*Cold* is the import and the first call in a fresh process; *warm* is the median of 300 further "
            "calls. Gatehouse also checks `token_use`, client and scope again, and sets the security headers. The "
            "peers only read the claims.",
            ("", "cold, ms", "to bare Chalice", "warm, µs"),
            rows,
            (
                Target(
                    "Authorized route, cold, compared with bare Chalice",
                    ours / bare,
                    MAX_OF_CHALICE,
                ),
                Target(
                    "Authorized route, cold, faster than Powertools",
                    powertools / ours,
                    MIN_AGAINST_POWERTOOLS,
                    at_least=True,
                ),
            ),
            headline=Headline(
                "an authorized route, cold",
                f"{number(ours)} ms",
                {name: number(cold[name].median) for name in _HANDLERS if name != OURS},
            ),
        )
    ]
