"""Writes one JSON line per event to standard output, from where Lambda copies it to its log group (S-62).

JSON escapes CR and LF, so nobody can inject a line into the log. Callers pass names and codes only: no token, password,
code, cookie or e-mail address.
"""

import json
import logging
import sys
import traceback

#: The DEBUG lines of these quote requests and answers: passwords, codes, tokens, secrets. At WARNING they quote
#: nothing.
_LIBRARIES = ("boto3", "botocore", "jwt", "requests", "s3transfer", "urllib3")

# A plain global: Lambda gives a container one event at a time.
_request_id = "-"


def bind_request_id(request_id: str) -> None:
    """Attach `request_id` (Lambda's aws_request_id) to the following lines of this invocation."""
    global _request_id
    _request_id = request_id


def quiet_libraries() -> None:
    """Keep libraries at WARNING, whatever the root logger's level (for example `AWS_LAMBDA_LOG_LEVEL=DEBUG`; S-61)."""
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_event(event: str, **fields: object) -> None:
    """Write one line, e.g. `log_event("sign_in", user="Okta_00u1", door="hosted")`."""
    line = {"event": event, "request_id": _request_id, **fields}
    sys.stdout.write(json.dumps(line, default=str) + "\n")


def count_metric(name: str, stage: str, now: float) -> None:
    """Write one count of a metric in CloudWatch's embedded metric format: namespace Gatehouse, dimension Stage.

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
    """Log type and place of an unexpected error.

    The message of a library's exception is left out: it may contain URLs, bodies and headers (S-61).
    """
    frames = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    ]
    log_event(event, level="error", type=type(error).__qualname__, where=frames, **fields)
