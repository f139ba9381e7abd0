"""Turns the figures of a benchmark into Markdown: sections with tables, and targets with verdicts. The module has no
other effect."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median and its quartiles. The three figures have the same unit."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float], scale: float = 1.0) -> "Spread":
        """Summarize `samples`, each multiplied by `scale`. With a single sample, both quartiles equal that sample."""
        scaled = sorted(sample * scale for sample in samples)
        if len(scaled) < 2:
            return cls(scaled[0], scaled[0], scaled[0])
        low, median, high = statistics.quantiles(scaled, n=4, method="inclusive")
        return cls(median, low, high)

    def text(self) -> str:
        """Return the spread as text, such as `17.2 (16.9–18.0)`."""
        return f"{number(self.median)} ({number(self.low)}–{number(self.high)})"


@dataclass(frozen=True)
class Target:
    """A promise about a measured figure. `limit` is the maximum, or the minimum if `at_least` is true."""

    promise: str
    measured: float
    limit: float
    unit: str = "×"
    at_least: bool = False

    def met(self) -> bool:
        """Return whether the measured figure is within the limit."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def row(self) -> tuple[str, str, str, str]:
        """Return the cells: promise, measured, limit, verdict."""
        sign = "≥" if self.at_least else "≤"
        verdict = "met" if self.met() else "**missed**"
        return (
            self.promise,
            f"{number(self.measured)} {self.unit}",
            f"{sign} {number(self.limit)} {self.unit}",
            verdict,
        )


@dataclass(frozen=True)
class Headline:
    """One line of the README's table: the name of the figure, our figure, and the other libraries' figures."""

    what: str
    ours: str
    beside: Mapping[str, str]

    def row(self) -> tuple[str, str, str]:
        """Return the cells of a table."""
        return (
            self.what,
            self.ours,
            " · ".join(f"{who} {figure}" for who, figure in self.beside.items()),
        )


@dataclass(frozen=True)
class Section:
    """One table with a heading and a description of the measurement. The first column is text; the other columns are
    figures."""

    title: str
    method: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = ()
    notes: str = ""
    headline: Headline | None = None

    def text(self) -> str:
        """Return the section as Markdown."""
        parts = [f"## {self.title}", self.method, table(self.header, self.rows)]
        if self.notes:
            parts.append(self.notes)
        return "\n\n".join(parts)


def number(value: float) -> str:
    """Return a figure with three significant digits: 0.0123, 1.23, 12.3, 123, 1,234."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def ratio(value: float, base: float) -> str:
    """Return a ratio as text, such as `1.27 ×`."""
    return f"{value / base:.2f} ×"


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], texts: frozenset[int] = frozenset({0})
) -> str:
    """Return a Markdown table. The columns are padded, so that people can read the table even as plain text.

    Figures are aligned right; the columns in `texts` are aligned left.
    """
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        filled = [
            cell.ljust(width) if i in texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(filled)} |"

    rule = [
        "-" * width if i in texts else "-" * (width - 1) + ":" for i, width in enumerate(widths)
    ]
    return "\n".join([line(header), line(rule), *map(line, rows)])
