"""Accounts of people without a provider: sign-up, confirmation, forgotten passwords.

A known and an unknown address get the same answer everywhere (S-40). Cognito does half of that
(PreventUserExistenceErrors); what it still tells apart ends here, in the log.
Source: AWS "Managing user existence error responses" (Amazon Cognito developer guide).
"""

from collections.abc import Callable, Collection

from chalicelib.cognito.user_admin import UserAdmin
from chalicelib.cognito.user_pool_api import Origin, UserPoolApi
from chalicelib.cognito.user_pool_calls import Refused
from chalicelib.errors import (
    InvalidCode,
    InvalidPassword,
    NotFound,
    SignUpNotAllowed,
    TemporarilyUnavailable,
)
from chalicelib.flows.attempts import CODE, MAIL, SIGN_IN, Attempts
from chalicelib.flows.credentials import PASSWORD_REQUIREMENTS, read_code, verify_new_password
from chalicelib.log import log_event
from chalicelib.sign_up_rules import refuse_address
from chalicelib.store.providers import ProviderStore

_BAD_PASSWORD = ("InvalidPasswordException", "PasswordHistoryPolicyViolationException")
#: What an operator should hear of: nobody got the mail.
_UNDELIVERED = ("CodeDeliveryFailureException", "LimitExceededException")


class Accounts:
    """Makes accounts and gives new passwords. Every method raises TooManyAttempts and TemporarilyUnavailable."""

    def __init__(
        self,
        *,
        api: UserPoolApi,
        user_admin: UserAdmin,
        attempts: Attempts,
        providers: ProviderStore,
        allowed_domains: Collection[str],
        refused_domains: Collection[str],
    ) -> None:
        self._api = api
        self._user_admin = user_admin
        self._attempts = attempts
        self._providers = providers
        self._allowed_domains = allowed_domains
        self._refused_domains = refused_domains

    def sign_up(
        self, *, email: str, password: str, given_name: str, family_name: str, origin: Origin
    ) -> None:
        """Start an account. Raises InvalidPassword and SignUpNotAllowed, which say nothing about the address's owner."""
        verify_new_password(password)
        # The pre-sign-up trigger checks this too. Asked here first, the answer cannot depend on whether the user exists.
        # It tells whether the domain is some provider's, as /auth/discover does; here each miss costs an attempt, too.
        reason = refuse_address(
            email, self._allowed_domains, self._refused_domains
        ) or self._providers.refuse_native(email)
        if reason:
            raise SignUpNotAllowed(reason)
        attributes = {"email": email, "given_name": given_name, "family_name": family_name}
        with self._attempts.guarded(MAIL, self._attempts.account_of(email, origin), origin.ip):
            try:
                self._api.sign_up(email, password, attributes, origin)
            except Refused as refused:
                if refused.by_our_rules:
                    raise SignUpNotAllowed("pre sign-up refused") from None
                if refused.code in _BAD_PASSWORD:
                    raise InvalidPassword(
                        refused.code, requirements=PASSWORD_REQUIREMENTS
                    ) from None
                _log_refusal("sign_up", refused)

    def confirm(self, *, email: str, code: str, origin: Origin) -> None:
        """Prove an address by the mailed code. Raises InvalidCode."""
        digits = read_code(code)
        self._use_code(
            "confirm", email, origin, lambda: self._api.confirm_sign_up(email, digits, origin)
        )

    def resend_code(self, *, email: str, origin: Origin) -> None:
        """Mail the code of a sign-up again, if there is anybody to mail it to."""
        self._send_mail("resend_code", email, origin, lambda: self._api.resend_code(email, origin))

    def forgot_password(self, *, email: str, origin: Origin) -> None:
        """Mail a code for a new password, if there is anybody to mail it to."""
        self._send_mail(
            "forgot_password", email, origin, lambda: self._api.forgot_password(email, origin)
        )

    def reset_password(self, *, email: str, code: str, password: str, origin: Origin) -> None:
        """Set a new password by the mailed code, and end every session. Raises InvalidCode and InvalidPassword."""
        verify_new_password(password)
        digits = read_code(code)
        self._use_code(
            "reset_password",
            email,
            origin,
            lambda: self._api.reset_password(email, digits, password, origin),
        )
        # Whoever reads the mailbox owns the account: a pause that somebody else's guesses opened ends here.
        self._attempts.forget(SIGN_IN, email)
        self._end_sessions(email)

    def _end_sessions(self, email: str) -> None:
        """Whoever knew the old password may be signed in with it (ASVS 7.4.3). The new one stands even if this fails."""
        try:
            self._user_admin.sign_out_everywhere(email)
        except (NotFound, TemporarilyUnavailable) as error:
            log_event("sessions_not_ended", level="error", detail=error.detail)

    def _send_mail(
        self, request: str, email: str, origin: Origin, call: Callable[[], None]
    ) -> None:
        with self._attempts.guarded(MAIL, self._attempts.account_of(email, origin), origin.ip):
            try:
                call()
            except Refused as refused:
                _log_refusal(request, refused)

    def _use_code(self, request: str, email: str, origin: Origin, call: Callable[[], None]) -> None:
        account = self._attempts.account_of(email, origin)
        with self._attempts.guarded(CODE, account, origin.ip):
            try:
                call()
            except Refused as refused:
                _log_refusal(request, refused)
                if refused.code in _BAD_PASSWORD:
                    raise InvalidPassword(
                        refused.code, requirements=PASSWORD_REQUIREMENTS
                    ) from None
                self._attempts.failed()
                raise InvalidCode(refused.code) from None
        self._attempts.succeeded(CODE, account, origin.ip)
        log_event("account", request=request)


def _log_refusal(request: str, refused: Refused) -> None:
    level = "error" if refused.code in _UNDELIVERED else "info"
    log_event("account_refused", level=level, request=request, detail=refused.code)
