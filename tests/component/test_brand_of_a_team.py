"""Tests of `Gatehouse(app, brand=…)`. The app's routes serve the logo, picture, colours and texts from the team's
folder."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.gatehouse import Gatehouse
from tests.component.world import ENVIRONMENT
from tests.doubles.browser import LambdaContext, build_event

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {}"><title>{}</title></svg>'
SETTINGS = {
    "BRAND_LOGO": "harbour.svg",
    "BRAND_PICTURE": "quay.svg",
    "BRAND_ACCENT": "#9d174d",
    "LANGUAGES": "en,de",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A brand folder, filled as docs/branding.md describes."""
    made = tmp_path / "chalicelib" / "brand"
    made.mkdir(parents=True)
    (made / "harbour.svg").write_text(SVG.format("40 8", "harbour"))
    (made / "quay.svg").write_text(SVG.format("80 60", "quay"))
    (made / "providers").mkdir()
    (made / "providers" / "Okta.svg").write_text(SVG.format("8 8", "okta"))
    (made / "texts.en.json").write_text('{"first": {"chooseLead": "Welcome aboard."}}')
    (made / "texts.de.json").write_text('{"first": {"chooseLead": "Willkommen an Bord."}}')
    return made


class Site:
    """A team's app that mounts Gatehouse under a prefix, and a browser that uses the app."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.app = Chalice("harbour")
        self.gate = Gatehouse(
            self.app, brand=str(folder), prefix="/account", environ={**ENVIRONMENT, **settings}
        )

    def get(self, path: str, **headers: str) -> Any:
        event = build_event(
            self.app.routes,
            "GET",
            path,
            domain="x.example",
            stage="api",
            headers=list(headers.items()),
        )
        return self.app(event, LambdaContext())

    def page(self, language: str = "en") -> str:
        answer = self.get("/account", **{"Accept-Language": language})
        assert answer["statusCode"] == 200, answer["body"]
        return str(answer["body"])

    def asset(self, name: str, language: str = "en") -> str:
        """Return the response to a request for the named file of the page."""
        (version,) = set(re.findall(r"/assets/(\w+)/", self.page(language)))
        answer = self.get(f"/account/assets/{version}/{name}")
        assert answer["statusCode"] == 200, answer["body"]
        return str(answer["body"])


def test_logo_picture_colours_and_texts_are_the_teams(folder: Path) -> None:
    """The app serves each file under the name and fingerprint that the page requests. If the team's logo is wide, the
    browser tab shows our icon."""
    site = Site(folder, **SETTINGS)
    assert "<title>harbour</title>" in site.asset("logo.svg")
    assert "<title>quay</title>" in site.asset("gate.svg")
    assert "harbour" not in site.asset("icon.svg")
    assert "--accent:#9d174d;" in site.asset("styles.css")
    assert "<title>okta</title>" in site.asset("provider-Okta.svg")
    assert 'width="160"' in site.page()
    assert "Welcome aboard." in site.asset("app.js")
    assert "Willkommen an Bord." in site.asset("app.js", "de")


def test_without_settings_the_folder_only_gives_texts(folder: Path) -> None:
    """The app serves a file of the folder only if a setting names the file."""
    site = Site(folder)
    assert "harbour" not in site.asset("logo.svg")
    assert "quay" not in site.asset("gate.svg")
    assert "Welcome aboard." in site.asset("app.js")


def test_two_apps_in_a_process_keep_their_brands(folder: Path, tmp_path: Path) -> None:
    """The two apps have the same settings and different folders."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("harbour.svg", "quay.svg"):
        (other / name).write_text(SVG.format("8 8", f"other {name}"))
    one, two = Site(folder, **SETTINGS), Site(other, **SETTINGS)
    assert "<title>harbour</title>" in one.asset("logo.svg")
    assert "<title>other harbour.svg</title>" in two.asset("logo.svg")
    assert "Welcome aboard." not in two.asset("app.js")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("harbour.svg", "BRAND_LOGO harbour.svg is not in chalicelib/brand/"),
        ("quay.svg", "BRAND_PICTURE quay.svg is not in chalicelib/brand/"),
    ],
)
def test_a_file_that_is_missing_is_named_in_the_log_alone(
    folder: Path, gone: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ops` reports the missing file before a deployment. The response says only that the service is not set up."""
    (folder / gone).unlink()
    answer = Site(folder, **SETTINGS).get("/account")
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["error"] == "misconfigured"
    assert gone not in answer["body"]
    (line,) = [each for each in capsys.readouterr().out.splitlines() if '"refused"' in each]
    assert said in json.loads(line)["detail"]


def test_a_folder_that_is_missing_is_named_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Either the name of the folder is wrong, or Chalice did not put the folder into the package. The first request for
    the page logs this error. The team's own routes still work."""
    site = Site(tmp_path / "harbor")
    site.app.route("/orders", authorizer=site.gate.authorized("api/read"))(lambda: {"orders": []})
    assert site.get("/account")["statusCode"] == 500
    assert "harbor does not exist. Put it where Chalice packages it" in capsys.readouterr().out
    assert site.get("/orders")["statusCode"] == 401
