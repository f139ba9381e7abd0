"""The table of cases in docs/local-aws.md. `python -m tests.cognitos.table --write` writes the table into the page.
Without `--write`, the command prints the table.

Tests compare the table with the results. On the double and on the local AWS, each case passes or gives the result that
differences.json lists.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cognitos.case import GROUPS, LACKS, Case, load_cases
from tests.cognitos.on_double import DoubleCognito
from tests.cognitos.on_local import LACKS as LOCAL_LACKS
from tests.cognitos.run import load_differences

PAGE = Path(__file__).resolve().parents[2] / "docs" / "local-aws.md"
BEGIN, END = "<!-- cases: written by `python -m tests.cognitos.table --write` -->", "<!-- end -->"


def lines() -> Iterator[str]:
    cases = load_cases()
    listed = {name: load_differences(name) for name in ("double", "local")}
    lacking = {"double": DoubleCognito.lacks, "local": LOCAL_LACKS}
    run = {
        name: [case for case in cases.values() if not case.needs & lacks]
        for name, lacks in lacking.items()
    }
    yield (
        f"There are {len(cases)} cases. The test double runs {len(run['double'])} cases; "
        f"{len(listed['double'])} results differ from AWS. The local AWS runs {len(run['local'])} cases; "
        f"{len(listed['local'])} results differ from AWS."
    )
    for group in GROUPS:
        yield ""
        yield f"| {group.replace('_', ' ')} | double | local AWS |"
        yield "|---|---|---|"
        for case in (each for each in cases.values() if each.group == group):
            cells = (_cell(case, lacking[name], listed[name]) for name in ("double", "local"))
            yield f"| [{case.name.replace('_', ' ')}]({case.page}) | {' | '.join(cells)} |"
    differing = [
        (cases[name], where, difference)
        for where, found in listed.items()
        for name, difference in found.items()
    ]
    yield ""
    yield "The differences:"
    yield ""
    for case, where, difference in differing:
        name = case.name.replace("_", " ")
        where = "double" if where == "double" else "local AWS"
        yield f"- *{name}* ({where}): {difference.why} [AWS]({difference.page})"
    yield ""
    yield "Reasons for leaving out a case:"
    yield ""
    for name, why in LACKS.items():
        theirs = {"double": DoubleCognito.lacks, "local AWS": LOCAL_LACKS}
        of = [where for where, lacks in theirs.items() if name in lacks]
        if of:
            yield f"- `{name}` ({', '.join(of)}): {why}."


def _cell(case: Case, lacks: frozenset[str], listed: object) -> str:
    if missing := case.needs & lacks:
        return f"– ({', '.join(sorted(missing))})"
    return "differs" if case.name in listed else "as documented"  # type: ignore[operator]  # a mapping


def build_page(text: str) -> str:
    """Return the page. The current table stands between the two marker comments of the page."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, "", *lines(), "", END + after])


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(build_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n".join(lines()))
