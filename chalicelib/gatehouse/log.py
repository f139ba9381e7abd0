"""Writes one JSON line per event to standard output. Lambda copies standard output to the function's log group (S-62).

JSON escapes CR and LF, so an attacker cannot inject a line into the log. Code that writes to the log must pass only
names and error codes. It must never pass tokens, passwords, mailed codes, cookies or e-mail addresses.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator

#: The loggers of these libraries stay at WARNING. At DEBUG, the libraries log requests and answers with passwords,
#: codes, tokens and secrets.
_LIBRARIES = ("boto3", "botocore", "jwt", "requests", "s3transfer", "urllib3")

# A global variable is enough, because a Lambda container never processes two events at the same time.
_request_id = "-"
_tells_messages = False
_MOST_CAUSES = 4
_NOT_SHOWN = (
    "/botocore/",
    "/boto3/",
    "gatehouse/deadline.py",
    "gatehouse/workers.py",
    "gatehouse/aws_clients.py",
)


def bind_request_id(request_id: str) -> None:
    """Attach `request_id` (Lambda's `aws_request_id`) to the following log lines of this invocation."""
    global _request_id
    _request_id = request_id


def request_id() -> str:
    """Return the id that was last given to `bind_request_id`."""
    return _request_id


def tell_messages(told: bool) -> None:
    """Choose whether the log contains messages and tracebacks of unexpected errors. `told` may be true on the local
    stack, but not on other stages (S-61, S-63)."""
    global _tells_messages
    _tells_messages = told


def quiet_libraries() -> None:
    """Set the loggers of `_LIBRARIES` to WARNING. Then a lower level of the root logger, such as
    `AWS_LAMBDA_LOG_LEVEL=DEBUG`, has no effect on these loggers (S-61)."""
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_event(event: str, **fields: object) -> None:
    """Write one log line, for example `log_event("sign_in", user="Okta_00u1", door="hosted")`."""
    line = {"event": event, "request_id": _request_id, **fields}
    sys.stdout.write(json.dumps(line, default=str) + "\n")


def count_metric(name: str, stage: str, now: float) -> None:
    """Add 1 to a metric, in CloudWatch's embedded metric format (namespace Gatehouse, dimension Stage).

    `now` is Unix seconds. CloudWatch extracts the metric from the log, without an API call.
    """
    log_event(
        "metric",
        _aws={
            "Timestamp": int(now * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "Gatehouse",
                    "Dimensions": [["Stage"]],
                    "Metrics": [{"Name": name, "Unit": "Count"}],
                }
            ],
        },
        Stage=stage,
        **{name: 1},
    )


def log_exception(event: str, error: BaseException, **fields: object) -> None:
    """Log the type and place of an unexpected error, and the types of the error's causes. If AWS refused a call, also
    log the name of the operation.

    The message of a library's exception is left out, because the message may contain URLs, bodies and headers (S-61).
    Only the local stack logs the message and the traceback (`tell_messages`).
    """
    from .aws_errors import (
        facts_of,  # imported here, because errors are rare, and each import at the top would slow down cold starts
    )

    frames = traceback.extract_tb(error.__traceback__)
    # After a failed call to AWS, log only the app's own lines of the traceback. botocore's lines are always the same.
    own = [each for each in frames if not any(each_of in each.filename for each_of in _NOT_SHOWN)]
    where = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in (own or frames)[-8:]
    ]
    causes = list(_causes(error))
    said: dict[str, object] = {"type": type(error).__qualname__, "where": where}
    if causes:
        said["causes"] = [type(cause).__qualname__ for cause in causes]
    for each in (error, *causes):
        said = {**facts_of(each), **said}
    if _tells_messages:
        said["message"] = str(error)
        said["traceback"] = "".join(traceback.format_exception(error))
    log_event(event, level="error", **{**said, **fields})


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error's causes, the nearest first. Lambda's runtime does not log the causes."""
    seen = [error]
    while len(seen) <= _MOST_CAUSES:
        last = seen[-1]
        cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None or cause in seen:
            return
        yield cause
        seen.append(cause)
