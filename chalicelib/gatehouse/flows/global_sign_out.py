"""Sign-out everywhere: no refresh works any more, and routes with `fresh=True` refuse older tokens."""

from ..cognito.pool_user import PoolUser
from ..cognito.user_admin import UserAdmin
from ..log import log_event
from ..store.users import UserStore
from .session_notes import SessionNotes


class GlobalSignOut:
    """Ends every session of a person: it revokes refresh tokens, sets `validAfter` in the record, and deletes session
    rows."""

    def __init__(self, *, users: UserStore, notes: SessionNotes, user_admin: UserAdmin) -> None:
        self._users = users
        self._notes = notes
        self._user_admin = user_admin

    def end_sessions(self, name: str) -> str:
        """End a person's sessions, and return the person's own user name. `name` may be an alias, such as an address.

        Raises NotFound and TemporarilyUnavailable. Repeating it does no harm, and completes a sign-out that was
        interrupted.

        The pool comes first. In the opposite order, a refresh between the two writes could still issue an access token that
        is newer than `validAfter`, and so remains valid.
        """
        person = self._user_admin.load(name)
        self._user_admin.sign_out_everywhere(person.user_name)
        self.end_here(person)
        return person.user_name

    def end_here(self, person: PoolUser) -> None:
        """End a person's sessions in our own tables only; for a disabled person this is enough.

        Raises TemporarilyUnavailable.
        """
        user_name = person.user_name
        if not self._users.record_signed_out(user_name):
            detail = "there is no record, or it already contains a later sign-out"
            log_event("sign_out_not_noted", level="warning", user=user_name, detail=detail)
        self._notes.end_all(person.sub, user_name)
