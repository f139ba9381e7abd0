"""The security requirements, and the tests that prove each requirement.

    python -m tests.security_matrix            print the matrix with test counts (`make security`); fail if an id has no test
    python -m tests.security_matrix --write    write the matrix into docs/security.md, between the page's two comments

The page names only files, because the number of tests changes with every parameter; `make security` prints the numbers.
`--write` finds the files in the source, and runs no test. `make security` checks that pytest finds the same files.
"""

import contextlib
import io
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "tests" / "data" / "security_requirements.json"
PAGE = ROOT / "docs" / "security.md"
BEGIN = "<!-- matrix: written by `python -m tests.security_matrix --write`, do not edit -->"
END = "<!-- end of the matrix -->"

_ID = re.compile(r'"(S-\d{2,3})"')
_SID_IN_DATA = re.compile(r'"sid": "(S-\d{2,3})"')


def ids_of(item: pytest.Item) -> set[str]:
    """Return the ids in the `security` marks of a test. One mark may name several ids."""
    return {str(named) for marker in item.iter_markers("security") for named in marker.args}


class Counted:
    """A pytest plugin that counts the collected tests for each id in their `security` marks, and records the tests'
    files."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.files: dict[str, set[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Count each test once for each security id of the test."""
        for item in items:
            ids = ids_of(item)
            self.counts.update(ids)
            for identifier in ids:
                name = item.path.relative_to(ROOT).as_posix()
                self.files.setdefault(identifier, set()).add(name)


def requirements() -> dict[str, dict[str, str]]:
    """Return a mapping from each id to the requirement's title, text, source and group."""
    loaded: dict[str, dict[str, str]] = json.loads(REQUIREMENTS.read_text(encoding="utf-8"))
    return loaded


def marked_files() -> dict[str, set[str]]:
    """Return the test files of each id. Ids in a data file belong to the tests that read the file."""
    found: dict[str, set[str]] = {}
    in_data = {
        path.name: set(_SID_IN_DATA.findall(path.read_text(encoding="utf-8")))
        for path in (ROOT / "tests" / "data").glob("*.json")
    }
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        ids = set(_ID.findall(text)) if "mark.security" in text else set()
        for name, of_data in in_data.items():
            ids |= of_data if f'"{name}"' in text and "mark.security" in text else set()
        for identifier in ids:
            found.setdefault(identifier, set()).add(path.relative_to(ROOT).as_posix())
    return found


def build_matrix() -> str:
    """Return the page's block, including the two marker comments."""
    files = marked_files()
    lines, group = [BEGIN], ""
    for identifier, entry in requirements().items():
        if entry["group"] != group:
            group = entry["group"]
            lines += ["", f"### {group}", "", "| id | requirement | source | proved in |"]
            lines += ["|---|---|---|---|"]
        proofs = [
            f"[{Path(name).stem.removeprefix('test_')}](../{name})"
            for name in sorted(files.get(identifier, ()))
        ]
        text = entry["text"].replace("|", "\\|")
        anchor = f'<a id="{identifier.lower()}"></a>{identifier}'
        lines.append(
            f"| {anchor} | {text} | {entry['source']} | {', '.join(proofs) or '**none**'} |"
        )
    return "\n".join([*lines, "", END])


def with_matrix(page: str) -> str:
    """Return the page with the current block."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + build_matrix() + after


def print_matrix() -> int:
    """Collect the tests, print the counts, and compare the tests with the requirements. Return the exit code."""
    titles = {identifier: entry["title"] for identifier, entry in requirements().items()}
    counted = Counted()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        arguments: list[Any] = ["--collect-only", "-q", str(ROOT / "tests")]
        code = pytest.main(arguments, plugins=[counted])
    if code != pytest.ExitCode.OK:
        print(said.getvalue())
        return 1
    for identifier, title in titles.items():
        print(f"{identifier}  {counted.counts[identifier]:4}  {title}")
    unknown = sorted(set(counted.counts) - set(titles))
    missing = [identifier for identifier in titles if not counted.counts[identifier]]
    print(
        f"\n{len(titles)} requirements, {len(missing)} without a test: {', '.join(missing) or '-'}"
    )
    if unknown:
        print(f"Tests name ids that do not exist: {', '.join(unknown)}")
    read = marked_files()
    differing = [i for i in titles if counted.files.get(i, set()) != read.get(i, set())]
    if differing:
        print(
            f"For these ids, pytest finds tests in other files than docs/security.md would name: {', '.join(differing)}"
        )
    return 1 if missing or unknown or differing else 0


def main(arguments: list[str]) -> int:
    """Print or write the matrix. Return the exit code."""
    if arguments == ["--write"]:
        PAGE.write_text(with_matrix(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    return print_matrix()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
