"""Tests that the fault table has a line for each outbound call in the app's code. The component tests record the routes
that make the calls."""

import ast
from collections.abc import Iterator

from botocore import xform_name

from tests.fault_table import ROOT
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.table import CALLS

#: The places that use our HTTP client: for each file and method of the client, the names of the calls in the fault table.
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
    """Yield the file and the member for each use of a member of `self.<holder>`."""
    for file in sorted((ROOT / "chalicelib" / "gatehouse").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr in holders
            ):
                yield str(file.relative_to(ROOT / "chalicelib" / "gatehouse")), node.attr


def test_every_operation_of_aws_has_a_line() -> None:
    """The code also calls the operation of every line."""
    operations = {
        call.name.partition(" ")[0] for call in (*CALLS, *ELSEWHERE) if call.host not in HOSTS
    }
    assert {member for _, member in _uses("_client")} == set(map(xform_name, operations))


HOSTS = {"cognito", "jwks", "captcha"}


def test_every_call_over_http_has_a_line() -> None:
    """A new method that uses the client must be added to `HTTP`."""
    assert set(_uses("_transport", "_http")) == set(HTTP)
    names = {call.name for call in (*CALLS, *ELSEWHERE) if call.host in HOSTS}
    assert names == set().union(*HTTP.values())
