"""Tests of how the local AWS invokes a trigger: Cognito's time limit and retries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ops.local.mends import trigger
from ops.local.mends.emulator import Emulator

POOL = {"Id": "p", "Arn": "arn:pool", "LambdaConfig": {"PreSignUp": "arn:function"}}
POLICY = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cognito-idp.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
        }
    ]
}


def emulator(execute: Callable[[Any, Any], dict[str, Any]]) -> Emulator:
    """Return the parts of MiniStack that the tests need."""
    functions = SimpleNamespace(
        _get_func_record_for_ref=lambda arn: ({"policy": POLICY}, {"config": 1}, "name"),
        _execution_record_for_config=lambda record, config: record,
        _execute_function_with_config_scope=execute,
    )
    scope = SimpleNamespace(get_account_id=lambda: "1")
    return Emulator(None, None, functions, None, None, None, None, scope, None)


def test_a_trigger_that_hangs_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the third try, the sign-up fails."""
    monkeypatch.setattr(trigger, "SECONDS_PER_TRY", 0.02)
    release, calls = threading.Event(), []

    def hang(function: Any, event: Any) -> dict[str, Any]:
        calls.append(event)
        release.wait(10)
        return {"body": {"response": {}}}

    try:
        with pytest.raises(trigger.TriggerFailedError, match="did not answer"):
            trigger.invoke(emulator(hang), POOL, "PreSignUp", {})
    finally:
        release.set()
    assert len(calls) == trigger.TRIES


def test_a_second_try_may_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger therefore sometimes runs twice for one sign-in."""
    monkeypatch.setattr(trigger, "SECONDS_PER_TRY", 0.5)
    release, calls = threading.Event(), []

    def slow_at_first(function: Any, event: Any) -> dict[str, Any]:
        calls.append(event)
        if len(calls) == 1:
            release.wait(10)
        return {"body": {"response": {"autoConfirmUser": True}}}

    try:
        answer = trigger.invoke(emulator(slow_at_first), POOL, "PreSignUp", {})
    finally:
        release.set()
    assert answer == {"autoConfirmUser": True}


def test_an_answer_that_is_no_event_is_an_error() -> None:
    """Cognito calls such a response unrecognizable."""
    with pytest.raises(trigger.TriggerFailedError, match="Unrecognizable"):
        trigger.invoke(emulator(lambda *_: {"body": None}), POOL, "PreSignUp", {})


def test_a_pool_without_the_trigger_runs_nothing() -> None:
    """The result is None instead of an empty response."""
    assert trigger.invoke(emulator(lambda *_: {}), POOL, "PostConfirmation", {}) is None
