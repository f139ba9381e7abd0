"""Creates accounts of people without a provider, and resets forgotten passwords. Sign-up and reset each need a mailed
code.

An account belongs to the person who reads the account's mailbox (S-67). Before a person chooses the password, the name
and the second factor, the person must prove access to the mailbox. To sign up, a person first enters just an address.
Then the person enters the mailed code, and chooses the password in the same step. Known and unknown addresses always
get the same answer (S-40), after the same time (S-73). Sources: OWASP, "Account pre-hijacking"; A. Sudhodanan and A.
Paverd, "Pre-hijacked accounts" (USENIX Security 2022); AWS "Managing user existence error responses" (Amazon Cognito
developer guide).
"""

from collections.abc import Callable, Collection, Mapping

from ..cognito.pool_user import PoolUser
from ..cognito.user_admin import UserAdmin
from ..cognito.user_pool_api import UserPoolApi, Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    InvalidCode,
    InvalidPassword,
    NotFound,
    SignUpNotAllowed,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..mail_requests import SIGN_UP, MailRequest, MailRequests
from ..sign_up_rules import refuse_address
from ..store.locks import AddressLocks
from ..store.passkey_notes import PasskeyNotes
from ..store.providers import ProviderStore
from ..store.users import UserStore
from .account_mail import UNCONFIRMED
from .attempts import CODE, MAIL, SIGN_IN, Attempts
from .credentials import PASSWORD_REQUIREMENTS, read_code, verify_new_password
from .session_notes import SessionNotes

_BAD_PASSWORD = ("InvalidPasswordException", "PasswordHistoryPolicyViolationException")
#: The maximum time, in seconds, that the check of a code waits while a mail to the same address is being sent.
_PATIENCE_SECONDS = 2.0


class Accounts:
    """Creates accounts and sets new passwords. `passkeys` is None on a stage without passkeys.

    Every method raises TooManyAttempts and TemporarilyUnavailable.
    """

    def __init__(
        self,
        *,
        api: UserPoolApi,
        user_admin: UserAdmin,
        users: UserStore,
        notes: SessionNotes,
        locks: AddressLocks,
        mail: MailRequests,
        attempts: Attempts,
        providers: ProviderStore,
        passkeys: PasskeyNotes | None,
        allowed_domains: Collection[str],
        refused_domains: Collection[str],
    ) -> None:
        self._api = api
        self._user_admin = user_admin
        self._users = users
        self._notes = notes
        self._locks = locks
        self._mail = mail
        self._attempts = attempts
        self._providers = providers
        self._passkeys = passkeys
        self._allowed_domains = allowed_domains
        self._refused_domains = refused_domains

    def sign_up(self, *, email: str, visitor: Visitor) -> None:
        """Mail a code that confirms a new account, or resets the password of an existing account. Raises
        SignUpNotAllowed."""
        # The pre-sign-up trigger checks the address, too. Because this method checks the address first, the answer is
        # the same whether or not the user exists. Like /auth/discover, the answer reveals whether the domain belongs to
        # a provider. Each call with an address of any other domain requests a mail, and each such request counts as an
        # attempt.
        reason = refuse_address(
            email, self._allowed_domains, self._refused_domains
        ) or self._providers.refuse_native(email)
        if reason:
            raise SignUpNotAllowed(reason)
        self.send_code(SIGN_UP, email=email, visitor=visitor)

    def send_code(self, kind: str, *, email: str, visitor: Visitor) -> None:
        """Request a mail with a code. The code is mailed only if the address has an account that needs the code. `kind`
        is one of `mail_requests.KINDS`."""
        with self._attempts.guarded(MAIL, self._attempts.account_of(email, visitor), visitor.ip):
            self._mail.send(MailRequest(kind, email, visitor.ip, self._locks.key_of(email)))

    def prove(
        self,
        *,
        email: str,
        code: str,
        password: str,
        names: Mapping[str, str],
        visitor: Visitor,
    ) -> None:
        """Check the mailed code of a sign-up or of a forgotten password, and set the new password.

        `names` contains `given_name` and `family_name`, or is empty. Raises InvalidCode and InvalidPassword.

        At sign-up, the account got a random password that was not stored. If the Lambda function crashes between two
        calls to Cognito, the account keeps this random password. The person can then request another code, and set a
        password with that code.
        """
        verify_new_password(password)
        digits = read_code(code)
        account = self._attempts.account_of(email, visitor)
        with (
            self._attempts.guarded(CODE, account, visitor.ip),
            self._locks.held(self._locks.key_of(email), _PATIENCE_SECONDS),
        ):
            user = self._user_admin.find(email)
            # The user's record is read for every address, so that all answers take the same time.
            ours = self._users.is_ours(email if user is None else user.user_name)
            if user is not None and user.status == UNCONFIRMED and ours:
                self._confirm(user, digits, password, names, visitor)
            else:
                self._reset(user, email, digits, password, names, visitor)
        self._attempts.succeeded(CODE, account, visitor.ip)
        # The throttle may have paused sign-ins because other people guessed passwords. The pause ends here, because the
        # mailbox's owner owns the account.
        self._attempts.forget(SIGN_IN, email)

    def _confirm(
        self, user: PoolUser, digits: str, password: str, names: Mapping[str, str], visitor: Visitor
    ) -> None:
        """Check the code, then set the password. The code must be checked first, because when a password is set,
        Cognito confirms the account, too."""
        name = user.user_name
        self._use_code(
            "confirm", lambda: self._api.confirm_sign_up(name, digits, names, visitor.ip)
        )
        if names:
            self._user_admin.update_names(name, names)
        try:
            self._user_admin.set_password(name, password)
        except Refused as refused:
            # `prove` has already checked the password by the rules of our template. If Cognito still refuses the
            # password, the pool's policy must differ from the template.
            raise TemporarilyUnavailable(f"AdminSetUserPassword: {refused.code}") from None
        self._note_proof(name, {})
        log_event("account", request="confirm", user=name)

    def _reset(
        self,
        user: PoolUser | None,
        email: str,
        digits: str,
        password: str,
        names: Mapping[str, str],
        visitor: Visitor,
    ) -> None:
        """Set a new password, end every session, and refuse all earlier passkeys. For an unknown address, Cognito answers
        that the code is wrong."""
        name = email if user is None or user.status == UNCONFIRMED else user.user_name
        self._use_code(
            "reset_password",
            lambda: self._api.reset_password(name, digits, password, visitor.ip),
        )
        if user is None:
            raise InvalidCode("a code for an unknown account was accepted")
        if names and not user.identities:
            self._user_admin.update_names(name, names)
        self._sign_out(user)
        self._note_proof(name, {} if user.identities else names, sessions_ended=True)
        # `_note_proof` runs before `_end_passkeys`. Once the proof is recorded, an earlier session cannot set up
        # another passkey, so `_end_passkeys` covers all passkeys of earlier sessions.
        self._end_passkeys(user)
        # The session rows are deleted last. A person with the old password may have made so many rows that their
        # deletion takes all the remaining time.
        self._notes.end_all(user.sub, user.user_name)
        log_event("account", request="reset_password", user=name)

    def _use_code(self, request: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Refused as refused:
            log_event("account_refused", request=request, detail=refused.code)
            if refused.code in _BAD_PASSWORD:
                raise InvalidPassword(refused.code, requirements=PASSWORD_REQUIREMENTS) from None
            self._attempts.failed()
            raise InvalidCode(refused.code) from None

    def _note_proof(
        self, user_name: str, names: Mapping[str, str], *, sessions_ended: bool = False
    ) -> None:
        """Record that the mailbox's owner has chosen the password. If the record cannot be written, the password is
        still valid, but federated people cannot be linked to the account (S-68)."""
        try:
            if names:
                self._users.record_names(user_name, names)
            self._users.record_proved(user_name, sessions_ended=sessions_ended)
        except TemporarilyUnavailable as error:
            log_event("record_not_written", level="error", user=user_name, detail=error.detail)

    def _end_passkeys(self, user: PoolUser) -> None:
        """Record that the account's present passkeys must be refused, because a person who knew the old password may
        have set up a passkey (S-102).

        The passkeys themselves cannot be deleted here, because Cognito would require a token of the owner. The new
        password is valid even if this method fails.
        """
        if self._passkeys is None:
            return
        try:
            self._passkeys.end(user.user_name)
        except TemporarilyUnavailable as error:
            log_event("passkeys_not_ended", level="error", user=user.user_name, detail=error.detail)

    def _sign_out(self, user: PoolUser) -> None:
        """Revoke the refresh tokens of anybody who signed in with the old password (ASVS 7.4.3).

        The new password is valid even if this method fails. The caller then deletes the rows of the sessions, and a
        session without a row fails at its next refresh.
        """
        try:
            self._user_admin.sign_out_everywhere(user.user_name)
        except (NotFound, TemporarilyUnavailable) as error:
            log_event("sessions_not_ended", level="error", detail=error.detail)
