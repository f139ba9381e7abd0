"""Tests of the identity template: properties that a test with the local AWS cannot check."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.cloudformation import parameter_names
from ops.identity_stack import TEMPLATE, VARIABLES
from ops.template import MOST_BYTES, read_template, size_of, write_template
from tests.cognitos.pool import CLIENT, POOL, SERVER_CLIENT

ROLES = {
    "ApiRole": "Api",
    "UserRecordsRole": "UserRecords",
    "TokenClaimsRole": "TokenClaims",
    "AccountMailRole": "AccountMail",
    "LeavingRole": "Leaving",
}


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads CloudFormation's tags as {"tag": value}."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tagged)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """Return the parsed template."""
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)
    return found


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping from each logical id to its resource."""
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture(scope="module")
def client(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the app client's properties."""
    found: dict[str, Any] = resources["Client"]["Properties"]
    return found


def first_branch(value: Any) -> Any:
    """Return the value that a conditional has if its condition is true."""
    return value["If"][1] if isinstance(value, dict) and "If" in value else value


def statements(resources: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every statement of every role's permissions."""
    return [
        (name, first_branch(statement))
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def as_list(value: Any) -> list[Any]:
    """Return the value as a list. In a policy, a value may be one text or a list."""
    return value if isinstance(value, list) else [value]


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    """cfn-lint checks every property and value, in the source and in the form that `ops` sends."""
    sent = tmp_path / "identity.json"
    sent.write_text(write_template(read_template(TEMPLATE.read_text(encoding="utf-8"))))
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from cfnlint.runner import main; sys.exit(main())",
            str(TEMPLATE),
            str(sent),
        ],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout


def test_fits_into_one_request_and_leaves_room_for_a_teams_own_part() -> None:
    """If the template is not in a bucket, CloudFormation accepts 51,200 bytes. A team's function needs some 1,500
    bytes, and a table needs some 300 bytes."""
    ours = size_of(write_template(read_template(TEMPLATE.read_text(encoding="utf-8"))))
    assert ours + 10_000 < MOST_BYTES


def test_what_goes_out_is_the_template_without_blanks_and_comments(
    template: dict[str, Any],
) -> None:
    """The sent template has the long form of tags instead of the short form. Each resource has one line, so that people
    can compare two versions."""
    body = write_template(read_template(TEMPLATE.read_text(encoding="utf-8")))
    assert list(json.loads(body)) == list(template)
    assert sum(line.startswith('"UserPool":') for line in body.splitlines()) == 1
    made = json.loads(body)["Resources"]["Client"]["Properties"]
    assert made["ClientName"] == {
        "Fn::Sub": template["Resources"]["Client"]["Properties"]["ClientName"]["Sub"]
    }
    assert json.loads(body)["Outputs"]["UserPoolArn"]["Value"] == {
        "Fn::GetAtt": ["UserPool", "Arn"]
    }


@pytest.mark.security("S-01")
def test_client_offers_the_code_flow_only(client: dict[str, Any]) -> None:
    """The client allows neither the implicit flow nor client credentials."""
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is True


@pytest.mark.security("S-05")
def test_client_can_never_get_the_scope_of_self_service(client: dict[str, Any]) -> None:
    """The client allows exactly the scopes of a hosted sign-in."""
    assert client["AllowedOAuthScopes"] == [
        "openid",
        "email",
        "profile",
        {"Sub": "${ApiScopes}/read"},
        {"Sub": "${ApiScopes}/write"},
    ]


@pytest.mark.security("S-34")
def test_refresh_tokens_rotate_with_a_short_grace(client: dict[str, Any]) -> None:
    """Refresh tokens are valid for 30 days, the maximum of "remember me"."""
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert 0 < client["RefreshTokenRotation"]["RetryGracePeriodSeconds"] <= 60
    assert client["RefreshTokenValidity"] == 30
    assert client["TokenValidityUnits"]["RefreshToken"] == "days"


@pytest.mark.security("S-37")
def test_access_tokens_live_five_to_fifteen_minutes(
    template: dict[str, Any], client: dict[str, Any]
) -> None:
    """API Gateway accepts a revoked access token until the token expires, so access tokens must expire soon."""
    chosen = template["Parameters"]["AccessTokenMinutes"]
    assert (chosen["Default"], chosen["AllowedValues"]) == (10, [5, 10])
    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert client["TokenValidityUnits"]["IdToken"] == "minutes"
    for token in ("Access", "Id"):
        assert client[f"{token}TokenValidity"] == {"If": ["HasShortTokens", 5, 10]}


@pytest.mark.security("S-45")
def test_challenges_live_as_long_as_their_cookie(client: dict[str, Any]) -> None:
    """The challenge cookie lasts 15 minutes."""
    assert client["AuthSessionValidity"] == 15


@pytest.mark.security("S-65")
def test_only_needed_flows_and_no_telling_of_who_exists(client: dict[str, Any]) -> None:
    """The client allows password sign-in by API only on stages with our own form. The client never allows
    `REFRESH_TOKEN_AUTH`."""
    condition, with_passkeys, without = client["ExplicitAuthFlows"]["If"]
    assert condition == "HasPasskeys"
    assert with_passkeys == ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"]
    condition, embedded, otherwise = without["If"]
    assert condition == "IsEmbedded"
    assert embedded == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    assert otherwise == ["ALLOW_USER_SRP_AUTH"]
    assert client["EnableTokenRevocation"] is True
    assert client["PreventUserExistenceErrors"] == "ENABLED"


@pytest.mark.security("S-65")
def test_passwords_are_long_mfa_is_there_and_recovery_goes_by_email(
    resources: dict[str, Any],
) -> None:
    """Passwords have at least twelve characters, and people may register an authenticator app."""
    pool = resources["UserPool"]["Properties"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert pool["MfaConfiguration"] == "OPTIONAL"
    no_value = {"Ref": "AWS::NoValue"}
    assert pool["EnabledMfas"] == [
        "SOFTWARE_TOKEN_MFA",
        {"If": ["HasSes", "EMAIL_OTP", no_value]},
        {"If": ["HasSms", "SMS_MFA", no_value]},
    ]
    first, *others = pool["AccountRecoverySetting"]["RecoveryMechanisms"]
    assert first["Name"] == "verified_email"
    # If e-mail codes are a factor, Cognito requires a second recovery method. Every other stage has one method.
    assert others == [
        {"If": ["HasSes", {"Name": "verified_phone_number", "Priority": 2}, no_value]}
    ]
    for client in ("Client", "MfaClient"):
        assert "phone_number" not in resources[client]["Properties"]["WriteAttributes"]


@pytest.mark.security("S-65")
@pytest.mark.parametrize("name", ["UsersTable", "ProvidersTable"])
def test_tables_are_encrypted_restorable_and_protected(
    resources: dict[str, Any], name: str
) -> None:
    """The local AWS drops these settings, so this test checks the template."""
    table = resources[name]["Properties"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"If": ["IsProtected", True, False]}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_users_table_has_its_keys_and_expiry(resources: dict[str, Any]) -> None:
    """The app's code relies on the names of the keys and of the expiry attribute."""
    table = resources["UsersTable"]["Properties"]
    assert table["KeySchema"] == [{"AttributeName": "userName", "KeyType": "HASH"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert [
        index["KeySchema"][0]["AttributeName"] for index in table["GlobalSecondaryIndexes"]
    ] == ["Email"]


@pytest.mark.parametrize("name", ["UserPool", "UsersTable", "ProvidersTable"])
def test_accounts_and_records_outlive_the_stack(resources: dict[str, Any], name: str) -> None:
    """If an operator deletes a stack by mistake, no account is deleted."""
    assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resources[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.security("S-65")
def test_every_log_group_expires(resources: dict[str, Any]) -> None:
    """Each function and the API's access log have a log group."""
    groups = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    ]
    assert len(groups) == len(ROLES) + 1
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups)


@pytest.mark.security("S-60")
def test_no_action_and_no_resource_is_a_wildcard(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    """The exceptions are log streams (whose names come from Lambda) and the providers' secrets (which `ops` creates
    later)."""
    for role, statement in statements(resources):
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            assert "*" not in action, role
        for resource in as_list(statement["Resource"]):
            (value,) = first_branch(resource).values()
            if value in template["Parameters"]:
                # The operator gives the exact ARN of this secret.
                assert value == "CaptchaSecretArn"
                continue
            if any(action.startswith("logs:") for action in as_list(statement["Action"])):
                assert value.endswith(f":log-group:${{{ROLES[role]}Logs}}:*")
                value = value.removesuffix(":*")
            if value.endswith(":secret:${AppName}/${StageName}/leaving/*"):
                assert (role, statement["Action"]) == ("ApiRole", "secretsmanager:GetSecretValue")
                continue
            assert "*" not in value, role


@pytest.mark.security("S-60")
def test_each_function_has_a_role_of_its_own_for_this_account(resources: dict[str, Any]) -> None:
    """Only Lambda may assume a role, and only on behalf of this account."""
    for name in ROLES:
        (trust,) = resources[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert trust["Action"] == "sts:AssumeRole"
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        }
        assert "ManagedPolicyArns" not in resources[name]["Properties"]


@pytest.mark.security("S-60")
def test_the_api_may_ask_about_people_of_its_own_pool_and_change_little(
    resources: dict[str, Any],
) -> None:
    """The API's role may read a person's groups and status (enabled or disabled). The role may change the person's
    names, end sessions, and turn off a lost authenticator app. The role cannot create groups or people."""
    allowed = {
        (action, str(statement["Resource"]))
        for role, statement in statements(resources)
        if role == "ApiRole"
        for action in as_list(statement["Action"])
        if action.startswith("cognito-idp:")
    }
    pool = str({"GetAtt": "UserPool.Arn"})
    always = ("GetUser", "ListGroupsForUser", "UserGlobalSignOut", "UpdateUserAttributes")
    by_password = (  # only with `embedded`
        "InitiateAuth",
        "RespondToAuthChallenge",
        "SetUserPassword",
        "SetUserMFAPreference",
    )
    names = [f"cognito-idp:Admin{name}" for name in (*always, *by_password)]
    assert allowed == {(name, pool) for name in (*names, "cognito-idp:ListUsers")}


@pytest.mark.security("S-60")
def test_only_the_api_reads_the_keys_of_sessions(resources: dict[str, Any]) -> None:
    """Two other functions can also read the client secret: the function that signs people up, and the trigger that
    checks whether that function sent the sign-up (S-67)."""
    readers: dict[str, set[str]] = {}
    for role, statement in statements(resources):
        if any(action.startswith("secretsmanager:") for action in as_list(statement["Action"])):
            for resource in as_list(statement["Resource"]):
                if "GetAtt" in resource:
                    readers.setdefault(resource["GetAtt"], set()).add(role)
    assert readers == {
        "ClientSecret.Id": {"ApiRole", "UserRecordsRole", "AccountMailRole"},
        "SealingKeys.Id": {"ApiRole"},
    }


@pytest.mark.security("S-59")
def test_secrets_are_made_by_aws_and_appear_in_no_output(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    """Outputs name secrets, but do not contain the values of secrets. No parameter contains a secret."""
    made = resources["SealingKeys"]["Properties"]["GenerateSecretString"]
    assert made["PasswordLength"] >= 64
    assert json.loads(made["SecretStringTemplate"])["current"] == made["GenerateStringKey"]
    text, values = resources["ClientSecret"]["Properties"]["SecretString"]["Sub"]
    assert values == {"Value": {"GetAtt": "Client.ClientSecret"}}
    assert set(json.loads(text)) == {"client_id", "client_secret"}
    outputs = json.dumps(template["Outputs"])
    assert "Client.ClientSecret" not in outputs
    takes_secret = [name for name in template["Parameters"] if "Secret" in name]
    assert takes_secret == ["CaptchaSecretArn"]  # the secret's address, not its value


@pytest.mark.security("S-64")
def test_urls_are_exact_https_and_never_on_this_machine(template: dict[str, Any]) -> None:
    """Until the second pass, the URLs are in the domain `.invalid`."""
    for name in ("CallbackUrls", "LogoutUrls"):
        assert template["Parameters"][name]["Default"].startswith("https://")
        assert ".invalid/" in template["Parameters"][name]["Default"]
    for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
        assert "localhost" not in line
        assert "127.0.0.1" not in line


@pytest.mark.security("S-60")
@pytest.mark.security("S-69")
def test_the_trigger_can_delete_attributes_and_write_none(resources: dict[str, Any]) -> None:
    """The trigger must delete names that a provider no longer sends. The trigger cannot write attributes, so no fault
    in the trigger's code can make a person an administrator."""
    actions = {
        action
        for role, statement in statements(resources)
        if role == "UserRecordsRole"
        for action in as_list(statement["Action"])
    }
    assert "cognito-idp:AdminDeleteUserAttributes" in actions
    assert not {action for action in actions if "Update" in action or "Group" in action} - {
        "dynamodb:UpdateItem"
    }


@pytest.mark.security("S-57")
def test_triggers_are_wired_once_there_are_functions(resources: dict[str, Any]) -> None:
    """Sign-up, confirmation and every sign-in reach the function that writes the table."""
    wired = resources["UserPool"]["Properties"]["LambdaConfig"]
    for source in ("PreSignUp", "PostConfirmation", "PostAuthentication"):
        assert wired[source] == {
            "If": ["HasUserRecords", {"Ref": "UserRecordsFunctionArn"}, {"Ref": "AWS::NoValue"}]
        }
    condition, settings, otherwise = wired["InboundFederation"]["If"]
    assert (condition, otherwise) == ("HasInboundFederation", {"Ref": "AWS::NoValue"})
    arn = {"Ref": "InboundFederationFunctionArn"}
    assert settings == {"LambdaVersion": "V1_0", "LambdaArn": arn}
    condition, settings, otherwise = wired["PreTokenGenerationConfig"]["If"]
    assert condition == "HasTokenClaims"
    assert settings["LambdaVersion"] == "V2_0"
    assert otherwise == {"Ref": "AWS::NoValue"}


def test_client_may_write_what_a_provider_maps(client: dict[str, Any]) -> None:
    """If the client could not write an attribute that a provider maps, federated sign-ins would fail. email_verified is
    not in the list, because AWS itself writes this attribute."""
    from chalicelib.gatehouse.cognito.provider_claims import ATTRIBUTE_MAPPING

    mapped = set(ATTRIBUTE_MAPPING) - {"email_verified"}
    assert mapped <= set(client["WriteAttributes"])
    assert {"email", "email_verified"} <= set(client["ReadAttributes"])


def test_mapped_attributes_are_mutable_and_not_case_folded(resources: dict[str, Any]) -> None:
    """With an immutable mapped attribute, a person's second sign-in would fail."""
    pool = resources["UserPool"]["Properties"]
    assert all(attribute["Mutable"] for attribute in pool["Schema"])
    assert {"idp_sub", "groups"} <= {attribute["Name"] for attribute in pool["Schema"]}
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}


def test_every_attribute_names_its_data_type(resources: dict[str, Any]) -> None:
    """Without the data type, CloudFormation creates a pool, but refuses the update in the second pass.

    https://github.com/aws/aws-cdk/issues/8585
    """
    for attribute in resources["UserPool"]["Properties"]["Schema"]:
        assert attribute["AttributeDataType"] == "String"


def test_what_the_local_aws_does_not_know_is_under_a_condition(resources: dict[str, Any]) -> None:
    """The local AWS accepts a resource of an unknown type only if the resource's condition is false, so that the
    resource is not created."""
    for name in ("Domain", "Branding"):
        assert resources[name]["Condition"] == "HasDomain"


def test_every_setting_of_the_functions_is_an_output(template: dict[str, Any]) -> None:
    """`provision` writes all outputs into config.json."""
    from ops import identity_stack

    known = {**identity_stack.OUTPUT_VARIABLES, **identity_stack._ROLES}
    assert set(template["Outputs"]) == set(known)
    assert "CLIENT_ID" in VARIABLES


def test_parameters_are_read_without_understanding_the_tags(template: dict[str, Any]) -> None:
    """`ops` must know the parameters, because an update must not contain a parameter that the template does not
    declare."""
    assert parameter_names(TEMPLATE.read_text(encoding="utf-8")) == list(template["Parameters"])


def test_chalice_accepts_the_extra_block_and_finds_each_role(tmp_path: Path) -> None:
    """`gatehouse` is our key in Chalice's file. The roles come from the functions' blocks."""
    from chalice.config import Config

    disk = json.loads((Path(__file__).parents[3] / ".chalice" / "config.json").read_text())
    for stage in disk["stages"]:
        disk["stages"][stage]["lambda_functions"] = {"user_records": {"iam_role_arn": "arn:r"}}
        api = Config(chalice_stage=stage, config_from_disk=disk)
        records = api.scope(stage, "user_records")
        assert (api.manage_iam_role, records.iam_role_arn) == (False, "arn:r")
        assert api.lambda_memory_size >= 512
        assert records.lambda_memory_size >= 512
        assert (api.lambda_timeout, records.lambda_timeout) == (25, 5)
        assert api.minimum_compression_size == 1024
        assert api.api_gateway_stage == "api"


@pytest.mark.security("S-50")
def test_the_group_that_routes_ask_for_exists(template: dict[str, Any]) -> None:
    """The template adds no member, because an operator must name the first administrator."""
    from app import app

    asked = {
        entry.authorizer._group
        for methods in app.routes.values()
        for entry in methods.values()
        if getattr(entry.authorizer, "_group", None)
    }
    groups = {
        resource["Properties"]["GroupName"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Cognito::UserPoolGroup"
    }
    assert asked <= groups == {"admins"}
    assert not [
        r for r in template["Resources"].values() if r["Type"].endswith("ToGroupAttachment")
    ]


def test_every_exception_from_checkov_says_why(resources: dict[str, Any]) -> None:
    """The reason is in the resource's metadata, and the list of exceptions is complete."""
    found = {
        (name, skip["id"])
        for name, resource in resources.items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        if len(skip["comment"]) > 40
    }
    kms = {"UsersTable", "ProvidersTable", "SessionsTable", "ThrottleTable", "SubjectsTable"}
    secrets = {"ClientSecret", "MfaClientSecret", "SealingKeys"}
    logs = {*(f"{name}Logs" for name in ROLES.values()), "AccessLogs"}
    assert found == {
        *((name, "CKV_AWS_119") for name in kms),
        *((name, "CKV_AWS_149") for name in secrets),
        *((name, "CKV_AWS_158") for name in logs),
        ("SessionsTable", "CKV_AWS_28"),
        ("ThrottleTable", "CKV_AWS_28"),
    }


@pytest.mark.security("S-62")
def test_every_alarm_is_known_to_doctor_and_has_a_runbook(resources: dict[str, Any]) -> None:
    """docs/operations.md names each alarm. If the stage has a topic, each alarm notifies the topic."""
    from ops.doctor.watch import ALARMS

    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    alarms = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    names = [alarm["AlarmName"]["Sub"].removeprefix("${AppName}-${StageName}-") for alarm in alarms]
    assert sorted(names) == sorted(ALARMS)
    for name, alarm in zip(names, alarms, strict=True):
        assert f"### `{name}`" in page, name
        assert "docs/operations.md" in alarm["AlarmDescription"]
        assert alarm["TreatMissingData"] == "notBreaching"
        condition, topics, _ = alarm["AlarmActions"]["If"]
        assert (condition, topics) == ("HasAlarmTopic", [{"Ref": "AlarmTopicArn"}])


def test_alarms_ring_before_cognito_gives_up_on_a_trigger(resources: dict[str, Any]) -> None:
    """After five seconds, Cognito stops waiting for a trigger."""
    for name in ("UserRecordsDurationAlarm", "TokenClaimsDurationAlarm"):
        alarm = resources[name]["Properties"]
        assert (alarm["Statistic"], alarm["Namespace"]) == ("Maximum", "AWS/Lambda")
        assert 3000 <= alarm["Threshold"] < 5000


def test_dashboard_is_json_and_shows_each_metric_that_an_alarm_watches(
    resources: dict[str, Any],
) -> None:
    """A person who gets an alarm can see the metric's history."""
    body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Sub"])
    metrics = [metric for each in body["widgets"] for metric in each["properties"]["metrics"]]
    shown = {tuple(metric[:2]) for metric in metrics if isinstance(metric[0], str)}
    searched = [metric[0]["expression"] for metric in metrics if isinstance(metric[0], dict)]
    for resource in resources.values():
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" not in resource["Properties"]:
            alarm = resource["Properties"]
            assert (alarm["Namespace"], alarm["MetricName"]) in shown
    assert any('MetricName="FederationThrottles"' in expression for expression in searched)


def test_federation_is_watched_over_all_providers(resources: dict[str, Any]) -> None:
    """Cognito publishes these metrics with three dimensions, one of which is IdentityProvider. An alarm with only two
    dimensions would never get data."""
    alarm = resources["FederationThrottlesAlarm"]
    assert alarm["Condition"] == "HasDomain"
    (query,) = alarm["Properties"]["Metrics"]
    assert (
        'SCHEMA("AWS/Cognito", IdentityProvider, UserPool, UserPoolClient)'
        in query["Expression"]["Sub"]
    )
    dashboard = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Sub"])
    for widget in dashboard["widgets"]:
        for metric in widget["properties"]["metrics"]:
            assert not str(metric[1:2]).startswith("['Federation"), metric


def resolved(value: Any) -> Any:
    """Return a property's value on a stage with `embedded` and with Cognito's own sender of mails."""
    holds = {
        "IsEmbedded": True,
        "HasPasskeys": True,
        "HasSes": False,
        "HasSms": False,
        "IsFederatedOnly": False,
        "HasShortTokens": False,
    }
    if isinstance(value, dict):
        if "If" in value:
            condition, yes, no = value["If"]
            return resolved(yes if holds[condition] else no)
        return {name: resolved(each) for name, each in value.items()}
    if isinstance(value, list):
        every = [resolved(each) for each in value]
        return [each for each in every if each != {"Ref": "AWS::NoValue"}]
    return value


def test_the_cases_pool_is_like_a_stages(resources: dict[str, Any]) -> None:
    """The pool of the cases in tests/cognitos is like a pool of this template, so the results of the cases also apply
    to the pools of this template."""
    for name, settings in (("UserPool", POOL), ("Client", CLIENT), ("MfaClient", SERVER_CLIENT)):
        there = resources[name]["Properties"]
        # No request or response depends on the texts of the mails.
        there.get("AdminCreateUserConfig", {}).pop("InviteMessageTemplate", None)
        assert {key: resolved(there[key]) for key in settings} == settings, name
    assert resolved(resources["UserPool"]["Properties"]["EnabledMfas"]) == ["SOFTWARE_TOKEN_MFA"]
