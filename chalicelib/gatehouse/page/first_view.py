"""Builds parts of the page's HTML: the configuration, and the choice between ways to sign in.

On a slow connection, people see the choice in the HTML before the script is loaded. The script can draw the same choice
(`choose` in `frontend/view.js`). If the HTML already contains the choice, the script does not draw it again. Tests
check that both versions are the same.
"""

import json
import re
from collections.abc import Collection, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

#: The values of Sec-Fetch-Site with which a browser sends a SameSite=Strict cookie. Browsers send such a cookie if the
#: navigation comes from our own site, a typed address or a bookmark. Sources: RFC 6265bis 5.2; W3C Fetch Metadata,
#: Sec-Fetch-Site. Engines differ. After a sign-in through another site, Firefox 153 ESR counts even a reload as
#: cross-site, but WebKitGTK does not. If a request has one of these values but no session cookie, the browser probably
#: has no session, but it may have one.
_SITES_WITH_COOKIE = frozenset({"none", "same-origin", "same-site"})
#: The only URL parameters that may be present if the HTML contains the choice between ways to sign in. If the URL has
#: any other parameter, such as `error`, the page shows another view or a notice, which only the script can choose.
_PLAIN_QUERY = frozenset({"return_to"})
#: URL parameters of the page after a failed sign-in and after a sign-out. With one of these parameters, the browser
#: probably has no session.
_WITHOUT_SESSION = frozenset({"error", "signed_out"})
#: Parts of the configuration that only other front ends and programs read.
_NOT_FOR_THE_PAGE = frozenset({"app", "programs"})
_ICON = re.compile(r"^\s*(\w+): '(M[^']+)',$", re.MULTILINE)


def choose_told(
    config: Mapping[str, Any], query: Collection[str], *, site: str, is_return: bool
) -> dict[str, Any] | None:
    """Return the part of the configuration that the HTML may contain. `config` is the answer of `GET /auth/config`. If
    the page must request the configuration, return None.

    `query` contains the names of the parameters in the page's address. `site` is the request's Sec-Fetch-Site.
    `is_return` is true if this browser finished a sign-in in the last few minutes.

    In the result, `session` is True if the request has the session cookie. If the request is probably the redirect
    after a sign-in, `session` is left out, and the script requests the session at once. `session` is None if the page
    will probably begin with the choice between ways to sign in. The HTML then contains the choice, and the script still
    requests the configuration. `session` is never False: even if the cookie is missing, the browser may have a session.
    """
    if config["session"]:
        return dict(config)
    if site in _SITES_WITH_COOKIE:
        return {**config, "session": None} if _begins_with_choice(config, query) else None
    if is_return and _WITHOUT_SESSION.isdisjoint(query):
        return {name: value for name, value in config.items() if name != "session"}
    return None


def build_meta(config: Mapping[str, Any]) -> str:
    """Return the HTML element from which the script reads the configuration."""
    told = {name: value for name, value in config.items() if name not in _NOT_FOR_THE_PAGE}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    # The attribute has single quotes, because JSON contains many double quotes.
    content = escape(text, quote=False).replace("'", "&#x27;")
    return f"<meta name=\"gatehouse-config\" content='{content}'>"


def has_choice(told: Mapping[str, Any] | None) -> bool:
    """Whether the HTML contains the choice between ways to sign in. `told` is the result of `choose_told`."""
    return told is not None and told.get("session", False) is None


def _begins_with_choice(config: Mapping[str, Any], query: Collection[str]) -> bool:
    """Whether the choice between ways to sign in is the first view for signed-out people."""
    if config["auto_sign_in"]:
        return False
    return bool(config["providers"] or _offers_managed(config)) and _PLAIN_QUERY.issuperset(query)


def read_icons(script: str) -> dict[str, str]:
    """Return the SVG paths of the icons in `view.js`, by name."""
    return dict(_ICON.findall(script))


def build_choice(
    config: Mapping[str, Any],
    words: Mapping[str, Any],
    icons: Mapping[str, str],
    base_path: str,
    late: str,
) -> str:
    """Return the HTML of the choice between ways to sign in. `words` are the texts of the first view. `late` is the
    HTML that is shown if the script loads too slowly. The result contains `late` only if the choice needs the script."""
    ways = [
        (words["provider"].replace("{label}", one["label"]), "key", _login(base_path, config, one["name"]))
        for one in config["providers"]
    ]  # fmt: skip
    own_form = config["direct_sign_in"] == "embedded" or config["discover"]
    if _offers_managed(config):
        ways.append((words["email"], "mail", _login(base_path, config, "COGNITO")))
    elif own_form:
        ways.append((words["email"], "mail", "#email"))

    def icon(name: str) -> str:
        return f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{icons[name]}"/></svg>'

    links = "".join(
        f'<a class="button{" primary" if index == 0 else ""}" href="{escape(url, quote=True)}">'
        f"{icon(sign)}<span>{escape(label, quote=True)}</span>{icon('go')}</a>"
        for index, (label, sign, url) in enumerate(ways)
    )
    title, lead, remember = (
        escape(words[name], quote=True) for name in ("chooseTitle", "chooseLead", "remember")
    )
    return (
        f'<h1 id="title" tabindex="-1">{title}</h1><p class="quiet">{lead}</p><div class="ways">{links}</div>'
        f'<label class="check"><input type="checkbox" autocomplete="off">{remember}</label>'
        f"{late if own_form else ''}"
    )


def _offers_managed(config: Mapping[str, Any]) -> bool:
    return config["direct_sign_in"] == "managed" and not config["discover"]


def _login(base_path: str, config: Mapping[str, Any], provider: str) -> str:
    query = {"provider": provider}
    if config["return_to"]:
        query["return_to"] = config["return_to"]
    return f"{base_path}auth/login?{urlencode(query)}"
