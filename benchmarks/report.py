"""Builds the text of docs/BENCHMARKS.md from the sections and the description of the machine. The module itself neither
reads nor writes files."""

from collections.abc import Sequence

from benchmarks.figures import Section, table

#: The README's figures are between the two comments `BEGIN` and `END`.
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- /figures -->"

_INTRODUCTION = """# Benchmarks

`make bench` writes this page; do not edit it. Unless a table says otherwise, times are CPU time (user and system) of
whole processes: the median and, in brackets, the middle half of the runs. All rows of a table are measured in one run,
alternately (A B C, B C A, C A B …), so that changes of the machine's speed affect all rows. "Compared with X" means the
figure divided by X's figure. Ratios are similar on other machines; the figures are not.

All calls to AWS use TLS and AWS's own host names, one for each service. The names resolve to one server on loopback,
whose certificate is added to the end of certifi's bundle. The columns *HTTP* have the figures without TLS. *At ⅓ core*
is the elapsed time of a process that may use a third of a core, about as much as a Lambda function of 512 MB
(`benchmarks/processor_share.py` stops and continues every process within periods of 20 ms). *Peak* is the process's
largest memory until its first response. `4be4ef5` is an earlier commit of Gatehouse, for comparison.

In a cold figure the interpreter has already started, and all code has its bytecode, unless a row says otherwise. No
figure contains AWS's own time (starting a container, the network): **not measured on AWS**.

To repeat the measurements, run `make bench`, which takes about {minutes} minutes on this machine; `python -m benchmarks
--help` shows how to run parts. The peers are installed below `.local/`, locked with hashes
(`benchmarks/requirements.txt`) or by exact version (`benchmarks/peers/browser/package.json`); their apps are in
`benchmarks/peers/`."""


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
    """Return the table of the promises, with a verdict for each promise. If there are no promises, return an empty
    text."""
    rows = [target.row() for section in sections for target in section.targets]
    if not rows:
        return ""
    return "## Targets\n\n" + table(("", "measured", "target", ""), rows)


def put_headlines(readme: str, sections: Sequence[Section]) -> str:
    """Return the README's text with new figures between the two comments: one line for each section with a headline.
    Raises ValueError if the comments are missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md has no place for the figures")
    rows = [section.headline.row() for section in sections if section.headline is not None]
    figures = table(("", "Gatehouse", "others"), rows, frozenset({0, 2}))
    return f"{before}{begin}\n{figures}\n{end}{after}"


def missed(sections: Sequence[Section]) -> list[str]:
    """Return the promises of the targets that are not met."""
    return [
        target.promise for section in sections for target in section.targets if not target.met()
    ]
