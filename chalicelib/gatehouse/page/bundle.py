"""Puts the scripts of the first view into one file.

The browser requests each file of the page separately, and on a slow connection each request takes time. On a stage
without warm containers, each parallel request also starts a container. In `frontend/`, all modules are separate files.
The served `app.js` includes the modules that `frontend/app.js` imports, and exports all names that the included modules
export. Modules that load later import these names from the served `app.js`. The scripts must be written in our
style: imports and exports at the beginning of a line, and one name per export.
"""

import re
from collections.abc import Mapping

ENTRY = "app.js"
#: Scripts that are also served as separate files, because other front ends import these scripts.
_ALSO_ALONE = frozenset({"session.js"})
_IMPORT = re.compile(
    r"^import (?:\* as (\w+)|(\{[^}]*\})) from '\./([\w-]+\.js)';\s*", re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|function) (\w+))", re.MULTILINE)


def bundle(scripts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the scripts by name. In the result, the text of `app.js` includes the modules that `app.js`
    imports. If `app.js` is missing, return the scripts unchanged."""
    if ENTRY not in scripts:
        return dict(scripts)
    inner: dict[str, str] = {}
    _collect(scripts, ENTRY, inner)
    del inner[ENTRY]
    modules = [_function(name, scripts[name]) for name in inner]
    handed_on = [
        f"export const {{{','.join(names)}}}={_variable(name)};"
        for name in inner
        if name not in _ALSO_ALONE and (names := _EXPORT.findall(scripts[name]))
    ]
    # The page's own code runs in an async function that is not awaited. Otherwise, modules that import `app.js` would
    # wait until the page is ready.
    entry = f"(async()=>{{\n{_IMPORT.sub(_take, scripts[ENTRY])}\n}})();"
    taken_in = set(inner) - _ALSO_ALONE

    def lead(match: "re.Match[str]") -> str:
        name = match[3]
        return match[0].replace(f"./{name}", f"./{ENTRY}") if name in taken_in else match[0]

    others = {
        name: _IMPORT.sub(lead, text) if name.endswith(".js") else text
        for name, text in scripts.items()
        if name not in taken_in
    }
    return {**others, ENTRY: "\n".join((*modules, *handed_on, entry))}


def _collect(scripts: Mapping[str, str], name: str, found: dict[str, str]) -> None:
    """Add the module `name` to `found`. The modules that it imports are added first."""
    for match in _IMPORT.finditer(scripts[name]):
        if match[3] not in found:
            _collect(scripts, match[3], found)
    found[name] = scripts[name]


def _function(name: str, text: str) -> str:
    names = ",".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(_take, text))
    return f"const {_variable(name)}=(()=>{{\n{body}\nreturn{{{names}}};}})();"


def _take(match: "re.Match[str]") -> str:
    return f"const {match[1] or match[2]}={_variable(match[3])};\n"


def _variable(name: str) -> str:
    return "$" + name.removesuffix(".js").replace("-", "_")
