"""Clients with separate time limits for one call. The other calls of the test case work normally, and must not time out
on a busy machine."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.gatehouse.cognito.http_client import HttpAnswer, HttpClient
from tests.doubles.outbound import aws_name, http_name


class ChosenClient:
    """A replacement for a boto3 client. The call with the given name uses a second client that has other limits."""

    def __init__(self, client: Any, other: Any, name: str) -> None:
        self._client = client
        self._other = other
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            mine = aws_name(method, arguments) == self._name
            return getattr(self._other if mine else self._client, method)(**arguments)

        return call


class ChosenHttp:
    """A replacement for HttpClient. The call with the given name uses a second client that has other limits."""

    def __init__(self, http: HttpClient, other: HttpClient, name: str) -> None:
        self._http = http
        self._other = other
        self._name = name

    def get(self, url: str) -> HttpAnswer:
        return self._for(http_name(url, {})).get(url)

    def post_form(self, url: str, form: Mapping[str, str], *more: Any) -> HttpAnswer:
        return self._for(http_name(url, form)).post_form(url, form, *more)

    def _for(self, name: str) -> HttpClient:
        return self._other if name == self._name else self._http

    def close(self) -> None:
        for http in (self._http, self._other):
            http.close()
