"""The hosted sign-in: authorization code with PKCE through Cognito, from the first redirect to the session.

The steps b to g in docs/architecture.md are the hosted sign-in. This module does not depend on a web framework: its
functions take the request's data and return the response's data.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from ..cognito.identities import NATIVE
from ..cognito.issuers import both_forms
from ..cognito.oauth import OAuthClient, TokenSet
from ..cognito.tokens import TokenVerifier
from ..errors import (
    OUTAGE_MARKER,
    REFUSAL_MARKER,
    AccessDenied,
    AccountDisabled,
    InvalidGrant,
    InvalidToken,
    LoginUnknown,
    SignInError,
    SignUpRefused,
    TemporarilyUnavailable,
    UnknownProvider,
)
from ..log import log_event
from ..sealed.transactions import LoginTransaction, LoginTransactions, cookie_name
from ..session.device_names import name_device
from ..session.sessions import Session
from ..settings import Settings
from ..store.providers import ProviderStore
from .new_session import NewSessions


@dataclass(frozen=True)
class LoginStart:
    """The start of a sign-in: the browser's redirect, the cookie with the sealed transaction, and the older login cookies
    to delete."""

    authorize_url: str = field(repr=False)  # contains state and nonce
    transaction: LoginTransaction
    sealed: str = field(repr=False)
    surplus_cookies: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CallbackQuery:
    """The parameters of Cognito's callback URL. Each parameter occurs at most once."""

    code: str | None = field(repr=False)
    error: str | None = None
    error_description: str | None = field(default=None, repr=False)
    issuer: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """A finished sign-in: the new session, the session's cookie value, and the person's target address."""

    session: Session
    sealed: str = field(repr=False)
    return_to: str


class ReadAhead(Protocol):
    """A cached value that can be loaded before its first use."""

    def begin(self) -> None: ...
    def settle(self) -> None: ...


class HostedSignIn:
    """Starts and finishes sign-ins at the Cognito hosted UI.

    `needed` lists the values that a new Lambda container must load before it can finish a sign-in.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        oauth: OAuthClient,
        tokens: TokenVerifier,
        transactions: LoginTransactions,
        new_sessions: NewSessions,
        providers: ProviderStore,
        needed: Sequence[ReadAhead] = (),
    ) -> None:
        self._needed = needed
        self._settings = settings
        self._oauth = oauth
        self._tokens = tokens
        self._transactions = transactions
        self._new_sessions = new_sessions
        self._providers = providers

    def start(
        self,
        *,
        provider: str | None,
        email: str | None,
        return_to: str,
        remember: bool,
        redirect_uri: str,
        cookies: Mapping[str, str],
        login_hint: str | None = None,
        confirm: bool = False,
    ) -> LoginStart:
        """Begin a sign-in. The caller has already validated `return_to`. `login_hint` is the person's probable address.

        If `confirm` is true, a signed-in person must authenticate again, and the new session keeps the old session's
        choice of "stay signed in".

        Raises UnknownProvider.
        """
        transaction = self._transactions.begin(
            return_to=return_to,
            provider=self._choose_provider(provider, email),
            remember=remember,
            remembered=self._new_sessions.find_remembered(cookies) if confirm else "",
        )
        return self._to_cognito(transaction, redirect_uri, cookies, login_hint, confirm)

    def _to_cognito(
        self,
        transaction: LoginTransaction,
        redirect_uri: str,
        cookies: Mapping[str, str],
        login_hint: str | None = None,
        confirm: bool = False,
    ) -> LoginStart:
        url = self._oauth.build_authorize_url(
            redirect_uri=redirect_uri,
            state=transaction.state,
            nonce=transaction.nonce,
            code_challenge=transaction.code_challenge,
            provider=transaction.provider,
            login_hint=login_hint,
            confirm=confirm,
        )
        sealed = self._transactions.seal(transaction)
        return LoginStart(
            authorize_url=url,
            transaction=transaction,
            sealed=sealed,
            surplus_cookies=self._transactions.surplus(cookies, len(sealed)),
        )

    @contextmanager
    def reading_ahead(self, states: Sequence[str], cookies: Mapping[str, str]) -> Iterator[None]:
        """Load the sealing keys and the other values of `needed` in parallel.

        A callback without a login cookie may come from a stranger. For such a callback, this method loads nothing.
        """
        begun = self._needed if states and cookie_name(states[0]) in cookies else ()
        for each in begun:
            each.begin()
        try:
            yield
        finally:
            for each in begun:
                each.settle()

    def find(self, state: str | None, cookies: Mapping[str, str]) -> LoginTransaction:
        """Return the transaction that belongs to a callback. Raises LoginExpired, LoginUsed or LoginUnknown."""
        if state is None:
            raise LoginUnknown("callback without a state")
        return self._transactions.load(cookies, state)

    def finish(
        self,
        transaction: LoginTransaction,
        query: CallbackQuery,
        *,
        redirect_uri: str,
        user_agent: str,
        cookies: Mapping[str, str],
    ) -> "SignedIn | LoginStart":
        """Make a session from a callback. If Cognito refused the sign-in because our trigger has just linked the
        person, start a second sign-in instead.

        Raises SignInError or TemporarilyUnavailable. If this method raises an error, it has written neither a session
        nor a record.
        """
        if query.issuer is not None and query.issuer not in both_forms(self._settings.issuer):
            raise SignInError("callback names another issuer")
        if query.error is not None:
            if is_linked_now(query.error_description or "") and not transaction.retried:
                log_event("sign_in_retried", provider=transaction.provider)
                again = self._transactions.begin(
                    return_to=transaction.return_to,
                    provider=transaction.provider,
                    remember=transaction.remember,
                    retried=True,
                    remembered=transaction.remembered,
                )
                return self._to_cognito(again, redirect_uri, {})
            raise map_callback_error(query.error, query.error_description or "")
        if not query.code:
            raise SignInError("callback without a code")
        try:
            # Load the keys before using the code, because the code works only once. If the code were used first and the
            # keys could not be loaded afterwards, the new tokens could not be verified and would be lost.
            self._tokens.load_keys()
            tokens = self._oauth.exchange_code(
                code=query.code,
                code_verifier=transaction.code_verifier,
                redirect_uri=redirect_uri,
            )
            with self._new_sessions.revoked_on_failure(tokens.refresh_token):
                return self._start(tokens, transaction, user_agent, cookies)
        except (InvalidGrant, InvalidToken) as error:
            raise SignInError(error.detail) from None

    def _start(
        self,
        tokens: TokenSet,
        transaction: LoginTransaction,
        user_agent: str,
        cookies: Mapping[str, str],
    ) -> SignedIn:
        if tokens.id_token is None:
            raise InvalidToken("Cognito returned no ID token: the scope openid is not granted")
        identity = self._tokens.verify_id_token(
            tokens.id_token,
            nonce=transaction.nonce,
            access_token=tokens.access_token,
            from_cognito=True,
        )
        access = self._tokens.verify_access_token(tokens.access_token, from_cognito=True)
        if access.sub != identity.sub:
            raise SignInError("ID token and access token name different people")
        assert tokens.refresh_token is not None
        session, sealed = self._new_sessions.start(
            identity,
            tokens.refresh_token,
            door="hosted",
            remember=transaction.remember or transaction.remembered == identity.sub,
            device=name_device(user_agent),
            # A linked person has a native account, but may have signed in through a provider. Therefore use the
            # transaction's provider, if the transaction has one.
            provider=transaction.provider or identity.provider,
            cookies=cookies,
        )
        return SignedIn(session, sealed, transaction.return_to)

    def _choose_provider(self, provider: str | None, email: str | None) -> str | None:
        if provider is not None:
            if provider == NATIVE and self._settings.direct_sign_in != "off":
                return NATIVE
            if provider != NATIVE and self._providers.find(provider) is not None:
                return provider
            raise UnknownProvider("provider is not registered")
        if email is not None:
            found = self._providers.find_by_email(email)
            if found is not None:
                return found.name
            if self._settings.direct_sign_in == "off":
                raise UnknownProvider("no provider has the address's domain")
            return NATIVE
        return None


def is_linked_now(description: str) -> bool:
    """Whether Cognito refused a person's first sign-in because our trigger has just linked the person.

    When Cognito refuses the sign-in, the link already exists, so a second attempt succeeds. AWS documents no error code
    for this refusal. Source: AWS re:Post, "Already found an entry for username". Cognito writes spaces as plus signs,
    and AWS does not document whether API Gateway always decodes plus signs.
    """
    return "already found an entry for username" in description.casefold().replace("+", " ")


def is_disabled(description: str) -> bool:
    """Whether Cognito refused a sign-in because the person's profile is disabled.

    AWS does not document the text of this error. Several open-source apps check their callbacks for the first of the
    two texts in this function. The second text occurs in the errors of Cognito's API.
    """
    said = description.casefold().replace("+", " ")
    return "user is not enabled" in said or "user is disabled" in said


def map_callback_error(error: str, description: str) -> SignInError | TemporarilyUnavailable:
    """Return our error for Cognito's `error` and `error_description`. Our error does not contain Cognito's texts
    (S-13)."""
    if REFUSAL_MARKER in description:
        return SignUpRefused("pre sign-up refused")
    if OUTAGE_MARKER in description:
        return TemporarilyUnavailable("the users table did not answer the trigger")
    if is_disabled(description):
        return AccountDisabled("the profile is disabled")
    if error == "access_denied":
        return AccessDenied("access_denied")
    if error in ("temporarily_unavailable", "server_error"):
        return TemporarilyUnavailable(error)
    return SignInError("Cognito answered with another error")
