"""The names that the fault table (docs/faults.md) uses for outbound calls, and a recorder of calls to doubles. The
recorder groups calls by route or trigger."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

#: AWS's names of operations that cannot be derived from boto3's names.
_SPELLED = {
    "SetUserMfaPreference": "SetUserMFAPreference",
    "AdminSetUserMfaPreference": "AdminSetUserMFAPreference",
}


def place_of(arguments: Mapping[str, Any]) -> str:
    """Return the table, secret, queue or function that a call to AWS uses. The result omits the stage, and is empty for
    a user pool."""
    names = ("TableName", "SecretId", "QueueUrl", "FunctionName")
    subject = next((str(arguments[name]) for name in names if arguments.get(name)), "")
    if "/leaving/" in subject:
        return "of a provider"
    return subject.rpartition(":")[2].rpartition("/")[2].removeprefix("gatehouse-dev-")


def aws_name(method: str, arguments: Mapping[str, Any]) -> str:
    """Return the name that the fault table uses for a call. `method` is the name of the method in boto3."""
    words = "".join(word.title() for word in method.split("_"))
    return f"{_SPELLED.get(words, words)} {place_of(arguments)}".strip()


def http_name(url: str, form: Mapping[str, str]) -> str:
    """Return the name of a call over HTTP."""
    path = urlsplit(url).path.rpartition("/")[2]
    return f"token {form['grant_type']}" if path == "token" else path


class Outbound:
    """A recorder of outbound calls and of the route or trigger that made each call. A place is the name of a route or
    trigger, and each thread is in at most one place. If a thread is in no place, the recorder ignores the thread's
    calls."""

    def __init__(self) -> None:
        self.pairs: set[tuple[str, str]] = set()
        self._local = threading.local()

    @contextmanager
    def at(self, place: str | None) -> Iterator[None]:
        """Record the calls inside the `with` block under the name of a route or trigger. The blocks can be
        nested, because a trigger may run in the middle of a route."""
        before = self.place
        self._local.place = place
        try:
            yield
        finally:
            self._local.place = before

    @property
    def place(self) -> str | None:
        """The current thread's place, or None outside of a place."""
        found: str | None = getattr(self._local, "place", None)
        return found

    def run_at(self, place: str | None, call: Callable[[], Any]) -> Any:
        """Make a call, and record the call under the name `place`."""
        with self.at(place):
            return call()

    def note(self, name: str) -> None:
        if self.place is not None:
            self.pairs.add((self.place, name))


class RecordedAws:
    """A client that records its calls."""

    def __init__(self, client: Any, outbound: Outbound) -> None:
        self._client = client
        self._outbound = outbound

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = getattr(self._client, method)

        def noted(**arguments: Any) -> Any:
            self._outbound.note(aws_name(method, arguments))
            return call(**arguments)

        return noted


class RecordedHttp:
    """A client with HttpClient's two methods. The client records its calls."""

    def __init__(self, http: Any, outbound: Outbound) -> None:
        self._http = http
        self._outbound = outbound

    def get(self, url: str) -> Any:
        self._outbound.note(http_name(url, {}))
        return self._http.get(url)

    def post_form(self, url: str, form: Mapping[str, str], *more: Any) -> Any:
        self._outbound.note(http_name(url, form))
        return self._http.post_form(url, form, *more)
