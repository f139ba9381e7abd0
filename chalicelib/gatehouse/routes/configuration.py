"""Builds the page's configuration, for the API and for the page's HTML. Also finds the target of a sign-in."""

from typing import Any

from ..errors import GatehouseError
from .call import Call


def config(call: Call) -> dict[str, Any]:
    """Return the page's configuration. The configuration does not list providers with domains, because the list would
    reveal who the customers are.

    `discover` is true if the stage has providers with domains. The page then asks for the e-mail address first.
    `session` is true if the browser sent a session cookie, even if the cookie is invalid. If there is no cookie, the
    page need not try a refresh. `return_to` is the target of a sign-in on the page. If the query's `return_to` is an
    allowed target (S-07), this target is used, otherwise the target in the stage's setting. `passkeys` is present if
    the stage has passkeys. `programs` is present if the stage has a public app client. `programs` contains the data
    with which a program on a person's machine signs the person in (RFC 8252).
    """
    from ..cognito.programs import describe_programs
    from ..session.sessions import COOKIE

    current, settings = call.services, call.settings
    target = find_target(call)
    programs = describe_programs(settings)
    return {
        "app": settings.app_title,
        "direct_sign_in": settings.direct_sign_in,
        "sign_up": settings.direct_sign_in != "off",
        "auto_sign_in": settings.auto_sign_in,
        "discover": any(provider.domains for provider in current.providers.all()),
        "session": COOKIE in call.cookies,
        "return_to": None if is_page(target, call.url.page_path) else target,
        "providers": [
            {"name": provider.name, "label": provider.label}
            for provider in current.providers.listed()
        ],
        **({} if programs is None else {"programs": programs}),
        **({"passkeys": True} if settings.passkeys else {}),
    }


def load_config(call: Call) -> dict[str, Any] | None:
    """Return the configuration for the page's HTML, or None in an outage. If the result is None, the HTML has no
    configuration, and the page requests the configuration itself.

    The page must appear even if a DynamoDB table does not answer. Therefore this function waits for a shorter
    time than the API's routes.
    """
    budget = call.services.budget
    try:
        with budget.within(budget.limits.page):
            return config(call)
    except GatehouseError:
        return None


def find_target(call: Call) -> str:
    """Return the target after the sign-in: the target in the request, or else the stage's setting, or else the page."""
    origin = call.url.origin
    wish = call.query_value("return_to") or call.query_value("target_link_uri")
    if wish is not None and wish.startswith(origin + "/"):
        wish = wish[len(origin) :]
    return call.parse_place(wish, call.parse_place(call.settings.after_sign_in))


def is_page(address: str, page_path: str) -> bool:
    """Whether an address is the sign-in page itself. The page is the default target."""
    return address.split("?")[0].split("#")[0].rstrip("/") == page_path.rstrip("/")
