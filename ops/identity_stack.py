"""The identity stack: one CloudFormation template, created or updated (being written)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import boto3

from ops.report import Reporter
from ops.stages import Stage


@dataclass(frozen=True)
class Outputs:
    """What the stack gives: settings variables, a role per Chalice function, all raw outputs."""

    environment: Mapping[str, str]
    roles: Mapping[str, str]
    raw: Mapping[str, str]


def provision(
    session: boto3.Session, stage: Stage, parameters: Mapping[str, str], report: Reporter
) -> Outputs:
    """Create or update the stack, and write its outputs into config.json."""
    raise NotImplementedError
