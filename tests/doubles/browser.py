"""A browser in front of the Lambda handler. The browser builds API Gateway's events, and keeps cookies as browsers do.

Cookies follow RFC 6265bis. `__Host-` requires Secure, Path=/ and no Domain. The browser sends Strict cookies only with
same-site requests, and Lax cookies also with a cross-site top-level GET. The browser drops cookies of more than 4096
bytes, and compares Max-Age with the test's clock.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.clock import Clock

#: requestContext.identity.sourceIp, which is the caller's address according to API Gateway.
SOURCE_IP = "192.0.2.7"

#: See `Browser.notes`.
NOTES = frozenset({"__Host-gatehouse-used", "__Host-gatehouse-offer"})

Site = Literal["same-origin", "cross-site", "none"]


@dataclass(frozen=True)
class Answer:
    """A response. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    set_cookies: list[str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers["location"]


@dataclass
class Cookie:
    value: str
    same_site: str
    expires_at: float | None


@dataclass
class LambdaContext:
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def build_event(
    routes: Mapping[str, Mapping[str, Any]],
    method: str,
    target: str,
    *,
    domain: str,
    stage: str,
    headers: Iterable[tuple[str, str]] = (),
    body: str | None = None,
    claims: Mapping[str, str] | None = None,
    base64_encoded: bool = False,
    source_ip: str = SOURCE_IP,
    user_agent: str = "Browser double",
) -> dict[str, Any]:
    """Return API Gateway's event (REST, proxy integration) for `method` and `target` (path and query below the API root)."""
    parts = urlsplit(target)
    resource, parameters = _match(routes, parts.path)
    query = parse_qsl(parts.query, keep_blank_values=True)
    several: dict[str, list[str]] = {}
    for name, value in headers:
        several.setdefault(name, []).append(value)
    context: dict[str, Any] = {
        "resourcePath": resource,
        "httpMethod": method,
        "path": (f"/{stage}" if stage else "") + parts.path,
        "stage": stage or "api",
        "domainName": domain,
        "identity": {"sourceIp": source_ip, "userAgent": user_agent},
        "requestId": str(uuid.uuid4()),
    }
    if claims is not None:
        context["authorizer"] = {"claims": dict(claims)}
    return {
        "resource": resource,
        "path": parts.path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in several.items()} or None,
        "multiValueHeaders": several or None,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query) or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": base64_encoded,
    }


class Browser:
    """One browser profile. `stage` is the path segment that names the API's stage at execute-api. On a custom domain,
    `stage` is empty."""

    #: The path prefix below which the app mounts Gatehouse.
    prefix = ""

    def __init__(
        self,
        app: Any,
        clock: Clock,
        *,
        domain: str = "a1b2c3.execute-api.eu-west-1.amazonaws.com",
        stage: str = "api",
    ) -> None:
        self._app = app
        self._clock = clock
        self.domain = domain
        self.stage = stage
        self.source_ip = SOURCE_IP
        self.user_agent = "Browser double"
        self.cookies: dict[str, Cookie] = {}
        #: Cookies that give no access and merely select a message. Tests that count `cookies` omit the cookies in
        #: `notes`.
        self.notes: dict[str, Cookie] = {}
        self.answers: list[Answer] = []
        #: Set-Cookie values that a browser would refuse. The list stays empty in tests of successful flows.
        self.rejected: list[str] = []

    @property
    def origin(self) -> str:
        return f"https://{self.domain}"

    @property
    def root(self) -> str:
        return f"{self.origin}/{self.stage}/" if self.stage else f"{self.origin}/"

    def get(
        self,
        target: str,
        *,
        site: Site = "same-origin",
        headers: Iterable[tuple[str, str]] = (),
        claims: Mapping[str, str] | None = None,
    ) -> Answer:
        """Navigate to a path below the API root, or to a full URL."""
        sent = [("Host", self.domain), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate")]
        return self.send("GET", target, [*sent, *headers], site=site, claims=claims)

    def post(
        self,
        target: str,
        body: object = None,
        *,
        site: Site = "same-origin",
        drop: Iterable[str] = (),
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Send a POST as the page's script does. `drop` removes headers of the script, and `headers` adds or replaces
        headers."""
        changed = list(headers)
        names = {name.lower() for name in drop} | {name.lower() for name, _ in changed}
        own = [
            ("Host", self.domain),
            ("X-Gatehouse", "1"),
            ("Origin", self.origin),
            ("Sec-Fetch-Site", site),
            ("Content-Type", "application/json"),
        ]
        sent = [(name, value) for name, value in own if name.lower() not in names]
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        return self.send("POST", target, [*sent, *changed], body=text, site=site)

    def send(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        *,
        body: str | None = None,
        site: Site = "same-origin",
        claims: Mapping[str, str] | None = None,
        base64_encoded: bool = False,
    ) -> Answer:
        """Send one request with a browser's cookies, and keep the cookies of the response."""
        target = target.removeprefix(self.root.rstrip("/"))
        cookie = self.cookie_header(method, site)
        sent = [*headers, *([("Cookie", cookie)] if cookie else [])]
        event = build_event(
            self._app.routes,
            method,
            target,
            domain=self.domain,
            stage=self.stage,
            headers=sent,
            body=body,
            claims=claims,
            base64_encoded=base64_encoded,
            source_ip=self.source_ip,
            user_agent=self.user_agent,
        )
        raw = self._app(event, LambdaContext())
        several = {
            name.lower(): values for name, values in (raw.get("multiValueHeaders") or {}).items()
        }
        answer = Answer(
            raw["statusCode"],
            {name.lower(): value for name, value in raw["headers"].items()},
            several.get("set-cookie", []),
            raw["body"],
        )
        for text in answer.set_cookies:
            self.keep(text)
        self.answers.append(answer)
        return answer

    def cookie_header(self, method: str, site: Site) -> str:
        """Return the Cookie header of a request from `site`."""
        self._forget_expired()
        strict = site != "cross-site"
        lax = strict or method == "GET"
        sent = [
            f"{name}={cookie.value}"
            for name, cookie in {**self.cookies, **self.notes}.items()
            if strict or cookie.same_site == "None" or (cookie.same_site == "Lax" and lax)
        ]
        return "; ".join(sent)

    def close(self) -> None:
        """End the browser session. The browser deletes cookies without Max-Age."""
        self.cookies = {n: c for n, c in self.cookies.items() if c.expires_at is not None}

    def _forget_expired(self) -> None:
        now = self._clock()
        for jar in (self.cookies, self.notes):
            for name, cookie in list(jar.items()):
                if cookie.expires_at is not None and cookie.expires_at <= now:
                    del jar[name]

    def keep(self, text: str) -> None:
        """Store the cookie of a Set-Cookie value. Refuse the cookie if a browser would refuse the cookie."""
        pair, *rest = text.split("; ")
        name, _, value = pair.partition("=")
        attributes = {key.lower(): val for key, _, val in (part.partition("=") for part in rest)}
        host_prefix = (
            "secure" in attributes and attributes.get("path") == "/" and "domain" not in attributes
        )
        if len(text) > 4096 or (name.startswith("__Host-") and not host_prefix):
            self.rejected.append(text)
            return
        max_age = attributes.get("max-age")
        jar = self.notes if name in NOTES else self.cookies
        if max_age is not None and int(max_age) <= 0:
            jar.pop(name, None)
            return
        expires_at = None if max_age is None else self._clock() + int(max_age)
        jar[name] = Cookie(value, attributes.get("samesite", "Lax"), expires_at)


def _match(routes: Mapping[str, Any], path: str) -> tuple[str, dict[str, str]]:
    if path in routes:
        return path, {}
    for resource in routes:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(resource))
        if found := re.fullmatch(pattern, path):
            return resource, found.groupdict()
    raise AssertionError(f"API Gateway knows no route for {path}; it answers without calling us")


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
