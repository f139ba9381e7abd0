"""Signs a person out everywhere. After the sign-out, every refresh fails, and routes with `fresh=True` refuse tokens
from before the sign-out."""

from ..cognito.pool_user import PoolUser
from ..cognito.user_admin import UserAdmin
from ..log import log_event
from ..store.users import UserStore
from .session_notes import SessionNotes


class GlobalSignOut:
    """Ends every session of a person: revokes the refresh tokens, sets `validAfter` in the person's record, and deletes
    the session rows."""

    def __init__(self, *, users: UserStore, notes: SessionNotes, user_admin: UserAdmin) -> None:
        self._users = users
        self._notes = notes
        self._user_admin = user_admin

    def end_sessions(self, name: str) -> str:
        """End a person's sessions, and return the person's user name in the pool. `name` may be an alias, such as an
        address.

        Raises NotFound and TemporarilyUnavailable. The call may be repeated. A repeated call completes an interrupted
        sign-out.

        The method changes the pool first and our tables second. In the opposite order, a refresh between the two writes
        could issue an access token that is newer than `validAfter`, and this token would remain valid.
        """
        person = self._user_admin.load(name)
        self._user_admin.sign_out_everywhere(person.user_name)
        self.end_here(person)
        return person.user_name

    def end_here(self, person: PoolUser) -> None:
        """End a person's sessions in our own tables, but not at Cognito. For a disabled person, it is sufficient to
        change the tables.

        Raises TemporarilyUnavailable.
        """
        user_name = person.user_name
        if not self._users.record_signed_out(user_name):
            detail = "there is no record, or it already contains a later sign-out"
            log_event("sign_out_not_noted", level="warning", user=user_name, detail=detail)
        self._notes.end_all(person.sub, user_name)
