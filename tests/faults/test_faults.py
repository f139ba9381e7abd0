"""Tests of each line of the table in docs/faults.md. The real clients make each outbound call over real sockets, and
the tests cause each fault during the call."""

import json
from collections.abc import Iterator

import pytest

from chalicelib.gatehouse.deadline import Limits
from tests.component.direct import PASSWORD
from tests.component.world import CLIENT_SECRET, MFA_CLIENT_SECRET, SEALING_KEY
from tests.fault_table import PAGE, ROOT, TIMES, render, title
from tests.fault_table import SLACK_SECONDS as MEASURED_SLACK
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.scenes import ONCE
from tests.faults.stage import FaultStage, built
from tests.faults.table import CALLS, FAULTS, OF_HOST, SAMPLE, Call

#: Limits that a healthy call should never reach. A fault that never ends by itself ends at such a limit.
_LONG = dict.fromkeys(Limits.__annotations__, 10.0)
QUICK = Limits(**_LONG)
#: Short limits for the broken call. The other calls keep long limits, because a healthy call on a busy machine could
#: exceed a short limit. For each fault, the limits that must end the fault are short. If another limit were short, the
#: limit could end the first try and prevent the second try.
TIGHT = {
    "hang": Limits(**_LONG | dict.fromkeys(("post", "cognito", "get_try", "aws_read"), 0.05)),
    "slow": Limits(**_LONG | dict.fromkeys(("post", "cognito", "get", "aws"), 0.05)),
}
#: The time in seconds that our own code may take. Even on a busy machine, it takes far less. A silent service keeps a
#: connection open for a minute, which is far more.
SLACK_SECONDS = 15.0

CASES = [
    pytest.param(call, fault, id=f"{call.route} | {call.name} | {fault}")
    for call in (*CALLS, *ELSEWHERE)
    for fault in call.faults()
]
REPEATED = [
    pytest.param(call, id=f"{call.route} | {call.name}") for call in CALLS if call.scene not in ONCE
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStage]:
    with built(tmp_path_factory.mktemp("certificates"), pause=lambda: None) as made:
        yield made


@pytest.mark.security("S-35")
@pytest.mark.security("S-25")
@pytest.mark.security("S-63")
@pytest.mark.parametrize(("call", "fault"), CASES)
def test_a_fault_ends_as_the_table_says(stage: FaultStage, call: Call, fault: str) -> None:
    """The response, the cookie, the log line and the number of tries match the table. The request ends within the
    limit. The log contains no secrets."""
    expected = call.others.get(fault, call.outcome)
    limits = TIGHT.get(fault, QUICK)
    played = stage.play(call, fault, QUICK, limits)
    assert (played.status, played.code) == (expected.status, expected.code), played.log
    if expected.cookie != "–":
        assert played.cookie == expected.cookie
    lines = [line for line in played.lines if line["event"] == expected.event]
    assert lines or not expected.event, played.log
    if expected.event == "refused":
        assert lines[-1]["level"] == "error"
        assert lines[-1]["route"] == call.route
    if fault not in OF_HOST:
        assert played.tries == call.tries_at(fault)
    assert not set(call.never) & set(played.calls)
    assert "elsewhere" not in played.calls
    # If the write of the counter fails, the app cannot know whether the table has counted the attempt.
    assert played.attempts <= max(call.counted, "throttle" in call.name)
    assert played.seconds < call.seconds(limits) + SLACK_SECONDS
    for secret in (CLIENT_SECRET, MFA_CLIENT_SECRET, SEALING_KEY, PASSWORD, "refresh-", "eyJ"):
        assert secret not in played.log


@pytest.mark.security("S-35")
@pytest.mark.parametrize("call", REPEATED)
def test_afterwards_the_same_browser_goes_on(stage: FaultStage, call: Call) -> None:
    """After the fault, the same request succeeds in the same browser. Codes and sessions are still usable."""
    status = stage.play_mended(call, "500", QUICK)
    assert status in ((200, 204) if "/" in call.route else (0,))


@pytest.mark.security("S-35")
@pytest.mark.parametrize(
    ("scene", "request_seconds"),
    [
        # Most of these calls run in parallel.
        ("callback", 0.25),
        *((scene, 0.5) for scene in ("refresh", "sign-in", "challenge", "mfa setup", "captcha")),
    ],
)
def test_answers_that_are_all_late_do_not_add_up(
    stage: FaultStage, scene: str, request_seconds: float
) -> None:
    """Each response arrives within its own limit, but all responses together take longer than the request's budget. The
    request nevertheless ends with a clean response."""
    limits = Limits(**_LONG | {"request": request_seconds})
    for _ in range(3):
        played = stage.play_late(scene, limits, 0.15)
        if len(played.calls) > 1:
            break  # If a busy machine stops for a moment, a single call can use up the budget.
    assert played.code == "temporarily_unavailable", played.log
    assert 2 <= len(played.calls) <= 5
    assert played.cookie in ("kept", "not set")
    assert limits.request <= played.seconds < limits.request + SLACK_SECONDS


def test_every_fault_is_met() -> None:
    """The tests cover every call with every fault, with one exception. If a call is not the route's first call to its
    host, no test causes the faults that affect the whole host during this call."""
    elsewhere = len(ELSEWHERE) * len(SAMPLE)
    assert len(CASES) - elsewhere == len(CALLS) * len(FAULTS) - len(OF_HOST) * sum(
        not call.first for call in CALLS
    )


def test_what_is_sampled_is_proved_with_every_fault_in_another_route() -> None:
    """If the tests use only two faults for a call, the same call is tested with all faults in another route. No call
    has two lines."""
    assert {_client(call) for call in ELSEWHERE} <= {_client(call) for call in CALLS}
    lines = [(call.route, call.name, call.scene) for call in (*CALLS, *ELSEWHERE)]
    assert len(lines) == len(set(lines))


def _client(call: Call) -> tuple[str, str, int]:
    """Return the properties of a call on which its client depends. They are the host, the time limit, and the number
    of tries (at most two)."""
    return call.host, call.limit, min(call.tries, 2)


def test_the_page_is_up_to_date() -> None:
    """docs/faults.md contains what `python -m tests.fault_table` would write now."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_case_was_measured_and_came_in_time() -> None:
    """The file with the times contains each case, measured with the production limits (`make soak`). Each case ended
    within its limit."""
    times = json.loads(TIMES.read_text(encoding="utf-8"))
    assert {name: set(faults) for name, faults in times.items()} == {
        title(call): set(call.faults()) for call in CALLS
    }
    for call in CALLS:
        assert max(times[title(call)].values()) <= call.seconds(Limits()) + MEASURED_SLACK


def test_the_production_limits_leave_room_below_those_of_aws() -> None:
    """A request's budget is shorter than our function's time limit, which is shorter than API Gateway's time limit. A
    trigger's budget is below Cognito's five seconds."""
    functions = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]
    limits = Limits()
    assert limits.request + 5 <= functions["api_handler"]["lambda_timeout"] < 29
    assert limits.trigger + 1.5 <= functions["user_records"]["lambda_timeout"] <= 5
    assert all(call.seconds(limits) <= limits.request for call in CALLS)
    # The limit must be long enough for two tries and the pause between them. A shorter limit would end the second try.
    assert 2 * limits.get_try + 0.25 <= limits.get
    assert 2 * limits.aws_read + 0.25 <= limits.aws
    assert limits.aws_connect <= limits.aws_read
