"""The admin console of the Okta stand-in, which is the local OIDC provider that takes Okta's place (okta.py). In the
console, you choose who may sign in. You can also tell the app that a person has left.

Each button changes the person's state at the stand-in, and sends the request that Okta would send. The request is
either an event hook that contains the provider's secret, or a Universal Logout whose token is signed with the
stand-in's own key. In Okta's console, a person enters the app's addresses and the secret. For the stand-in, `up` writes
the addresses and the secret into a file (`leavers.py`). Without that file, the stand-in sends no request.

Sources: Okta, "Event hooks" and "System Log API" (the format of a request); Okta, "Build Universal Logout for your app"
(the token's header and claims). This module must not import other modules of `ops`, because the stand-in runs
without this package.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

#: Okta waits 3 s for the response to an event hook. The stand-in waits longer, because the local AWS may have to start
#: a container.
_ANSWER_SECONDS = 30.0
_TOKEN_SECONDS = 300
_REMEMBERED = 10
#: Button → the person's new state ("" for unchanged), and the event's type.
ACTIONS: Mapping[str, tuple[str, str]] = {
    "deactivate": ("deactivated", "user.lifecycle.deactivate"),
    "reactivate": ("active", "user.lifecycle.reactivate"),
    "remove": ("removed", "application.user_membership.remove"),
    "assign": ("active", "application.user_membership.add"),
    "clear": ("", "user.session.clear"),
}
#: Buttons that allow a person to sign in. Such a button sends no Universal Logout.
_LETS_IN = ("reactivate", "assign")
#: Buttons that also end the person's sessions at the stand-in.
ENDS_HERE = ("deactivate", "clear")
WAYS = ("event-hook", "universal-logout", "both")


@dataclass(frozen=True)
class Sent:
    """One request to the app. The page lists all such requests. `answer` is the status of the response. If no response
    arrived, `answer` says why.
    """

    at: str
    what: str
    answer: str


class Console:
    """The console's data: people's states at the stand-in, and the requests to the app. `file` contains the app's
    addresses. `sign` is a function that signs a token.
    """

    def __init__(
        self, file: Path | None, issuer: str, sign: Callable[[dict[str, Any]], str]
    ) -> None:
        self._file = file
        self._issuer = issuer
        self._sign = sign
        self._states: dict[str, str] = {}
        self.sent: deque[Sent] = deque(maxlen=_REMEMBERED)

    def state(self, sub: str) -> str:
        """Return the person's state: `active`, `deactivated`, or `removed` from the app."""
        return self._states.get(sub, "active")

    def press(self, action: str, sub: str, way: str) -> None:
        """Change a person's state and send the request to the app. Raises KeyError for an unknown action."""
        state, event_type = ACTIONS[action]
        if state:
            self._states[sub] = state
        told = self._told()
        if told is None:
            self._note(event_type, "not sent: this stack was started without the app's addresses")
            return
        if way != "universal-logout":
            self._post(
                told, event_type, told["event_hook"]["url"], *_hook_request(told, event_type, sub)
            )
        if way != "event-hook" and action not in _LETS_IN:
            url = told["universal_logout"]["url"]
            token = self._sign(_claims(self._issuer, url))
            subject = {"sub_id": {"format": "iss_sub", "iss": self._issuer, "sub": sub}}
            self._post(told, "Universal Logout", url, {"Authorization": f"Bearer {token}"}, subject)

    def _told(self) -> dict[str, Any] | None:
        if self._file is None or not self._file.exists():
            return None
        told: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return told

    def _post(
        self, told: Mapping[str, Any], what: str, url: str, headers: Mapping[str, str], body: Any
    ) -> None:
        import requests

        try:
            answer = requests.post(
                url,
                json=body,
                headers=dict(headers),
                verify=told["ca_file"] or True,
                timeout=_ANSWER_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._note(what, type(error).__name__)
        else:
            self._note(what, str(answer.status_code))

    def _note(self, what: str, answer: str) -> None:
        self.sent.appendleft(Sent(time.strftime("%H:%M:%S"), what, answer))


def _hook_request(
    told: Mapping[str, Any], event_type: str, sub: str
) -> tuple[dict[str, str], dict[str, Any]]:
    hook = told["event_hook"]
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    targets: Sequence[Mapping[str, str]] = [
        {"id": sub, "type": "User"},
        {"id": str(hook["app_id"]), "type": "AppInstance"},
    ]
    event = {
        "uuid": str(uuid.uuid4()),
        "published": now.replace("+00:00", "Z"),
        "eventType": event_type,
        "version": "0",
        "outcome": {"result": "SUCCESS"},
        "actor": {"id": "00uAdministrator", "type": "User"},
        "target": list(targets if event_type.startswith("application.") else targets[:1]),
    }
    body = {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "eventId": str(uuid.uuid4()),
        "data": {"events": [event]},
    }
    return {hook["authentication_field"]: hook["authentication_secret"]}, body


def _claims(issuer: str, url: str) -> dict[str, Any]:
    now = int(time.time())
    return {
        "jti": str(uuid.uuid4()),
        "iss": issuer,
        "sub": "gatehouse-local",
        "aud": url,
        "iat": now,
        "nbf": now,
        "exp": now + _TOKEN_SECONDS,
    }
