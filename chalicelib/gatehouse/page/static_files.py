"""Reads the page and its assets once per container, from the packaged `frontend/` folder.

Gatehouse has no build step. Instead, each container prepares the files once: it removes comments, turns texts into
modules, joins the scripts of the first view, and applies a team's brand. Each language has its own set of files. The
URLs of all files in a set contain the same fingerprint, so modules can import each other by relative names, and
browsers can cache the files for ever.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from .. import colours
from ..brand import PLAIN, Brand
from ..errors import ConfigurationError
from .bundle import bundle
from .catalogue import Catalogue, choose_language, load_catalogue
from .compaction import compact, join_lines, strip_margins
from .first_view import build_choice, build_meta, has_choice, read_icons

_HERE = Path(__file__).resolve()
#: In the wheel, `frontend/` is part of the package. In this repository, and in the Lambda zip (through `vendor/`),
#: `frontend/` is beside chalicelib.
FRONTEND = next(
    folder
    for folder in (_HERE.parents[1] / "frontend", _HERE.parents[3] / "frontend")
    if folder.is_dir()
)

_PAGE = "index.html"
_LOGO, _ICON, _PICTURE, _STYLES = "logo.svg", "icon.svg", "gate.svg", "styles.css"
_LOGO_HEIGHT = 32
#: The parts of our own logo that only a separate SVG file needs: the namespace and the style. In the HTML, the logo
#: gets its colours from the page's stylesheet.
_ONLY_IN_FILE = re.compile(r' xmlns="[^"]*"|<style>.*?</style>')
#: Rules that are added at the end of the stylesheet, where they override the page's own rules. With `_FILLED`, a team's
#: picture fills the whole area, without the glow of our own picture. With `_NO_PICTURE`, the text fills the area.
_FILLED = ".gate{--glow:none;background:var(--night) url(gate.svg) center/cover}"
_NO_PICTURE = ".gate{display:none}body{grid-template:1fr/1fr}"
#: The maximum ratio of width to height at which a logo is readable as a tab's icon.
_WIDEST_ICON = 1.25
_NIGHT = "#0d2a2c"
_PLACEHOLDER = re.compile(r"\{\{(\w+)(?:\.(\w+))?\}\}")
#: The part of the page that is shown until the script has drawn the first view. This part includes a hint for people
#: whose browser could not load the script.
_SKELETON = re.compile(r'<div class="skeleton">.*?</div>(?=\s*<noscript>)', re.DOTALL)
_LATE = re.compile(r'<p class="late">.*?</p>')
_ROOT = re.compile(r":root\{[^}]*\}")
_DECLARED = re.compile(r"--([\w-]+):([^;}]+)")
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}

ASSET_CACHE_CONTROL = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A text file for the browser."""

    content_type: str
    text: str


class FileSet(NamedTuple):
    """The assets in one language, and their common fingerprint (`version`)."""

    version: str
    assets: Mapping[str, Asset]
    #: The texts of the HTML itself, and the texts of the first view.
    words: Mapping[str, str]
    first_words: Mapping[str, Any]


class StaticFiles:
    """The frontend's files with a team's brand. Requests cannot reach files outside the folder.

    `own` is the folder with a team's logos, picture and texts. The default is `brand/` in `folder`. Raises
    ConfigurationError for an unusable catalogue, picture or logo (the team's or a provider's), and for a missing folder.
    """

    def __init__(
        self, folder: Path = FRONTEND, brand: Brand = PLAIN, own: Path | None = None
    ) -> None:
        if own is not None and not own.is_dir():
            raise ConfigurationError(
                f"the brand's folder {own} does not exist. Put it where Chalice packages it, for example into "
                "chalicelib/brand"
            )
        own = own or folder / "brand"
        files = sorted(path for path in folder.iterdir() if path.suffix in _TYPES)
        texts = {path.name: compact(path.name, path.read_text(encoding="utf-8")) for path in files}
        self._brand = brand
        self._page = strip_margins((folder / _PAGE).read_text(encoding="utf-8"))
        self._icons = read_icons(texts.get("view.js", ""))
        self._own_logo = _ONLY_IN_FILE.sub("", texts.get(_LOGO, "")).replace(
            "<svg ", '<svg aria-hidden="true" '
        )
        self._night = _NIGHT
        self._logo_width: int | None = None
        self._icon = _LOGO
        if brand.accent or brand.accent_dark:
            self._recolour(texts)
        if brand.logo:
            self._put_logo(texts, own / brand.logo)
        if brand.picture:
            _put_picture(texts, own, brand.picture)
        if (own / "providers").is_dir():
            _put_provider_logos(texts, own / "providers")
        self._sets = {
            language: _build_set(texts, load_catalogue(folder, language, own))
            for language in brand.languages
        }
        self.version = self._sets[brand.languages[0]].version

    def asset(self, version: str, name: str) -> Asset | None:
        """Return the asset, or None for another version or an unknown name."""
        for found in self._sets.values():
            if found.version == version:
                return found.assets.get(name)
        return None

    def page(
        self,
        *,
        base_path: str,
        title: str,
        accept_language: str = "",
        by_email: bool = True,
        providers: Sequence[tuple[str, str]] = (),
        config: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the page's HTML for an app at `base_path`, in the preferred language. `base_path` ends with a slash.

        `providers` contains a name and a label for each link that a browser without scripts shows. `config` is the part
        of the configuration that the HTML contains (`first_view.choose_told`). If `config` is None, the page requests
        `auth/config`.
        """
        language = choose_language(accept_language, self._brand.languages)
        found = self._sets[language]
        drawn = has_choice(config)
        values = {
            "assets": f"{base_path}assets/{found.version}/",
            "base": base_path,
            "title": title,
            "language": language,
            "night": self._night,
            "icon": self._icon,
            "view": "choose" if drawn else "loading",
        }

        def value(match: "re.Match[str]") -> str:
            name, word = match.groups()
            if name == "legal":
                return self._legal_links(found.words)
            if name == "ways":
                return _plain_ways(base_path, found.words, providers, by_email=by_email)
            if name == "logo":
                return self._logo(values["assets"])
            if name == "config":
                preload = _preload(base_path) if config is None or drawn else ""
                return preload if config is None else build_meta(config) + preload
            text = found.words[word].replace("{title}", title) if word else values[name]
            return escape(text, quote=True)

        whole = _PLACEHOLDER.sub(value, self._page)
        if config is None or not drawn:
            return whole
        late = _LATE.search(whole)
        choice = build_choice(
            config, found.first_words, self._icons, base_path, late[0] if late else ""
        )
        return _SKELETON.sub(lambda _: choice, whole, count=1)

    def _legal_links(self, words: Mapping[str, str]) -> str:
        links = (
            ("terms", self._brand.terms_url),
            ("privacy", self._brand.privacy_url),
            ("support", self._brand.support_url),
        )
        anchors = "".join(
            f'<a href="{escape(url, quote=True)}">{escape(words[name])}</a>'
            for name, url in links
            if url
        )
        return f"<div>{anchors}</div>" if anchors else ""

    def _logo(self, assets: str) -> str:
        """Return a team's logo as an image, or our own logo as part of the HTML. On a slow phone, a logo in the HTML
        appears sooner than a logo in a separate file."""
        if self._logo_width is None:
            return self._own_logo
        address = escape(f"{assets}{_LOGO}", quote=True)
        return f'<img src="{address}" alt="" width="{self._logo_width}" height="{_LOGO_HEIGHT}">'

    def _recolour(self, texts: dict[str, str]) -> None:
        """Replace the page's own accent colour, and give the pictures the new hue."""
        light = self._brand.accent
        dark = self._brand.accent_dark or colours.mended(light, "dark")
        hue = light or dark
        self._night = colours.rehue(_NIGHT, hue)
        palettes = (
            {"night": self._night, **(colours.build_palette(light, "light") if light else {})},
            colours.build_palette(dark, "dark"),
        )
        texts[_STYLES] = _repainted(texts[_STYLES], palettes)
        for name in (_LOGO, _PICTURE):
            texts[name] = colours.rehue(texts[name], hue)

    def _put_logo(self, texts: dict[str, str], file: Path) -> None:
        from .logo import load_logo

        logo = load_logo(file)
        self._logo_width = max(1, round(_LOGO_HEIGHT * logo.ratio))
        if logo.ratio > _WIDEST_ICON:
            texts[_ICON] = texts[_LOGO]
            self._icon = _ICON
        texts[_LOGO] = logo.svg


def _put_picture(texts: dict[str, str], own: Path, name: str) -> None:
    from .logo import load_logo

    if name == "off":
        texts[_STYLES] += _NO_PICTURE
        return
    texts[_PICTURE] = load_logo(own / name, "BRAND_PICTURE").svg
    texts[_STYLES] += _FILLED


def _preload(base_path: str) -> str:
    """Return the `link` element that makes the browser request the configuration at once, without waiting for the
    script."""
    address = escape(f"{base_path}auth/config", quote=True)
    return f'<link rel="preload" href="{address}" as="fetch" crossorigin>'


def _put_provider_logos(texts: dict[str, str], folder: Path) -> None:
    from .provider_logos import load_provider_logos

    for name, svg, rule in load_provider_logos(folder):
        texts[name] = svg
        texts[_STYLES] += rule


def _plain_ways(
    base_path: str,
    words: Mapping[str, str],
    providers: Sequence[tuple[str, str]],
    *,
    by_email: bool,
) -> str:
    ways = [
        (name, words["noScriptProvider"].replace("{label}", label)) for name, label in providers
    ]
    ways += [("COGNITO", words["noScriptEmail"])] if by_email else []
    links = []
    for name, text in ways:
        address = escape(f"{base_path}auth/login?{urlencode({'provider': name})}", quote=True)
        links.append(f'<p><a class="button" href="{address}">{escape(text)}</a></p>')
    return "".join(links)


def _repainted(styles: str, palettes: Sequence[Mapping[str, str]]) -> str:
    """Return the stylesheet, with the colours of `palettes` in the stylesheet's own declarations. Later rules in the
    stylesheet, which increase the contrast, still apply.

    The first rule for `:root` in the stylesheet is for the light theme, and the second rule for `:root` is for the dark
    theme.
    """
    remaining = iter(palettes)

    def block(found: "re.Match[str]") -> str:
        palette = next(remaining)
        return _DECLARED.sub(lambda one: f"--{one[1]}:{palette.get(one[1], one[2])}", found[0])

    return _ROOT.sub(block, styles, count=len(palettes))


def _build_set(texts: Mapping[str, str], words: Catalogue) -> FileSet:
    """Return the files in one language. The texts of the page become two modules: the texts of the first view, and the
    later texts. The second module adds its texts to the first module's texts."""
    first, later = (_written(words[part]) for part in ("first", "later"))
    modules = {
        "texts.js": f"export const texts={first};",
        "more-texts.js": f"import {{texts}} from './texts.js';Object.assign(texts,{later});export {{texts}};",
    }
    whole = {
        name: join_lines(text) if name.endswith(".js") else text
        for name, text in sorted(bundle({**texts, **modules}).items())
    }
    digest = hashlib.sha256()
    for name, text in whole.items():
        digest.update(f"{name}\0{len(text)}\0{text}".encode())
    assets = {name: Asset(_TYPES[Path(name).suffix], text) for name, text in whole.items()}
    return FileSet(digest.hexdigest()[:12], assets, words["document"], words["first"])


def _written(words: Mapping[str, object]) -> str:
    return json.dumps(words, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4)
def load_static_files(brand: Brand = PLAIN, own: str | None = None) -> StaticFiles:
    """Return the files with a brand. The files of several brands are cached, because each app in a process has its own
    brand."""
    return StaticFiles(brand=brand, own=Path(own) if own else None)
