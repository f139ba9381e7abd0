"""The cost of the callback from Cognito in a cold container. The callback exchanges the code, fetches the signing keys
and verifies the tokens. At the end, the callback writes the person's record and the session."""

from typing import Any

from benchmarks import events
from benchmarks.builds import EARLIER
from benchmarks.figures import Headline, Section, Spread, Target, number, ratio
from benchmarks.loopback_aws import LoopbackAws
from benchmarks.processes import THIRD, Lab, Subject, Times, plan

NAME = "callback"
MAX_OF_FLASK = 0.60
MAX_MEMORY_OF_FLASK = 0.90
BUNDLES = 1

OURS, FLASK = "Gatehouse", "Flask + flask-cognito-lib + boto3"
SOURCES = "Gatehouse, without the zip's bytecode"
_FLASK_HANDLER = "benchmarks.peers.flask_sign_in:handler"
#: The cookies that Gatehouse and Flask set only when a sign-in is complete.
_DONE = "__Host-gatehouse="
_FLASK_DONE = "cognito_refresh_token="


def run(lab: Lab, aws: LoopbackAws) -> list[Section]:
    """Begin a sign-in with each subject, over TLS and over plain HTTP. Then finish the sign-ins in fresh processes,
    with the subjects in turn."""
    subjects = {
        OURS: Subject(OURS, "app:app", {}, home=lab.app),
        SOURCES: Subject(SOURCES, "app:app", {}, home=lab.sources, compiles=True),
        EARLIER: Subject(EARLIER, "app:app", {}, home=lab.earlier),
        FLASK: Subject(FLASK, _FLASK_HANDLER, {}),
    }
    secure = [begun(lab, subject._replace(tls=True)) for subject in subjects.values()]
    plain = [
        begun(lab, subject._replace(name=f"{name}, HTTP")) for name, subject in subjects.items()
    ]
    times = lab.measure([*secure, *plain])
    slow = lab.measure(secure, share=THIRD)
    seen = {subject.name: _counted(lab, aws, subject) for subject in secure}
    cold = {name: Spread.of(found.together(), 1e3) for name, found in times.items()}
    rows = [_row(name, times, cold, slow, seen) for name in subjects]
    memory = _memory(times, OURS) / _memory(times, FLASK)
    return [
        Section(
            "The callback",
            "`GET /auth/callback` as the first call of a container. All rows read two secrets from Secrets "
            "Manager, exchange the code at the token endpoint, and fetch the keys. They verify the ID token and "
            "the access token, write the person to DynamoDB, and seal the refresh token into a cookie. Gatehouse "
            "runs from the unpacked zip. In the row without bytecode, Python compiles all modules, as it would on "
            "Lambda. All other rows, also the peers', have bytecode.",
            (
                *("", "cold, ms", "to Flask", "HTTP, ms", "at ⅓ core, ms"),
                *("peak, MB", "CA bundles", "connections", "warm, ms"),
            ),
            rows,
            (
                Target(
                    "Callback, cold, compared with Flask + flask-cognito-lib + boto3",
                    cold[OURS].median / cold[FLASK].median,
                    MAX_OF_FLASK,
                ),
                Target("Callback, CA bundles read", seen[OURS][0], BUNDLES, unit=""),
                Target("Callback, peak memory, compared with Flask", memory, MAX_MEMORY_OF_FLASK),
            ),
            headline=Headline(
                "the callback of a sign-in, cold",
                f"{number(cold[OURS].median)} ms",
                {FLASK: number(cold[FLASK].median)},
            ),
        )
    ]


def begun(lab: Lab, subject: Subject) -> Subject:
    """Begin a sign-in in one process. Return the subject with the requests that finish the sign-in in another
    process."""
    start = {"event": events.request("GET", "/auth/login"), "contains": "code_challenge"}
    found = lab.run(subject._replace(plan=plan(start)))
    return subject._replace(
        plan=plan({**finish(subject.handler), "jar": found["jar"], "at": found["at"]}, warm=10)
    )


def finish(handler: str) -> dict[str, Any]:
    """Return the request that a browser sends when Cognito has redirected the browser back to the app."""
    return {
        "event": events.request("GET", "/auth/callback"),
        "contains": _FLASK_DONE if handler == _FLASK_HANDLER else _DONE,
        "cookies": "lax",
        "back": True,
    }


def _counted(lab: Lab, aws: LoopbackAws, subject: Subject) -> tuple[int, int]:
    """Return how often one callback reads the CA certificates, and how many connections the callback opens."""
    aws.connections = 0
    found = lab.run(subject._replace(plan={**subject.plan, "warm": 0, "count_bundles": True}))
    return found["bundles"], aws.connections


def _memory(times: dict[str, Times], name: str) -> float:
    return Spread.of(times[name].peak, 1 / 1024).median


def _row(
    name: str,
    times: dict[str, Times],
    cold: dict[str, Spread],
    slow: dict[str, Times],
    seen: dict[str, tuple[int, int]],
) -> tuple[str, ...]:
    bundles, connections = seen[name]
    return (
        name,
        cold[name].text(),
        ratio(cold[name].median, cold[FLASK].median),
        cold[f"{name}, HTTP"].text(),
        Spread.of(slow[name].wall, 1e3).text(),
        number(_memory(times, name)),
        str(bundles),
        str(connections),
        Spread.of([steps[0] for steps in times[name].warm], 1e3).text(),
    )
