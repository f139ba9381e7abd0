"""The local AWS of the tests: clients, functions, and the functions' records."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

REGION = "us-east-1"
ACCOUNT = "000000000000"
_FUNCTION = Path(__file__).with_name("recorder_function.py")
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True)
class Cloud:
    """The addresses of the local AWS and of the Okta stand-in, with clients for these addresses."""

    url: str
    okta_url: str
    state: Path

    def client(self, service: str) -> Any:
        """Return a boto3 client with the account's root credentials."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def create_function(self, name: str, handler: str) -> str:
        """Make a Lambda function from recorder_function.py. Return the function's ARN."""
        role = self.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST)
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(_FUNCTION, _FUNCTION.name)
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role["Role"]["Arn"],
            Handler=f"recorder_function.{handler}",
            Code={"ZipFile": packed.getvalue()},
            Timeout=20,
        )
        return str(created["FunctionArn"])

    def script(self, steps: dict[str, Any]) -> None:
        """Set what the triggers do. `steps` maps a triggerSource to an action."""
        (self.state / "script").write_text(json.dumps(steps), encoding="utf-8")

    def forget_events(self) -> None:
        """Delete all recorded trigger events."""
        (self.state / "events").write_text("", encoding="utf-8")

    def events(self) -> list[dict[str, Any]]:
        """Return the triggers' events, in order."""
        lines = (self.state / "events").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def sources(self) -> list[str]:
        """Return the triggerSource of each event, in order."""
        return [str(event["triggerSource"]) for event in self.events()]
