"""A team with its own app outside this checkout: its project, its Python, and the documentation pages that the team
follows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass, field
from pathlib import Path

from ops.exact_package import cache_of, locked_wheels
from ops.local.environment import ministack_python
from ops.report import Reporter
from ops.runtimes import runtime_of
from ops.wheels import Target
from tests.wheel.building import ROOT

_FENCE = re.compile(
    r"^(?:`(?P<file>[^`]+)`[^\n]*:\n+)?```(?P<kind>console|diff)\n(?P<text>.*?)^```", re.M | re.S
)


@dataclass(frozen=True)
class Page:
    """The instructions of a page in docs/: commands, and changes of files."""

    commands: list[str]
    changes: dict[str, str]

    @classmethod
    def read(cls, name: str, until: str = "\n## On AWS") -> Page:
        text = (ROOT / "docs" / name).read_text(encoding="utf-8").partition(until)[0]
        blocks = [match.groupdict() for match in _FENCE.finditer(text)]
        lines = "".join(each["text"] for each in blocks if each["kind"] == "console").splitlines()
        changes = {each["file"]: each["text"] for each in blocks if each["kind"] == "diff"}
        return cls([line.removeprefix("$ ") for line in lines], changes)

    def added(self) -> list[str]:
        """Return every line that the person must write."""
        lines = "".join(self.changes.values()).splitlines()
        return [line for line in lines if line.startswith("+")]


ADOPT = Page.read("adopt.md")
UPGRADE = Page.read("upgrade.md", until="\n## A copy")


def apply(text: str, diff: str) -> str:
    """Apply a diff to a text, and return the result. Each hunk begins with @@. Lines outside of any hunk are added at
    the end of the text."""
    if not diff.startswith("@@"):
        return text + "".join(f"{line[1:]}\n" for line in diff.splitlines())
    for hunk in diff.split("@@\n")[1:]:
        lines = hunk.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@dataclass
class Team:
    """A team. `project` is a copy of examples/orders. This machine already has the files that a team would download."""

    folder: Path
    authority: Path
    project: Path = field(init=False)
    python: Path = field(init=False)
    #: The settings that say where pip looks for packages. By default, pip looks only in the folder `shelf`, not in an
    #: index.
    pip: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.project = self.folder / "orders"
        skipped = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".local")
        shutil.copytree(ROOT / "examples" / "orders", self.project, ignore=skipped)
        self.python = self._make_python()
        self.pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "shelf")}
        self._put_network_at_hand()

    def _make_python(self) -> Path:
        """Make a virtual environment with the wheel's dependencies. The environment cannot import the checkout."""
        venv.EnvBuilder(symlinks=True).create(self.folder / "venv")
        (site,) = (self.folder / "venv" / "lib").glob("python*/site-packages")
        (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        return self.folder / "venv" / "bin" / "python"

    def _put_network_at_hand(self) -> None:
        """Install the local AWS and fetch the dependencies in the checkout, if they are missing. Then link the local
        AWS and the dependencies into the project."""
        shared = ROOT / ".local"
        shared.mkdir(exist_ok=True)
        ministack_python(shared, Reporter())
        target = Target(runtime_of({}), os.uname().machine)
        shelf = self.folder / "shelf"
        shelf.mkdir()
        for wheel in locked_wheels(ROOT, target, cache_of(ROOT)):
            shutil.copyfile(wheel.path, shelf / wheel.path.name)
        (self.project / ".local").mkdir()
        (self.project / ".local" / "ministack-venv").symlink_to(shared / "ministack-venv")

    def put_wheel(self, wheel: Path) -> None:
        (self.project / "wheels").mkdir(exist_ok=True)
        shutil.copyfile(wheel, self.project / "wheels" / wheel.name)

    def change(self, page: Page) -> None:
        """Make the changes that the page describes."""
        for name, diff in page.changes.items():
            path = self.project / name
            path.write_text(apply(path.read_text(), diff))

    def type(self, command: str, *more: str) -> str:
        """Run a command of a page in the project's folder."""
        words = [*shlex.split(command), *more]
        program = {
            "pip": [str(self.python), "-m", "pip", "--disable-pip-version-check"],
            "python": [str(self.python)],
        }.get(words[0], [str(self.python.parent / words[0])])
        done = subprocess.run(
            [*program, *words[1:]],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Return an environment without the caller's variables. In this environment, pip does not use the network."""
        return {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "GATEHOUSE_CA_DIR": str(self.authority),
            "PIP_CONFIG_FILE": os.devnull,
            **self.pip,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def chalice(self, *words: str) -> None:
        """Run Chalice's own command line with short waits, in the folder from which the local stage was deployed."""
        (package,) = (self.folder / "venv" / "lib").glob("python*/site-packages/chalice_gatehouse")
        script = package / "ops" / "local" / "chalice_cli.py"
        inner = (
            f"cd .local/app && exec {shlex.quote(str(self.python))} {script} {shlex.join(words)}"
        )
        self.type("gatehouse run --stage local -- sh -c", inner)
