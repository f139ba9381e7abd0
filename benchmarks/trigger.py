"""What the user-pool trigger costs, beside a function that is nothing but boto3's put_item."""

from benchmarks import events
from benchmarks.figures import Headline, Section, Spread, Target, number, ratio
from benchmarks.processes import Lab, Subject, plan

NAME = "trigger"
MAX_OF_PUT_ITEM = 1.3

OURS, BARE = "Gatehouse, `user_records`", "bare boto3 `put_item`"


def run(lab: Lab) -> list[Section]:
    """Measure both in turn, against the same table on loopback."""
    step = {"event": events.confirmation(), "contains": "PostConfirmation_ConfirmSignUp"}
    handlers = {OURS: "app:user_records", BARE: "benchmarks.peers.put_item:handler"}
    times = lab.measure([Subject(n, h, plan(step, warm=100)) for n, h in handlers.items()])
    cold = {name: Spread.of([steps[0] for steps in t.cold], 1e3) for name, t in times.items()}
    warm = {name: Spread.of([steps[0] for steps in t.warm], 1e6) for name, t in times.items()}
    rows = [
        (
            name,
            cold[name].text(),
            ratio(cold[name].median, cold[BARE].median),
            warm[name].text(),
            ratio(warm[name].median, warm[BARE].median),
        )
        for name in handlers
    ]
    return [
        Section(
            "The user-pool trigger",
            "`PostConfirmation_ConfirmSignUp` into a DynamoDB on loopback. Ours imports `app.py`, refuses foreign pools, "
            "writes conditionally (so that retries and late events change nothing) and logs; the other one puts an item.",
            ("", "cold, ms", "to bare", "warm, µs", "to bare"),
            rows,
            (
                Target(
                    "Trigger, cold, to bare boto3 `put_item`",
                    cold[OURS].median / cold[BARE].median,
                    MAX_OF_PUT_ITEM,
                ),
            ),
            headline=Headline(
                "the user-pool trigger, cold",
                f"{number(cold[OURS].median)} ms",
                {BARE: number(cold[BARE].median)},
            ),
        )
    ]
