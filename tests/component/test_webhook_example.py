"""Tests of examples/webhook, which checks the signature and the time of the raw body, and processes each delivery once."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.gatehouse import Gatehouse, Public
from chalicelib.gatehouse.testing import use
from examples.webhook import payments
from ops.team_file import load_team_file, path_of
from ops.team_resources import table_variable
from tests.component.world import ENVIRONMENT
from tests.doubles.browser import LambdaContext, build_event

SECRET = b"whsec-of-the-service"
BODY = json.dumps({"id": "evt_1", "amount": 990}, indent=1)


class Deliveries:
    """The DynamoDB operations that the example calls."""

    class exceptions:  # noqa: N801 - boto3's own name
        class ConditionalCheckFailedException(Exception):
            pass

    def __init__(self) -> None:
        self.ids: list[str] = []

    def put_item(self, Item: dict[str, Any], **_: Any) -> None:
        if Item["id"]["S"] in self.ids:
            raise self.exceptions.ConditionalCheckFailedException
        self.ids.append(Item["id"]["S"])


class Secrets:
    """A double of Secrets Manager with one secret."""

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": SECRET.decode()}


class Service:
    """The service that calls the webhook, and an app with the route of the webhook."""

    def __init__(self) -> None:
        self.app = Chalice("hooks")
        opened = {Public("POST", "/hooks/payments", csrf=False)}
        gate = Gatehouse(self.app, public=opened, environ=ENVIRONMENT)
        self.app.register_blueprint(payments.routes)
        self.deliveries = Deliveries()
        use(gate, clients={"dynamodb": self.deliveries, "secretsmanager": Secrets()})

    def sign(self, body: bytes, at: float | None = None, secret: bytes = SECRET) -> str:
        moment = str(int(time.time() if at is None else at))
        signature = hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        return f"t={moment},v1={signature}"

    def send(
        self,
        body: str = BODY,
        header: str | None = None,
        kind: str = "application/json",
        binary: bool = False,
    ) -> tuple[int, Any]:
        signed = self.sign(body.encode()) if header is None else header
        sent = base64.b64encode(body.encode()).decode() if binary else body
        event = build_event(
            self.app.routes,
            "POST",
            "/hooks/payments",
            domain="x.example",
            stage="api",
            headers=[("content-type", kind), ("x-payments-signature", signed)],
            body=sent,
            base64_encoded=binary,
        )
        answer = self.app(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture(scope="module")
def only_service() -> Service:
    """The service for all tests of this file. The tests share one service, because an app can register a blueprint only
    once."""
    return Service()


@pytest.fixture
def service(only_service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("PAYMENTS_SECRET_ARN", "arn:secret")
    monkeypatch.setenv("DELIVERIES_TABLE", "deliveries")
    only_service.deliveries.ids.clear()
    return only_service


@pytest.mark.security("S-97")
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream"])
def test_what_is_signed_is_taken(service: Service, kind: str, binary: bool) -> None:
    """API Gateway decides by the content type whether the body is text or base64. Spaces in the body are unchanged."""
    assert service.send(kind=kind, binary=binary) == (200, {"taken": True})
    assert service.deliveries.ids == ["evt_1"]


@pytest.mark.security("S-97")
@pytest.mark.parametrize(
    "forge",
    [
        lambda service: "",
        lambda service: "t=,v1=",
        lambda service: f"t={int(time.time())}",
        lambda service: "v1=" + "0" * 64,
        lambda service: service.sign(BODY.encode(), secret=b"another"),
        lambda service: service.sign(BODY.encode() + b" "),
        lambda service: service.sign(json.dumps(json.loads(BODY)).encode()),
        lambda service: service.sign(BODY.encode()).replace("t=", "t=0"),
        lambda service: service.sign(BODY.encode()) + ",t=1",
        lambda service: service.sign(BODY.encode()).replace("t=", "t=\u0661"),
        lambda service: service.sign(BODY.encode(), at=time.time() - 301),
        lambda service: service.sign(BODY.encode(), at=time.time() + 302),
        lambda service: service.sign(BODY.encode())[:-1] + "é",
    ],
)
def test_a_forged_or_old_signature_is_refused(service: Service, forge: Any) -> None:
    """The route refuses the request before the route reads the body, and stores nothing."""
    status, said = service.send(header=forge(service))
    assert (status, said["error"]) == (401, "unauthorized")
    assert service.deliveries.ids == []


@pytest.mark.security("S-97")
def test_a_replay_does_nothing_a_second_time(service: Service) -> None:
    """An attacker who has seen a request can repeat the request for five minutes. The real service also repeats a
    request if the response was lost."""
    header = service.sign(BODY.encode())
    assert service.send(header=header) == service.send(header=header) == (200, {"taken": True})
    assert service.deliveries.ids == ["evt_1"]


def test_another_type_is_refused(service: Service) -> None:
    assert service.send(kind="text/html")[0] == 415


def test_a_signed_body_that_is_no_delivery_is_told_which_field(service: Service) -> None:
    status, said = service.send("[]")
    assert (status, said["field"]) == (400, "id")


@pytest.mark.security("S-97")
def test_every_signature_is_compared_in_constant_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison must not stop at the first wrong letter. Otherwise attackers could guess a signature letter by
    letter."""
    compared: list[Any] = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        payments.hmac, "compare_digest", lambda a, b: compared.append(b) or real(a, b)
    )
    header = service.sign(BODY.encode())
    assert (
        service.send(header=f"t={header[2:].split(',')[0]},v1={'0' * 64},{header.split(',')[1]}")[0]
        == 200
    )
    assert len(compared) == 2


def test_the_readme_declares_what_the_view_uses(tmp_path: Path) -> None:
    """The README has a block for `.chalice/gatehouse.yaml`. The block declares the table with the variable for its name,
    its key, and its TTL attribute."""
    page = (Path(payments.__file__).parent / "README.md").read_text()
    block = page.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / ".chalice").mkdir()
    path_of(tmp_path).write_text(dedent(block))
    found = load_team_file(tmp_path)
    (table,) = found.tables
    assert table_variable(table) == "DELIVERIES_TABLE"
    assert found.tables[table].key == {"id": "S"}
    assert found.tables[table].expires == "expires_at"
    rights = found.functions["api_handler"]
    assert rights.tables == {table: ("write",)}
    assert [actions for actions, _ in rights.besides] == [("secretsmanager:GetSecretValue",)]
