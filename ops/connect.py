"""The second pass after `chalice deploy` (being written)."""

from __future__ import annotations

import boto3

from ops.report import Reporter
from ops.stages import Stage


def connect(session: boto3.Session, stage: Stage, report: Reporter) -> str:
    """Give the pool its URLs and triggers, the API its own errors and limits; answer the root URL."""
    raise NotImplementedError
