"""docs/BENCHMARKS.md from sections and the machine. Pure."""

from collections.abc import Sequence

from benchmarks.figures import Section, table

#: The marks between which the README has its figures.
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- /figures -->"

_INTRODUCTION = """# Benchmarks

Written by `make bench`; not by hand. Times are CPU time (user and system) of whole processes unless it says otherwise, as
median and, in brackets, the middle half of the runs. All of a table is measured in one run, in turn (A B C, B C A, C A B …),
so that a machine whose speed drifts is fair to all. The ratios carry over to other machines; the figures do not.

Where somebody speaks to AWS it is over TLS, under AWS's own host names, one for each service; they lead to one server on
loopback, whose certificate stands at the end of certifi's bundle. The columns *HTTP* are the same without TLS. *At ⅓ core*
is time on the clock while a process is held to a third of a core, about what a Lambda of 512 MB has
(`benchmarks/processor_share.py`: stopped and continued within periods of 20 ms, for everybody alike). *Peak* is the most
memory that the process had until its first answer. `4be4ef5` is the commit before this was measured.

In a cold figure the interpreter has started already, and Python's bytecode is there for everybody, unless a row says
otherwise. What AWS itself adds (starting a container, the network) is in none of them: **not measured on AWS**.

To repeat: `make bench`, about {minutes} minutes on this machine; `python -m benchmarks --help` runs parts of it. The peers
are installed below `.local/`, locked with hashes (`benchmarks/requirements.txt`) or by exact version
(`benchmarks/peers/browser/package.json`); their apps are in `benchmarks/peers/`."""


def build(
    sections: Sequence[Section],
    machine: Sequence[tuple[str, str]],
    *,
    date: str,
    runs: int,
    minutes: int,
) -> str:
    """Return the page as Markdown."""
    rows = [*machine, ("measured", f"{date}, {runs} runs of each")]
    parts = [
        _INTRODUCTION.format(minutes=minutes),
        "\n".join(f"- {name}: {value}" for name, value in rows),
        targets(sections),
        *(section.text() for section in sections),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def targets(sections: Sequence[Section]) -> str:
    """Return the table of promises and whether they hold; empty if there are none."""
    rows = [target.row() for section in sections for target in section.targets]
    if not rows:
        return ""
    return "## Targets\n\n" + table(("", "measured", "target", ""), rows)


def put_headlines(readme: str, sections: Sequence[Section]) -> str:
    """Return the README with one line per section between the two marks. Raises ValueError without marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md has no place for the figures")
    rows = [section.headline.row() for section in sections if section.headline is not None]
    figures = table(("", "Gatehouse", "beside"), rows, frozenset({0, 2}))
    return f"{before}{begin}\n{figures}\n{end}{after}"


def missed(sections: Sequence[Section]) -> list[str]:
    """Return the promises that do not hold."""
    return [
        target.promise for section in sections for target in section.targets if not target.met()
    ]
