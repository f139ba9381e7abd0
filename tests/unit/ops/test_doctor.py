"""Tests of doctor's checks for features that the local AWS lacks. botocore's models check the test doubles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timezone
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from ops.doctor.check import Check, Diagnosis, Fault, diagnose
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import TABLES, Deployment, Missing
from ops.errors import OpsError
from ops.gateway_responses import ACCESS_LOG_FORMAT
from ops.stages import Stage
from tests.unit.ops.fakes import POOL, client_error
from tests.unit.ops.fakes import stage as make_stage
from tests.unit.ops.stubs import StubbedSession

BY_ID = {check.id: check for check in CHECKS}
NOW = 1_800_000_000.0


class Seen(Deployment):
    """A deployment with its basic parts."""

    pool: Any = {"Id": POOL}
    today: Any = date(2026, 11, 29)
    app_client = {"ClientId": "client"}
    tables: Any = {variable: {"TableName": variable.lower()} for variable in TABLES}
    deployed: Any = type("Deployed", (), {"rest_api_id": "abc", "functions": {}})()


def look(check: str, stage: Stage, aws: StubbedSession, **parts: Any) -> list[str]:
    """Run one check. Return the messages of the findings."""
    return [finding.says for finding in whole(check, stage, aws, **parts).findings]


def noted(check: str, stage: Stage, aws: StubbedSession, **parts: Any) -> list[str]:
    """Run one check that finds no fault. Return the notes, each with a remedy."""
    found = whole(check, stage, aws, **parts)
    assert found.findings == []
    assert found.healthy
    return [f"{note.says} {note.mend}" for note in found.notes]


def whole(check: str, stage: Stage, aws: StubbedSession, **parts: Any) -> Diagnosis:
    """Run one check. Return the whole result."""
    deployment = Seen(aws, stage)  # type: ignore[arg-type]
    for name, value in parts.items():
        setattr(deployment, name, value)
    found = diagnose(deployment, [BY_ID[check]])
    aws.verify()
    return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return a stage on AWS."""
    return make_stage(tmp_path, CLIENT_ID="client")


@pytest.mark.parametrize(("status", "found"), [("ENABLED", 0), ("DISABLED", 2)])
def test_table_backups(stage: Stage, status: str, found: int) -> None:
    """The check covers the two tables that contain people's records."""
    aws = StubbedSession()
    for _ in range(2):
        described = {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status},
        }
        answer = {"ContinuousBackupsDescription": described}
        aws.expect("dynamodb", "describe_continuous_backups", answer)
    assert len(look("table-backups", stage, aws)) == found


@pytest.mark.parametrize(("status", "found"), [("ENABLED", 0), ("ENABLING", 0), ("DISABLED", 3)])
def test_table_expiry(stage: Stage, status: str, found: int) -> None:
    """The check covers the tables of users, sessions and the throttle."""
    aws = StubbedSession()
    for _ in range(3):
        answer = {"TimeToLiveDescription": {"TimeToLiveStatus": status}}
        aws.expect("dynamodb", "describe_time_to_live", answer)
    assert len(look("table-expiry", stage, aws)) == found


def test_table_encryption(stage: Stage) -> None:
    """If a table is encrypted with AWS's own key, the table's description does not mention encryption."""
    good = {"USERS_TABLE": {"TableName": "users", "SSEDescription": {"Status": "ENABLED"}}}
    assert look("table-encryption", stage, StubbedSession(), tables=good) == []
    bad = {"USERS_TABLE": {"TableName": "users"}}
    assert len(look("table-encryption", stage, StubbedSession(), tables=bad)) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"destinationArn": "arn:x:log-group:/aws/apigateway/gatehouse-dev", "format": "$context.path"}, "format"),
        ({"destinationArn": "arn:x:log-group:/aws/apigateway/gatehouse-dev", "format": ACCESS_LOG_FORMAT}, ""),
    ],
)  # fmt: skip
def test_access_log(stage: Stage, settings: dict[str, str], said: str) -> None:
    """Doctor finds a missing log, and a log that contains requested paths."""
    found = look("access-log", stage, StubbedSession(), api_stage={"accessLogSettings": settings})
    assert (said in found[0]) if said else found == []


def test_no_access_log_for_want_of_a_role_is_not_set_up(stage: Stage) -> None:
    """A new account lacks the role for logs. The missing role is not a fault; the note has the command that sets the
    role."""
    aws = StubbedSession()
    aws.expect("apigateway", "get_account", {})
    (said,) = noted("access-log", stage, aws, api_stage={})
    assert "no access log yet" in said
    assert "aws apigateway update-account" in said


def test_no_access_log_although_there_is_a_role(stage: Stage) -> None:
    """If the role exists, a missing log is a fault instead of a note."""
    aws = StubbedSession()
    aws.expect("apigateway", "get_account", {"cloudwatchRoleArn": "arn:aws:iam::1:role/logs"})
    assert "no access log" in look("access-log", stage, aws, api_stage={})[0]


@pytest.mark.parametrize(
    ("api", "policy", "found"), [("abc", "TLS_1_2", 0), ("other", "TLS_1_2", 1), ("abc", "TLS_1_0", 1)]
)  # fmt: skip
def test_custom_domain(stage: Stage, api: str, policy: str, found: int) -> None:
    """The custom domain must lead to this API, over TLS 1.2."""
    aws = StubbedSession()
    domain = {"domainName": "login.example.com", "securityPolicy": policy}
    aws.expect("apigateway", "get_domain_name", domain)
    mapping = {"basePath": "(none)", "restApiId": api, "stage": "api"}
    aws.expect("apigateway", "get_base_path_mappings", {"items": [mapping]})
    there = replace(stage, custom_domain={"domain_name": "login.example.com"})
    assert len(look("custom-domain", there, aws)) == found


def test_custom_domain_that_does_not_exist(stage: Stage) -> None:
    """Chalice makes a missing domain at the next deployment."""
    aws = StubbedSession()
    aws.refuse("apigateway", "get_domain_name", "NotFoundException")
    there = replace(stage, custom_domain={"domain_name": "login.example.com"})
    assert "NotFoundException" in look("custom-domain", there, aws)[0]


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"UserPoolId": POOL, "Status": "ACTIVE", "ManagedLoginVersion": 2}, ""),
        ({"UserPoolId": "eu-west-1_Other", "Status": "ACTIVE"}, "not belong to this pool"),
        ({"UserPoolId": POOL, "Status": "CREATING"}, "CREATING"),
        ({"UserPoolId": POOL, "Status": "ACTIVE", "ManagedLoginVersion": 1}, "old hosted UI"),
        ({}, "not belong to this pool"),
    ],
)
def test_sign_in_domain(stage: Stage, description: dict[str, Any], said: str) -> None:
    """Doctor finds a domain that is missing, belongs to another pool, is not ready, or is old."""
    aws = StubbedSession()
    answer = {"DomainDescription": description}
    aws.expect("cognito-idp", "describe_user_pool_domain", answer, {"Domain": "acme-dev"})
    found = look("sign-in-domain", stage, aws)
    assert (said in found[0]) if said else found == []


def test_sign_in_style(stage: Stage) -> None:
    """If the domain has no style, managed login shows an error page."""
    aws = StubbedSession()
    answer: dict[str, Any] = {"ManagedLoginBranding": {"UserPoolId": POOL}}
    aws.expect("cognito-idp", "describe_managed_login_branding_by_client", answer)
    assert look("sign-in-style", stage, aws) == []
    aws = StubbedSession()
    call = "describe_managed_login_branding_by_client"
    aws.refuse("cognito-idp", call, "ResourceNotFoundException")
    assert len(look("sign-in-style", stage, aws)) == 1


@pytest.mark.parametrize(("skew", "found"), [(0, 0), (30, 0), (600, 1), (-600, 1)])
def test_clock_skew(stage: Stage, monkeypatch: pytest.MonkeyPatch, skew: int, found: int) -> None:
    """A clock that is more than a minute fast or slow is a finding."""
    aws = StubbedSession()
    stated = {"HTTPHeaders": {"date": formatdate(NOW, usegmt=True)}}
    aws.expect("sts", "get_caller_identity", {"ResponseMetadata": stated})
    monkeypatch.setattr("ops.doctor.stack.time.time", lambda: NOW + skew)
    assert len(look("clock-skew", stage, aws)) == found


SECRET, POOL_TYPE, ROLE = "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool", "AWS::IAM::Role"


@pytest.mark.parametrize(
    ("kind", "status", "paths", "said"),
    [
        (SECRET, "MODIFIED", ["/SecretString"], None),
        (SECRET, "MODIFIED", ["/SecretString", "/KmsKeyId"], "modified (/KmsKeyId)"),
        (SECRET, "DELETED", [], "deleted"),
        (POOL_TYPE, "MODIFIED", ["/Schema", "/Schema/7/Name"], None),
        (POOL_TYPE, "MODIFIED", ["/LambdaConfig/PreTokenGeneration"], None),
        (POOL_TYPE, "MODIFIED", ["/LambdaConfig/PreTokenGenerationConfig"], "modified (/Lambda"),
        (POOL_TYPE, "MODIFIED", ["/Schema/7", "/MfaConfiguration"], "modified (/MfaConfiguration)"),
        (ROLE, "MODIFIED", ["/Policies/0"], "modified (/Policies/0)"),
    ],
)
def test_stack_drift(
    stage: Stage, kind: str, status: str, paths: list[str], said: str | None
) -> None:
    """A healthy stage also has some differences, which are not findings. For example, a pool returns attributes that
    the template does not declare."""
    aws = StubbedSession()
    when, arn = datetime(2026, 1, 1, tzinfo=timezone.utc), "arn:aws:cloudformation:eu-west-1:1:s/n"
    aws.expect("cloudformation", "detect_stack_drift", {"StackDriftDetectionId": "d"})
    found = {"StackId": arn, "StackDriftDetectionId": "d", "Timestamp": when}
    answer = {**found, "DetectionStatus": "DETECTION_COMPLETE"}
    aws.expect("cloudformation", "describe_stack_drift_detection_status", answer)
    differences = [
        {"PropertyPath": path, "ExpectedValue": "", "ActualValue": "", "DifferenceType": "ADD"}
        for path in paths
    ]
    drift = {
        "StackId": arn,
        "LogicalResourceId": "Thing",
        "ResourceType": kind,
        "StackResourceDriftStatus": status,
        "PropertyDifferences": differences,
        "Timestamp": when,
    }
    drifts = {"StackResourceDrifts": [drift]}
    aws.expect("cloudformation", "describe_stack_resource_drifts", drifts)
    says = look("stack-drift", stage, aws, stack={"StackName": "gatehouse-dev-identity"})
    assert len(says) == (said is not None)
    assert said is None or said in says[0]


def test_alarms_that_tell_nobody_are_not_set_up(stage: Stage) -> None:
    """On a new stage, the result is a note with the command to run, and no fault. On the local AWS the result has no
    note."""
    aws = StubbedSession()
    aws.expect("cloudwatch", "describe_alarms", {"MetricAlarms": []})
    (said,) = noted("alarm-actions", stage, aws)
    assert "the alarms notify no topic yet" in said
    assert "aws sns create-topic --name gatehouse-dev-alarms" in said
    aws = StubbedSession()
    aws.expect("cloudwatch", "describe_alarms", {"MetricAlarms": []})
    assert noted("alarm-actions", replace(stage, name="local"), aws) == []


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ({}, ""),
        ({"IssuerConfiguration": {"Type": "ORIGINAL"}}, ""),
        ({"IssuerConfiguration": {"Type": "UPDATED"}}, "issuer has the type UPDATED"),
    ],
)
def test_pool_issuer(stage: Stage, pool: dict[str, Any], said: str) -> None:
    """The check accepts the two types of issuer. If the setting is outdated, the finding has the command that updates
    the setting."""
    settings = {
        **dict.fromkeys(("CLIENT_SECRET_ARN", "SEALING_KEYS_SECRET_ARN", "CLIENT_ID"), "x"),
        **{"STAGE": "dev", "COGNITO_URL": "https://acme-dev.auth.eu-west-1.amazoncognito.com"},
        **stage.environment,
    }
    found = noted("pool-issuer", replace(stage, environment=settings), StubbedSession(), pool=pool)
    assert (said in found[0]) if said else found == []


@pytest.mark.parametrize("protected", [True, False])
def test_a_protected_stage_has_a_protected_stack(stage: Stage, protected: bool) -> None:
    """The pool and the tables have a protection of their own. The stack's protection prevents one wrong click from
    deleting roles and secrets."""
    kept = {"TableName": "t", "DeletionProtectionEnabled": True}
    found = look(
        "deletion-protection",
        stage,
        StubbedSession(),
        stack={"EnableTerminationProtection": protected},
        pool={"Id": POOL, "DeletionProtection": "ACTIVE"},
        tables={"USERS_TABLE": kept, "PROVIDERS_TABLE": kept},
    )
    said = "deletion protection is off for stack gatehouse-dev-identity"
    assert found == [] if protected else said in found[0]


def test_pool_issuer_without_settings_is_not_guessed(stage: Stage) -> None:
    """The result lists the check as not made. Another check lists the missing settings."""
    found = whole("pool-issuer", replace(stage, environment={}), StubbedSession())
    assert "settings cannot be read" in found.not_checked["pool-issuer"]


@pytest.mark.parametrize(
    ("tier", "mode", "form", "said"),
    [
        ("PLUS", "ENFORCED", "embedded", ""),
        ("PLUS", "OFF", "managed", "threat protection is off"),
        ("ESSENTIALS", "OFF", "embedded", "only the Plus plan uses"),
        ("ESSENTIALS", "OFF", "managed", ""),
        ("PLUS", "OFF", "off", ""),
    ],
)
def test_threat_protection(stage: Stage, tier: str, mode: str, form: str, said: str) -> None:
    """Our form passes data on to Cognito, but only the plan Plus, which costs more, uses the data. Gatehouse does not
    need the plan Plus."""
    pool = {"UserPoolTier": tier, "UserPoolAddOns": {"AdvancedSecurityMode": mode}}
    there = replace(stage, environment={**stage.environment, "DIRECT_SIGN_IN": form})
    found = noted("threat-protection", there, StubbedSession(), pool=pool)
    assert (said in found[0]) if said else found == []


def functions_on(runtime: str) -> dict[str, dict[str, str]]:
    """Return one function with this runtime."""
    return {"api_handler": {"FunctionName": "gatehouse-dev", "Runtime": runtime}}


@pytest.mark.parametrize(
    ("runtime", "day", "said", "note"),
    [
        ("python3.13", date(2026, 11, 29), "", ""),
        ("python3.11", date(2026, 12, 31), "", ""),
        ("python3.11", date(2027, 1, 1), "", "on 2027-06-30, in 180 days"),
        ("python3.11", date(2027, 6, 30), "", "in 0 days"),
        ("python3.11", date(2027, 7, 1), "deprecated python3.11 on 2027-06-30", ""),
        ("python3.10", date(2026, 11, 29), "which Gatehouse does not support", ""),
        ("nodejs24.x", date(2026, 11, 29), "Gatehouse does not support", ""),
    ],
)
def test_runtime_age(stage: Stage, runtime: str, day: date, said: str, note: str) -> None:
    """In the last half year before a runtime is deprecated, the check gives a note. After the deprecation, the check
    finds a fault."""
    found = whole(
        "runtime-age", stage, StubbedSession(), functions=functions_on(runtime), today=day
    )
    for told, expected in ((found.findings, said), (found.notes, note)):
        assert [expected in each.says for each in told] == ([True] if expected else [])


def test_runtime_other_than_chosen(stage: Stage) -> None:
    """After a change in config.json, the deployed runtime differs from the chosen runtime until the next deployment."""
    there = replace(stage, options={"python_version": "3.14"})
    said = look("runtime-age", there, StubbedSession(), functions=functions_on("python3.13"))
    assert said == ["gatehouse-dev runs on python3.13; config.json says 3.14."]


def _missing(deployment: Deployment) -> list[Fault]:
    raise Missing("the user pool is missing (see user-pool)")


def _refused(deployment: Deployment) -> list[Fault]:
    raise client_error("AccessDeniedException", "no")


def test_what_a_missing_part_hides_is_named_and_not_guessed(stage: Stage) -> None:
    """The result lists the dependent check as not made. The missing part's own check reports the fault."""
    found = diagnose(Deployment(StubbedSession(), stage), [Check("x", _missing)])  # type: ignore[arg-type]
    assert found.findings == []
    assert "see user-pool" in found.not_checked["x"]
    assert found.checked == []


def test_check_that_may_not_look_is_a_finding(stage: Stage) -> None:
    """If AWS refuses a call of the check for lack of permission, the result is a finding."""
    found = diagnose(Deployment(StubbedSession(), stage), [Check("x", _refused)])  # type: ignore[arg-type]
    assert "AccessDeniedException" in found.findings[0].says
    assert not found.healthy


def test_without_credentials_nothing_is_said_of_the_stage(stage: Stage) -> None:
    """The result is one message instead of one finding for each check."""

    def find(_: Deployment) -> list[Fault]:
        raise NoCredentialsError

    with pytest.raises(OpsError, match=r"Unable to locate credentials\nCheck the credentials"):
        diagnose(Deployment(StubbedSession(), stage), [Check("x", find)])  # type: ignore[arg-type]


def test_an_outage_of_all_of_aws_is_told_once(stage: Stage) -> None:
    """The result is one error instead of one finding for each check."""

    def find(_: Deployment) -> list[Fault]:
        raise EndpointConnectionError(endpoint_url="https://cognito-idp.example")

    aws = StubbedSession()
    aws.client("sts").get_caller_identity = _silent
    checks = [Check(name, find) for name in ("x", "y", "z")]
    with pytest.raises(OpsError, match=r"could not be reached .*https://sts\.example"):
        diagnose(Deployment(aws, stage), checks)  # type: ignore[arg-type]


def test_an_outage_of_one_service_is_one_finding(stage: Stage) -> None:
    """The result lists the checks that need this service as not made. Doctor makes all other checks."""

    def find(_: Deployment) -> list[Fault]:
        raise EndpointConnectionError(endpoint_url="https://cognito-idp.example")

    aws = StubbedSession()
    aws.expect("sts", "get_caller_identity", {"Account": "1"})
    checks = [Check("x", find), Check("y", find), Check("z", lambda _: [])]
    found = diagnose(Deployment(aws, stage), checks)  # type: ignore[arg-type]
    assert [finding.id for finding in found.findings] == ["x"]
    assert found.not_checked == {"y": "AWS does not answer, as in the check x"}
    assert found.checked == ["z"]


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_are_nobodys_are_told_once(stage: Stage, code: str) -> None:
    """AWS refuses every call with these credentials, and doctor prints one error."""

    def find(_: Deployment) -> list[Fault]:
        raise client_error(code)

    with pytest.raises(OpsError, match=code):
        diagnose(Deployment(StubbedSession(), stage), [Check("x", find), Check("y", find)])  # type: ignore[arg-type]


def _silent() -> None:
    raise EndpointConnectionError(endpoint_url="https://sts.example")


def test_local_gaps_are_said_on_the_local_stage_only(stage: Stage) -> None:
    """Doctor skips a check on the local stage if the local AWS lacks the checked feature. On other stages doctor runs
    the check."""
    quiet: Callable[[Deployment], list[Fault]] = lambda _: []  # noqa: E731
    check = Check("x", quiet, "the local AWS has none")
    local = replace(stage, name="local")
    for each, checked in ((stage, ["x"]), (local, [])):
        assert diagnose(Deployment(StubbedSession(), each), [check]).checked == checked  # type: ignore[arg-type]


FUNCTIONS = {
    "user_records": {"FunctionArn": "arn:user_records"},
    "token_claims": {"FunctionArn": "arn:token_claims"},
}
WIRED: dict[str, Any] = {
    **dict.fromkeys(("PreSignUp", "PostConfirmation", "PostAuthentication"), "arn:user_records"),
    "InboundFederation": {"LambdaArn": "arn:user_records", "LambdaVersion": "V1_0"},
    "PreTokenGenerationConfig": {"LambdaArn": "arn:token_claims", "LambdaVersion": "V2_0"},
}


@pytest.mark.security("S-69")
@pytest.mark.parametrize("source", WIRED)
@pytest.mark.parametrize("instead", [None, "arn:another"])
def test_every_trigger_that_is_not_ours_is_found(source: str, instead: str | None) -> None:
    """Doctor finds a removed trigger, and a trigger that another function has replaced."""

    def faults(wired: dict[str, Any]) -> list[str]:
        deployment: Any = SimpleNamespace(
            pool={"LambdaConfig": wired}, functions=FUNCTIONS, again="ops deploy"
        )
        return [fault.says for fault in BY_ID["triggers-attached"].find(deployment)]

    assert faults(WIRED) == []
    changed = {name: value for name, value in WIRED.items() if name != source}
    if instead:
        is_config = isinstance(WIRED[source], dict)
        changed[source] = {**WIRED[source], "LambdaArn": instead} if is_config else instead
    (said,) = faults(changed)
    assert "trigger is" in said


@pytest.mark.parametrize("heard", ["2026-11-28T08:00:00.000Z", ""])
def test_signals_of_people_who_leave(stage: Stage, heard: str) -> None:
    """Doctor reports the time of a provider's last signal, and the number of refused signals. If a provider has never
    sent a signal, doctor prints a note instead."""
    stage = replace(stage, environment={**stage.environment, "SUBJECTS_TABLE": "subjects"})
    rules = {"M": {"issuer": {"S": "https://acme.okta.com"}}}
    items = {
        "Acme": {"name": {"S": "Acme"}, "leaving": rules},
        "Quiet": {"name": {"S": "Quiet"}},
    }
    aws = StubbedSession()
    item = {"Item": {"lastSignalAt": {"S": heard}}} if heard else {}
    key = {"TableName": "subjects", "Key": {"subject": {"S": "Acme"}}}
    aws.expect("dynamodb", "get_item", item, key)
    now = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
    asked = {
        "Namespace": "Gatehouse",
        "MetricName": "RefusedLeavingSignals",
        "Dimensions": [{"Name": "Stage", "Value": "dev"}],
        "StartTime": datetime(2026, 11, 28, 12, tzinfo=timezone.utc),
        "EndTime": now,
        "Period": 86_400,
        "Statistics": ["Sum"],
    }
    points = [{"Sum": 3.0, "Timestamp": now}]
    aws.expect("cloudwatch", "get_metric_statistics", {"Datapoints": points}, asked)
    with patch.object(Seen, "now", now):
        found = whole("provider-signals", stage, aws, provider_items=items)
    assert (found.healthy, len(found.notes)) == (True, 0 if heard else 1)
    said = [f"Acme last sent a signal at {heard}."] if heard else []
    assert [fact.says for fact in found.facts] == [
        *said,
        "3 signals were refused in the last 24 hours.",
    ]
    assert found.as_json()["facts"][-1]["id"] == "provider-signals"
