"""Tests of the server's processing of `frontend/`: fingerprints, languages, a team's texts, colours and logo."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse import colours
from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.page.catalogue import choose_language, flatten, load_catalogue
from chalicelib.gatehouse.page.compaction import compact
from chalicelib.gatehouse.page.static_files import FRONTEND, StaticFiles

WORDS: dict[str, Any] = {
    "document": {
        "hello": "Hello from {title}",
        "terms": "Terms",
        "noScriptProvider": "With {label}",
        "noScriptEmail": "By mail",
        "privacy": "Privacy <3",
    },
    "first": {"go": "Go to {label}"},
    "later": {"errors": {"x": "No"}},
}
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4nGP8z8Dwn4GBgQEADQYCAWs1bZgAAAAASUVORK5CYII="
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a frontend of one page, one script, one stylesheet, two pictures and one language."""
    for name in ("texts", "brand"):
        (tmp_path / name).mkdir()
    (tmp_path / "index.html").write_text("<a href='{{base}}'>{{title}}</a>{{words.hello}}{{legal}}")
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "styles.css").write_text(
        ":root { --accent: #0b6b62; --line: #cdd9d5; --night: #0d2a2c; }"
        "@media (prefers-color-scheme: dark) { :root { --accent: #62cdbb; --line: #263a3a; } }"
        "@media (prefers-contrast: more) { :root { --line: var(--edge); } }"
    )
    (tmp_path / "logo.svg").write_text(SQUARE)
    (tmp_path / "gate.svg").write_text('<svg fill="#123f43" stroke="#f0a042"/>')
    (tmp_path / "secret.txt").write_text("3")
    write(tmp_path / "texts" / "en.json", WORDS)
    return tmp_path


def write(file: Path, words: Any) -> None:
    file.write_text(json.dumps(words))


def text_of(files: StaticFiles, name: str) -> str:
    asset = files.asset(files.version, name)
    assert asset is not None
    return asset.text


def test_the_fingerprint_covers_the_whole_set(folder: Path) -> None:
    """If any file changes, all files get new addresses. Only files in the folder have an address."""
    before = StaticFiles(folder)
    (folder / "a.js").write_text("2")
    after = StaticFiles(folder)
    assert before.version != after.version
    assert after.asset(before.version, "a.js") is None
    for name in ("secret.txt", "index.html", "en.json", "texts/en.json", "README.md", ""):
        assert after.asset(after.version, name) is None
    found = after.asset(after.version, "styles.css")
    assert found is not None
    assert found.content_type == "text/css; charset=utf-8"


@pytest.mark.security("S-54")
def test_page_values_are_escaped(folder: Path) -> None:
    """Title, base path, texts and links are escaped in the HTML. If a value contains a placeholder, this placeholder is
    not replaced."""
    brand = Brand(terms_url='/a"b', privacy_url="https://x.example/?a&b")
    html = StaticFiles(folder, brand).page(base_path="/a\"'<b>/", title="</a><script>{{base}}")
    title = "&lt;/a&gt;&lt;script&gt;{{base}}"
    assert html == (
        f"<a href='/a&quot;&#x27;&lt;b&gt;/'>{title}</a>Hello from {title}"
        '<div><a href="/a&quot;b">Terms</a><a href="https://x.example/?a&amp;b">Privacy &lt;3</a></div>'
    )


def test_each_language_is_a_set_of_its_own(folder: Path) -> None:
    """The page in each language uses the assets of that language. The assets of all languages are reachable."""
    write(folder / "texts" / "de.json", {**WORDS, "first": {"go": "Zu {label}"}})
    files = StaticFiles(folder, Brand(languages=("en", "de")))
    (folder / "index.html").write_text("{{assets}}")
    files = StaticFiles(folder, Brand(languages=("en", "de")))
    addresses = [
        files.page(base_path="/", title="", accept_language=accepted) for accepted in ("de", "fr")
    ]
    german, english = (address.split("/")[2] for address in addresses)
    assert german != english == files.version
    for version, said in ((german, "Zu {label}"), (english, "Go to {label}")):
        asset = files.asset(version, "texts.js")
        assert asset is not None
        assert said in asset.text


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.8, en;q=0.9", "en"),
        ("fr, de;q=0.9, en;q=0.8", "de"),
        ("en;q=0, de;q=0.1", "de"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("de;q=nonsense, *", "en"),
        ("de;q=0", "en"),
        (",;q=1,,", "en"),
    ],
)
def test_the_browser_chooses_the_language(accepted: str, chosen: str) -> None:
    """The weights in Accept-Language decide, and a tag such as `de` also covers `de-AT`. If no language matches, the
    page uses the first language."""
    assert choose_language(accepted, ("en", "de", "pt-BR")) == chosen


def test_a_teams_words_replace_ours_one_by_one(folder: Path) -> None:
    """A team's file contains only the changed texts."""
    write(folder / "brand" / "texts.en.json", {"first": {"go": "Enter {label}"}})
    files = StaticFiles(folder)
    assert '"go":"Enter {label}"' in text_of(files, "texts.js")
    assert '"x":"No"' in text_of(files, "more-texts.js")


@pytest.mark.parametrize(
    ("file", "words", "problem"),
    [
        ("texts/de.json", {**WORDS, "later": {}}, "texts/de.json lacks later.errors.x"),
        (
            "texts/de.json",
            {**WORDS, "first": {"go": "Los"}},
            "the text first.go must contain {label}",
        ),
        ("texts/de.json", {**WORDS, "later": {"errors": {"x": 1}}}, "not a text"),
        ("brand/texts.de.json", {"first": {"stop": "x"}}, "has the unknown text first.stop"),
        ("brand/texts.de.json", {"later": "x"}, "has the unknown text later"),
        (
            "brand/texts.de.json",
            {"first": {"go": "{name}"}},
            "the text first.go must contain {label}",
        ),
        ("brand/texts.de.json", [], "must be a JSON object"),
    ],
)
def test_a_faulty_catalogue_is_refused_by_name(
    folder: Path, file: str, words: Any, problem: str
) -> None:
    """The error names each unknown text, each missing text, and each text without the right placeholder."""
    write(folder / "texts" / "de.json", WORDS)
    write(folder / file, words)
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        StaticFiles(folder, Brand(languages=("de",)))


def test_a_language_without_a_catalogue_says_what_to_do(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="LANGUAGES contains fr, but"):
        StaticFiles(folder, Brand(languages=("fr",)))


LANGUAGES = sorted(file.stem for file in (FRONTEND / "texts").glob("*.json"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_catalogues_are_complete(language: str) -> None:
    """Each catalogue has every key and every placeholder. No text is empty or still in English."""
    assert {"en", "de"} <= set(LANGUAGES)
    words = flatten(load_catalogue(FRONTEND, language))
    assert all(words.values())
    english = flatten(load_catalogue(FRONTEND, "en"))
    same = {path for path in words if words[path] == english[path]}
    assert language == "en" or same == {
        *("later.name", "later.code", "later.passkeys", "later.passkeyNameless")
    }


def test_scripts_lose_what_has_no_meaning(folder: Path) -> None:
    """The server first removes comments, types and indentation from scripts. Then the server removes line breaks. The
    server keeps a line break that ends a comment."""
    script = "/** x\n * y */\n// z\nlet a = 'b'; // c;\n\n  let d = /** @type {any} */ (a);\n  d\n"
    assert compact("a.js", script) == "let a = 'b'; // c;\nlet d = (a);\nd"
    assert compact("b.js", "if (a) {\n  b((c) => ({ c }));\n}\n") == "if (a){\nb((c)=>({ c }));\n}"
    (folder / "later.js").write_text(script)
    assert text_of(StaticFiles(folder), "later.js") == "let a = 'b'; // c;\nlet d = (a);d"
    assert compact("a.css", "a, b {\n  margin: 0 1px;\n  color: red;\n}\n@media (x: y) {\n}") == (
        "a,b{margin:0 1px;color:red}@media (x:y){}"
    )


@pytest.mark.parametrize("script", sorted(FRONTEND.glob("*.js")), ids=lambda script: script.name)
def test_no_string_of_ours_runs_over_lines(script: Path) -> None:
    """The removal of indentation would change a string that has several lines. A string must also not look like a type,
    an arrow or the beginning of a block."""
    text = script.read_text("utf-8")
    lines = [line for line in text.splitlines() if not re.match(r"\s*(?:/?\*|//)", line)]
    strings = re.findall(r"'[^'\n]*'|`[^`\n]*`", "\n".join(lines))
    told = {"/**", " => ", ") {"}
    assert [string for string in strings if any(one in string for one in told)] == []
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    assert [line for line in code.splitlines() if line.count("`") % 2] == []


def test_a_brand_recolours_page_and_pictures(folder: Path) -> None:
    """The two themes get the accent and the colours that are derived from the accent. In pictures, cold hues change and
    warm hues stay."""
    plain, brand = StaticFiles(folder), StaticFiles(folder, Brand(accent="#9d174d"))
    assert plain.version != brand.version
    styles = text_of(brand, "styles.css")
    light, _, dark = styles.partition("@media (prefers-color-scheme:dark)")
    assert "--accent:#9d174d;" in light
    assert "--night:#2c0d19" in light
    assert "#cdd9d5" not in styles
    assert ":root{--line:var(--edge)}" in dark, "the person's wish for more contrast comes last"
    (accent,) = re.findall(r"--accent:(#\w+);", dark)
    assert colours.weakest(accent, "dark")[0] >= 4.5
    picture = text_of(brand, "gate.svg")
    assert "#f0a042" in picture
    assert "#123f43" not in picture


def test_a_logo_takes_its_place(folder: Path) -> None:
    """If the logo is wide, the browser's tab keeps our icon, because the logo would be unreadable in the tab."""
    (folder / "index.html").write_text("{{icon}} {{logo}}")
    (folder / "brand" / "acme.svg").write_text(SQUARE.replace("0 0 8 8", "0 0 40 8"))
    files = StaticFiles(folder, Brand(logo="acme.svg"))
    address = f"/assets/{files.version}/logo.svg"
    assert files.page(base_path="/", title="") == (
        f'icon.svg <img src="{address}" alt="" width="160" height="32">'
    )
    assert "0 0 40 8" in text_of(files, "logo.svg")
    assert text_of(files, "icon.svg") == SQUARE
    (folder / "brand" / "acme.svg").write_text(SQUARE)
    square = StaticFiles(folder, Brand(logo="acme.svg")).page(base_path="/", title="")
    assert square.startswith("logo.svg <img")
    assert 'width="32"' in square
    plain = StaticFiles(folder).page(base_path="/", title="")
    assert plain == 'logo.svg <svg aria-hidden="true" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'


def test_a_png_becomes_an_svg(folder: Path) -> None:
    """API Gateway passes on only text, so the PNG is embedded in an SVG."""
    (folder / "brand" / "acme.png").write_bytes(PNG)
    text = text_of(StaticFiles(folder, Brand(logo="acme.png")), "logo.svg")
    assert 'viewBox="0 0 2 1"' in text
    assert 'href="data:image/png;base64,iVBORw0KGgo' in text


def svg(inner: str = "", attributes: str = 'viewBox="0 0 8 8"') -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" {attributes}>{inner}</svg>'


@pytest.mark.security("S-54")
def test_browsers_without_scripts_get_links(folder: Path) -> None:
    """The page has links to the providers and to managed login. Texts and addresses are escaped."""
    (folder / "index.html").write_text("{{ways}}")
    files = StaticFiles(folder)
    assert files.page(base_path="/api/", title="") == (
        '<p><a class="button" href="/api/auth/login?provider=COGNITO">By mail</a></p>'
    )
    assert files.page(
        base_path="/", title="", by_email=False, providers=[('O"k&t=a', "<b>{title}")]
    ) == (
        '<p><a class="button" href="/auth/login?provider=O%22k%26t%3Da">With &lt;b&gt;{title}</a></p>'
    )


@pytest.mark.security("S-52")
@pytest.mark.parametrize(
    ("logo", "problem"),
    [
        (svg("<script>1</script>"), "has <script>"),
        (svg("<foreignObject/>"), "has <foreignObject>"),
        (svg("<animate/>"), "has <animate>"),
        (svg('<path onload="1"/>'), "has onload"),
        (svg('<use href="https://x.example/a.svg#b"/>'), "has a link to https"),
        (svg('<image x:href="//x.example/a.png"/>'), "has a link to //x"),
        (svg('<a href="javascript:1"/>'), "has javascript:"),
        (svg("<style>@import 'x'</style>"), "has @import"),
        (svg("<style>@im\\70ort 'x'</style>"), "has "),
        (svg("<style>a{background:image-set('x' 1x)}</style>"), "has image-set"),
        (svg("<style>a{fill:url(https://x.example)}</style>"), "has url("),
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]>" + svg(), "has <!DOCTYPE"),
        (svg(attributes=""), "needs a viewBox"),
        (svg(attributes='viewBox="0 0 0 8"'), "needs a viewBox"),
        ("<svg/>", "needs xmlns"),
        ("not markup", "is not an SVG"),
        (svg("<!--" + "x" * 40_000 + "-->"), "at most 32768"),
    ],
)
def test_a_logo_that_could_act_is_refused(folder: Path, logo: str, problem: str) -> None:
    """A logo must have a size. The logo must not contain scripts, event handlers, animations or links to other hosts."""
    (folder / "brand" / "acme.svg").write_text(logo)
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        StaticFiles(folder, Brand(logo="acme.svg"))


def test_a_providers_logo_is_on_the_buttons_that_lead_to_it(folder: Path) -> None:
    """A rule of the stylesheet selects the provider's buttons by the addresses of the links. Without logos, the
    stylesheet has no such rule."""
    plain = text_of(StaticFiles(folder), "styles.css")
    logos = folder / "brand" / "providers"
    logos.mkdir()
    (logos / ".DS_Store").write_text("")
    (logos / "Okta.svg").write_text(svg(attributes='viewBox="0 0 400 8"'))
    (logos / "acme.eu.png").write_bytes(PNG)
    files = StaticFiles(folder)
    styles = text_of(files, "styles.css")
    assert styles.startswith(plain)
    assert '[href*="provider=acme.eu&"],[href$="provider=acme.eu"]' in styles
    assert "url(provider-Okta.svg)" in styles
    assert "width:6rem;height:1.5rem" in styles
    assert 'viewBox="0 0 400 8"' in text_of(files, "provider-Okta.svg")
    assert "data:image/png;base64," in text_of(files, "provider-acme.eu.svg")


@pytest.mark.security("S-54")
@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("Okta.svg", svg("<script>1</script>"), "provider logo Okta.svg has <script>"),
        ("Okta.svg", svg() + " " * 32_768, "at most 32768 are allowed"),
        ("Okta.gif", "", "brand/providers/Okta.gif must be named after an identity provider"),
        ('a"]{}.svg', svg(), "must be named after an identity provider"),
        ("README.md", "", "must be named after an identity provider"),
    ],
)
def test_a_providers_logo_obeys_the_rules_of_the_brands(
    folder: Path, name: str, text: str, problem: str
) -> None:
    """The logo's name becomes part of the stylesheet, so the name may have only the characters of providers' names."""
    (folder / "brand" / "providers").mkdir()
    (folder / "brand" / "providers" / name).write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        StaticFiles(folder)


@pytest.mark.parametrize(("name", "problem"), [("x.svg", "is not in"), ("x.png", "is not a PNG")])
def test_a_logo_that_is_none_is_refused(folder: Path, name: str, problem: str) -> None:
    if name.endswith("png"):
        (folder / "brand" / name).write_text(SQUARE)
    with pytest.raises(ConfigurationError, match=problem):
        StaticFiles(folder, Brand(logo=name))


def test_the_first_views_scripts_are_one(folder: Path) -> None:
    """The bundle contains all modules that `app.js` imports. Modules that load later use the objects of the bundle."""
    (folder / "session.js").write_text("export function createSession() {}\n")
    (folder / "view.js").write_text(
        "import { texts } from './texts.js';\nlet shown = 1;\nexport const el = () => shown;\n"
    )
    (folder / "app.js").write_text(
        "import { createSession } from './session.js';\nimport { texts } from './texts.js';\n"
        "import * as view from './view.js';\nawait view.el(createSession, texts);\n"
    )
    (folder / "later.js").write_text(
        "import {\n  el,\n} from './view.js';\nimport './a.js';\nimport('./b.js');"
    )
    files = StaticFiles(folder)
    script = text_of(files, "app.js")
    assert "import" not in script
    assert "export const {el}=$view;" in script
    assert text_of(files, "later.js").startswith("import {el,} from './app.js';")
    assert "from './app.js'" in text_of(files, "more-texts.js")
    assert text_of(files, "session.js").startswith("export function")
    for name in ("view.js", "texts.js"):
        assert files.asset(files.version, name) is None


def test_nothing_of_the_real_scripts_is_left_to_fetch() -> None:
    """The patterns of the bundler match every import and export in our scripts."""
    files = StaticFiles()
    script = text_of(files, "app.js")
    assert (
        re.findall(r"(?:^|[;{}])(?:import\b(?!\().*|export (?!const \{).*)", script, re.MULTILINE)
        == []
    )
    for path in FRONTEND.glob("*.js"):
        asset = files.asset(files.version, path.name)
        if asset is not None:
            assert not re.search(r"'\./(?:view|texts)\.js'", asset.text), path.name
