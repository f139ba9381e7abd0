"""Checks of the identity stack and config.json."""

from __future__ import annotations

import time
from collections.abc import Iterator

from .. import aws, identity_stack, pool_updates
from ..cloudformation import describe
from ..program import PROGRAM
from ..template import read_template, write_template
from .check import Check, Fault
from .deployment import PASSING, Deployment

_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_DRIFT_SECONDS = 120.0
# Properties that differ from the template on every healthy stage. Each property in this list also stands for all
# properties that are nested in it.
_EXPECTED_DRIFT = {
    # CloudFormation writes only the first value of a secret. Later, `ops rotate-keys` changes the value.
    "AWS::SecretsManager::Secret": ("/SecretString", "/GenerateSecretString"),
    # Cognito returns all standard attributes of a pool, and adds a prefix to the names of custom attributes. Attributes
    # cannot be changed later.
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    # Cognito returns the pre-token-generation trigger twice: under its current name and under its legacy name.
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_LambdaConfigType.html
    "AWS::Cognito::UserPool": ("/Schema", "/LambdaConfig/PreTokenGeneration"),
}


def stack_status(deployment: Deployment) -> Iterator[Fault]:
    """Check that the stack exists, and that no operation of the stack is running."""
    name = deployment.stage.identity_stack
    found = describe(deployment.client("cloudformation"), name)
    if found is None:
        yield Fault(
            f"the stack {name} does not exist: the stage was never provisioned.", deployment.again
        )
    elif found["StackStatus"] not in _GOOD:
        yield Fault(
            f"stack {name} is in {found['StackStatus']}: an operation is running, or has stopped "
            "halfway.",
            "wait until the operation ends, or resolve the problem in the CloudFormation console; "
            "then" + deployment.again,
        )


def stack_template(deployment: Deployment) -> Iterator[Fault]:
    """Check that the stack was deployed from this checkout's template."""
    body = deployment.client("cloudformation").get_template(
        StackName=deployment.stack["StackName"]
    )["TemplateBody"]
    own = pool_updates.as_deployed(identity_stack.body_of(deployment.stage), body)
    if write_template(read_template(body)) != own:
        yield Fault(
            "the identity stack was made from another version of ops/templates/identity.yaml than this checkout's version.",
            f"update the checkout, or {deployment.again}",
        )


def stack_outputs(deployment: Deployment) -> Iterator[Fault]:
    """Check that config.json has the names of the stack's resources."""
    environment = deployment.stage.environment
    for output, variable in identity_stack.OUTPUT_VARIABLES.items():
        made = deployment.outputs.get(output)
        # The local AWS makes no sign-in domain, so the stack has no such output. The local stage's config.json contains the
        # address of the sign-in pages instead.
        if made is not None and environment.get(variable, "") != made:
            yield Fault(
                f"{variable} in config.json is {environment.get(variable, '')!r}, but the identity stack created {made!r}.",
                f"run `{PROGRAM} provision --stage {deployment.stage.name}`, then deploy.",
            )


def stack_drift(deployment: Deployment) -> Iterator[Fault]:
    """Check that the stack's resources still have the properties in the template, and that nobody has changed them by
    hand.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    """
    cloudformation = deployment.client("cloudformation")
    name = deployment.stack["StackName"]
    begun = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    deadline = time.monotonic() + _DRIFT_SECONDS
    while True:
        status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=begun)
        if status["DetectionStatus"] != "DETECTION_IN_PROGRESS" or time.monotonic() > deadline:
            break
        time.sleep(2)
    drifts = cloudformation.describe_stack_resource_drifts(
        StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    for drift in drifts:
        paths = [item["PropertyPath"] for item in drift.get("PropertyDifferences", [])]
        expected = _EXPECTED_DRIFT.get(drift["ResourceType"], ())
        unexpected = [
            path
            for path in paths
            if not any(f"{path}/".startswith(f"{each}/") for each in expected)
        ]
        if paths and not unexpected:
            continue
        paths = unexpected
        what = f" ({', '.join(paths)})" if paths else ""
        yield Fault(
            f"{drift['LogicalResourceId']} was changed outside the stack: "
            f"{drift['StackResourceDriftStatus'].lower()}{what}.",
            "undo the change, or write it into ops/templates/identity.yaml; CloudFormation does not correct drift "
            "by itself.",
        )


def deletion_protection(deployment: Deployment) -> Iterator[Fault]:
    """If the stage's option for deletion protection is on, check that stack, pool and tables are protected from
    deletion.
    """
    if not deployment.stage.deletion_protection:
        return
    bare = []
    if not deployment.stack.get("EnableTerminationProtection"):
        bare.append(f"stack {deployment.stage.identity_stack}")
    if deployment.pool.get("DeletionProtection") != "ACTIVE":
        bare.append(f"user pool {deployment.pool['Id']}")
    bare += [
        f"table {table['TableName']}"
        for variable, table in deployment.tables.items()
        if variable not in PASSING and not table.get("DeletionProtectionEnabled")
    ]
    if bare:
        yield Fault(
            f"deletion protection is off for {', '.join(bare)}: one wrong click can delete "
            "accounts.",
            deployment.again,
        )


def function_settings(deployment: Deployment) -> Iterator[Fault]:
    """Check that the functions run with the settings in config.json."""
    wanted = {name: value for name, value in deployment.stage.environment.items() if value}
    for function in deployment.functions.values():
        running = function.get("Environment", {}).get("Variables", {})
        differing = sorted(
            name
            for name in {*wanted, *(key for key in running if running[key])}
            if running.get(name, "") != wanted.get(name, "")
        )
        if differing:
            yield Fault(
                f"{function['FunctionName']} runs with settings that differ from config.json: "
                f"{', '.join(differing)}.",
                deployment.again,
            )


def clock_skew(deployment: Deployment) -> Iterator[Fault]:
    """Check that this machine's clock differs so little from AWS's clock that signatures and tokens are accepted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    from email.utils import parsedate_to_datetime

    answer = aws.client(deployment.session, "sts").get_caller_identity()
    stated = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    if not stated:
        return
    skew = time.time() - parsedate_to_datetime(stated).timestamp()
    if abs(skew) > 60:
        yield Fault(
            f"this machine's clock differs from AWS's by {skew:+.0f} s: signed requests and token "
            "checks on this machine can fail.",
            "set the clock by NTP (`timedatectl set-ntp true`).",
        )


CHECKS = (
    Check("clock-skew", clock_skew),
    Check("stack-status", stack_status),
    Check("stack-template", stack_template),
    Check("stack-outputs", stack_outputs),
    Check("stack-drift", stack_drift),
    Check("function-settings", function_settings),
    Check("deletion-protection", deletion_protection),
)
