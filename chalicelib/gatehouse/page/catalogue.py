"""Loads the texts of the page: one JSON file per language in `frontend/texts/`, and a team's own texts in
`frontend/brand/`.

A catalogue has three parts. `document` has the texts of the HTML itself. `first` is loaded with the first view, and
`later` is loaded with the following views. A team's `brand/texts.<tag>.json` has the same parts, but contains only the
texts that the team has changed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError

#: The reference language, which has every text with all placeholders. The texts of all other languages are compared
#: with its texts.
REFERENCE = "en"

Catalogue = Mapping[str, Mapping[str, Any]]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def load_catalogue(folder: Path, language: str, brand: Path | None = None) -> Catalogue:
    """Return the texts in `language`. The team's own texts replace Gatehouse's texts. Raises a ConfigurationError that
    lists every fault."""
    file = folder / "texts" / f"{language}.json"
    reference = flatten(_read(folder / "texts" / f"{REFERENCE}.json"))
    if not file.is_file():
        raise ConfigurationError(
            f"LANGUAGES contains {language}, but frontend/texts/{file.name} is missing: translate {REFERENCE}.json into it"
        )
    words: Catalogue = _read(file)
    problems = list(_problems(f"texts/{file.name}", flatten(words), reference, whole=True))
    own = (brand or folder / "brand") / f"texts.{language}.json"
    if own.is_file():
        changes = _read(own)
        problems += _problems(f"brand/{own.name}", flatten(changes), reference, whole=False)
        words = _merged(words, changes)
    if problems:
        raise ConfigurationError("; ".join(problems))
    return words


def flatten(words: Any, path: str = "") -> dict[str, Any]:
    """Return the texts by path, such as `first.errors.unknown.title`."""
    if not isinstance(words, Mapping):
        return {path: words}
    inner = (flatten(value, f"{path}.{key}".lstrip(".")) for key, value in words.items())
    return {key: value for part in inner for key, value in part.items()}


def choose_language(accepted: str, languages: tuple[str, ...]) -> str:
    """Return the language that an Accept-Language header prefers among `languages` (RFC 9110, 12.5.4). If the header
    accepts none of the languages, return the first language."""
    wanted = []
    for entry in accepted.split(",")[:20]:
        tag, _, parameter = entry.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameter) if parameter else None
        if tag and (quality or not parameter):
            wanted.append((-float(quality[1] if quality else 1), tag.lower()))
    for rank, tag in sorted(wanted, key=lambda pair: pair[0]):
        for language in languages:
            if rank and tag in (language.lower(), language.partition("-")[0]):
                return language
        for language in languages:
            if rank and tag.partition("-")[0] == language.partition("-")[0]:
                return language
    return languages[0]


def _read(file: Path) -> Any:
    try:
        words = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{file.parent.parent.name}/{file.parent.name}/{file.name} is not JSON: {error}"
        ) from None
    if not isinstance(words, dict):
        name = f"{file.parent.parent.name}/{file.parent.name}/{file.name}"
        raise ConfigurationError(f"{name} must be a JSON object")
    return words


def _problems(
    name: str, texts: Mapping[str, Any], reference: Mapping[str, str], *, whole: bool
) -> Iterator[str]:
    if whole:
        yield from (f"{name} lacks {path}" for path in reference if path not in texts)
    for path, text in texts.items():
        if path not in reference:
            yield f"{name} has the unknown text {path}"
        elif not isinstance(text, str):
            yield f"{name} has a value at {path} that is not a text"
        elif set(_PLACEHOLDER.findall(text)) != set(_PLACEHOLDER.findall(reference[path])):
            known = ", ".join(f"{{{one}}}" for one in _PLACEHOLDER.findall(reference[path]))
            yield f"{name}: the text {path} must contain {known or 'no placeholder'}"


def _merged(words: Any, changes: Any) -> Any:
    if not isinstance(words, Mapping):
        return changes
    return {
        key: _merged(value, changes[key]) if key in changes else value
        for key, value in words.items()
    }
