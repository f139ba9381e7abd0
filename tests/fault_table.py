"""Writes the fault table into docs/faults.md: `python -m tests.fault_table`.

With `--measure`, the command instead runs every case with the time limits of production. It prints each result, and the
time that the person waits. The run takes some ten minutes, and waits for most of this time. If a person waited longer
than the table says, the exit code is 1. With `--keep`, the command writes the times into the page. With `--new`, it
measures only lines that have no times yet.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

from chalicelib.gatehouse.deadline import Limits
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.stage import FaultStage, built
from tests.faults.table import CALLS, ENDLESS, FAULTS, SAMPLE, Call, Outcome

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "faults.md"
TEMPLATE = ROOT / "tests" / "faults" / "page.md"
TIMES = ROOT / "tests" / "data" / "fault_times.json"
#: The time in seconds that our own code may take in addition to the outbound calls.
SLACK_SECONDS = 1.0

_EVENTS = {
    "refused": "`refused`, error: `route`, `code`, `status`, `detail`",
    "sign_in_failed": "`sign_in_failed`: `door`, `code`, `detail`",
    "device_not_checked": "`device_not_checked`, warning: `detail`",
    "revoke_failed": "`revoke_failed`: `detail`",
    "record_not_written": "`record_not_written`, error: `user`, `detail`",
    "record_not_read": "`record_not_read`, error: `user`, `detail`",
    "trigger_failed": "`trigger_failed`, error: `source`, `code`, `detail`",
    "sign_out": "`sign_out`",
    "departure_lost": "`departure_lost`, error: `detail`",
    "groups_left_out": "`groups_left_out`, error: `detail`",
    "account_mail_failed": "`account_mail_failed`, error: `code`, `detail`",
    "sessions_not_ended": "`sessions_not_ended`, error: `detail`",
    "passkeys_not_ended": "`passkeys_not_ended`, error: `user`, `detail`",
    "session_not_noted": "`session_not_noted`, error: `user`, `detail`",
    "row_not_deleted": "`row_not_deleted`, warning: `user`, `detail`",
    "proof_not_noted": "`proof_not_noted`, error: `provider`, `detail`",
    "proof_left_out": "`proof_left_out`, error: `user`, `detail`",
    "leaving_failed": "`leaving_failed`, error: `code`, `detail`",
    "subject_not_noted": "`subject_not_noted`, error: `user`, `detail`",
    "": "–",
}

_REASONS = {
    "request": "All calls of one request together. The function has 25 s, and API Gateway waits 29 s.",
    "trigger": "All calls of one trigger together. Cognito waits 5 s for a trigger, including a cold start.",
    "post": "A call to the token endpoint, the revoke endpoint or `siteverify`. "
    "The token endpoint waits for our own trigger, perhaps with a cold start.",
    "get": "The two tries to fetch the signing keys, together.",
    "get_try": "One try to fetch the signing keys.",
    "connect": "The time to open a connection over HTTP.",
    "aws": "A call to DynamoDB, Secrets Manager or SQS. For a read, the limit covers the two tries together.",
    "aws_connect": "The time to open a connection to AWS.",
    "aws_read": "The time between two bytes of an answer from AWS.",
    "cognito": "One try of a call to Cognito's user-pool API. Cognito waits for our triggers, perhaps with a cold start.",
    "page": "All calls before the server sends the page's HTML. "
    "In an outage, the page requests its configuration afterwards.",
    "own": "All tries of one call that a team's own code makes to AWS.",
}


def main() -> int:
    """Write the page, or measure the cases. Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--new", action="store_true")
    options = parser.parse_args()
    late: list[str] = []
    if options.measure:
        known = json.loads(TIMES.read_text(encoding="utf-8")) if options.new else {}
        times, late = measure(known)
        if options.keep:
            TIMES.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")
    if options.keep or not options.measure:
        PAGE.write_text(render(), encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)} written")
    for line in late:
        print(f"TOO LATE: {line}")
    return 1 if late else 0


def measure(
    known: dict[str, dict[str, float]],
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Run every case that is not in `known`, with the time limits of production.

    Return the seconds of each case, and the cases that took too long.
    """
    limits, late = Limits(), list[str]()
    times = {title(call): dict(known.get(title(call), {})) for call in CALLS}
    with tempfile.TemporaryDirectory() as folder, built(Path(folder)) as stage:
        for call in CALLS:
            if title(call) in known:
                continue
            for fault in call.faults():
                seconds = _measured(stage, call, fault, limits)
                times[title(call)][fault] = round(seconds, 2)
                print(f"{seconds:6.2f} s  {title(call)} | {fault}", flush=True)
                if seconds > call.seconds(limits) + SLACK_SECONDS:
                    late.append(f"{title(call)} | {fault}: {seconds:.2f} s")
    return times, late


def _measured(stage: FaultStage, call: Call, fault: str, limits: Limits) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        played = stage.play(call, fault, limits)
    expected = call.others.get(fault, call.outcome)
    if (played.status, played.code) != (expected.status, expected.code):
        raise SystemExit(f"{title(call)} | {fault}: {played.status} {played.code}\n{played.log}")
    return played.seconds


def title(call: Call) -> str:
    """Return the key under which `fault_times.json` contains the times of a call."""
    return f"{call.route} | {call.name}"


def render() -> str:
    """Return the text of docs/faults.md."""
    limits = Limits()
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    return TEMPLATE.read_text(encoding="utf-8").format(
        function=config["lambda_functions"]["api_handler"]["lambda_timeout"],
        limits="\n".join(
            f"| `{name}` | {getattr(limits, name):g} | {_REASONS[name]} |"
            for name in Limits.__annotations__
        ),
        faults="\n".join(f"| {name} | {what} |" for name, (what, _) in FAULTS.items()),
        calls=len(CALLS),
        cases=sum(len(call.faults()) for call in CALLS),
        table="\n".join(_row(call, limits) for call in CALLS),
        sample=" and ".join(SAMPLE),
        elsewhere_calls=len(ELSEWHERE),
        elsewhere_cases=sum(len(call.faults()) for call in ELSEWHERE),
        elsewhere="\n".join(_elsewhere()),
    )


def _elsewhere() -> list[str]:
    """Return the rows of the second table: one row for each route and outcome."""
    rows: dict[tuple[str, Outcome], list[str]] = {}
    for call in ELSEWHERE:
        rows.setdefault((call.route, call.outcome), []).append(f"`{call.name}`")
    return [
        f"| `{route}` | {', '.join(names)} | {_answer(route, outcome)} | {outcome.cookie} | {_EVENTS[outcome.event]} |"
        for (route, outcome), names in rows.items()
    ]


def _row(call: Call, limits: Limits) -> str:
    notes = [call.note] if call.note else []
    for outcome in dict.fromkeys(call.others.values()):
        names = " or ".join(name for name, other in call.others.items() if other == outcome)
        notes.append(
            f"If the fault is {names}, the answer is {_answer(call.route, outcome)}, "
            f"and the log line is {_EVENTS[outcome.event]}."
        )
    if not call.first:
        notes.append(
            "We do not test this call with an unreachable host, "
            "because an earlier call would end the request."
        )
    cells = [
        f"`{call.route}`",
        f"`{call.name}`",
        _answer(call.route, call.outcome),
        call.outcome.cookie,
        _EVENTS[call.outcome.event],
        str(call.tries),
        f"{call.seconds(limits):g} s",
        _times(call),
        " ".join(notes),
    ]
    return "| " + " | ".join(cells) + " |"


#: The results of the functions that no request waits for, by the event in the log.
_OF_FUNCTIONS = {
    "account_mail_failed": "an error for Lambda",
    "leaving_failed": "`batchItemFailures`, so the queue keeps the message",
    "row_not_deleted": "the message is done",
}


def _answer(route: str, outcome: Outcome) -> str:
    if route == "GET /":
        return "200, the page" + (
            "" if outcome.event else ", which then requests its configuration"
        )
    if route.startswith("function "):
        return _OF_FUNCTIONS[outcome.event]
    if not outcome.status:
        return "an error for Cognito" if outcome.event == "trigger_failed" else "the event"
    if outcome.status == 303:
        return f"303 `/?error={outcome.code}`" if outcome.code else "303 to the app"
    return f"{outcome.status} `{outcome.code}`" if outcome.code else str(outcome.status)


def _times(call: Call) -> str:
    times = json.loads(TIMES.read_text(encoding="utf-8")).get(title(call))
    if not times:
        return "–"
    others = max(seconds for fault, seconds in times.items() if fault not in ENDLESS)
    return " · ".join(f"{seconds:.1f}" for seconds in (*(times[name] for name in ENDLESS), others))


if __name__ == "__main__":
    sys.exit(main())
