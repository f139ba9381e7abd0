"""Tests of the command line: exit codes, help, and the ways to pass secrets."""

import errno
import io
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest

from chalicelib.gatehouse import __version__
from ops import cli, providers
from ops.destroy import destroy
from ops.errors import OpsError
from ops.local import stack
from ops.local.processes import require_free_port
from ops.provider import Provider
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
    assert cli.main(["--project-dir", str(tmp_path), "provision", "--stage", "dev"]) == 1
    assert capsys.readouterr().err.startswith("error: There is no ")


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the whole help. The exit code is the code of wrong usage, so that a script without a command
    fails."""
    assert cli.main([]) == 2
    said = capsys.readouterr().err
    assert "python -m ops up" in said
    assert "doctor" in said


def test_a_zip_that_cannot_be_put_there_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command must make a folder, but a file already has the folder's name."""
    (tmp_path / "dist").write_text("")
    assert cli.main(["package", "--out", str(tmp_path / "dist")]) == 1
    assert (
        "cannot be created: File exists. Choose another folder with --out."
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("line", [["provision"], ["nonsense"], ["provider", "add", "Okta"]])
def test_wrong_usage_is_exit_code_2(line: list[str]) -> None:
    """Unix programs usually exit with 2 after wrong usage."""
    assert cli.main(line) == 2


def walk(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, *above, name)
        else:
            yield " ".join((*above, name)), command


COMMANDS = dict(walk(cli.cli))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` ends with exit code 0, and prints a sentence for each option and an example."""
    assert cli.main([*name.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: python -m ops {name} " in said
    assert "Example" in said
    options = [each for each in COMMANDS[name].params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_is_right_usage(name: str) -> None:
    """The parser accepts the options and arguments of the example."""
    shown = (COMMANDS[name].epilog or "").replace("\\\n", "").splitlines()
    lines = [line.strip() for line in shown if line.startswith("  ")]
    assert lines
    for line in lines:
        words = shlex.split(line.removeprefix("python -m ops "))
        assert words[: len(name.split())] == name.split()
        COMMANDS[name].make_context(name, words[len(name.split()) :])


@pytest.mark.parametrize("port", ["0", "65536", "80x", "-1", "²"])
def test_what_is_no_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the option."""
    assert cli.main(["up", f"--aws-port={port}"]) == 2
    assert "--aws-port" in capsys.readouterr().err


def test_two_programs_on_one_port_are_refused_before_any_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without this check, the second program would fail later, with an error about another program on the port."""
    assert cli.main(["up", "--port", "8100"]) == 1
    assert "must differ" in capsys.readouterr().err


@pytest.mark.security("S-61")
def test_secret_is_never_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    """All users of a machine can read the arguments of a program."""
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
    assert cli.main([*line, "--client-secret", "c"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_secret_without_a_terminal_needs_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the option, a pipeline would wait for ever at an invisible prompt."""
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


LINE = [
    *("provider", "add", "Okta", "--stage", "dev"),
    *("--issuer", "https://a", "--client-id", "b", "--client-secret-stdin"),
]


@pytest.mark.parametrize(
    ("options", "domains"),
    [([], None), (["--no-domains"], ()), (["--domain", "a.x", "--domain", "b.x"], ("a.x", "b.x"))],
)
def test_domains_are_kept_cleared_or_replaced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    domains: tuple[str, ...] | None,
) -> None:
    """For `add_provider`, None means "unchanged"."""
    given: list[Provider] = []
    monkeypatch.setattr(providers, "add_provider", lambda _s, _t, said, _r: given.append(said))
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    folder = project(tmp_path, dev=dev_block())
    assert cli.main(["--project-dir", str(folder), *LINE, *options]) == 0
    assert given[0].domains == domains
    assert (given[0].label, given[0].trusted, given[0].client_secret) == (None, None, "secret")


def test_domains_are_not_cleared_and_set_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command reports wrong usage before the prompt for a secret."""
    folder = project(tmp_path, dev=dev_block())
    assert cli.main(["--project-dir", str(folder), *LINE, "--no-domains", "--domain", "a.x"]) == 2
    assert "contradict" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["none", "closed", "bytes"])
def test_a_broken_standard_input_is_one_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: str,
) -> None:
    """The cases are: the shell has closed standard input with `<&-`, so that Python sets None; standard input is closed
    later; and standard input is not text."""
    stream = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8")
    if broken == "closed":
        stream.close()
    monkeypatch.setattr(sys, "stdin", None if broken == "none" else stream)
    folder = project(tmp_path, dev=dev_block())
    line = ["--project-dir", str(folder)]
    assert cli.main([*line, *LINE]) == 1
    assert cli.main([*line, *LINE[:-1]]) == 1
    assert cli.main([*line, "provider", "remove", "Okta", "--stage", "dev"]) == 1
    said = capsys.readouterr().err
    assert said.count("error: ") == 3
    assert "--client-secret-stdin" in said
    assert "pass --yes" in said


def test_ctrl_c_is_a_word_and_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stack, "info", interrupted)
    assert cli.main(["info"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is defined only in the package."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gatehouse {__version__}\n"


def test_local_stage_is_not_deployed_into_a_real_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the local endpoint, the command would use the credentials on AWS, so the command refuses the
    deployment."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert cli.main(["deploy", "--stage", "local"]) == 1
    assert "ops up" in capsys.readouterr().err


def test_destroying_asks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an answer, the command deletes nothing."""
    folder = project(tmp_path, dev=dev_block())
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert cli.main(["--project-dir", str(folder), "destroy", "--stage", "dev"]) == 1
    assert "deletes permanently" in capsys.readouterr().err


def test_protected_stage_is_not_destroyed(tmp_path: Path) -> None:
    """The error lists every protected resource, and the command changes nothing."""
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
    """Help and errors must appear at once."""
    code = (
        "import sys, ops.cli\n"
        "ops.cli.main(['--help'])\n"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'yaml', 'requests')))"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=environment).returncode == 0


def test_a_folder_that_cannot_be_written_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkout may be mounted read-only."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path / ".local"))

    monkeypatch.setattr(stack, "down", refuse)
    assert cli.main(["--project-dir", str(tmp_path), "down"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        f"error: {tmp_path / '.local'} cannot be written: Read-only file system."
    )
    assert "--state-dir DIR" in said


def test_a_python_without_the_dependencies_is_told_of(tmp_path: Path) -> None:
    """A person may run `python -m ops` with the system's Python, which does not have the dependencies."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "ops", "--version"],
        cwd=Path(cli.__file__).resolve().parents[1],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not installed for" in done.stderr
    assert "make up" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_names_a_free_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The error suggests a port that is really free. The port with the next number may also be taken."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        first.listen()
        port = first.getsockname()[1]
        # The test takes the next port. If another program has already taken the port, the effect is the same.
        with suppress(OSError):
            second.bind(("127.0.0.1", port + 1))
        with pytest.raises(OpsError, match=r"up --port (\d+)$") as caught:
            require_free_port(port, "the app", "--port")
        advised = int(str(caught.value).rsplit(" ", 1)[1])
        assert advised > port + 1
        require_free_port(advised, "the app", "--port")
