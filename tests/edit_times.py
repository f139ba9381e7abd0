"""Measures the time from an edit until the running stack answers with the edited code: `python -m tests.edit_times`.

The command starts a separate stack. docs/local-aws.md has the medians that the command prints.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ops.local.authority import FOLDER_VARIABLE, prepare
from tests.watched import Watched, watched

_TIMES = 5
#: The pause between two edits. At the end of the pause, the triggers also run the new code.
_PAUSE_SECONDS = 3
_APP = """
from chalice.app import Chalice

from chalicelib.gatehouse import Gatehouse

app = Chalice(app_name="gatehouse")
paths = [f"/{name}" for name in "abcdef"]
gate = Gatehouse(app, public={("GET", path) for path in paths})


@app.route("/a")
def a():
    return {"said": "0"}
"""
_ROUTE = '\n\n@app.route("/{name}")\ndef {name}():\n    return {{"said": "{name}"}}\n'


def _page(found: Watched, turn: int) -> None:
    found.edit("frontend/index.html", "</head>", f'<meta name="turn" content="{turn}">\n  </head>')


def _view(found: Watched, turn: int) -> None:
    found.edit("app.py", f'"said": "{turn}"', f'"said": "{turn + 1}"')


def _route(found: Watched, turn: int) -> None:
    path = found.project / "app.py"
    path.write_text(path.read_text("utf-8") + _ROUTE.format(name="bcdef"[turn]), "utf-8")


_KINDS: dict[str, tuple[Callable[[Watched, int], None], str, Callable[[int], tuple[str, str]]]] = {
    "page": (_page, "in the stack", lambda turn: ("", f'content="{turn}"')),
    "Python": (_view, "in the stack", lambda turn: ("a", f'"{turn + 1}"')),
    "new route": (_route, "deployed again", lambda turn: ("bcdef"[turn], "bcdef"[turn])),
}


def _times(found: Watched, kind: str) -> list[float]:
    """Return the seconds from each edit to the first response with the change. The time includes the wait until `up`
    has printed its line about the edit."""
    edit, said, shows = _KINDS[kind]
    times = []
    for turn in range(_TIMES):
        began = time.monotonic()
        edit(found, turn)
        found.heard(said)
        path, text = shows(turn)
        assert text in found.shown(path)
        times.append(time.monotonic() - began)
        time.sleep(_PAUSE_SECONDS)
    return times


def main() -> int:
    """Edit, measure, and print. Return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        os.environ[FOLDER_VARIABLE] = name
        prepare()
        began = time.monotonic()
        with watched(Path(name), Path(name), _APP) as found:
            print(f"`up` until it watches {time.monotonic() - began:5.1f} s")
            for kind in _KINDS:
                times = _times(found, kind)
                print(
                    f"{kind:<21} {statistics.median(times):5.2f} s ({min(times):.2f}-{max(times):.2f})"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
