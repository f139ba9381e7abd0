"""Changes a person's own names in the user pool and in the person's record. If an identity provider manages the names,
the change is refused."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..cognito.identities import NATIVE
from ..errors import ManagedByProvider, NotFound, TemporarilyUnavailable
from ..store.users import UserRecord, UserStore

if TYPE_CHECKING:
    from ..cognito.user_admin import UserAdmin
    from ..store.providers import ProviderStore


class Profile:
    """Reads and changes the record of one caller. User name and `sub` identify the caller (S-50).

    Making a Cognito client takes 18 ms, and most callers read the record without a Cognito client. Therefore the client
    is made when a method first needs it.
    """

    def __init__(
        self,
        *,
        users: UserStore,
        load_user_admin: "Callable[[], UserAdmin]",
        load_providers: "Callable[[], ProviderStore]",
    ) -> None:
        self._users = users
        self._load_user_admin = load_user_admin
        self._load_providers = load_providers

    def load(self, user_name: str, sub: str) -> UserRecord:
        """Return the caller's record. Raises NotFound if there is no record, or if the record has another `sub`. In the
        second case, the record belongs to an earlier person, because a new person can get the same user name, but never
        the same `sub`."""
        record = self._users.load(user_name)
        if record is None or record.sub not in ("", sub):
            raise NotFound("the caller has no record; the next sign-in writes it")
        return record

    def providers_of(self, record: UserRecord) -> dict[str, str]:
        """Return the account's identity providers (name -> label). If a label cannot be read, the provider's name is
        used as the label."""
        names = [name for name in record.linked.split(",") if name]
        if record.provider not in ("", NATIVE):
            names.insert(0, record.provider)
        labels = {}
        for name in names:
            try:
                found = self._load_providers().find_ignoring_case(name)
            except TemporarilyUnavailable:
                return {name: name for name in names}
            labels[name] = found.label if found is not None else name
        return labels

    def second_factor(self, user_name: str, sub: str) -> tuple[str, ...]:
        """Return the second factors that the person has turned on, according to the pool. Raises NotFound and
        TemporarilyUnavailable."""
        person = self._load_user_admin().load(user_name)
        if person.sub != sub:
            raise NotFound("the name now belongs to another person")
        return person.factors

    def rename(self, user_name: str, sub: str, names: Mapping[str, str]) -> UserRecord:
        """Change `given_name` and `family_name`. The call may be repeated.

        Raises NotFound and TemporarilyUnavailable. Raises ManagedByProvider for a federated or linked person, because
        the next sign-in through the provider would overwrite the change.
        """
        record = self.load(user_name, sub)
        if record.provider != NATIVE or record.linked:
            raise ManagedByProvider(
                f"a provider manages the person's names: {record.provider} {record.linked}"
            )
        self._load_user_admin().update_names(user_name, names)
        self._users.record_names(user_name, names)
        return self.load(user_name, sub)
