"""Tests that the fault table has a line for each outbound call in the app's code. The component tests check which
routes make the calls."""

import ast
from collections.abc import Iterator

from botocore import xform_name

from tests.fault_table import ROOT
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.table import CALLS

#: The places in the code that use our HTTP client. Each key contains a file and a method of the client. Each value
#: contains the names that the calls have in the fault table.
HTTP = {
    ("services.py", "get"): {"jwks.json", "keys"},
    ("captcha.py", "post_form"): {"siteverify"},
    ("cognito/oauth.py", "post_form"): {
        "token authorization_code",
        "token refresh_token",
        "revoke",
    },
}


def _uses(*holders: str) -> Iterator[tuple[str, str]]:
    """Search the app's code for uses of `self.<holder>.<member>`. Yield the file and the member's name for each use."""
    for file in sorted((ROOT / "chalicelib" / "gatehouse").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr in holders
            ):
                yield str(file.relative_to(ROOT / "chalicelib" / "gatehouse")), node.attr


def test_every_operation_of_aws_has_a_line() -> None:
    """The fault table lists each AWS operation that the code calls. The code calls each AWS operation in the table."""
    operations = {
        call.name.partition(" ")[0] for call in (*CALLS, *ELSEWHERE) if call.host not in HOSTS
    }
    assert {member for _, member in _uses("_client")} == set(map(xform_name, operations))


HOSTS = {"cognito", "jwks", "captcha"}


def test_every_call_over_http_has_a_line() -> None:
    """If a developer calls the HTTP client at a new place, the test fails until this place is in `HTTP`."""
    assert set(_uses("_transport", "_http")) == set(HTTP)
    names = {call.name for call in (*CALLS, *ELSEWHERE) if call.host in HOSTS}
    assert names == set().union(*HTTP.values())
