"""Tests of `.chalice/gatehouse.yaml`: the format, the additional resources of the identity stack, and differences
between the file and app.py."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from ops.errors import OpsError
from ops.exact_package import NotExact, _with_role
from ops.identity_stack import FUNCTIONS, body_of
from ops.stages import Stage
from ops.team_file import NAME, Queue, Rights, Table, TeamFile, load_team_file
from ops.team_functions import verify_functions
from ops.team_resources import gone_since, output_roles, output_variables
from ops.template import MOST_BYTES, size_of
from tests.unit.ops.fakes import dev_block, project, stage
from tests.unit.ops.test_mount import ROOT

FILE = """
tables:
  orders:
    key: {owner: S, order_id: S}
    indexes:
      by-state: {state: S}
    expires: expires_at
    stream: true
queues:
  parcels: {seconds: 60}
functions:
  api_handler:
    tables: {orders: [read, write]}
    queues: {parcels: send}
  pack_parcel:
    tables: {orders: write}
    queues: {parcels: receive}
    rights:
      - actions: ses:SendEmail
        resources: "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/acme.example"
  on_order:
    tables: {orders: stream}
"""
APP = f"""
import sys
sys.path.append({str(ROOT)!r})
from chalice import Chalice, Rate
from chalicelib.gatehouse import Gatehouse
app = Chalice("orders")
gate = Gatehouse(app)
@app.on_sqs_message(queue=gate.queue("parcels"))
def pack_parcel(event): pass
@app.on_dynamodb_record(stream_arn=gate.stream("orders"))
def on_order(event): pass
"""


def write(folder: Path, text: str, app: str = "") -> Stage:
    project(folder, dev=dev_block())
    (folder / ".chalice" / NAME).write_text(text)
    if app:
        (folder / "app.py").write_text(app)
    return stage(folder)


def test_the_file_is_read(tmp_path: Path) -> None:
    """In the file, rights can be one word or a list of words. Omitted keys have default values."""
    write(tmp_path, FILE)
    found = load_team_file(tmp_path)
    orders = Table(
        {"owner": "S", "order_id": "S"}, {"by-state": {"state": "S"}}, "expires_at", True
    )
    assert found.tables == {"orders": orders}
    assert found.queues == {"parcels": Queue(seconds=60, tries=3)}
    assert found.functions["api_handler"] == Rights(
        {"orders": ("read", "write")}, {"parcels": ("send",)}
    )
    assert [each[0] for each in found.functions["pack_parcel"].besides] == [("ses:SendEmail",)]


def test_a_project_without_the_file_has_nothing_of_its_own(tmp_path: Path) -> None:
    assert load_team_file(tmp_path) == TeamFile()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: [", "is not YAML"),
        ("table: {}", "'table' is an unknown key; did you mean tables?"),
        ("tables: {orders: {}}", "tables.orders.key must name one or two attributes"),
        ("tables: {orders: {key: {id: X}}}", "types S, N or B"),
        ("tables: {users: {key: {id: S}}}", "tables.users is one of Gatehouse's own tables"),
        ("tables: {subjects: {key: {id: S}}}", "tables.subjects is one of Gatehouse's own tables"),
        ("queues: {leaving: {}}", "queues.leaving is one of Gatehouse's own queues"),
        ("queues: {leaving-lost: {}}", "queues.leaving-lost is one of Gatehouse's own queues"),
        ("tables: {Orders: {key: {id: S}}}", "tables.Orders is not a name that AWS accepts"),
        ("tables: {o: {key: {id: S}, indexes: {i: {id: N}}}}", "id has two types"),
        ("queues: {parcels: {second: 5}}", "did you mean seconds?"),
        ("queues: {parcels: {seconds: 0}}", "a number from 1 to 43200"),
        (
            "tables: {orders: {key: {id: S}}}\nfunctions: {f: {tables: {order: read}}}",
            "functions.f.tables.order is not declared in this file; did you mean orders?",
        ),
        (
            "tables: {orders: {key: {id: S}}}\nfunctions: {f: {tables: {orders: raed}}}",
            "must be one of read, write, stream, not 'raed'; did you mean read?",
        ),
        (
            "tables: {orders: {key: {id: S}}}\nfunctions: {f: {tables: {orders: stream}}}",
            "stream needs `stream: true`",
        ),
        ("functions: {f: {rights: [{actions: s3}]}}", "'s3' is not an action"),
        (
            "functions: {f: {rights: [{actions: 's3:*', resources: '*'}]}}",
            "'s3:*' is not an action",
        ),
    ],
)
def test_what_is_wrong_is_named_with_what_was_meant(tmp_path: Path, text: str, said: str) -> None:
    """The error comes before any call to AWS."""
    write(tmp_path, text)
    with pytest.raises(OpsError) as refused:
        load_team_file(tmp_path)
    assert said in str(refused.value)
    assert NAME in str(refused.value)


def statements(body: str, role: str) -> list[dict[str, Any]]:
    policies = json.loads(body)["Resources"][role]["Properties"]["Policies"]
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


@pytest.mark.security("S-96")
@pytest.mark.security("S-60")
def test_each_function_has_a_role_that_allows_what_the_file_says(tmp_path: Path) -> None:
    """The role allows only the named actions on the named tables and queues, and writing to the log of the function."""
    body = body_of(write(tmp_path, FILE))
    assert statements(body, "TeamFunctionPackParcelRole") == [
        {
            "Effect": "Allow",
            "Action": [
                f"dynamodb:{each}"
                for each in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
            ],
            "Resource": {"Fn::GetAtt": ["TeamTableOrders", "Arn"]},
        },
        {
            "Effect": "Allow",
            "Action": [
                f"sqs:{each}"
                for each in (
                    *("ReceiveMessage", "DeleteMessage"),
                    *("ChangeMessageVisibility", "GetQueueAttributes"),
                )
            ],
            "Resource": {"Fn::GetAtt": ["TeamQueueParcels", "Arn"]},
        },
        {
            "Effect": "Allow",
            "Action": ["ses:SendEmail"],
            "Resource": [
                {
                    "Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/acme.example"
                }
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                "log-group:${TeamFunctionPackParcelLogs}:*"
            },
        },
    ]
    role, ours = (
        json.loads(body)["Resources"][name] for name in ("TeamFunctionPackParcelRole", "ApiRole")
    )
    assume = "AssumeRolePolicyDocument"
    assert role["Properties"][assume] == ours["Properties"][assume]
    streamed = statements(body, "TeamFunctionOnOrderRole")[0]
    assert streamed["Resource"] == {"Fn::GetAtt": ["TeamTableOrders", "StreamArn"]}
    api = statements(body, "ApiRole")
    assert {"Fn::Sub": "${TeamTableOrders.Arn}/index/*"} in api[0]["Resource"]
    assert api[2]["Action"][0] == "sqs:SendMessage"


def test_tables_are_kept_and_backed_up_as_gatehouses_own(tmp_path: Path) -> None:
    """Messages that a function cannot handle go to a dead-letter queue."""
    resources = json.loads(body_of(write(tmp_path, FILE)))["Resources"]
    ours, theirs = resources["UsersTable"], resources["TeamTableOrders"]
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        assert theirs[key] == ours[key]
    for key in ("BillingMode", "DeletionProtectionEnabled", "SSESpecification"):
        assert theirs["Properties"][key] == ours["Properties"][key]
    assert theirs["Properties"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
    queue = resources["TeamQueueParcels"]["Properties"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": ["TeamQueueParcelsDead", "Arn"]
    }


def test_cfn_lint_finds_nothing_in_a_teams_part(tmp_path: Path) -> None:
    """With four functions, a table and a queue, the template still fits into one request."""
    more = "".join(f"  job_{number}: {{tables: {{orders: read}}}}\n" for number in range(2))
    body = body_of(write(tmp_path, FILE + more))
    assert size_of(body) < MOST_BYTES
    sent = tmp_path / "identity.json"
    sent.write_text(body)
    program = "import sys; from cfnlint.runner import main; sys.exit(main())"
    found = subprocess.run(
        [sys.executable, "-c", program, str(sent)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


def test_names_and_roles_go_into_the_stages_settings(tmp_path: Path) -> None:
    """Names and roles come from the stack's outputs. When a resource is removed from the file, the resource's setting
    is also removed."""
    body = json.loads(body_of(write(tmp_path, FILE)))
    found = load_team_file(tmp_path)
    variables, roles = output_variables(found), output_roles(found)
    assert {*variables, *roles} <= set(body["Outputs"])
    assert sorted(variables.values()) == [
        *("ORDERS_STREAM_ARN", "ORDERS_TABLE", "PARCELS_QUEUE", "PARCELS_QUEUE_URL")
    ]
    assert sorted(roles.values()) == ["on_order", "pack_parcel"]
    before = {
        "Outputs": [
            {"OutputKey": key, "Description": body["Outputs"][key].get("Description", "")}
            for key in body["Outputs"]
        ]
    }
    gone = gone_since(before, dict.fromkeys(key for key in body["Outputs"] if "Orders" not in key))
    assert gone == (["ORDERS_TABLE", "ORDERS_STREAM_ARN"], [])
    kept = dict.fromkeys(key for key in body["Outputs"] if "OnOrder" not in key)
    assert gone_since(before, kept) == ([], ["on_order"])


def test_app_and_file_that_agree_pass(tmp_path: Path) -> None:
    """The comparison of app.py and the file also passes before the first provision, because `ops` can compute the names
    of tables and queues."""
    verify_functions(write(tmp_path, FILE, APP), FUNCTIONS)


@pytest.mark.security("S-96")
@pytest.mark.parametrize(
    ("file", "app", "said"),
    [
        (
            FILE.replace("pack_parcel", "pack_parcels"),
            APP,
            "a function pack_parcels that app.py does not declare: did you mean pack_parcel?",
        ),
        (
            FILE,
            APP + "@app.schedule(Rate(1, unit=Rate.HOURS))\ndef clean_up(event): pass\n",
            "app.py declares the function clean_up, which has no role: add `clean_up: {}` under `functions`",
        ),
        (
            FILE.replace("    queues: {parcels: receive}\n", ""),
            APP,
            "pack_parcel is called by the queue parcels: add `queues: {parcels: receive}`",
        ),
        (
            FILE.replace("{orders: stream}", "{orders: read}"),
            APP,
            "on_order is called by the stream of orders: add `tables: {orders: stream}`",
        ),
    ],
)
def test_app_and_file_that_differ_are_told_the_mend(
    tmp_path: Path, file: str, app: str, said: str
) -> None:
    """Without this check, botocore would refuse a function without a role. botocore's error does not name the function
    or a remedy."""
    there = write(tmp_path, file, app)
    with pytest.raises(OpsError) as refused:
        verify_functions(there, FUNCTIONS)
    assert said in str(refused.value)


def test_a_function_whose_role_config_json_names_is_the_teams_own_business(tmp_path: Path) -> None:
    more = APP + "@app.schedule(Rate(1, unit=Rate.HOURS))\ndef clean_up(event): pass\n"
    there = write(tmp_path, FILE, more)
    given = Stage(**{**vars(there), "own_roles": frozenset({"clean_up"})})
    verify_functions(given, FUNCTIONS)


@pytest.mark.security("S-96")
@pytest.mark.parametrize(("command", "refused"), [("deploy", True), ("package", False)])
def test_a_plain_chalice_deploy_names_the_function_without_a_role(
    command: str, refused: bool
) -> None:
    """A plain `chalice deploy` runs without the checks of `ops`, so the app itself raises an error that names the
    function. `chalice package` needs no role."""
    config = SimpleNamespace(manage_iam_role=False, iam_role_arn="")
    reference = _with_role(lambda *_: "reference")
    with click.Context(click.Command(command), info_name=command):
        if refused:
            with pytest.raises(NotExact, match=r"clean_up has no role in stage dev.*provision"):
                reference(None, config, "dev", "clean_up")
        else:
            assert reference(None, config, "dev", "clean_up") == "reference"
