"""Random faults for a `Crowd` of people. Each service handles one call at a time, and some calls fail."""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ReadTimeoutError

from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from chalicelib.gatehouse.errors import TemporarilyUnavailable
from tests.doubles.aws_errors import client_error
from tests.doubles.cognito import CognitoDouble

_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "cognito-idp": "TooManyRequestsException",
    "secretsmanager": "InternalServiceErrorException",
}


class Weather:
    """Decides which calls fail. If `fair` is true, no call fails. Otherwise, the share `share` of all calls fails: the
    service refuses the call, ignores the call, or loses the response."""

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)
        self._share = share
        self._lock = threading.Lock()
        self.fair = True
        self.counts: Counter[str] = Counter()

    def strikes(self, service: str, *kinds: str) -> str:
        """Return the fault of this call, or the empty string."""
        with self._lock:
            if self.fair or self._random.random() >= self._share:
                return ""
            kind = self._random.choice(kinds)
            self.counts[f"{service}: {kind}"] += 1
            return kind


class StormyCognito:
    """An HTTP client with faults that returns the responses of a Cognito double: the OAuth endpoints and the keys."""

    def __init__(self, cognito: CognitoDouble, weather: Weather) -> None:
        self._cognito = cognito
        self._weather = weather
        self._lock = threading.Lock()

    def get(self, url: str, *_: Any, **__: Any) -> HttpAnswer:
        return self._call("jwks", lambda: self._cognito.get(url))

    def post_form(
        self, url: str, form: Mapping[str, str], basic_auth: Any = None, **_: Any
    ) -> HttpAnswer:
        name = url.rsplit("/", 1)[1]
        return self._call(name, lambda: self._cognito.post_form(url, form, basic_auth))

    def _call(self, name: str, call: Any) -> HttpAnswer:
        fault = self._weather.strikes(name, "timeout", "answer lost", "500", "429", "garbage")
        if fault == "timeout":
            raise TemporarilyUnavailable("ReadTimeout")
        if fault in ("500", "429"):
            return HttpAnswer(int(fault), None)
        if fault == "garbage":
            return HttpAnswer(200, {"error": "<html>"})
        with self._lock:
            answer: HttpAnswer = call()
        if fault:
            raise TemporarilyUnavailable("ConnectionReset")
        return answer


class StormyAws:
    """A boto3 client with faults."""

    def __init__(self, client: Any, service: str, weather: Weather) -> None:
        self._client = client
        self._service = service
        self._weather = weather
        # During a sign-in, Cognito runs triggers, which write to the table. Each service therefore has its own lock.
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            fault = self._weather.strikes(self._service, "throttled", "timeout", "answer lost")
            if fault == "throttled":
                raise client_error(_THROTTLED[self._service], name)
            if fault == "timeout":
                raise ReadTimeoutError(endpoint_url=self._service)
            with self._lock:
                answer = function(**arguments)
            if fault:
                raise ReadTimeoutError(endpoint_url=self._service)
            return answer

        return call
