"""Tests of the log: one JSON line for each event, and no injected lines."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse import log


@pytest.fixture
def bound() -> Iterator[None]:
    log.bind_request_id("r-1")
    yield
    log.bind_request_id("-")


@pytest.mark.security("S-62")
@given(st.text(max_size=60))
def test_nobody_can_write_a_line_of_their_own(text: str) -> None:
    """The log escapes CR, LF and every other line break. Reading the JSON returns the original value."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        log.log_event("e", user=text, detail={"a": [text]})
    written = out.getvalue()
    assert written.endswith("\n")
    assert len(written.splitlines()) == 1
    assert written.isascii()
    assert json.loads(written)["user"] == text


@pytest.mark.security("S-62")
def test_lines_carry_the_request_id(bound: None, capsys: pytest.CaptureFixture[str]) -> None:
    """With the id, people can find all lines of one request."""
    log.log_event("e", user="a\r\nb")
    assert json.loads(capsys.readouterr().out) == {
        "event": "e",
        "request_id": "r-1",
        "user": "a\r\nb",
    }


@pytest.mark.security("S-61")
def test_an_exceptions_message_stays_out_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """The log has only the exception's type and the place in the code. The log omits the message, because libraries put
    URLs and headers into messages."""
    try:
        try:
            raise KeyError("canary-inner")
        except KeyError:
            raise RuntimeError("canary-outer")  # noqa: B904 - the chain is the point
    except RuntimeError as error:
        log.log_exception("e", error, route="r")
    line = capsys.readouterr().out
    assert "canary" not in line.replace("canary_", "")
    assert json.loads(line)["type"] == "RuntimeError"
