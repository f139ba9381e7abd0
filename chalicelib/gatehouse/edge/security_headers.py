"""The response headers of every answer, including API Gateway's own errors.

Sources: OWASP ASVS 5.0 V3.4; MDN on each header. Our middleware and `ops connect` both use the mapping
`SECURITY_HEADERS`, so our answers and API Gateway's own responses have the same headers.
"""

from collections.abc import Mapping
from types import MappingProxyType

#: The Content-Security-Policy: directive -> allowed sources. Browsers apply `form-action` even to the redirects after a
#: form was sent, so the page opens /auth/login with a link and never with a form.
CONTENT_SECURITY_POLICY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "default-src": ("'none'",),
        "script-src": ("'self'",),
        "style-src": ("'self'",),
        "img-src": ("'self'",),
        "connect-src": ("'self'",),
        "form-action": ("'self'",),
        "base-uri": ("'none'",),
        "frame-ancestors": ("'none'",),
        "object-src": ("'none'",),
        "require-trusted-types-for": ("'script'",),
        "trusted-types": ("'none'",),
    }
)


def build_content_security_policy(directives: Mapping[str, tuple[str, ...]]) -> str:
    """Return the header value for `directives`, in their order."""
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def open_for_captcha(origins: tuple[str, ...]) -> str:
    """Return a Content-Security-Policy for a page with a CAPTCHA. Unlike our usual policy, this policy allows the
    vendor's origins for scripts, frames, styles and calls.

    The vendors' scripts assign plain strings to script URLs and frames, so Trusted Types must be off (S-52).
    """
    opened = {
        name: sources
        for name, sources in CONTENT_SECURITY_POLICY.items()
        if name not in ("require-trusted-types-for", "trusted-types")
    }
    for name in ("script-src", "style-src", "connect-src"):
        opened[name] = (*opened[name], *origins)
    opened["frame-src"] = origins
    return build_content_security_policy(opened)


#: Header name -> value. `Cache-Control: no-store` is the default. A static asset has another `Cache-Control`.
SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": build_content_security_policy(CONTENT_SECURITY_POLICY),
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cache-Control": "no-store",
    }
)
