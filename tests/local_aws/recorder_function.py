"""The code of the tests' Lambda functions. The functions record each event, and answer according to a script.

The local AWS runs functions on this machine, so the records and the script are ordinary files.
"""

import json
import os
import time
from pathlib import Path


def trigger(event, context):
    """Handle the event of a user-pool trigger."""
    with Path(os.environ["EVENTS_FILE"]).open("a", encoding="utf-8") as events:
        events.write(json.dumps(event) + "\n")
    script = json.loads(Path(os.environ["SCRIPT_FILE"]).read_text(encoding="utf-8"))
    step = script.get(event["triggerSource"], {})
    if "raise" in step:
        raise ValueError(step["raise"])
    time.sleep(step.get("seconds", 0))
    event["response"].update(step.get("response", {}))
    return event


def broken(event, context):
    """Raise an error for every request of an API."""
    raise ValueError("canary-in-an-error")


def echo(event, context):
    """Return the event of the request as the response."""
    body = {name: event[name] for name in ("httpMethod", "path", "resource", "body")}
    body["headers"] = event["headers"]
    body["query"] = event["queryStringParameters"]
    body["queryLists"] = event["multiValueQueryStringParameters"]
    body["pathParameters"] = event["pathParameters"]
    body["sourceIp"] = event["requestContext"]["identity"]["sourceIp"]
    body["claims"] = event["requestContext"].get("authorizer", {}).get("claims")
    cookies = ["first=1; Path=/", "second=2; Path=/"]
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Set-Cookie": cookies},
        "body": json.dumps(body),
    }
