"""The command line: exit codes, help, and where secrets may come from."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops import cli
from ops.destroy import destroy
from ops.errors import OpsError
from tests.unit.ops.fakes import (
    FakeCognito,
    FakeDynamoDB,
    FakeSession,
    dev_block,
    project,
    reporter,
    stage,
)


def test_an_ops_error_is_one_message_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback."""
    assert cli.main(["--project-dir", str(tmp_path), "provision", "--stage", "dev"]) == 1
    assert capsys.readouterr().err.startswith("error: There is no ")


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole help, as wrong usage: a script that lost its command must not pass."""
    assert cli.main([]) == 2
    said = capsys.readouterr().err
    assert "python -m ops up" in said
    assert "doctor" in said


def test_a_zip_that_cannot_be_put_there_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder's name is that of a file."""
    (tmp_path / "dist").write_text("")
    assert cli.main(["package", "--out", str(tmp_path / "dist")]) == 1
    assert "cannot be made: File exists. Name another with --out." in capsys.readouterr().err


@pytest.mark.parametrize("line", [["provision"], ["nonsense"], ["provider", "add", "Okta"]])
def test_wrong_usage_is_exit_code_2(line: list[str]) -> None:
    """As every Unix program does it."""
    with pytest.raises(SystemExit) as caught:
        cli.main(line)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "command", ["up", "down", "info", "trust", "provision", "deploy", "destroy"]
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help is exit code 0."""
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert f"ops {command}" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["0", "65536", "80x", "-1", "²"])
def test_what_is_no_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Named with its option."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["up", f"--aws-port={port}"])
    assert caught.value.code == 2
    assert "--aws-port" in capsys.readouterr().err


def test_two_programs_on_one_port_are_refused_before_any_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else the last to start would say that somebody else has it."""
    assert cli.main(["up", "--port", "8100"]) == 1
    assert "must differ" in capsys.readouterr().err


@pytest.mark.security("S-61")
def test_secret_is_never_an_argument() -> None:
    """Arguments are readable by every user of a machine."""
    line = [
        "provider",
        "add",
        "Okta",
        "--stage",
        "dev",
        "--issuer",
        "https://a",
        "--client-id",
        "b",
    ]
    with pytest.raises(SystemExit):
        cli.build_parser().parse_args([*line, "--client-secret", "c"])


def test_secret_without_a_terminal_needs_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A prompt nobody sees would hang a pipeline."""
    folder = project(tmp_path, dev=dev_block())
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    line = [
        "provider",
        "add",
        "Okta",
        "--stage",
        "dev",
        "--issuer",
        "https://a",
        "--client-id",
        "b",
    ]
    assert cli.main(["--project-dir", str(folder), *line]) == 1
    assert "--client-secret-stdin" in capsys.readouterr().err


def test_local_stage_is_not_deployed_into_a_real_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the local endpoint the credentials would lead to AWS."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert cli.main(["deploy", "--stage", "local"]) == 1
    assert "ops up" in capsys.readouterr().err


def test_destroying_asks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And takes silence for a no."""
    folder = project(tmp_path, dev=dev_block())
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert cli.main(["--project-dir", str(folder), "destroy", "--stage", "dev"]) == 1
    assert "deletes for ever" in capsys.readouterr().err


def test_protected_stage_is_not_destroyed(tmp_path: Path) -> None:
    """Everything protected is named, and nothing was touched."""
    cognito, dynamodb = FakeCognito(), FakeDynamoDB()
    cognito.protection, dynamodb.protected = "ACTIVE", True
    session: Any = FakeSession(cognito_idp=cognito, dynamodb=dynamodb)
    folder = project(tmp_path, dev=dev_block())
    with pytest.raises(OpsError) as caught:
        destroy(session, stage(folder), reporter()[0])
    for said in ("deletion_protection", "user pool eu-west-1_Pool", "table users", "table prov"):
        assert said in str(caught.value)
    assert not cognito.log
    assert not dynamodb.deleted


def test_help_and_mistakes_load_no_aws_library() -> None:
    """They answer at once."""
    code = (
        "import sys, ops.cli\n"
        "ops.cli.build_parser()\n"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'yaml', 'requests')))"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=environment).returncode == 0
