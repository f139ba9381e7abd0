"""Tests of reading a lock: the packages for one runtime, and each invalid line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.locked import files_of, load_lock, parse_lock, wheels_of
from ops.runtimes import RUNTIMES

HASH = "--hash=sha256:" + "a" * 64
ROOT = Path(__file__).resolve().parents[3]


def named(text: str, python: str = "3.12", machine: str = "x86_64") -> list[str]:
    """Return the packages of a lock."""
    return [str(locked) for locked in parse_lock(text, RUNTIMES[python], machine)]


def test_lines_are_read_as_pip_reads_them() -> None:
    """The cases are continued lines, comments, extras, other spellings of a name, and several hashes."""
    text = (
        "# made by hand\n\n"
        f"Foo_Bar[extra]==1.0 \\\n    {HASH} \\\n    --hash=sha512:{'b' * 128}\n    # via baz\n"
        f"baz==2  {HASH}  # why\n"
    )
    assert named(text) == ["baz==2", "foo-bar==1.0"]
    _, foo = parse_lock(text, RUNTIMES["3.12"], "x86_64")
    assert foo.hashes == {"sha256:" + "a" * 64, "sha512:" + "b" * 128}
    assert foo.lines().startswith("foo-bar[extra]==1.0 --hash=sha256:")


def test_markers_are_those_of_the_runtime() -> None:
    """The markers of a line apply to the Python and the machine of the runtime. The machine that runs `ops` does not
    matter."""
    text = (
        f"old==1 ; python_full_version < '3.12' {HASH}\n"
        f"new==1 ; python_version >= '3.12' and sys_platform == 'linux' {HASH}\n"
        f"mac==1 ; sys_platform == 'darwin' {HASH}\n"
        f"arm==1 ; platform_machine == 'aarch64' {HASH}\n"
    )
    assert named(text, "3.11") == ["old==1"]
    assert named(text, "3.14", "aarch64") == ["arm==1", "new==1"]


@pytest.mark.security("S-76")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("foo==1", "foo==1 has no hash"),
        ("foo==1 ; python_version < '3'", "foo==1 has no hash"),
        (f"foo {HASH}", "does not name one version"),
        (f"foo>=1 {HASH}", "does not name one version"),
        (f"foo==1.* {HASH}", "does not name one version"),
        (f"foo==1,!=2 {HASH}", "does not name one version"),
        (f"foo===1 {HASH}", "does not name one version"),
        (f"foo @ https://example.com/foo.whl {HASH}", "is an address"),
        ("-r other.txt", "-r is an option"),
        ("--index-url https://example.com", "--index-url is an option"),
        ("-e .", "-e is an option"),
        (f"./foo-1.0.tar.gz {HASH}", "is not NAME==VERSION"),
        ("foo==1 --hash=md5:" + "a" * 32, "an invalid hash"),
        ("foo==1 --hash=sha256:abc", "an invalid hash"),
        (f"foo==1 {HASH}\nfoo==2 {HASH}", "both apply to python3.12"),
    ],
)
def test_a_line_that_locks_nothing_is_refused(line: str, said: str) -> None:
    """The error names the line, even if all other lines are valid."""
    with pytest.raises(OpsError) as raised:
        named(f"good==1 {HASH}\n{line}\n")
    assert said in str(raised.value)


def test_every_bad_line_is_named_at_once() -> None:
    """People should see all invalid lines of a lock at once."""
    with pytest.raises(OpsError) as raised:
        named("a==1\nb==2\n")
    assert "a==1 has no hash" in str(raised.value)
    assert "b==2 has no hash" in str(raised.value)


def test_a_project_without_a_lock(tmp_path: Path) -> None:
    """A missing lock is an error, but an empty lock is allowed."""
    with pytest.raises(OpsError, match="Only packages in this lock are deployed"):
        load_lock(tmp_path / "requirements.txt", RUNTIMES["3.12"], "x86_64")
    assert named("# nothing\n") == []


@pytest.mark.security("S-66")
@pytest.mark.security("S-76")
@pytest.mark.parametrize("python", RUNTIMES)
def test_our_own_lock_holds_for_every_runtime(python: str) -> None:
    """Our lock gives the same eight packages for every runtime."""
    locked = load_lock(ROOT / "requirements.txt", RUNTIMES[python], "x86_64")
    assert {each.name for each in locked} == {
        *("certifi", "cffi", "cryptography", "idna", "pycparser"),
        *("pyjwt", "segno", "urllib3"),
    }


def test_a_lock_reads_the_files_that_it_includes(tmp_path: Path) -> None:
    """The path of an included file is relative to the including file. The code reads each file once. As with pip, a
    wheel's path is relative to the project."""
    (tmp_path / "more").mkdir()
    (tmp_path / "requirements.txt").write_text(f"-r more/first.txt\nfoo==1 {HASH}\n")
    (tmp_path / "more" / "first.txt").write_text(
        "--requirement=second.txt\n-r first.txt # itself\n"
    )
    (tmp_path / "more" / "second.txt").write_text(f"./wheels/bar-2.0-py3-none-any.whl {HASH}\n")
    path = tmp_path / "requirements.txt"
    bar, foo = load_lock(path, RUNTIMES["3.12"], "x86_64")
    assert (str(foo), foo.path) == ("foo==1", None)
    assert str(bar) == "bar==2.0"
    assert bar.path == tmp_path / "wheels" / "bar-2.0-py3-none-any.whl"
    assert [file.name for file in files_of(path)] == ["requirements.txt", "first.txt", "second.txt"]
    assert wheels_of(path) == [bar.path]


@pytest.mark.security("S-76")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-r missing.txt", "There is no "),
        (f"../bar-2.0-py3-none-any.whl {HASH}", "is not in the project"),
        (f"/tmp/bar-2.0-py3-none-any.whl {HASH}", "is not in the project"),
        ("-r ../other/requirements.txt", "is not in the project"),
        ("./bar-2.0-py3-none-any.whl", "has no hash"),
        (f"./bar.whl {HASH}", "Invalid wheel filename"),
    ],
)
def test_what_is_not_in_the_project_or_has_no_hash_is_refused(
    tmp_path: Path, line: str, said: str
) -> None:
    """`wheels_of` returns the files to copy, and also refuses a line with a file outside the project."""
    path = tmp_path / "requirements.txt"
    path.write_text(f"{line}\n")
    with pytest.raises(OpsError, match=said):
        load_lock(path, RUNTIMES["3.12"], "x86_64")
    if "not in the project" in said:
        with pytest.raises(OpsError, match=said):
            wheels_of(path)
