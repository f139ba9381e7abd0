"""Writes the tables of settings and options into docs/operations.md: `python -m tests.settings_page --write`.

`chalicelib.gatehouse.settings`, `chalicelib.gatehouse.brand` and `ops.stage_options` declare the settings and options.
"""

import sys
from pathlib import Path

from chalicelib.gatehouse.setting import LOCAL, PROJECT, STACK, TEAM
from ops.stage_options import OPTIONS
from ops.stage_variables import TABLE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
_MARK = "<!-- {}: written by `python -m tests.settings_page --write`, do not edit -->"
_END = "<!-- end of the {} -->"
_SOURCES = {
    TEAM: "Yours",
    STACK: "Written by `ops provision`",
    PROJECT: "Fixed by where the functions run",
    LOCAL: "For the local stack, and tests",
}


def settings() -> str:
    """Return the tables of variables, one for each source."""
    lines: list[str] = []
    for source, heading in _SOURCES.items():
        lines += ["", f"### {heading}", "", "| variable | default | meaning |", "|---|---|---|"]
        for setting in TABLE:
            if setting.source == source:
                default = "–" if source == STACK else _shown(setting.shown, setting.default)
                lines.append(f"| `{setting.variable}` | {default} | {_cell(setting.says)} |")
    return "\n".join(lines)


def options() -> str:
    """Return the table of options."""
    lines = ["", "| option | default | meaning |", "|---|---|---|"]
    lines += [
        f"| `{option.name}` | {_shown(option.shown, option.default)} | {_cell(option.says)} |"
        for option in OPTIONS
    ]
    return "\n".join(lines)


def with_tables(page: str) -> str:
    """Return the page with the current tables between the page's marker comments."""
    for name, build in (("settings", settings), ("options", options)):
        before, mark, rest = page.partition(_MARK.format(name))
        _, end, after = rest.partition(_END.format(name))
        page = f"{before}{mark}\n{build()}\n\n{end}{after}"
    return page


def _shown(shown: str, default: object) -> str:
    if shown and shown != default:
        return shown
    return f"`{default}`" if default or isinstance(default, bool) else "empty"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
