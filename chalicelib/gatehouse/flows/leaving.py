"""Acts on a provider's signal about one of the provider's people, in the function `leaving` (S-75, S-77 … S-82).

- Sessions end as after an administrator's sign-out: the pool revokes refresh tokens, and the record gets `validAfter`.
- A person who is deactivated at the provider is disabled in the pool, if the provider's row requires this. Linked
  accounts have a separate rule.
- A person who is reactivated at the provider is enabled in the pool, if a signal had disabled the profile.
- If a person loses a group at the provider, the group is removed from `custom:groups`. The next sign-in through the
  provider replaces the whole list.

Each signal arrives at least once, and signals arrive in any order. The provider's own time shows which signal is newer,
and the newer signal wins. A repeated signal does no harm.
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

#: Calls to Cognito per second from each of the two instances that may run at once (`MaximumConcurrency` in the identity
#: template). Cognito allows 25 calls per second in all.
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
        """The provider's rule for the profile of a person who is deactivated at the provider."""
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

        Raises NotFound if the person is deleted in the meantime, and TemporarilyUnavailable.
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
        """Record the time of a provider's last signal. `doctor` reads this time. Raises TemporarilyUnavailable."""
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
            # AWS does not document whether AdminUserGlobalSignOut works for a disabled person. Delete the rows, which
            # also ends the sessions.
            self._global_sign_out.end_here(user)

    def _shut_out(self, person: _Person, at: str) -> bool:
        """Disable the profile, if the provider's row requires this and the person was not reactivated by a newer
        signal."""
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
        """Remove a group from the profile, and end the person's sessions, whose tokens may contain the group.

        If the person has signed in through the provider since the signal, the profile already has the current groups and
        stays unchanged. A linked person's sign-in by password does not store groups. After a sign-in by password the
        group is removed, and the next sign-in through the provider stores the list again.
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
