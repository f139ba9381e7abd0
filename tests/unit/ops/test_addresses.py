"""Tests of the local stack's addresses, the allowed front ends, and the output of `up`."""

from pathlib import Path

import pytest

from ops import cli
from ops.errors import OpsError
from ops.local.addresses import Addresses, require_one_site
from ops.local.announcement import announcement
from ops.local.authority import Certificate

ROOT = Path(__file__).resolve().parents[3]
HTTPS, HTTP = Addresses(8000, 4566, 8100), Addresses(8000, 4566, 8100, https=False)


def test_the_app_is_on_another_site_than_cognito_and_okta() -> None:
    """On AWS the app and Cognito are on different sites. Two ports of one host are one site, so the hosts must differ."""
    assert HTTPS.app_url == "https://localhost:8000/"
    assert HTTP.app_url == "http://localhost:8000/"
    for addresses in (HTTPS, HTTP):
        assert addresses.aws_url == "http://127.0.0.1:4566"
        assert addresses.okta_url == "http://127.0.0.1:8100"


@pytest.mark.parametrize(
    ("addresses", "origin"),
    [(HTTPS, "https://localhost:3000"), (HTTP, "http://localhost:3000"), (HTTPS, "https://[")],
)
def test_front_ends_of_the_same_site_pass(addresses: Addresses, origin: str) -> None:
    """Malformed origins also pass, because another check reports them: the check of the stage's settings."""
    require_one_site(addresses, [origin])


@pytest.mark.parametrize(
    ("addresses", "origin", "mend"),
    [
        (HTTPS, "http://localhost:3000", "at https://localhost:3000, or pass --http"),
        (HTTPS, "http://localhost:5173", "at https://localhost:5173, or pass --http"),
        (HTTPS, "https://127.0.0.1:3000", "at https://localhost:3000: docs/"),
        (HTTPS, "https://app.localhost", "at https://localhost:3000: docs/"),
        (HTTP, "https://localhost:3000", "at http://localhost:3000: docs/"),
        (HTTP, "http://[::1]:3000", "at http://localhost:3000: docs/"),
    ],
)
def test_front_ends_of_another_site_are_refused_before_anything_starts(
    addresses: Addresses, origin: str, mend: str
) -> None:
    """The browser would not send the session cookie to the app from another site, so the sign-in would fail."""
    with pytest.raises(OpsError, match="are different sites") as caught:
        require_one_site(addresses, ["https://localhost:1"] * addresses.https + [origin])
    assert f"Serve the front end {mend}" in str(caught.value)


def test_up_refuses_a_front_end_of_another_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line ends with exit code 1, and no program starts."""
    line = ["up", "--allow-origin", "http://localhost:3000", "--state-dir", str(tmp_path / "s")]
    assert cli.main(line) == 1
    assert "different sites" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_up_says_what_to_trust() -> None:
    """`up` prints one command, the path of the authority's certificate, and a link to the commands for other
    systems."""
    said = announcement(HTTPS, Certificate(Path("/a/authority.pem"), Path("/c"), False))
    assert "  Open              https://localhost:8000/\n" in said
    assert "  Trust it once     python -m ops trust (" in said
    assert "/a/authority.pem: macOS" in said
    assert "docs/local-aws.md#https" in said
    assert "Safari" not in said


def test_the_readme_shows_what_up_prints() -> None:
    """The README shows exactly the lines that `up` prints. The page that the lines link to has the section for other
    systems."""
    file = Path("/home/you/.local/share/gatehouse/authority.pem")
    said = announcement(HTTPS, Certificate(file, Path("/c"), False))
    assert f"```{said}```" in (ROOT / "README.md").read_text("utf-8")
    page = (ROOT / "docs" / "local-aws.md").read_text("utf-8")
    assert "\n## HTTPS\n" in page
    assert "`python -m ops trust`" in page


def test_up_with_an_mkcert_root_says_that_nothing_is_to_be_done() -> None:
    """The user's browsers already trust mkcert's root."""
    said = announcement(HTTPS, Certificate(Path("/r"), Path("/c"), True))
    assert "signed by your mkcert root" in said
    assert "ops trust" not in said


def test_up_over_plain_http_tells_people_with_safari_what_to_do() -> None:
    """`up` prints the line for Safari at once. Otherwise, people would first try a sign-in that cannot work."""
    said = announcement(HTTP, None, detach=True)
    assert "  Open              http://localhost:8000/\n" in said
    assert "Safari, WebKit    cannot sign in over plain http" in said
    assert "start again without --http" in said
    assert "ops trust" not in said
    assert "python -m ops down" in said
