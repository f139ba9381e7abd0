"""The security requirements and how many tests prove each: `make security`. Exit code 1 if one has none."""

import contextlib
import io
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "tests" / "data" / "security_requirements.json"


class Counted:
    """A pytest plugin that counts collected tests by the ids of their `security` markers."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Count each test once for each of its ids."""
        for item in items:
            ids = {str(marker.args[0]) for marker in item.iter_markers("security")}
            self.counts.update(ids)


def main() -> int:
    """Print the matrix; returns the exit code."""
    titles: dict[str, str] = json.loads(REQUIREMENTS.read_text(encoding="utf-8"))
    counted = Counted()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", str(ROOT / "tests")], plugins=[counted])
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
    return 1 if missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
