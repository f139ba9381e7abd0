"""Searches every file of the checkout for secrets. Part of `make check`.

detect-secrets finds possible secrets; `.secrets.baseline` lists the false positives, with a reason for each file. The
check fails if a finding is not in the baseline, or if an entry is no longer needed. Tests contain invented passwords,
and the page has texts about passwords. In these files, the search ignores values with "password" in the name, but finds
keys, tokens and random text.

    python -m tests.secret_scan            exit code 1 if something is new, gone or unexplained
    python -m tests.secret_scan --write    writes the current findings into the baseline; then write the reasons by hand
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / ".secrets.baseline"
#: Files that the search omits: hashes of packages look like keys, and pictures contain all kinds of text.
NOT_SCANNED = (
    ".png",
    ".secrets.baseline",
    "requirements.txt",
    "requirements-dev.txt",
    "package-lock.json",
)

#: The type that detect-secrets gives to a value whose name contains "password", "secret" and so on.
NAMED_SECRET = "Secret Keyword"
#: Places with invented passwords, or with texts about passwords.
MADE_UP = ("tests/", "benchmarks/", "frontend/texts")

Findings = dict[str, set[tuple[str, str]]]


def files() -> list[str]:
    """Return the checkout's files according to git, including uncommitted files."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [
        name
        for name in sorted(set(listed))
        if not name.endswith(NOT_SCANNED)
        and (ROOT / name).is_file()
        and not (ROOT / name).is_symlink()
    ]


def load_baseline() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return loaded


def scan(settings: dict[str, Any], names: list[str], root: Path = ROOT) -> Findings:
    """Return a mapping from each path to the file's possible secrets: type and hash."""
    found: Findings = {}
    with transient_settings(settings):
        for name in names:
            for secret in scan_file(str(root / name)):
                if secret.type == NAMED_SECRET and name.startswith(MADE_UP):
                    continue
                found.setdefault(name, set()).add((secret.type, secret.secret_hash))
    return found


def known(baseline: dict[str, Any]) -> Findings:
    """Return a mapping from each path to the entries of the baseline: type and hash."""
    return {
        name: {(entry["type"], entry["hashed_secret"]) for entry in entries}
        for name, entries in baseline["results"].items()
    }


def problems(baseline: dict[str, Any], found: Findings) -> list[str]:
    """Return a line for each finding that is new, no longer found, or unexplained."""
    old, reasons = known(baseline), baseline["reasons"]
    listed = []
    for name in sorted({*old, *found}):
        new = found.get(name, set()) - old.get(name, set())
        listed += [f"{name}: looks like a secret ({kind})" for kind, _ in sorted(new)]
        gone = old.get(name, set()) - found.get(name, set())
        listed += [f"{name}: no longer found ({kind}), remove it" for kind, _ in sorted(gone)]
    listed += [f"{name}: has no reason" for name in sorted(old) if not reasons.get(name)]
    listed += [f"{name}: has a reason, but no entry" for name in sorted(set(reasons) - set(old))]
    return listed


def write(baseline: dict[str, Any], found: Findings) -> None:
    """Write `found` into the baseline. Keep the reasons that are still needed."""
    baseline["results"] = {
        name: [
            {"type": kind, "filename": name, "hashed_secret": digest, "is_verified": False}
            for kind, digest in sorted(found[name])
        ]
        for name in sorted(found)
    }
    baseline["reasons"] = {name: baseline["reasons"].get(name, "") for name in sorted(found)}
    BASELINE.write_text(json.dumps(baseline, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Scan the files. Return the exit code."""
    baseline = load_baseline()
    settings = {name: baseline[name] for name in ("plugins_used", "filters_used")}
    found = scan(settings, files())
    if arguments == ["--write"]:
        write(baseline, found)
        baseline = load_baseline()
    listed = problems(baseline, found)
    print("\n".join(listed) or f"No secret in {len(files())} files.")
    if listed:
        print("Add a false positive to .secrets.baseline with its reason: see tests/secret_scan.py")
    return 1 if listed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
