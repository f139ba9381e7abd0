"""The user-pool trigger that writes people to the users table. The trigger handles PreSignUp, PostConfirmation and
PostAuthentication.

One pure function per trigger source interprets an event. `handle` stores the result. Cognito gives a trigger five seconds
and tries up to three times, so every event may arrive twice, late, or out of order (S-55). Source: AWS "Customizing user
pool workflows with Lambda triggers" and its pages on each trigger.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..cognito.identities import NATIVE, Birthplace, Identity, birthplace_of, parse_identities
from ..cognito.sign_up_mark import has_mark
from ..errors import SignUpRefused, TemporarilyUnavailable, TriggerRefused
from ..log import log_event
from ..settings import Settings
from ..sign_up_rules import refuse_address, refuse_attributes
from ..store.providers import Provider, ProviderStore
from ..store.users import NAME_COLUMNS, OUR_SERVER, UserProfile, UserStore

if TYPE_CHECKING:
    from ..cognito.linking import Linker
    from ..cognito.pool_user import PoolUser
    from ..store.passkey_notes import PasskeyNotes
    from ..store.subjects import SubjectStore

Event = dict[str, Any]

#: The value of `callerContext.clientId` for an administrator's call.
_NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"


def handle(
    event: Event,
    settings: Settings,
    users: UserStore,
    providers: ProviderStore,
    load_linker: "Callable[[], Linker]",
    load_client_secret: Callable[[bool], str],
    load_subjects: "Callable[[], SubjectStore | None]",
    load_passkey_notes: "Callable[[], PasskeyNotes | None]",
) -> Event:
    """Store the data of `event`. Return `event`, as Cognito expects.

    `load_client_secret(renew)` returns the app client's secret. `renew=True` bypasses the secret's cache. `load_subjects`
    returns None on a stage without the index of people by subject. `load_passkey_notes` returns None on a stage without
    passkeys.

    Raises TriggerRefused for events of another pool, and SignUpRefused if our rules do not allow the sign-up. Raises
    TemporarilyUnavailable if the person does not exist yet and a table does not answer. Cognito then refuses the
    sign-up, and the person can try again. If the person already has a record, even a PENDING record, the person can
    confirm and sign in even while the table does not answer. The next sign-in repairs the record.
    """
    if event.get("userPoolId") != settings.user_pool_id:
        raise TriggerRefused("the event belongs to another user pool")
    store = _WRITES.get(str(event.get("triggerSource")))
    if store is None:
        raise TriggerRefused("unknown triggerSource")
    profile = parse_profile(event, settings.client_id)
    if event["triggerSource"] == "PreSignUp_SignUp":
        if profile.client_id == settings.program_client_id:
            raise SignUpRefused(
                "the sign-up used the public app client for programs, which allows no sign-ups"
            )
        _refuse_sign_up(event, profile.email, settings, providers)
        if settings.direct_sign_in == "embedded":
            _refuse_unmarked(event, profile.email, load_client_secret)
            users.record_pending(profile, OUR_SERVER)
            return event
    if event["triggerSource"] == "PreSignUp_ExternalProvider":
        provider = _allowed_provider(profile, providers)
        profile = replace(profile, provider=provider.name)
        if provider.link and provider.trusted:
            native = load_linker().link(provider.name, _attributes(event))
            if native is not None:
                # Cognito makes no profile for a linked person, so record the account to which the person was linked.
                users.record_confirmed(_native_profile(native, profile.client_id))
                _note_subjects(native.identities, native.user_name, load_subjects)
                return event
    try:
        if store is UserStore.record_sign_in:
            _refuse_moved_address(profile, providers)
        store(users, profile)
        if event["triggerSource"] == "PostConfirmation_ConfirmForgotPassword":
            users.record_proved(profile.user_name)
        identities = parse_identities(_attributes(event).get("identities"))
        _note_subjects(identities, profile.user_name, load_subjects)
    except TemporarilyUnavailable as error:
        if store is UserStore.record_pending:
            raise
        log_event("record_not_written", level="error", user=profile.user_name, detail=error.detail)
        return event
    finally:
        # `record_proved` has run before, and has stopped every unfinished set-up of a passkey. So no passkey can be
        # added between `record_proved` and `_end_passkeys`.
        if event["triggerSource"] == "PostConfirmation_ConfirmForgotPassword":
            _end_passkeys(profile.user_name, load_passkey_notes)
    log_event("user_record", source=event["triggerSource"], user=profile.user_name)
    return event


#: After ConfirmForgotPassword, Cognito runs PostConfirmation again. By then, the person has proved access to the
#: address, so the event sets the record to CONFIRMED.
_WRITES: Mapping[str, Callable[[UserStore, UserProfile], None]] = {
    "PreSignUp_SignUp": UserStore.record_pending,
    "PreSignUp_AdminCreateUser": UserStore.record_pending,
    "PreSignUp_ExternalProvider": UserStore.record_pending,
    "PostConfirmation_ConfirmSignUp": UserStore.record_confirmed,
    "PostConfirmation_ConfirmForgotPassword": UserStore.record_confirmed,
    "PostAuthentication_Authentication": UserStore.record_sign_in,
}


def _end_passkeys(user_name: str, load_passkey_notes: "Callable[[], PasskeyNotes | None]") -> None:
    """Record that the person's passkeys must be refused, because the password was reset by mail. A reset on managed
    login counts, too (S-102)."""
    notes = load_passkey_notes()
    try:
        if notes is not None:
            notes.end(user_name)
    except TemporarilyUnavailable as error:
        log_event("passkeys_not_ended", level="error", user=user_name, detail=error.detail)


def _note_subjects(
    identities: tuple[Identity, ...],
    user_name: str,
    load_subjects: "Callable[[], SubjectStore | None]",
) -> None:
    """Update the index of people by subject. When a provider sends a signal about a person, Gatehouse finds the person
    with this index. After an outage, the next sign-in repairs the index."""
    subjects = load_subjects() if identities else None
    if subjects is None:
        return
    try:
        for identity in identities:
            if identity.subject:
                subjects.note_person(identity.provider, identity.subject, user_name)
    except TemporarilyUnavailable as error:
        log_event("subject_not_noted", level="error", user=user_name, detail=error.detail)


def _refuse_sign_up(
    event: Mapping[str, Any], email: str, settings: Settings, providers: ProviderStore
) -> None:
    """Raise SignUpRefused if the person is not allowed to create an account.

    Anybody can bypass our own page by calling the user pool's API for sign-ups. Therefore, the trigger must enforce the
    rules.
    """
    reason = (
        refuse_attributes(_attributes(event))
        or refuse_address(email, settings.sign_up_allowed_domains, settings.sign_up_refused_domains)
        or providers.refuse_native(email)
    )
    if reason:
        raise SignUpRefused(reason)


def _refuse_unmarked(
    event: Mapping[str, Any], email: str, load_client_secret: Callable[[bool], str]
) -> None:
    """Raise SignUpRefused for a sign-up that our own server did not send (S-67).

    A sign-up on Cognito's own page is refused, because that page accepts a password before the person has proved access
    to the mailbox. Our own server adds a mark, made with the app client's secret. If the mark does not match, the
    secret is read again, because the secret may have been rotated.
    """
    metadata = _request(event).get("clientMetadata")
    if not metadata or not any(
        has_mark(metadata, email, load_client_secret(renew)) for renew in (False, True)
    ):
        raise SignUpRefused("the sign-up did not come from the app's own page")


def _allowed_provider(profile: UserProfile, providers: ProviderStore) -> Provider:
    """Return the provider of a new federated person. Raises SignUpRefused."""
    provider = providers.find_ignoring_case(profile.provider)
    if provider is None:
        raise SignUpRefused("the provider is not in the table")
    reason = providers.refuse_address(profile.email, [provider.name])
    if reason:
        raise SignUpRefused(reason)
    return provider


def _refuse_moved_address(profile: UserProfile, providers: ProviderStore) -> None:
    """Raise SignUpRefused if a provider has given the person an address that the provider must not use.

    At each sign-in, Cognito copies the provider's attributes to the profile again, even for linked accounts. So the
    address must be checked at each sign-in.
    """
    names = [name for name in (profile.provider, *profile.linked.split(",")) if name]
    names = [name for name in names if name != NATIVE]
    if names and (reason := providers.refuse_address(profile.email, names)):
        raise SignUpRefused(reason)


def _native_profile(native: "PoolUser", client_id: str) -> UserProfile:
    """Return the pool's data about an account to which a federated person was linked."""

    def text(name: str) -> str:
        return native.attributes.get(name, "")

    return UserProfile(
        user_name=native.user_name,
        client_id=client_id,
        email=text("email"),
        given_name=text("given_name"),
        family_name=text("family_name"),
        provider=NATIVE,
        sub=text("sub"),
        linked=",".join(birthplace_of(native.user_name, native.identities).linked),
        told=NAME_COLUMNS,
    )


def _attributes(event: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = _request(event).get("userAttributes")
    return attributes if isinstance(attributes, Mapping) else {}


def _request(event: Mapping[str, Any]) -> Mapping[str, Any]:
    request = event.get("request")
    return request if isinstance(request, Mapping) else {}


def parse_profile(event: Mapping[str, Any], client_id: str) -> UserProfile:
    """Return an event's data about a person. `client_id` is used if the event names no app client.

    Unknown attributes are ignored, so that a sign-up cannot add columns. At PreSignUp, `sub` does not exist yet.
    """
    user_name = event.get("userName")
    if not isinstance(user_name, str) or not user_name:
        raise TriggerRefused("event without userName")
    attributes = {**_attributes(event), **_confirmed_names(event)}

    def text(name: str) -> str:
        value = attributes.get(name)
        return value if isinstance(value, str) else ""

    birthplace = parse_birthplace(event, user_name, text("identities"))
    caller = event.get("callerContext")
    caller_client = caller.get("clientId") if isinstance(caller, Mapping) else None

    return UserProfile(
        user_name=user_name,
        client_id=client_id if caller_client in (None, "", _NO_CLIENT) else str(caller_client),
        email=text("email"),
        given_name=text("given_name"),
        family_name=text("family_name"),
        provider=birthplace.provider,
        sub=text("sub"),
        linked=",".join(birthplace.linked),
        told=_told_names(event, attributes),
    )


def _confirmed_names(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given name and the family name that were sent with a sign-up's code. The pool gets the two names only
    after this event (S-67)."""
    if event.get("triggerSource") != "PostConfirmation_ConfirmSignUp":
        return {}
    metadata = _request(event).get("clientMetadata")
    given = metadata if isinstance(metadata, Mapping) else {}
    return {name: given[name] for name in ("given_name", "family_name") if given.get(name)}


def _told_names(event: Mapping[str, Any], attributes: Mapping[str, Any]) -> frozenset[str]:
    """Return the columns of `NAME_COLUMNS` for which the event contains complete data. Only the events of a sign-in
    contain complete data.

    At a sign-in, Cognito sends the whole profile, including `sub`, so a missing name is empty in the pool. At a sign-up
    and at a confirmation, Cognito sends only some of the attributes, so a missing name is unknown. A value that is not
    text is ignored.
    """
    if event.get("triggerSource") != "PostAuthentication_Authentication" or "sub" not in attributes:
        return frozenset()
    return frozenset(name for name in NAME_COLUMNS if isinstance(attributes.get(name, ""), str))


def parse_birthplace(event: Mapping[str, Any], user_name: str, identities: str) -> Birthplace:
    """Return the provider that created a person, and the providers that were linked later.

    After Cognito has created the person, the `identities` attribute contains the providers. Before the creation, the
    `userName` of a federated person is `<provider>_<subject>`. `ops provider add` allows no underscore in a provider's
    name, so the first underscore ends the name. Native user names are UUIDs, which people cannot choose.
    """
    found = parse_identities(identities)
    if not found and event.get("triggerSource") == "PreSignUp_ExternalProvider":
        prefix, separator, _ = user_name.partition("_")
        if separator:
            return Birthplace(prefix, ())
    return birthplace_of(user_name, found)
