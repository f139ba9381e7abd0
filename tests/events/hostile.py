"""Generated events that Cognito would not send: documented events in which parts are replaced, removed or added."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.events import load_event

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(max_size=20)
    | st.sampled_from(["COGNITO", "Okta", "admins", "CONFIRMED", "[", '[{"providerName":"Okta"}]'])
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
#: Names that have a meaning for the table or the triggers, and names that have no meaning.
_NAMES = ["status", "createdAt", "userName", "sub", "identities", "custom:groups", "expiresAt", "x"]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    below = [place for key, each in inner for place in _places(each, (*path, key))]
    return [path, *below] if path else below


def _put(event: Any, path: tuple[Any, ...], value: Any, *, remove: bool) -> None:
    for key in path[:-1]:
        if not isinstance(event, dict | list):
            return
        try:
            event = event[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(event, dict) and remove:
        event.pop(path[-1], None)
    elif isinstance(event, dict):
        event[path[-1]] = value


@st.composite
def hostile_events(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    """Draw one of the documented events, with up to four changes."""
    event = deepcopy(load_event(draw(st.sampled_from(names))))
    places = _places(event)
    added = [("request", "userAttributes", name) for name in _NAMES]
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from([*places, *added]))
        _put(event, place, draw(JSON), remove=draw(st.booleans()))
    return event
