"""Chooses the code that the Lambda function `account_mail` mails to an address (S-40, S-67, S-73).

- A new address gets an account with a random password that is not stored, and the code that confirms the account.
- An unconfirmed account gets the confirming code again.
- A confirmed account gets the code for a new password. Our forms accept both kinds of code.

Some unconfirmed accounts were not made by our server, but by an earlier release, or on Cognito's own page. A stranger
may have chosen the password of such an account, so the function removes the account and makes it again. The function
`account_mail` sends no answer to the browser, and so cannot reveal whether an address is known. Source: Amazon Cognito
API reference, "SignUp", "ResendConfirmationCode", "ForgotPassword", "AdminDeleteUser".
"""

import secrets

from ..cognito.pool_user import PoolUser
from ..cognito.user_admin import UserAdmin
from ..cognito.user_pool_api import UserPoolApi
from ..cognito.user_pool_calls import Refused
from ..log import log_event
from ..mail_requests import SIGN_UP, MailRequest
from ..store.locks import AddressLocks
from ..store.users import UserStore

UNCONFIRMED = "UNCONFIRMED"
#: Errors that are logged with the level `error`, because no mail was sent.
_UNDELIVERED = ("CodeDeliveryFailureException", "LimitExceededException")
#: The maximum time, in seconds, that `account_mail` waits while another function uses the same address. A long wait is
#: possible, because no person waits for an answer.
_PATIENCE_SECONDS = 10.0


class AccountMail:
    """Mails codes. If `send` raises TemporarilyUnavailable, Lambda tries again."""

    def __init__(
        self, *, api: UserPoolApi, user_admin: UserAdmin, users: UserStore, locks: AddressLocks
    ) -> None:
        self._api = api
        self._user_admin = user_admin
        self._users = users
        self._locks = locks

    def send(self, request: MailRequest) -> None:
        """Mail the code that the account of the address needs. If Cognito refuses a call, the refusal is logged."""
        with self._locks.held(request.lock, _PATIENCE_SECONDS):
            try:
                sent = self._send(request)
            except Refused as refused:
                level = "error" if refused.code in _UNDELIVERED else "info"
                log_event("account_refused", level=level, request=request.kind, detail=refused.code)
                return
        log_event("account_mail", request=request.kind, sent=sent)

    def _send(self, request: MailRequest) -> str:
        """Mail the code, and return the kind of mail: `sign-up`, `reset` or `nothing`."""
        user = self._user_admin.find(request.email)
        wanted = request.kind == SIGN_UP
        if user is not None and user.status == UNCONFIRMED:
            if self._users.is_ours(user.user_name):
                self._api.resend_code(user.user_name, request.ip)
                return "sign-up"
            self._remove(user)
            user, wanted = None, True
        if user is not None:
            self._api.forgot_password(user.user_name, request.ip)
            return "reset"
        if not wanted:
            return "nothing"
        self._api.sign_up(request.email, build_unknown_password(), request.ip)
        return "sign-up"

    def _remove(self, user: PoolUser) -> None:
        """Remove an unconfirmed account by its user name. The method does not use the address, because another account
        may have got the address in the meantime."""
        again = self._user_admin.find(user.user_name)
        if again is None or again.status != UNCONFIRMED:
            raise Refused("the account was confirmed in the meantime")
        self._user_admin.delete(user.user_name)
        self._users.delete_pending(user.user_name)
        log_event("unconfirmed_account_removed", user=user.user_name)


def build_unknown_password() -> str:
    """Return a random password of 384 bits, for an account whose owner has not yet chosen a password. The password is not
    stored."""
    return secrets.token_urlsafe(48)
