"""Tests that run the Cognito cases of tests/cognitos against the strict test double. Further tests check the transcript
of a run, its masked values, and its replay."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cognitos.case import LACKS, load_cases
from tests.cognitos.mask import Masks
from tests.cognitos.on_double import DoubleCognito
from tests.cognitos.run import load_differences, observe, verdict
from tests.cognitos.table import PAGE, build_page
from tests.cognitos.transcript import Transcript, main, replay

CASES = load_cases()
LISTED = load_differences("double")
RUN = [case for case in CASES.values() if not case.needs & DoubleCognito.lacks]
TRANSCRIPTS = Path(__file__).resolve().parents[1] / "live" / "transcripts"


@pytest.mark.parametrize("name", [case.name for case in RUN])
def test_the_double_does_what_aws_does(name: str) -> None:
    """Each case has a separate pool."""
    if wrong := verdict(CASES[name], observe(CASES[name], DoubleCognito()), LISTED):
        pytest.fail(wrong, pytrace=False)


def test_cases_are_whole() -> None:
    """Each case has a sentence and a link to an AWS page. A case may only require features that `LACKS` lists."""
    for case in CASES.values():
        assert case.says.endswith((".", ")")), case.name
        assert case.page.startswith("https://docs.aws.amazon.com/"), case.name
        assert case.needs <= set(LACKS)


def test_a_difference_that_is_gone_is_noticed() -> None:
    """The test covers a difference that no longer exists, a new difference, and a changed difference."""
    case = CASES["an_address_signs_up_once"]
    listed = load_differences("local")["six_wrong_passwords_lock_the_account"]
    assert verdict(case, case.expected, {}) is None
    assert "not listed" in str(verdict(case, "accepted", {}))
    assert "no longer differs" in str(verdict(case, case.expected, {case.name: listed}))
    assert verdict(case, "accepted", {case.name: listed}) is None
    assert "is listed" in str(verdict(case, "LimitExceededException", {case.name: listed}))


def test_the_pages_table_is_up_to_date() -> None:
    """`python -m tests.cognitos.table --write` updates the table."""
    text = PAGE.read_text(encoding="utf-8")
    assert build_page(text) == text


def recorded(tmp_path: Path, *names: str) -> dict[str, Any]:
    transcript = Transcript({"region": "eu-west-1"})
    for name in names:
        transcript.run(CASES[name], DoubleCognito())
    transcript.write(tmp_path / "transcript.json")
    read: dict[str, Any] = json.loads((tmp_path / "transcript.json").read_text(encoding="utf-8"))
    return read


SAMPLE = ("a_session_serves_once", "a_revoked_token_renews_nothing", "a_code_serves_once")


def test_a_transcript_replays(tmp_path: Path) -> None:
    """The double gives the same responses as in its own masked transcript. It also gives AWS's responses in the
    transcripts that people have sent."""
    assert replay(recorded(tmp_path, *SAMPLE)) == []
    for path in sorted(TRANSCRIPTS.glob("*.json")):
        found = replay(json.loads(path.read_text(encoding="utf-8")))
        assert [finding for finding in found if not finding.is_note] == [], path.name


def test_every_case_of_the_double_replays(tmp_path: Path) -> None:
    """One transcript contains every case."""
    assert replay(recorded(tmp_path, *(case.name for case in RUN))) == []


def test_a_replay_tells_what_differs(tmp_path: Path) -> None:
    """The replay reports another error, another observation, an additional call, and an unknown case."""
    document = recorded(tmp_path, *SAMPLE)
    calls = document["cases"]["a_session_serves_once"]["calls"]
    calls[0]["error"] = "InternalErrorException"
    document["cases"]["a_revoked_token_renews_nothing"]["seen"] = [200, [200, None]]
    document["cases"]["a_code_serves_once"]["calls"].pop()
    document["cases"]["gone"] = {"seen": 1, "calls": []}
    found = {finding.case: finding.says for finding in replay(document)}
    assert "recorded admin_create_user: InternalErrorException" in found["a_session_serves_once"]
    assert "the double shows [200, [400" in found["a_revoked_token_renews_nothing"]
    assert "recorded 2 calls, the double took 3" in found["a_code_serves_once"]
    assert "no such case" in found["gone"]


def test_the_replay_command_fails_where_something_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints one line for each difference. If a file is no transcript, the error message contains the
    file's name."""
    document = recorded(tmp_path, *SAMPLE)
    path = tmp_path / "transcript.json"
    assert main([str(path)]) == 0
    document["cases"]["a_code_serves_once"]["seen"] = "other"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert main([str(path)]) == 1
    assert "a_code_serves_once: recorded" in capsys.readouterr().out
    assert main([]) == 2


def test_a_transcript_holds_no_secret(tmp_path: Path) -> None:
    """The test covers every secret that a run sends or receives: passwords, tokens, codes, Sessions, hashes, ids."""
    port = DoubleCognito()
    transcript = Transcript({"note": f"client {port.client.id}"}, Masks(port.client.secret))
    for case in RUN:
        transcript.run(case, DoubleCognito())
    transcript.write(tmp_path / "transcript.json")
    text = (tmp_path / "transcript.json").read_text(encoding="utf-8")
    for secret in (port.client.id, port.client.secret, port.server_client.secret, port.pool_id):
        assert secret not in text
    assert "correct-horse" not in text
    assert "another-horse" not in text
    assert "eyJ" not in text
    assert "session-" not in text
    assert "refresh-" not in text


def test_masks_reach_into_other_texts() -> None:
    """If a value is masked in one place, it is also masked inside every other text. Equal values have equal masks."""
    masks = Masks("given-in-advance")
    document = masks.take(
        {
            "ClientId": "client-0123456789",
            "again": [{"client_id": "client-0123456789"}],
            "Attributes": [{"Name": "email", "Value": "ann@acme.test"}],
            "message": "Unable to verify secret hash for client client-0123456789 by given-in-advance",
            "arn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/x",
            "note": "write to someone@acme.test or case-1@example.com",
            "bearer": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.sig",
        }
    )
    read = json.loads(masks.text(document))
    assert read["ClientId"] == read["again"][0]["client_id"] == "<ClientId 2>"
    assert read["message"].endswith("client <ClientId 2> by <given 1>")
    assert read["Attributes"][0]["Value"].startswith("<email")
    assert ":<account>:" in read["arn"]
    assert read["note"] == "write to <address> or case-1@example.com"
    assert read["bearer"] == "<token>"
