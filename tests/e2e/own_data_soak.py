"""Tests of docs/your-data.md on a local stack: queue and schedule call the functions, and the log names a missing
permission. `make soak` runs this file."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests

from tests.own_data import follow
from tests.own_project import ROOT, Team, described, running, signed_in_session, until


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    follow(folder)
    with running(folder) as prompt:
        yield prompt


@pytest.fixture(scope="module")
def info(team: Team) -> Any:
    return described(team)


@pytest.fixture
def person(info: Any) -> requests.Session:
    """A signed-in person."""
    return signed_in_session(info)


def test_what_a_queue_delivers_is_written_to_the_teams_table(
    team: Team, info: Any, person: requests.Session
) -> None:
    """A route uses the API's role to write to the table and to send a message to the queue. The queue's function uses
    its own role to write to the table. IAM enforces both roles."""
    root = info["app_url"].rstrip("/")
    made = person.post(f"{root}/orders", json={"article": "tea"}).json()
    order = until(
        lambda: person.get(f"{root}/orders/{made['order_id']}").json(),
        lambda found: found.get("state") == "packed",
    )
    assert order["packer"] == "warehouse-1"
    assert "job_done" in team.log_until("pack_order", "job_done")
    assert person.post(f"{root}/orders", json={}).json()["field"] == "article"


def test_a_schedule_fires_and_a_right_that_is_missing_is_named(team: Team) -> None:
    """The test uses the example in docs/your-data.md. Then the test removes a permission with
    `deploy --stage local`."""
    team.log_until("count_orders", "orders_counted")
    file = team.folder / ".chalice" / "gatehouse.yaml"
    before = file.read_text()
    file.write_text(
        before.replace("  count_orders:\n    tables: {orders: read}\n", "  count_orders: {}\n")
    )
    team.ops("deploy", "--stage", "local")
    try:
        told = team.log_until("count_orders", "lacks=dynamodb:Scan")
        assert "aws_code=AccessDeniedException" in told
        assert "orders.py" in told
    finally:
        file.write_text(before)


def test_doctor_has_nothing_to_say(team: Team) -> None:
    """`ops doctor` also checks the team's functions and data."""
    team.ops("deploy", "--stage", "local")
    assert "all is well" in team.ops("doctor", "--stage", "local")


def test_doctor_finds_what_somebody_broke_in_the_teams_part(team: Team, info: Any) -> None:
    """`ops doctor` reports a queue that no longer calls its function, a message in the dead-letter queue, and a deleted
    function."""
    made = boto3.Session("test", "test", region_name=info["region"])
    aws = {
        name: made.client(name, endpoint_url=info["aws_endpoint_url"]) for name in ("lambda", "sqs")
    }
    name = f"gatehouse-{info['stage']}-pack_order"
    (mapping,) = aws["lambda"].list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    aws["lambda"].update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    dead = aws["sqs"].get_queue_url(QueueName=f"gatehouse-{info['stage']}-parcels-dead")["QueueUrl"]
    aws["sqs"].send_message(QueueUrl=dead, MessageBody="{}")
    aws["lambda"].delete_function(FunctionName=f"gatehouse-{info['stage']}-count_orders")
    said = json.loads(team.ops("doctor", "--stage", "local", "--json", code=1))
    found = {each["id"]: each["says"] for each in said["findings"] if each["id"].startswith("own-")}
    assert sorted(found) == ["own-functions", "own-queues", "own-sources"]
    assert "pack_order is not called for items in" in found["own-sources"]
    assert "1 messages of the queue parcels failed repeatedly" in found["own-queues"]
    assert "count_orders is missing" in found["own-functions"]
    aws["sqs"].purge_queue(QueueUrl=dead)
    aws["lambda"].update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    team.ops("deploy", "--stage", "local")
    assert "all is well" in team.ops("doctor", "--stage", "local")


def test_a_plain_chalice_deploy_keeps_the_gateways_own_answers(team: Team, info: Any) -> None:
    """After a plain `chalice deploy`, API Gateway's own responses still have our error format and headers. API Gateway
    still redirects undefined paths to the page."""
    script = ROOT / "ops" / "local" / "chalice_cli.py"
    command = f"cd .local/app && exec {sys.executable} {script} deploy --stage local"
    before = requests.get(f"{info['app_url']}nowhere", verify=info["ca_file"])
    team.ops("run", "--stage", "local", "--", "sh", "-c", command)
    after = requests.get(f"{info['app_url']}nowhere", verify=info["ca_file"])
    assert after.json() == before.json()
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Refresh"):
        assert after.headers[name] == before.headers[name]
