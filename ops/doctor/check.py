"""This module defines checks and findings, and runs all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection

from .. import aws
from ..errors import OpsError
from .deployment import Deployment, Missing

#: Errors about missing credentials. Missing credentials are no fault of the stage. These errors stop doctor, because
#: otherwise every check would report them.
_CANNOT_LOOK = (NoCredentialsError, PartialCredentialsError, SSOError, TokenRetrievalError)
#: AWS's error codes for invalid credentials:
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
_NOBODY = frozenset(
    (
        *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        *("UnrecognizedClientException", "InvalidSignatureException", "RequestExpired"),
    )
)
_UNREACHABLE = (NoConnection, HTTPClientError)


@dataclass(frozen=True)
class Fault:
    """One fault: `says` describes the effect or the risk for people, and `mend` describes the remedy."""

    says: str
    mend: str


@dataclass(frozen=True)
class Note(Fault):
    """A remark, not a fault: an optional part is not set up yet, or a setting will become a fault in the future."""


@dataclass(frozen=True)
class Fact(Fault):
    """A fact that a check found, for information only. A fact needs no action."""

    mend: str = ""


@dataclass(frozen=True)
class Check:
    """One check of a deployed stage. `id` is stable and documented in docs/operations.md.

    `not_locally` says why the check does not work on the local AWS. `not_locally` is empty for a check that works on
    the local AWS.
    """

    id: str
    find: Callable[[Deployment], Iterable[Fault]]
    not_locally: str = ""


@dataclass(frozen=True)
class Finding:
    """A fault, with the id of the check that found the fault."""

    id: str
    says: str
    mend: str


@dataclass
class Diagnosis:
    """The result of a whole run: the findings, the finished checks, and the omitted checks with the reason.

    `notes` lists optional parts that are not set up, and `facts` lists information from checks. A stage without
    findings is healthy, even with notes and facts.
    """

    stage: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    facts: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """True if no check found a fault."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Build the document that `--json` prints."""
        return {
            "stage": self.stage,
            "healthy": self.healthy,
            "findings": [vars(finding) for finding in self.findings],
            "notes": [vars(note) for note in self.notes],
            "facts": [{"id": fact.id, "says": fact.says} for fact in self.facts],
            "checked": self.checked,
            "not_checked": self.not_checked,
        }


def diagnose(deployment: Deployment, checks: Sequence[Check]) -> Diagnosis:
    """Run every check. If a part is missing, the checks that need the part are listed as not checked, because another
    check reports the missing part.

    Raises OpsError if there are no valid credentials, or if AWS as a whole does not answer.
    """
    with aws.explained(f"looking at stage {deployment.stage.name}"):
        return _diagnose(deployment, checks)


def _diagnose(deployment: Deployment, checks: Sequence[Check]) -> Diagnosis:
    diagnosis = Diagnosis(deployment.stage.name)
    silent: dict[str, str] = {}  # message of an outage → the first check that got this message
    for check in checks:
        if check.not_locally and deployment.stage.is_local:
            diagnosis.not_checked[check.id] = check.not_locally
            continue
        try:
            for fault in _run(check, deployment):
                _told(diagnosis, fault).append(Finding(check.id, fault.says, fault.mend))
        except Missing as missing:
            diagnosis.not_checked[check.id] = str(missing)
        except _UNREACHABLE as outage:
            if not silent:
                _require_aws(deployment)  # The call raises an error if all of AWS is unreachable.
            said = str(outage)
            first = silent.setdefault(said, check.id)
            if first == check.id:
                diagnosis.findings.append(
                    Finding(check.id, f"AWS does not answer: {said}", "run doctor again later.")
                )
            else:
                diagnosis.not_checked[check.id] = f"AWS does not answer, as in the check {first}"
        else:
            diagnosis.checked.append(check.id)
    return diagnosis


def _told(diagnosis: Diagnosis, fault: Fault) -> list[Finding]:
    if isinstance(fault, Fact):
        return diagnosis.facts
    return diagnosis.notes if isinstance(fault, Note) else diagnosis.findings


def _require_aws(deployment: Deployment) -> None:
    deployment.client("sts").get_caller_identity()


def _run(check: Check, deployment: Deployment) -> Iterator[Fault]:
    try:
        yield from check.find(deployment)
    except (*_CANNOT_LOOK, *_UNREACHABLE):
        raise
    except ClientError as error:
        if aws.error_code(error) in _NOBODY:
            raise
        yield Fault(
            f"AWS did not answer this check: {aws.error_code(error)}: {aws.error_message(error)}",
            "give the person who runs doctor the missing right, and run doctor again.",
        )
    except (BotoCoreError, OpsError) as error:
        yield Fault(
            f"the check failed: {error}", "fix the cause of this error, then run doctor again."
        )
