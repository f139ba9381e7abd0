"""Deploy a stage: identity stack, `chalice deploy`, second pass (being written)."""

from __future__ import annotations

from pathlib import Path

from ops.report import Reporter


def deploy(project_dir: Path, stage_name: str, report: Reporter) -> str:
    """Provision, deploy with Chalice, connect; answer the root URL."""
    raise NotImplementedError


def chalice_deploy(project_dir: Path, stage_name: str, region: str, report: Reporter) -> None:
    """Run `chalice deploy` as it is, showing its lines."""
    raise NotImplementedError
