"""Tests that `ops` checks a brand's colours against WCAG 2.2 before a deployment."""

import re
from pathlib import Path

import pytest

from chalicelib.gatehouse.brand import Brand
from ops.contrast import problems_of_colours
from ops.errors import OpsError
from ops.stages import load_stage
from tests.unit.ops.fakes import dev_block, project


def test_a_pale_accent_is_refused_with_figures_and_a_mend() -> None:
    """The message has the setting, the actual ratio, the required ratio, and a colour that passes."""
    (problem,) = problems_of_colours(Brand(accent="#ff5a5f"))
    assert re.fullmatch(
        r"BRAND_ACCENT is #ff5a5f: its contrast with #\w{6} in the light theme is 2\.\d\d:1, but text needs "
        r"4\.5:1 \(WCAG 2\.2\); use (#\w{6}) instead",
        problem,
    )
    proposal = problem.split()[-2]
    assert list(problems_of_colours(Brand(accent=proposal))) == []
    (problem,) = problems_of_colours(Brand(accent_dark="#08524b"))
    assert problem.startswith("BRAND_ACCENT_DARK is #08524b")
    assert "dark theme" in problem


@pytest.mark.parametrize("name", ["dev", "local"])
def test_every_stage_is_looked_at(tmp_path: Path, name: str) -> None:
    """Provision, deploy, doctor and up use `load_stage`, so each of these commands refuses a pale colour."""
    block = dev_block(name, environment_variables={"STAGE": name, "BRAND_ACCENT": "#ff5a5f"})
    if name == "local":
        block["gatehouse"] = {"region": "us-east-1"}
    with pytest.raises(OpsError, match=r"BRAND_ACCENT is #ff5a5f.*WCAG"):
        load_stage(project(tmp_path, **{name: block}), name)
