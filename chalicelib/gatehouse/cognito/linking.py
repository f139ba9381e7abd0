"""Links a federated person to the native account with the same verified address (S-56, S-68).

A person can be linked only before Cognito makes the person's profile (PreSignUp_ExternalProvider). The provider's row
must set both `trusted` and `link`. Exactly one native account must have the address. The native account must be
confirmed and enabled, and the account's address must be verified. The native account must not be linked to another
person of the same provider: a provider may give a former user's address to a new person, and the new person must not
get the former user's account. In addition, the users table must contain a proof (`provedAt`) that the mailbox's owner
has chosen the account's password. The proof is missing in older accounts, and in accounts that a stranger made for the
address. Accounts without a proof can be linked after the mailbox's owner has reset the password. If one of these
conditions is not met, the person is not linked, but gets a separate profile, and the log gives the reason.

AdminGetUser finds the account of an address by the pool's own rule for upper and lower case. AWS does not document
whether ListUsers distinguishes upper and lower case. ListUsers is called in addition, because a second account with the
address prevents linking, and ListUsers finds such an account. Sources: AWS "Linking federated users to an existing user
profile", "User pool case sensitivity"; API reference, AdminGetUser, AdminLinkProviderForUser, ListUsers.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..errors import TemporarilyUnavailable
from ..log import log_event
from .identities import Identity
from .pool_user import (
    FEDERATED_STATUS,
    PoolUser,
    load_pool_user,
    parse_pool_user,
)
from .user_pool_calls import Refused, call_cognito

_PAGE = 60
#: The maximum number of pages of ListUsers that are read. If the accounts of an address need more pages, nobody is
#: linked.
_PAGES = 3


class CognitoIdp(Protocol):
    """The methods of boto3's client that this module calls. The tests' fake client has the same methods."""

    def list_users(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_get_user(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_link_provider_for_user(self, **arguments: Any) -> dict[str, Any]: ...


class Linker:
    """Links people of one pool. `is_proved` returns whether the record of a user name contains a proof, or raises
    TemporarilyUnavailable."""

    def __init__(
        self, client: CognitoIdp, user_pool_id: str, is_proved: Callable[[str], bool]
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._is_proved = is_proved

    def link(self, provider: str, attributes: Mapping[str, Any]) -> PoolUser | None:
        """Link a new federated person to a native account. Return the linked account, or None if no account was linked.

        `provider` is the exact name of a provider whose people may be linked. `attributes` are the attributes in the
        trigger's event. Raises TemporarilyUnavailable, for example if the proof cannot be read. Cognito then calls the
        trigger again. A repeated link does no harm.
        """
        # Cognito converts the user name to lower case. The subject is therefore read from `custom:idp_sub`, because
        # this attribute keeps the subject's spelling.
        wanted = Identity(provider, _text(attributes, "custom:idp_sub"))
        doubt, found = doubt_about_newcomer(attributes), list[PoolUser]()
        if doubt is None:
            found = self._natives(_text(attributes, "email"))
            if not found:
                return None
            doubt = doubt_about_natives(found, wanted)
        if doubt is None and not self._is_proved(found[0].user_name):
            doubt = "perhaps the owner of the mailbox did not choose the password; the person must reset the password once"
        if doubt is not None:
            log_event("not_linked", provider=provider, detail=doubt)
            return None
        native = found[0]
        if wanted not in native.identities:
            self._link(native.user_name, wanted)
        log_event("linked", user=native.user_name, provider=provider)
        return self._load(native.user_name)

    def _natives(self, email: str) -> list[PoolUser]:
        """Return the native accounts whose address is `email`, by the pool's rule for upper and lower case.

        In a pool that distinguishes upper and lower case, an address that differs only in case belongs to another person.
        """
        led_to = load_pool_user(self._client.admin_get_user, self._pool, email)
        found: dict[str, PoolUser] = {}
        if led_to is not None:
            found[led_to.user_name] = led_to
        for spelling in dict.fromkeys((email, email.lower())):
            quoted = spelling.replace("\\", "\\\\").replace('"', '\\"')
            more: dict[str, str] = {}
            for _ in range(_PAGES):
                page = self._call(
                    self._client.list_users, Filter=f'email = "{quoted}"', Limit=_PAGE, **more
                )
                for user in map(parse_pool_user, page.get("Users", [])):
                    found.setdefault(user.user_name, user)
                if not page.get("PaginationToken"):
                    break
                more = {"PaginationToken": page["PaginationToken"]}
            else:
                raise TemporarilyUnavailable(
                    "ListUsers found too many people with the same address"
                )
        natives = [
            user
            for user in found.values()
            if user.status != FEDERATED_STATUS
            # `casefold` would treat straße and strasse as equal, although these are two mailboxes.
            and _text(user.attributes, "email").lower() == email.lower()
        ]
        if led_to is None:
            return [user for user in natives if _text(user.attributes, "email") == email]
        return natives

    def _link(self, user_name: str, identity: Identity) -> None:
        try:
            self._call(
                self._client.admin_link_provider_for_user,
                DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": user_name},
                SourceUser={
                    "ProviderName": identity.provider,
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": identity.subject,
                },
            )
        except Refused as refused:
            # Cognito may refuse a repeated or concurrent call although the link exists. So check whether the account
            # itself contains the link.
            if identity not in self._load(user_name).identities:
                raise TemporarilyUnavailable(f"AdminLinkProviderForUser: {refused.code}") from None

    def _load(self, user_name: str) -> PoolUser:
        user = load_pool_user(self._client.admin_get_user, self._pool, user_name)
        if user is None:
            raise TemporarilyUnavailable("AdminGetUser: the native account no longer exists")
        return user

    def _call(self, call: Any, **arguments: Any) -> dict[str, Any]:
        return call_cognito(call, {"UserPoolId": self._pool, **arguments})


def doubt_about_newcomer(attributes: Mapping[str, Any]) -> str | None:
    """Return the reason why a federated person cannot be linked to any account, or None."""
    if not _text(attributes, "custom:idp_sub"):
        return "no subject"
    if not _text(attributes, "email") or attributes.get("email_verified") != "true":
        return "the address is not verified"
    return None


def doubt_about_natives(found: list[PoolUser], wanted: Identity) -> str | None:
    """Return None if there is exactly one native account and this account is safe to link. Otherwise, return the reason
    why the person must not be linked."""
    if len(found) != 1:
        return f"{len(found)} native accounts have the address"
    (native,) = found
    if native.status != "CONFIRMED":
        return "the native account is not confirmed"
    if not native.enabled:
        return "the native account is disabled"
    if native.attributes.get("email_verified") != "true":
        return "the native account's address is not verified"
    theirs = {identity for identity in native.identities if identity.provider == wanted.provider}
    if theirs - {wanted}:
        return "the native account is already linked to another person of this provider"
    return None


def _text(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    return value if isinstance(value, str) else ""
