"""Tests of passkeys in `ops`: the stage's option, the template, the setting that follows the option, and doctor's check
(S-90)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.gatehouse.edge.urls import AppUrl
from ops.doctor.check import diagnose
from ops.doctor.deployment import Deployment
from ops.doctor.passkeys import CHECKS
from ops.errors import OpsError
from ops.identity_stack import TEMPLATE, provision
from ops.stages import config_file, load_stage
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

DOMAIN = "app.example.com"


@pytest.mark.parametrize(
    "domain",
    ["https://app.example.com", "App.example.com", "app.example.com:443", "app", "10.0.0.1", 7],
)
def test_what_no_browser_takes_is_refused(tmp_path: Path, domain: Any) -> None:
    """The option must be a host name in lower case with a dot."""
    options = {"region": "eu-west-1", "domain_prefix": "acme-dev", "passkey_domain": domain}
    with pytest.raises(OpsError, match="passkey_domain must be a host name"):
        load_stage(project(tmp_path, dev=dev_block(gatehouse=options)), "dev")


@pytest.mark.security("S-90")
def test_an_address_of_awss_is_refused(tmp_path: Path) -> None:
    """If an operator deleted the API, the API's address would be lost, and every passkey would be useless."""
    options = {
        "region": "eu-west-1",
        "domain_prefix": "acme-dev",
        "passkey_domain": "abc123.execute-api.eu-west-1.amazonaws.com",
    }
    with pytest.raises(OpsError, match="your own domain first"):
        load_stage(project(tmp_path, dev=dev_block(gatehouse=options)), "dev")


@pytest.mark.security("S-90")
def test_the_template_makes_passkeys_only_where_a_domain_is_named() -> None:
    """Passkeys need our own form. The pool requires user verification and counts a passkey as two factors."""
    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)
    assert template["Parameters"]["PasskeyDomain"]["Default"] == ""
    named = {"Not": [{"Equals": [{"Ref": "PasskeyDomain"}, ""]}]}
    assert template["Conditions"]["HasPasskeys"] == {"And": [{"Condition": "IsEmbedded"}, named]}
    pool = template["Resources"]["UserPool"]["Properties"]
    nothing = {"Ref": "AWS::NoValue"}
    found = {name: value for name, value in pool.items() if name.startswith("WebAuthn")}
    assert found == {
        "WebAuthnRelyingPartyID": {"If": ["HasPasskeys", {"Ref": "PasskeyDomain"}, nothing]},
        "WebAuthnUserVerification": {"If": ["HasPasskeys", "required", nothing]},
        "WebAuthnFactorConfiguration": {
            "If": ["HasPasskeys", "MULTI_FACTOR_WITH_USER_VERIFICATION", nothing]
        },
    }
    flows = template["Resources"]["Client"]["Properties"]["ExplicitAuthFlows"]["If"]
    assert flows[:2] == ["HasPasskeys", ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"]]
    assert "ALLOW_USER_AUTH" not in json.dumps(flows[2])
    other = template["Resources"]["MfaClient"]["Properties"]["ExplicitAuthFlows"]
    assert other == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]


def test_the_domain_becomes_a_setting_and_goes_again(tmp_path: Path) -> None:
    """After the removal of the option, config.json has no setting for passkeys."""
    folder = project(tmp_path, dev=dev_block())

    class WithPasskeys(FakeCloudFormation):
        def describe_stacks(self, **request: Any) -> dict[str, Any]:
            found: dict[str, Any] = super().describe_stacks(**request)
            if domain := self.parameters.get("PasskeyDomain"):
                output = {"OutputKey": "PasskeyDomain", "OutputValue": domain}
                found["Stacks"][0]["Outputs"].append(output)
            return found

    cloud = WithPasskeys()
    for domain in (DOMAIN, ""):
        options = {**stage(folder).options, "passkey_domain": domain}
        session: Any = FakeSession(cloudformation=cloud, cognito_idp=FakeCognito(), sts=FakeSts())
        asked = replace(stage(folder), options=options)
        provision(session, asked, {}, reporter()[0], sleep=lambda _: None)
        assert cloud.parameters["PasskeyDomain"] == domain
        written = json.loads(config_file(folder).read_text())["stages"]["dev"]
        assert written["environment_variables"].get("PASSKEY_DOMAIN", "") == domain


GOOD = {"RelyingPartyId": DOMAIN, "UserVerification": "required"}


def look(
    tmp_path: Path, there: dict[str, str], *, host: str = DOMAIN, form: str = "embedded"
) -> str:
    """Return doctor's messages in one text."""

    class Seen(Deployment):
        pool: Any = {"Id": POOL}
        url: Any = AppUrl(f"https://{host}", "/", "/")

    aws = StubbedSession()
    if form == "embedded":
        answer = {"WebAuthnConfiguration": there} if there else {}
        aws.expect("cognito-idp", "get_user_pool_mfa_config", answer, {"UserPoolId": POOL})
    found = stage(tmp_path, DIRECT_SIGN_IN=form)
    options = {**found.options, "passkey_domain": DOMAIN}
    diagnosis = diagnose(Seen(aws, replace(found, options=options)), CHECKS)  # type: ignore[arg-type]  # a stubbed session
    aws.verify()
    return " ".join(finding.says for finding in diagnosis.findings)


def test_doctor_is_content_with_what_the_template_makes(tmp_path: Path) -> None:
    """The app may be at the domain or at a host below the domain. Without our own form, the check also has no findings."""
    assert look(tmp_path, GOOD) == ""
    assert look(tmp_path, GOOD, host=f"eu.{DOMAIN}") == ""
    assert look(tmp_path, {}, form="managed") == ""


@pytest.mark.security("S-90")
@pytest.mark.parametrize(
    ("there", "host", "said"),
    [
        (
            GOOD,
            "abc.execute-api.eu-west-1.amazonaws.com",
            "browsers refuse passkeys at this address",
        ),
        (GOOD, "evilapp.example.com.evil.example", "browsers refuse passkeys at this address"),
        ({**GOOD, "RelyingPartyId": "old.example.com"}, DOMAIN, "these passkeys stop working"),
        ({}, DOMAIN, "the pool does not allow passkeys"),
        (
            {**GOOD, "UserVerification": "preferred"},
            DOMAIN,
            "everybody with the device can sign in",
        ),
    ],
)
def test_doctor_tells_before_passkeys_are_lost(
    tmp_path: Path, there: dict[str, str], host: str, said: str
) -> None:
    """The findings are: another address of the app, another domain, a pool without passkeys, and passkeys without a
    PIN."""
    assert said in look(tmp_path, there, host=host)
