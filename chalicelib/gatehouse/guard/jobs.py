"""What stands before an app's Lambda functions besides the API's: schedules, queues, streams, topics, plain functions.

Chalice's middleware for those kinds, so a function keeps its signature. It binds the request id, starts the time limits,
and writes one line of how the function ended. What the function raises is not handed on: Lambda would write its message into
the log (S-61). Lambda learns that it failed, and calls again as it does for that kind.
"""

from collections.abc import Callable
from typing import Any

from ..errors import GatehouseError
from ..log import bind_request_id, log_event, log_exception
from ..services import Container

#: Kept free for the last line, of the time that Lambda gives.
_RESERVE_SECONDS = 0.5


class JobFailed(Exception):
    """A function failed; the line `job_failed` before it says why. Its text is the type of the error alone."""


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
    except Exception as error:  # noqa: BLE001 - nothing of it may reach Lambda's own log (S-61)
        log_exception("job_failed", error, function=name)
        raise JobFailed(type(error).__qualname__) from None
    log_event("job_done", function=name)
    return answer
