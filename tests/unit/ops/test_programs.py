"""Tests of the public app client for programs in `ops`: ports, template, conditional outputs, and doctor's check."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.gatehouse.cognito.scopes import SCOPES
from ops.doctor.check import diagnose
from ops.doctor.deployment import Deployment
from ops.doctor.programs import CHECKS
from ops.errors import OpsError
from ops.identity_stack import TEMPLATE, provision
from ops.stages import config_file, load_stage, write_option
from tests.unit.ops.fakes import (
    POOL,
    FakeCloudFormation,
    FakeCognito,
    FakeSession,
    FakeSts,
    dev_block,
    project,
    reporter,
    stage,
)
from tests.unit.ops.stubs import StubbedSession
from tests.unit.ops.test_identity_template import _Loader

PORTS = [53682, 53683]
URLS = ["http://127.0.0.1:53682/callback", "http://127.0.0.1:53683/callback"]


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)
    return found


@pytest.mark.parametrize(
    "ports",
    [
        *([80], [1023], [65536], ["53682"], [53682.0], [True], [53682, 53682]),
        *(53682, "53682", {"port": 53682}, list(range(2000, 2011))),
    ],
)
def test_ports_that_no_program_can_open_are_refused(tmp_path: Path, ports: Any) -> None:
    """The option must be a short list of different numbers, without ports that need special rights."""
    options = {"region": "eu-west-1", "domain_prefix": "acme-dev", "loopback_ports": ports}
    with pytest.raises(OpsError, match="loopback_ports must be up to 10 different ports"):
        load_stage(project(tmp_path, dev=dev_block(gatehouse=options)), "dev")


@pytest.mark.security("S-64")
def test_a_stage_leads_to_a_machine_on_the_named_ports_only(tmp_path: Path) -> None:
    """Only the URLs of programs are without https. By default a stage has no such URLs."""
    folder = project(tmp_path, dev=dev_block())
    assert load_stage(folder, "dev").loopback_urls == []
    write_option(folder, "dev", "loopback_ports", PORTS)
    assert load_stage(folder, "dev").loopback_urls == URLS


@pytest.mark.security("S-64")
def test_what_belongs_to_programs_is_made_only_where_ports_are_named(
    template: dict[str, Any],
) -> None:
    """Client, style and outputs depend on the parameter, which is empty by default."""
    assert template["Parameters"]["LoopbackUrls"]["Default"] == ""
    assert template["Conditions"]["HasPrograms"] == {
        "Not": [{"Equals": [{"Ref": "LoopbackUrls"}, ""]}]
    }
    conditional = {
        name: each.get("Condition")
        for part in ("Resources", "Outputs")
        for name, each in template[part].items()
        if "Program" in json.dumps({name: each})
    }
    assert conditional == {
        "ProgramClient": "HasPrograms",
        "ProgramBranding": "HasProgramBranding",
        "ProgramClientId": "HasPrograms",
        "ProgramRedirectUris": "HasPrograms",
    }


@pytest.mark.security("S-64")
def test_the_public_client_can_do_as_little_as_can_be(template: dict[str, Any]) -> None:
    """The client has no secret, no password sign-in by API, and only the code flow. The client's refresh tokens are
    short-lived and rotate. The other properties are those of the app's own client."""
    client = template["Resources"]["ProgramClient"]["Properties"]
    app_client = template["Resources"]["Client"]["Properties"]
    assert client["GenerateSecret"] is False
    assert client["CallbackURLs"] == {"Split": [",", {"Ref": "LoopbackUrls"}]}
    assert "LogoutURLs" not in client
    assert client["ExplicitAuthFlows"] == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    assert client["AccessTokenValidity"] == {"If": ["HasShortTokens", 5, 10]}
    assert client["RefreshTokenValidity"] == 12
    assert client["TokenValidityUnits"]["RefreshToken"] == "hours"
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    same = (
        *("AllowedOAuthFlows", "AllowedOAuthScopes", "SupportedIdentityProviders"),
        *("EnableTokenRevocation", "PreventUserExistenceErrors"),
        *("ReadAttributes", "WriteAttributes"),
    )
    assert {name: client[name] for name in same} == {name: app_client[name] for name in same}


def test_ports_become_a_parameter_and_outputs_come_and_go(tmp_path: Path) -> None:
    """When an operator removes the client, only the client's variables are removed. After the removal, every route
    refuses the client's tokens."""
    folder = project(tmp_path, dev=dev_block())
    given = {"ProgramClientId": "public", "ProgramRedirectUris": ",".join(URLS)}

    class WithPrograms(FakeCloudFormation):
        def describe_stacks(self, **request: Any) -> dict[str, Any]:
            found: dict[str, Any] = super().describe_stacks(**request)
            if self.parameters.get("LoopbackUrls"):
                found["Stacks"][0]["Outputs"] += [
                    {"OutputKey": key, "OutputValue": value} for key, value in given.items()
                ]
            return found

    cloud = WithPrograms()
    for ports, expected in ((PORTS, ["public", ",".join(URLS)]), ([], [None, None])):
        options = {**stage(folder).options, "loopback_ports": ports}
        session: Any = FakeSession(cloudformation=cloud, cognito_idp=FakeCognito(), sts=FakeSts())
        asked = replace(stage(folder), options=options)
        provision(session, asked, {}, reporter()[0], sleep=lambda _: None)
        assert cloud.parameters["LoopbackUrls"] == (",".join(URLS) if ports else "")
        written = json.loads(config_file(folder).read_text())["stages"]["dev"]
        found = written["environment_variables"]
        assert [found.get(f"PROGRAM_{name}") for name in ("CLIENT_ID", "REDIRECT_URIS")] == expected
        assert found["USER_POOL_ID"] == "eu-west-1_Pool"


GOOD: dict[str, Any] = {
    "ClientId": "public",
    "CallbackURLs": URLS,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": list(SCOPES),
    "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    "SupportedIdentityProviders": ["COGNITO", "Okta"],
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
    "EnableTokenRevocation": True,
    "AccessTokenValidity": 10,
    "RefreshTokenValidity": 12,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
}


class Seen(Deployment):
    pool: Any = {"Id": POOL}
    app_client: Any = {"SupportedIdentityProviders": ["Okta", "COGNITO"]}


def look(tmp_path: Path, client: dict[str, Any] | None, *, ports: bool, client_id: str) -> str:
    """Return doctor's messages in one text."""
    aws = StubbedSession()
    asked = {"UserPoolId": POOL, "ClientId": client_id}
    if client is not None:
        aws.expect("cognito-idp", "describe_user_pool_client", {"UserPoolClient": client}, asked)
    elif ports and client_id:
        aws.refuse("cognito-idp", "describe_user_pool_client", "ResourceNotFoundException")
    found = stage(tmp_path, PROGRAM_CLIENT_ID=client_id)
    options = {**found.options, **({"loopback_ports": PORTS} if ports else {})}
    diagnosis = diagnose(Seen(aws, replace(found, options=options)), CHECKS)  # type: ignore[arg-type]  # a stubbed session
    aws.verify()
    return " ".join(finding.says for finding in diagnosis.findings)


def test_doctor_is_content_with_what_the_template_makes(tmp_path: Path) -> None:
    """By default a stage has no client for programs. On such a stage, doctor also has no findings."""
    assert look(tmp_path, GOOD, ports=True, client_id="public") == ""
    assert look(tmp_path, None, ports=False, client_id="") == ""


def test_doctor_misses_the_client_and_finds_one_too_many(tmp_path: Path) -> None:
    """Doctor finds ports without a client, a deleted client, and a client on a stage without ports."""
    assert "is missing" in look(tmp_path, None, ports=True, client_id="")
    assert "is missing" in look(tmp_path, None, ports=True, client_id="gone")
    assert "routes accept tokens" in look(tmp_path, None, ports=False, client_id="public")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ClientSecret": "x" * 24}, "has a secret"),
        ({"CallbackURLs": [*URLS, "http://127.0.0.1:1/callback"]}, "has other callback URLs"),
        ({"AllowedOAuthFlows": ["code", "implicit"]}, "other OAuth flows"),
        ({"AllowedOAuthScopes": [*SCOPES, "aws.cognito.signin.user.admin"]}, "other scopes"),
        ({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}, "try passwords"),
        ({"SupportedIdentityProviders": ["COGNITO"]}, "other identity providers"),
        ({"RefreshTokenRotation": {"Feature": "DISABLED"}}, "does not rotate"),
        ({"EnableTokenRevocation": False}, "cannot revoke"),
        ({"AccessTokenValidity": 60}, "last longer"),
        ({"RefreshTokenValidity": 25}, "last longer"),
    ],
)
def test_doctor_names_what_somebody_changed_by_hand(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """Each change in this test makes the client less secure."""
    assert said in look(tmp_path, {**GOOD, **change}, ports=True, client_id="public")
