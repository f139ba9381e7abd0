"""What the callback costs a cold container: code for tokens, keys, verification, the person's record, the session."""

from benchmarks import events
from benchmarks.figures import Headline, Section, Spread, Target, number, ratio
from benchmarks.processes import Lab, Subject, plan

NAME = "callback"
MAX_OF_FLASK = 1.0

OURS, FLASK = "Gatehouse", "Flask + flask-cognito-lib + boto3"
_HANDLERS = {OURS: "app:app", FLASK: "benchmarks.peers.flask_sign_in:handler"}
#: A cookie that only a finished sign-in gets.
_DONE = {OURS: "__Host-gatehouse=", FLASK: "cognito_refresh_token="}


def run(lab: Lab) -> list[Section]:
    """Begin a sign-in with each, then let fresh processes finish it in turn."""
    subjects = []
    for name, handler in _HANDLERS.items():
        start = {"event": events.request("GET", "/auth/login"), "contains": "code_challenge"}
        begun = lab.run(Subject(name, handler, plan(start)))
        finish = {
            "event": events.request("GET", "/auth/callback"),
            "contains": _DONE[name],
            "cookies": "lax",
            "back": True,
            "jar": begun["jar"],
            "at": begun["at"],
        }
        subjects.append(Subject(name, handler, plan(finish, warm=10)))
    times = lab.measure(subjects)
    cold = {name: Spread.of([steps[0] for steps in t.cold], 1e3) for name, t in times.items()}
    warm = {name: Spread.of([steps[0] for steps in t.warm], 1e3) for name, t in times.items()}
    rows = [
        (name, cold[name].text(), ratio(cold[name].median, cold[FLASK].median), warm[name].text())
        for name in _HANDLERS
    ]
    return [
        Section(
            "The callback",
            "`GET /auth/callback` as the first call of a container. Both read two secrets from Secrets Manager, exchange "
            "the code at the token endpoint, fetch the keys, verify ID and access token, write the person to DynamoDB, seal "
            "the refresh token into a cookie. All of AWS is one server on loopback, without TLS.",
            ("", "cold, ms", "to Flask", "warm, ms"),
            rows,
            (
                Target(
                    "Callback, cold, to Flask + flask-cognito-lib + boto3",
                    cold[OURS].median / cold[FLASK].median,
                    MAX_OF_FLASK,
                ),
            ),
            headline=Headline(
                "the callback of a sign-in, cold",
                f"{number(cold[OURS].median)} ms",
                {FLASK: number(cold[FLASK].median)},
            ),
        )
    ]
