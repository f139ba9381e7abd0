"""Converts the events of Okta's event hook to signals about our people.

No other module interprets Okta's events. Events of other kinds or of other apps, and events that failed at Okta, are
ignored. Sources: Okta, "Event hooks" (a request contains several events; events arrive at least once, in any order;
`published` and `uuid`), "System Log API" (LogEvent: actor, outcome, target), and Okta's catalogue of event types.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import InvalidRequest
from ..signals import BACK, ENDED, GONE, LEFT_GROUP, Signal, timestamp

#: The maximum number of events in a request. A request of 256 kB contains about a hundred events. Okta's own limit is
#: 100,000 events a day.
MAX_EVENTS = 1000
#: The maximum number of seconds by which an event's time may be ahead of our clock. If an event's time is further
#: ahead, the event is unreadable. If such an event were accepted, all following events would seem outdated.
MAX_AHEAD_SECONDS = 600
_MAX_LENGTH = 256
_APP_EVENTS: Mapping[str, str] = {
    "application.user_membership.remove": GONE,
    "application.user_membership.add": BACK,
}
_RESET = "user.account.reset_password"
_GROUP_REMOVED = "group.user_membership.remove"
KIND_OF_EVENT: Mapping[str, str] = {
    "user.lifecycle.deactivate": GONE,
    "user.lifecycle.suspend": GONE,
    "user.lifecycle.delete.initiated": GONE,
    "user.lifecycle.activate": BACK,
    "user.lifecycle.reactivate": BACK,
    "user.lifecycle.unsuspend": BACK,
    "user.session.clear": ENDED,
    _RESET: ENDED,
    _GROUP_REMOVED: LEFT_GROUP,
    **_APP_EVENTS,
}


@dataclass(frozen=True)
class Events:
    """The content of one request: signals about our people, the number of ignored events, and the number of unreadable
    events."""

    signals: tuple[Signal, ...]
    ignored: int
    unreadable: int


class _Unreadable(ValueError):
    """Raised for an event that lacks a member required for the event's type."""


def parse_events(body: Mapping[str, Any], *, provider: str, app_id: str, now: float) -> Events:
    """Read a request's body. `app_id` is our app's id at Okta. `now` is in Unix seconds.

    Raises InvalidRequest if `body` is not a request of an event hook. Unreadable events are only counted.
    """
    data = body.get("data")
    listed = data.get("events") if isinstance(data, Mapping) else None
    if not isinstance(listed, list) or not listed or len(listed) > MAX_EVENTS:
        raise InvalidRequest("not a request of an event hook")
    signals: list[Signal] = []
    ignored = unreadable = 0
    for event in listed:
        try:
            signal = _parse_event(event, provider, app_id, now)
        except _Unreadable:
            unreadable += 1
            continue
        if signal is None:
            ignored += 1
        else:
            signals.append(signal)
    if unreadable == len(listed):
        raise InvalidRequest("none of the request's events can be read")
    return Events(tuple(signals), ignored, unreadable)


def _parse_event(event: Any, provider: str, app_id: str, now: float) -> Signal | None:
    if not isinstance(event, Mapping):
        raise _Unreadable
    event_type = _text(event, "eventType")
    kind = KIND_OF_EVENT.get(event_type)
    outcome = event.get("outcome")
    result = outcome.get("result") if isinstance(outcome, Mapping) else None
    if kind is None or result not in (None, "SUCCESS"):
        return None
    if event_type in _APP_EVENTS and app_id not in _targets(event, "AppInstance", "id"):
        return None
    subject = next(_targets(event, "User", "id"), None)
    if subject is None:
        raise _Unreadable
    actor = event.get("actor")
    if event_type == _RESET and isinstance(actor, Mapping) and actor.get("id") == subject:
        return None  # the event is the person's own action, not an administrator's
    group = ""
    if kind == LEFT_GROUP:
        group = next(_targets(event, "UserGroup", "displayName"), "")
        if not group:
            raise _Unreadable
    at = _published(event, now)
    return Signal(provider, subject, kind, at, _text(event, "uuid"), group)


def _published(event: Mapping[str, Any], now: float) -> str:
    text = _text(event, "published")
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        seconds = moment.timestamp()
    except (ValueError, OverflowError):
        raise _Unreadable from None
    if moment.tzinfo is None or seconds > now + MAX_AHEAD_SECONDS:
        raise _Unreadable
    return timestamp(seconds)


def _targets(event: Mapping[str, Any], kind: str, name: str) -> Iterator[str]:
    listed = event.get("target")
    for target in listed if isinstance(listed, list) else ():
        if isinstance(target, Mapping) and target.get("type") == kind:
            value = target.get(name)
            if isinstance(value, str) and 0 < len(value) <= _MAX_LENGTH:
                yield value


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_LENGTH:
        raise _Unreadable
    return value
