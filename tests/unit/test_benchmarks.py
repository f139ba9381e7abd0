"""Tests of the benchmarks' code: figures, targets, the page, and the steps of a measured process. No test in this file
measures time."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import builds, child, events, machine, report
from benchmarks.figures import Headline, Section, Spread, Target, number, ratio, table
from benchmarks.loopback_aws import CLIENT_ID, LoopbackAws, served
from benchmarks.processes import ROOT, Lab, Subject, plan
from benchmarks.processor_share import hold

SECTION = Section(
    "A thing",
    "How.",
    ("", "ms"),
    [("ours", "1.00")],
    (Target("Fast", 1.2, 1.5), Target("Faster than that", 2.0, 2.5, at_least=True)),
    headline=Headline("the thing", "1.00 ms", {"that": "2.00", "other": "3.00"}),
)


def test_a_spread_is_the_median_and_the_middle_half() -> None:
    """One slow run changes neither the median nor the middle half."""
    assert Spread.of([5, 1, 3, 2, 4]) == Spread(3, 2, 4)
    assert Spread.of([1, 2, 3, 4, 900]) == Spread(3, 2, 4)
    assert Spread.of([0.002], 1e3).text() == "2.00 (2.00–2.00)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123, "0.012"),
        (0.5, "0.50"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
    ],
)
def test_a_number_has_the_digits_that_matter(value: float, text: str) -> None:
    """A number is written with about three digits."""
    assert number(value) == text


def test_a_target_is_met_up_to_its_limit_and_no_further() -> None:
    """The test covers "at most" targets and "at least" targets."""
    assert [Target("x", value, 1.5).met() for value in (1.4, 1.5, 1.51)] == [True, True, False]
    least = [Target("x", value, 2.5, at_least=True).met() for value in (2.49, 2.5, 2.6)]
    assert least == [False, True, True]
    assert Target("x", 1.51, 1.5).row() == ("x", "1.51 ×", "≤ 1.50 ×", "**missed**")


def test_a_missed_target_is_named() -> None:
    """The exit code depends on missed targets."""
    assert report.missed([SECTION]) == ["Faster than that"]
    assert report.missed([]) == []


def test_the_page_holds_sections_targets_and_machine() -> None:
    """The columns of the page are also readable as plain text."""
    page = report.build([SECTION], [("system", "Debian")], date="2026-01-02", runs=3, minutes=5)
    assert "- system: Debian\n- measured: 2026-01-02, 3 runs of each\n" in page
    assert "| Faster than that |   2.00 × | ≥ 2.50 × | **missed** |" in page
    assert "## A thing\n\nHow.\n\n|      |   ms |\n| ---- | ---: |\n| ours | 1.00 |\n" in page
    assert ratio(3, 2) == "1.50 ×"
    assert table(("a",), []) == "| a |\n| - |"


def test_the_readme_gets_one_line_a_section_between_its_marks() -> None:
    """The text outside the two marker comments stays. If the comments are missing, the benchmark cannot write the
    figures."""
    readme = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    text = report.put_headlines(readme, [SECTION])
    assert text.startswith(f"before\n{report.BEGIN}\n|")
    assert "| the thing |   1.00 ms | that 2.00 · other 3.00 |" in text
    assert "old" not in text
    assert text.endswith(f"|\n{report.END}\nafter\n")
    with pytest.raises(ValueError, match="no place"):
        report.put_headlines("before", [SECTION])


def test_the_readme_has_a_place_for_the_figures() -> None:
    """The README has the comment before the figures once, and the comment after the figures once."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (text.count(report.BEGIN), text.count(report.END)) == (1, 1)


def test_the_processor_is_read_from_cpuinfo() -> None:
    """If the machine's cpuinfo has no name, the result is empty."""
    assert (
        machine.parse_processor("vendor : x\nmodel name\t: Some  CPU @ 2 GHz\n")
        == "Some CPU @ 2 GHz"
    )
    assert machine.parse_processor("") == ""


class Recording(Lab):
    """A lab that records which subject would run."""

    ran: list[str]

    def run(self, subject: Subject, share: float = 0) -> dict[str, Any]:
        self.ran.append(subject.name)
        spent = {"wall": share, "peak": 1, "seconds": 0.0, "crowds": []}
        return {"cold": [float(len(self.ran))], "warm": [0.0], **spent}


def test_subjects_take_turns_and_each_begins_a_round() -> None:
    """The first round fills caches, so the lab does not count the first round."""
    lab = Recording(Path(), {}, 2, lambda _: None)
    object.__setattr__(lab, "ran", [])
    times = lab.measure([Subject(name, "x:y", plan()) for name in "ABC"])
    assert "".join(lab.ran) == "ABCBCACAB"
    assert times["A"].cold == [[6.0], [8.0]]


def answer(cookies: list[str], location: str = "") -> dict[str, Any]:
    return {
        "statusCode": 302,
        "headers": {"Location": location},
        "multiValueHeaders": {"Set-Cookie": cookies},
    }


def test_a_journey_carries_cookies_and_comes_back_with_state_and_nonce() -> None:
    """As in a browser, the next request after a cross-site redirect has neither Strict cookies nor deleted cookies."""
    seen: list[dict[str, Any]] = []
    answers = iter(
        [
            answer(
                ["a=1; SameSite=Lax", "b=2; SameSite=Strict", "c=3; Path=/"],
                "https://x/authorize?state=s&nonce=n%3D",
            ),
            answer(["a=gone; Max-Age=0"]),
            answer([]),
        ]
    )

    def subject(event: dict[str, Any], context: child.Context) -> dict[str, Any]:
        seen.append(
            {"query": event.get("queryStringParameters"), "cookie": event["headers"].get("Cookie")}
        )
        assert context.aws_request_id
        return next(answers)

    def step(**more: Any) -> dict[str, Any]:
        return {"event": {"headers": {}, "multiValueHeaders": {}}, "contains": "302", **more}

    journey = child.Journey(subject, [step(), step(cookies="lax", back=True), step(cookies="all")])
    assert len(journey.run()) == 3
    assert seen == [
        {"query": None, "cookie": None},
        {"query": {"code": "n=", "state": "s"}, "cookie": "a=1; c=3"},
        {"query": None, "cookie": "b=2; c=3"},
    ]


def test_an_unexpected_answer_ends_the_measurement() -> None:
    """Without this check, a subject that fails fast would seem to be a fast subject."""
    journey = child.Journey(
        lambda event, context: {"statusCode": 500}, [{"event": {}, "contains": "200"}]
    )
    with pytest.raises(SystemExit, match="unexpected answer"):
        journey.run()


def test_a_measured_process_does_a_whole_sign_in_on_loopback() -> None:
    """A real process runs the app and makes the app's calls, so that the figures measure the whole sign-in."""
    from benchmarks.sign_in import run

    with served() as aws:
        assert aws.environment["CLIENT_ID"] == CLIENT_ID
        lab = Lab(Path(sys.executable), aws.environment, 1, lambda _: None, aws.tls_environment)
        (section,) = run(lab, aws)
    assert [row[0] for row in section.rows][3:5] == ["GET /me", "together"]
    for once in ("Cognito keys: 1", "Cognito token (code): 1", "Cognito token (refresh): 1"):
        assert once in section.notes
    assert "DynamoDB UpdateItem users: 1" in section.notes
    # Two calls are for tokens. Two calls are for the record (write, read) and two for the session's row (write,
    # update). One call is for the list of the person's sessions. All other data is cached.
    assert "A warm app makes 7 calls." in section.notes


def test_a_subject_that_fails_says_why(tmp_path: Path) -> None:
    """The error has the output of the failed subject."""
    lab = Lab(Path(sys.executable), {"HOME": os.fspath(tmp_path)}, 1, lambda _: None)
    with pytest.raises(RuntimeError, match="no such thing"):
        lab.program("raise SystemExit('no such thing')")


def test_the_loopback_gives_what_is_asked_for() -> None:
    """The loopback's token endpoint accepts a nonce as the code, and returns the nonce in the ID token."""
    aws = LoopbackAws(0)
    name, tokens = aws.answer("/oauth2/token", b"grant_type=authorization_code&code=the-nonce")
    assert name == "Cognito token (code)"
    assert tokens["id_token"].count(".") == 2
    called, _ = aws.answer("DynamoDB_20120810.UpdateItem", b'{"TableName": "users"}')
    assert called == "DynamoDB UpdateItem users"


@pytest.mark.parametrize(("limit", "code"), [(1.5, 0), (1.0, 1)])
def test_the_exit_code_tells_of_a_missed_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: float, code: int
) -> None:
    """The benchmark writes the page whether or not a target is missed."""
    section = Section("A thing", "How.", ("",), [], (Target("Fast", 1.2, limit),))
    monkeypatch.setattr(command, "BENCHMARKS", {"thing": lambda lab, aws: [section]})
    monkeypatch.setattr(command.peers_home, "python", lambda: Path(sys.executable))
    monkeypatch.setattr(command.machine, "describe", lambda lab: [])
    for build in ("unpack_ours", "unpack_sources", "unpack_earlier"):
        monkeypatch.setattr(builds, build, lambda *_: ROOT)
    page = tmp_path / "BENCHMARKS.md"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--runs", "1", "--out", str(page)])
    assert command.main() == code
    assert "## A thing" in page.read_text(encoding="utf-8")


def test_a_process_is_held_to_its_share() -> None:
    """If a process has only a share of the processor, computing takes more time, but waiting takes the same time."""
    program = "import time; began, e = time.monotonic(), time.process_time() + 0.2\nwhile time.process_time() < e: pass\n"
    process = subprocess.Popen(
        [sys.executable, "-c", program + "print(time.monotonic() - began)"], stdout=subprocess.PIPE
    )
    hold(process, 0.25)
    assert process.stdout is not None
    with process.stdout as out:
        assert float(out.read()) >= 0.2 / 0.25 * 0.9


def test_the_earlier_commit_is_told_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a clone without history, the message says how to fetch the earlier commit."""
    monkeypatch.setattr(builds, "EARLIER", "0" * 40)
    with pytest.raises(RuntimeError, match="unshallow"):
        builds.unpack_earlier(tmp_path)


def test_over_tls_awss_names_lead_to_the_loopback_and_authorities_are_counted() -> None:
    """Addresses have no port, as on AWS."""
    start = {"event": events.request("GET", "/auth/login"), "contains": "code_challenge"}
    with served() as aws:
        lab = Lab(Path(sys.executable), aws.environment, 1, lambda _: None, aws.tls_environment)
        found = lab.run(Subject("x", "app:app", plan(start, count_bundles=True), tls=True))
        assert (found["bundles"], aws.connections, aws.calls) == (1, 1, ["Secrets Manager"])
        assert found["at"].startswith("https://bench.auth.eu-west-1.amazoncognito.com/")
