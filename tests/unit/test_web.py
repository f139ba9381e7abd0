"""Tests of the pure functions for HTTP: addresses, cookies, the check of the request's origin, bodies, headers, files."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse.edge.bodies import MAX_BODY_BYTES, parse_object, verify_body
from chalicelib.gatehouse.edge.cookies import build_cookie, clear_cookie, parse_cookies
from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from chalicelib.gatehouse.edge.urls import build_app_url
from chalicelib.gatehouse.errors import (
    CookieTooLarge,
    CrossSiteRequest,
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from chalicelib.gatehouse.guard.csrf import verify_own_request

ORIGIN = "https://a1.execute-api.eu-west-1.amazonaws.com"
HOST = ORIGIN.removeprefix("https://")


@pytest.mark.security("S-04")
@pytest.mark.parametrize(
    ("path", "resource", "base"),
    [
        ("/api/", "/", "/api/"),
        ("/api", "/", "/api/"),
        ("/api/auth/login", "/auth/login", "/api/"),
        ("/auth/login", "/auth/login", "/"),
        ("/", "/", "/"),
        ("/team/sign-in/auth/callback", "/auth/callback", "/team/sign-in/"),
        ("/api/assets/0a1b/app.js", "/assets/{version}/{name}", "/api/"),
        ("/api/auth/login/", "/auth/login", "/api/"),
        ("//evil.example/auth/login", "/auth/login", "/evil.example/"),
    ],
)
def test_the_base_path_is_the_path_minus_the_resource(path: str, resource: str, base: str) -> None:
    """The cases are execute-api with its stage, and a custom domain with and without a base path mapping. The base path
    never has two slashes in a row."""
    url = build_app_url({"path": path, "resourcePath": resource, "domainName": HOST}, None)
    assert url == (ORIGIN, base, base)
    assert (url.api_root, url.page_path) == (f"{ORIGIN}{base}", base)
    assert url.callback == f"{ORIGIN}{base}auth/callback"
    assert url.signed_out == f"{ORIGIN}{base}?signed_out=1"


@pytest.mark.security("S-04")
@pytest.mark.parametrize(
    ("public", "root"),
    [
        ("http://localhost:8000/", "http://localhost:8000/"),
        ("http://localhost:8000", "http://localhost:8000/"),
        ("https://app.example.org/a", "https://app.example.org/a/"),
    ],
)
def test_a_configured_address_replaces_what_the_gateway_says(public: str, root: str) -> None:
    """The configured address is also used if requestContext has no domainName, as on the local AWS."""
    assert build_app_url({"path": "/x", "resourcePath": "/x"}, public).api_root == root


@pytest.mark.parametrize(
    ("path", "resource", "public", "root"),
    [
        ("/api/account", "/account", None, f"{ORIGIN}/api/"),
        ("/api/account/auth/login", "/account/auth/login", None, f"{ORIGIN}/api/"),
        ("/orders", "/orders", None, f"{ORIGIN}/"),
        ("/x", "/x", "https://app.example.org/a", "https://app.example.org/a/"),
    ],
)
def test_below_a_prefix_our_routes_have_a_base_of_their_own(
    path: str, resource: str, public: str | None, root: str
) -> None:
    """The page is a resource of API Gateway, so its address has no trailing slash. All other routes are below the page."""
    context = {"path": path, "resourcePath": resource, "domainName": HOST}
    url = build_app_url(context, public, "/account")
    assert url.api_root == root
    assert url.origin + url.page_path == f"{root}account"
    assert url.callback == f"{root}account/auth/callback"
    assert url.signed_out == f"{root}account?signed_out=1"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], {}),
        ([""], {}),
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        (["a=1;b=2;; ;c"], {"a": "1", "b": "2"}),
        (["a=x=y"], {"a": "x=y"}),
        (["a=1; a=2; b=3"], {"b": "3"}),
        (["a=1", "a=1"], {}),
        (["a=1; a=2; a=3"], {}),
        (["=1; a=2"], {"": "1", "a": "2"}),
        (["A=1; a=2"], {"A": "1", "a": "2"}),
        (["\u00a0a=1"], {"\u00a0a": "1"}),
        (["a =1"], {"a ": "1"}),
    ],
)
def test_cookies_are_read_as_browsers_write_them(
    headers: list[str], expected: dict[str, str]
) -> None:
    """If a name occurs twice, the result omits the name. A name must match exactly, because browsers protect only the
    exact prefix `__Host-`."""
    assert parse_cookies(headers) == expected


@given(st.lists(st.text(max_size=50), max_size=4))
def test_no_cookie_header_breaks_the_reader(headers: list[str]) -> None:
    """For any input the result is a mapping of texts."""
    assert all("=" not in name for name in parse_cookies(headers))


@pytest.mark.security("S-26")
def test_a_cookie_has_every_attribute() -> None:
    """The attributes are Secure, HttpOnly, Path=/ and the given SameSite. The attribute Domain is missing."""
    assert (
        build_cookie("__Host-x", "v.1", same_site="Strict")
        == "__Host-x=v.1; Path=/; Secure; HttpOnly; SameSite=Strict"
    )
    assert build_cookie("x", "v", same_site="Lax", max_age=5).endswith("; SameSite=Lax; Max-Age=5")
    assert (
        clear_cookie("x", same_site="Lax")
        == "x=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    )


@pytest.mark.security("S-26")
@pytest.mark.parametrize(
    "text",
    [
        "a\r\nSet-Cookie: x=1",
        "a\n",
        "\n",
        "a;Domain=x",
        "a b",
        "a,b",
        "é",
        '"a"',
        "a\x00",
        "a\\",
        "a%",
        "a=",
    ],
)
def test_a_value_that_could_start_something_else_is_refused(text: str) -> None:
    """Chalice does not check list-valued headers for CR and LF, so our own code refuses such values."""
    with pytest.raises(ValueError, match="outside the safe set"):
        build_cookie("x", text, same_site="Lax")
    with pytest.raises(ValueError, match="outside the safe set"):
        build_cookie(text, "x", same_site="Lax")


@pytest.mark.security("S-31")
def test_a_cookie_of_4096_bytes_is_the_largest() -> None:
    """Browsers silently ignore larger cookies."""
    overhead = len(build_cookie("x", "", same_site="Lax"))
    assert len(build_cookie("x", "v" * (4096 - overhead), same_site="Lax")) == 4096
    with pytest.raises(CookieTooLarge) as caught:
        build_cookie("x", "v" * (4097 - overhead), same_site="Lax")
    assert "vvv" not in str(caught.value)


@pytest.mark.security("S-28")
@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({"x-gatehouse": "1", "origin": ORIGIN}, True),
        ({"x-gatehouse": "1", "sec-fetch-site": "same-origin"}, True),
        ({"x-gatehouse": "1", "origin": ORIGIN, "sec-fetch-site": "same-origin"}, True),
        ({}, False),
        ({"x-gatehouse": "1"}, False),
        ({"origin": ORIGIN}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"x-gatehouse": "11", "origin": ORIGIN}, False),
        ({"x-gatehouse": "1, 1", "origin": ORIGIN}, False),
        ({"x-gatehouse": "1", "origin": ORIGIN + "/"}, False),
        ({"x-gatehouse": "1", "origin": ORIGIN.upper()}, False),
        ({"x-gatehouse": "1", "origin": f"{ORIGIN}, {ORIGIN}"}, False),
        ({"x-gatehouse": "1", "origin": "null", "sec-fetch-site": "same-origin"}, False),
        ({"x-gatehouse": "1", "sec-fetch-site": "Same-Origin"}, False),
        ({"x-gatehouse": "1", "referer": ORIGIN + "/"}, False),
    ],
)
def test_our_page_is_told_by_header_and_origin(headers: dict[str, str], good: bool) -> None:
    """A request is accepted only with both the header and the right origin."""
    if good:
        verify_own_request(headers, ORIGIN)
    else:
        with pytest.raises(CrossSiteRequest):
            verify_own_request(headers, ORIGIN)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        "application/json ; charset=utf-8",
    ],
)
def test_json_bodies_pass(content_type: str) -> None:
    """The content type may have any of the spellings that browsers use."""
    verify_body(b'{"a": 1}', content_type)


def test_an_empty_body_needs_no_type() -> None:
    """The page refreshes the session with an empty body."""
    for content_type in (None, "", "text/plain"):
        verify_body(b"", content_type)
    assert parse_object(b"") == {}


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{}", None, UnsupportedMediaType),
        (b"{}", "text/plain;application/json", UnsupportedMediaType),
        (b"{}", "application/json, text/plain", UnsupportedMediaType),
        (b"{}", "application/jsonp", UnsupportedMediaType),
        (b"{}", "application/json; charset=utf-8; boundary=x", UnsupportedMediaType),
        (b"x" * (MAX_BODY_BYTES + 1), "text/plain", PayloadTooLarge),
        (b"\xff", "application/json", InvalidRequest),
        (b"nonsense", "application/json", InvalidRequest),
        (b"1", "application/json", InvalidRequest),
        (b"null", "application/json", InvalidRequest),
        (b"[{}]", "application/json", InvalidRequest),
        (b"[" * MAX_BODY_BYTES, "application/json", InvalidRequest),
        (b'{"a":' * 3000, "application/json", InvalidRequest),
    ],
)
def test_other_bodies_do_not(body: bytes, content_type: str | None, error: type[Exception]) -> None:
    """Each kind of bad body has an error of its own. The kinds are a wrong type, a large body, and a value that is not
    an object. The app does not crash."""
    with pytest.raises(error):
        verify_body(body, content_type)


@pytest.mark.security("S-53")
def test_the_headers_are_these() -> None:
    """The headers are HSTS for at least a year, nosniff, no-referrer, isolation headers and no-store."""
    assert (
        int(SECURITY_HEADERS["Strict-Transport-Security"].split(";")[0].split("=")[1]) >= 31_536_000
    )
    expected = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    assert expected.items() <= SECURITY_HEADERS.items()
    assert all(value.isprintable() and value.isascii() for value in SECURITY_HEADERS.values())


@pytest.mark.security("S-53")
def test_the_headers_cannot_be_changed_by_accident() -> None:
    """All responses of a warm container share one mapping of headers."""
    table: Any = SECURITY_HEADERS
    with pytest.raises(TypeError):
        table["X-Content-Type-Options"] = ""


def test_errors_have_codes_that_do_not_collide_and_plain_sentences() -> None:
    """Each code has only one status, and each message ends with a full stop."""
    from chalicelib.gatehouse import errors, sign_in_errors

    found = [
        cls
        for cls in {**vars(errors), **vars(sign_in_errors)}.values()
        if isinstance(cls, type) and issubclass(cls, errors.GatehouseError)
    ]
    assert len(found) > 30
    for cls in found:
        assert getattr(errors, cls.__name__) is cls
        assert cls.code.replace("_", "").isalpha()
        assert 400 <= cls.status < 600
        assert cls.message.endswith(".")
