"""Tests of the app while AWS restores the user pool to an earlier point in time. The tests cover every call to the
user-pool API, in every route and trigger."""

from collections.abc import Iterator

import pytest

from tests.faults.elsewhere import ELSEWHERE
from tests.faults.stage import FaultStage, built
from tests.faults.table import CALLS, FAULTS, RECOVERING, Call, recovering
from tests.faults.test_faults import QUICK

POOL_CALLS = [
    pytest.param(call, id=f"{call.route} | {call.name}")
    for call in (*CALLS, *ELSEWHERE)
    if call.host == "cognito-idp"
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStage]:
    with built(tmp_path_factory.mktemp("certificates"), pause=lambda: None) as made:
        yield made


@pytest.mark.security("S-35")
@pytest.mark.parametrize("call", POOL_CALLS)
def test_a_pool_in_recovery_is_an_outage_with_a_name(
    stage: FaultStage, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app answers as the fault table says for an outage. The clients do not repeat the call. A log line names the
    reason."""
    monkeypatch.setitem(FAULTS, RECOVERING, ("OperationNotEnabledException", recovering))
    played = stage.play(call, RECOVERING, QUICK)
    assert (played.status, played.code) == (call.outcome.status, call.outcome.code), played.log
    if call.outcome.cookie != "–":
        assert played.cookie == call.outcome.cookie
    named = [line for line in played.lines if line["event"] == "user_pool_not_enabled"]
    assert {(line["level"], line["operation"]) for line in named} == {("error", call.name)}
    assert played.tries == 1
    assert played.attempts <= call.counted
