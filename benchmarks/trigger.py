"""Measures the cost of the user-pool trigger. The peer is a function that does nothing but call boto3's put_item."""

from benchmarks import events
from benchmarks.builds import EARLIER
from benchmarks.figures import Headline, Section, Spread, Target, number, ratio
from benchmarks.processes import THIRD, Lab, Subject, plan

NAME = "trigger"
MAX_OF_PUT_ITEM = 0.8
MAX_WARM = 1.3

OURS, BARE = "Gatehouse, `user_records`", "bare boto3 `put_item`"
_EARLIER = f"{EARLIER}, `user_records`"


def run(lab: Lab) -> list[Section]:
    """Measure the trigger and the peer alternately, with the same table, over TLS and over plain HTTP."""
    step = {"event": events.confirmation(), "contains": "PostConfirmation_ConfirmSignUp"}
    work = plan(step, warm=100)
    subjects = [
        Subject(OURS, "app:user_records", work, home=lab.app),
        Subject(_EARLIER, "app:user_records", work, home=lab.earlier),
        Subject(BARE, "benchmarks.peers.put_item:handler", work),
    ]
    secure = [subject._replace(tls=True) for subject in subjects]
    plain = [subject._replace(name=f"{subject.name}, HTTP") for subject in subjects]
    times = lab.measure([*secure, *plain])
    slow = lab.measure([subject._replace(plan=plan(step)) for subject in secure], share=THIRD)
    cold = {name: Spread.of(found.together(), 1e3) for name, found in times.items()}
    warm = {name: Spread.of([steps[0] for steps in t.warm], 1e6) for name, t in times.items()}
    rows = [
        (
            name,
            cold[name].text(),
            ratio(cold[name].median, cold[BARE].median),
            cold[f"{name}, HTTP"].text(),
            Spread.of(slow[name].wall, 1e3).text(),
            number(Spread.of(times[name].peak, 1 / 1024).median),
            warm[name].text(),
            ratio(warm[name].median, warm[BARE].median),
        )
        for name in (OURS, _EARLIER, BARE)
    ]
    return [
        Section(
            "The user-pool trigger",
            "`PostConfirmation_ConfirmSignUp`, written to a DynamoDB on loopback. Gatehouse imports `app.py`, "
            "refuses foreign pools, writes conditionally (so that retries and late events change nothing) and "
            "logs. The other function only puts an item.",
            (
                *("", "cold, ms", "to bare", "HTTP, ms", "at ⅓ core, ms", "peak, MB"),
                *("warm, µs", "to bare"),
            ),
            rows,
            (
                Target(
                    "Trigger, cold, compared with bare boto3 `put_item`",
                    cold[OURS].median / cold[BARE].median,
                    MAX_OF_PUT_ITEM,
                ),
                Target(
                    "Trigger, warm, compared with bare boto3 `put_item`",
                    warm[OURS].median / warm[BARE].median,
                    MAX_WARM,
                ),
            ),
            headline=Headline(
                "the user-pool trigger, cold",
                f"{number(cold[OURS].median)} ms",
                {BARE: number(cold[BARE].median)},
            ),
        )
    ]
