"""Tests of the search for secrets: the search finds planted secrets, and each entry of the baseline has a reason."""

import base64
import hashlib
from pathlib import Path

import pytest

from tests import secret_scan

NOISE = hashlib.sha512(b"noise").digest()
PLANTED = {
    "an AWS key": "key = 'AKIA" + "QYLPMN5HNM3GQX7B'",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a token": "x = '"
    + ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJhIn0", "c2lnbmF0dXJl"))
    + "'",
    "random text": f"x = '{base64.b64encode(NOISE).decode()}'",
    "random hex": f"x = '{NOISE.hex()[:64]}'",
    "a password": "password = 'hunter2" + "hunter2'",
}


@pytest.mark.security("S-59")
@pytest.mark.parametrize("line", PLANTED.values(), ids=PLANTED)
def test_a_planted_secret_is_found_and_named_by_its_file_alone(tmp_path: Path, line: str) -> None:
    """The search with the baseline's settings finds the secret. The message names the file and never shows the secret."""
    (tmp_path / "new.py").write_text(line + "\n")
    baseline = secret_scan.load_baseline()
    settings = {name: baseline[name] for name in ("plugins_used", "filters_used")}
    found = secret_scan.scan(settings, ["new.py"], tmp_path)
    empty = {"results": {}, "reasons": {}}
    (problem,) = secret_scan.problems(empty, found)
    assert problem.startswith("new.py: looks like a secret")
    assert "hunter2" not in problem


def test_what_is_gone_and_what_has_no_reason_is_said() -> None:
    """Outdated entries in the baseline could hide a new secret."""
    entry = {"type": "Secret Keyword", "hashed_secret": "0" * 40}
    baseline = {
        "results": {"a.py": [entry], "b.py": [entry]},
        "reasons": {"b.py": "x", "c.py": "y"},
    }
    assert secret_scan.problems(baseline, {"a.py": {("Secret Keyword", "0" * 40)}}) == [
        "b.py: no longer found (Secret Keyword), remove it",
        "a.py: has no reason",
        "c.py: has a reason, but no entry",
    ]


def test_the_baseline_holds_hashes_and_nobodys_paths() -> None:
    """The baseline contains relative paths of existing files, and the SHA-1 hashes of detect-secrets."""
    baseline = secret_scan.load_baseline()
    for name, entries in baseline["results"].items():
        assert (secret_scan.ROOT / name).is_file(), name
        assert all(len(entry["hashed_secret"]) == 40 for entry in entries)
        assert len(baseline["reasons"][name]) > 10, name
