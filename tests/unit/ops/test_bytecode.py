"""A zip's bytecode depends only on its sources and on Python's version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
#: A module with values that Python may or may not share among modules: equal sets, strings of several words, single
#: characters, numbers.
SOURCE = '''
"""A module."""
class Door:
    class Key:
        def fits(self, word, sign):
            return word in {"gatehouse_one", "gatehouse_two"} and sign == "\\xa7"
    def opens(self, word, sign="~"):
        return word in {"gatehouse_two", "gatehouse_one"} and word[1:2] != "one two" and sign != "\\u2022"
    sizes = (1000, 2.5, b"+", "gatehouse_one", "one two", 1000)
'''
PROGRAM = """
import sys
from types import SimpleNamespace
from ops.bytecode import bytecode
source = sys.argv[1]
if sys.argv[2] == "known":
    imported = compile(source, "door.py", "exec")
    exec(imported, names := {})
    kept = [sys.intern(chr(number)) for number in range(9000)]
runtime = SimpleNamespace(python="{}.{}".format(*sys.version_info))
print(sorted(bytecode({"door.py": source.encode()}, runtime).items()))
"""


def made(state: str, seed: str) -> str:
    """Return the bytecode that a separate process makes. In the state `fresh` the process is new; otherwise, the
    process has already used the strings."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, SOURCE, state],
        cwd=PROJECT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_equal_sources_give_equal_bytes_in_every_process() -> None:
    """If the bytes differed, a check would refuse a zip that another process has made. The two processes of the test
    have different hash seeds, so that their sets have different orders."""
    fresh = made("fresh", "1")
    assert "door.cpython" in fresh
    assert made("known", "2") == fresh
