"""Acts on the signals that identity providers send about their people (S-75, S-77 … S-82). Runs in the Lambda function
`leaving`.

- The person's sessions end in the same way as after a sign-out by an administrator: the pool revokes the refresh
  tokens, and the person's record gets `validAfter`.
- If a person is deactivated at the provider, the provider's row decides whether the person's profile in the pool is
  disabled. The row has a separate rule for linked accounts.
- If a person is reactivated at the provider, the profile is enabled again, but only if an earlier signal had disabled
  the profile.
- If a person loses a group at the provider, the group is removed from `custom:groups`. The next sign-in through the
  provider replaces the whole list.

Each signal arrives at least once, and signals arrive in any order. Each signal contains the provider's own time, and a
newer signal overrides an older signal. A repeated signal does no harm.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..cognito.group_texts import parse_provider_groups, write_groups
from ..cognito.identities import NATIVE, birthplace_of
from ..cognito.pool_user import PoolUser
from ..cognito.provider_people import ProviderPeople
from ..cognito.user_admin import UserAdmin
from ..log import count_metric, log_event
from ..signals import BACK, GONE, LEFT_GROUP, Signal
from ..store.providers import DISABLE, NOTHING, Provider, ProviderStore
from ..store.subjects import SubjectRecord, SubjectStore
from ..store.users import UserStore
from .global_sign_out import GlobalSignOut

#: The maximum number of calls to Cognito per second from one instance of the function. Two instances may run at once
#: (`MaximumConcurrency` in the identity template), and Cognito allows 25 calls per second in all.
CALLS_PER_SECOND = 12


@dataclass(frozen=True)
class _Person:
    """The person named in a signal."""

    provider: Provider
    subject: str
    row: SubjectRecord
    user: PoolUser

    @property
    def rule(self) -> str:
        """The provider's rule for this person's profile after a deactivation. Linked accounts have their own rule."""
        born = birthplace_of(self.user.user_name, self.user.identities)
        leaving = self.provider.leaving
        return leaving.linked if born.provider == NATIVE else leaving.gone


class Leaving:
    """Acts on signals. `clock` returns Unix seconds."""

    def __init__(
        self,
        *,
        providers: ProviderStore,
        subjects: SubjectStore,
        people: ProviderPeople,
        users: UserStore,
        user_admin: UserAdmin,
        global_sign_out: GlobalSignOut,
        stage: str,
        clock: Callable[[], float],
    ) -> None:
        self._providers = providers
        self._subjects = subjects
        self._people = people
        self._users = users
        self._user_admin = user_admin
        self._global_sign_out = global_sign_out
        self._stage = stage
        self._clock = clock

    def act(self, signal: Signal) -> None:
        """Act on one signal. Signals about unknown people, and outdated signals, are only logged.

        Raises TemporarilyUnavailable. Raises NotFound if the person is deleted in the meantime.
        """
        provider = self._providers.find(signal.provider)
        row = self._subjects.load(signal.provider, signal.subject)
        user = None
        if provider is not None:
            user = self._people.find(provider.name, signal.subject, row.user_name)
        if provider is None or user is None:
            self._log("leaving_unknown", signal, level="warning")
            count_metric("UnknownLeavingSignals", self._stage, self._clock())
            return
        person = _Person(provider, signal.subject, row, user)
        if signal.kind == BACK:
            done = self._let_in(person, signal.at)
        elif signal.kind == LEFT_GROUP:
            done = self._take_group(person, signal)
        else:
            done = self._end_sessions(person, signal.at)
            if signal.kind == GONE:
                done = self._shut_out(person, signal.at) or done
        self._log("leaving" if done else "leaving_without_effect", signal, user=user.user_name)

    def note_heard(self, provider: str) -> None:
        """Record the time of the provider's last signal, for the command `doctor`. Raises TemporarilyUnavailable."""
        self._subjects.note_signal(provider)

    def _end_sessions(self, person: _Person, at: str) -> bool:
        if at <= person.row.ended_at or person.rule == NOTHING:
            return False
        self._sign_out(person.user)
        self._subjects.note_ended(person.provider.name, person.subject, at)
        return True

    def _sign_out(self, user: PoolUser) -> None:
        if user.enabled:
            self._global_sign_out.end_sessions(user.user_name)
        else:
            # AWS does not document whether AdminUserGlobalSignOut works for a disabled person. Therefore end the
            # sessions in our own tables. For a disabled person, nothing else is needed.
            self._global_sign_out.end_here(user)

    def _shut_out(self, person: _Person, at: str) -> bool:
        """Disable the profile if the provider's row says so. If a newer signal has reactivated the person, the profile
        stays enabled."""
        if at <= person.row.decided_at or person.rule != DISABLE:
            return False
        name, subject, user = person.provider.name, person.subject, person.user
        disabled = user.enabled
        if disabled:
            self._subjects.note_disabling(name, subject, at)
            self._user_admin.disable(user.user_name)
        if self._subjects.note_gone(name, subject, at):
            return True
        if disabled:
            self._user_admin.enable(user.user_name)  # the person was reactivated in the meantime
        return False

    def _let_in(self, person: _Person, at: str) -> bool:
        if at <= person.row.decided_at:
            return False
        name, subject, user = person.provider.name, person.subject, person.user
        ours = bool(person.row.disabled_at) and not user.enabled
        if ours:
            self._user_admin.enable(user.user_name)
        if self._subjects.note_back(name, subject, at):
            return True
        if ours:
            self._user_admin.disable(user.user_name)  # the person was deactivated again meanwhile
        return False

    def _take_group(self, person: _Person, signal: Signal) -> bool:
        """Remove a group from the profile. End the person's sessions, because the sessions' tokens may still contain
        the group.

        If the person has signed in through the provider since the signal, the profile already has the current groups
        and stays unchanged. For a linked person the group is always removed, because the person's last sign-in may have
        been by password, and a sign-in by password stores no groups. The next sign-in through the provider stores the
        list again.
        """
        user = person.user
        told = parse_provider_groups(user.attributes.get("custom:groups")).names
        if not person.provider.groups_claim or signal.group not in told:
            return False
        if birthplace_of(user.user_name, user.identities).provider != NATIVE:
            record = self._users.load(user.user_name)
            if record is not None and record.lastSignInAt > signal.at:
                return False
        text, _ = write_groups(name for name in told if name != signal.group)
        self._user_admin.write_told_groups(user.user_name, text)
        self._sign_out(user)
        return True

    def _log(self, event: str, signal: Signal, **fields: str) -> None:
        log_event(
            event,
            provider=signal.provider,
            subject=signal.subject,
            kind=signal.kind,
            id=signal.id,
            at=signal.at,
            **fields,
        )
