"""Runs before and after an app's own Lambda functions: schedules, queues, streams, topics, plain functions.

The module is a middleware of Chalice, so a function keeps its signature. The middleware attaches the request id to log
lines, starts the time limits, and logs one line when the function ends. If the function raises an error, the middleware
raises JobFailed instead, because Lambda would log the error's message (S-61). Lambda treats JobFailed as a failure of
the function, so Lambda retries the call as it always does for a function of this kind.
"""

from collections.abc import Callable
from typing import Any

from ..container import Container
from ..errors import GatehouseError
from ..log import bind_request_id, log_event, log_exception

#: The part of Lambda's time limit that is reserved for the last log line.
_RESERVE_SECONDS = 0.5


class JobFailed(Exception):
    """Raised when an app's function has failed. The log line `job_failed` contains the reason. The text of JobFailed
    contains the type of the function's error, and nothing else."""


def run_job(container: Container, event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Run one function on one event. Raises JobFailed."""
    context = event.context
    name = str(getattr(context, "function_name", "-"))
    bind_request_id(getattr(context, "aws_request_id", None) or "-")
    seconds = context.get_remaining_time_in_millis() / 1000 if context is not None else 60.0
    container.begin_job(seconds - _RESERVE_SECONDS)
    try:
        answer = get_response(event)
    except GatehouseError as error:
        log_event("job_failed", level="error", function=name, code=error.code, detail=error.detail)
        raise JobFailed(type(error).__qualname__) from None
    except Exception as error:  # noqa: BLE001 - Lambda would log the error's message (S-61)
        log_exception("job_failed", error, function=name)
        raise JobFailed(type(error).__qualname__) from None
    log_event("job_done", function=name)
    return answer
