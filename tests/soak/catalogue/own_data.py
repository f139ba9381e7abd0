"""Catalogue entries about a team's additions: roles of its own functions, webhooks, and messages of errors (S-96 …
S-98)."""

from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading, value

_RESOURCES = "ops.team_resources"
_GUARD = "chalicelib.gatehouse.guard.guard:Guard"
_WEBHOOK = "examples.webhook.payments"


def _unlooked(original: Any) -> Any:
    """Accept every reference unchanged. Like Chalice, do not search for a role."""
    return lambda reference: reference


OWN_DATA: tuple[Defence, ...] = (
    defence(
        "own-functions-write-what-they-may",
        "S-96",
        "a team's function with the right to write may do anything to the table",
        (f"{_RESOURCES}:_WRITE", value(("*",))),
    ),
    defence(
        "own-functions-keep-to-their-tables",
        "S-96",
        "a team's function reaches every table of the account",
        (
            f"{_RESOURCES}:_statements",
            reading(
                ('arn: Any = {"Fn::GetAtt": [logical, "Arn"]}', 'arn: Any = "*"'),
            ),
        ),
    ),
    defence(
        "own-roles-are-for-this-account",
        "S-96",
        "functions of any account may use the role of a team's function",
        (
            f"{_RESOURCES}:_role",
            reading(('{"aws:SourceAccount": {"Ref": "AWS::AccountId"}}', "{}")),
        ),
    ),
    defence(
        "own-functions-have-a-declared-role",
        "S-96",
        "a function without a declared role is deployed",
        ("ops.team_functions:_only_in_app", answering(())),
    ),
    defence(
        "own-functions-have-a-role-in-a-plain-deploy",
        "S-96",
        "a plain `chalice deploy` does not ask for the role of a function",
        ("ops.exact_package:_with_role", _unlooked),
    ),
    defence(
        "a-webhook-opens-itself-alone",
        "S-97",
        "one webhook in the public routes lets other sites' pages call every public route",
        (
            f"{_GUARD}._check_of",
            reading(("self._public[route] and", "all(self._public.values()) and")),
        ),
    ),
    defence(
        "a-webhook-knows-its-caller",
        "S-97",
        "the example's webhook accepts requests from anybody",
        (f"{_WEBHOOK}:verify_signature", nothing),
    ),
    defence(
        "a-signature-is-over-the-raw-body",
        "S-97",
        "a signature still matches after the body was changed, if the JSON has the same meaning",
        (
            f"{_WEBHOOK}:verify_signature",
            reading(('b"." + body', 'b"." + json.dumps(json.loads(body)).encode()')),
        ),
    ),
    defence(
        "a-signature-grows-old",
        "S-97",
        "a delivery of any age is accepted",
        (
            f"{_WEBHOOK}:verify_signature",
            reading(("if abs(now - int(times[0])) > TOLERANCE_SECONDS:", "if False:")),
        ),
    ),
    defence(
        "a-delivery-counts-once",
        "S-97",
        "an attacker who has seen a delivery can repeat the delivery for five minutes",
        (f"{_WEBHOOK}:is_first", answering(True)),
    ),
    defence(
        "messages-stay-on-the-local-stack",
        "S-98",
        "the messages of errors are logged on every stage",
        ("chalicelib.gatehouse.log:_tells_messages", value(True)),
    ),
    defence(
        "a-stage-on-aws-is-not-local",
        "S-98",
        "a stage on AWS that is called local, or has an address on this machine, logs messages",
        ("chalicelib.gatehouse.gate:is_local", answering(True)),
    ),
)
