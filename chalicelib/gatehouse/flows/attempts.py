"""Throttles attempts: an attempt is counted before Cognito is called, and the count is undone if Cognito did not check
anything (S-41, S-62)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from ..cognito.user_pool_api import Visitor
from ..cognito.user_pool_calls import TriggerFault
from ..errors import ChallengeExpired, InvalidCode, TemporarilyUnavailable, TooManyAttempts
from ..log import count_metric, log_event
from ..sealed.devices import Device, Devices
from ..store.daily_mails import DailyMails
from ..store.marks import MarkStore
from ..store.throttle import ThrottleStore, canonical_account
from ..store.users import UserStore, key_of

#: The allowances: passwords, mailed codes, requests that send a mail, and answers to challenges. Answers to challenges
#: are separate, so that strangers cannot block the second step: only somebody who knows the password can use up this
#: allowance.
SIGN_IN = "sign-in"
CODE = "code"
MAIL = "mail"
CHALLENGE = "challenge"
#: Challenges for a passkey, which anybody who knows an address can request. They allow no guesses, but each one costs
#: a call to Cognito.
PASSKEY = "passkey"
#: Challenges for autofill, which the page requests by itself in a known browser. Counted only per source.
AUTOFILL = "autofill"
#: Look-ups of an address's provider. Counted only per source, because no account is involved.
DISCOVERY = "discovery"
#: Requests to `/auth/login`. Other sites can send a browser to that address, so this allowance is separate. Otherwise
#: such requests could use up the page's own attempts.
LOGIN = "login"
#: Solutions of CAPTCHA puzzles, counted per source. Each one costs a call to the vendor, even if it is invented.
CAPTCHA = "captcha"

#: Values that are accepted once, and the seconds for which a used one is marked. Cognito accepts an app's code in its
#: own thirty seconds and in the thirty before and after; a longer mark does no harm. A challenge's cookie lasts
#: fifteen minutes.
_APP_CODE, _APP_CODE_SECONDS = "totp", 300
_STEP, _STEP_SECONDS = "step", 1800
#: The suffix that turns an address into the key for known browsers. No address contains a line break.
_KNOWN = "\nknown"


class Attempts:
    """The throttle with its metrics. `account` comes from `account_of`, or is a signed-in person's user name."""

    def __init__(
        self,
        throttle: ThrottleStore,
        marks: MarkStore,
        mails: DailyMails,
        devices: Devices,
        users: UserStore,
        stage: str,
        clock: Callable[[], float],
    ) -> None:
        self._throttle = throttle
        self._marks = marks
        self._mails = mails
        self._devices = devices
        self._users = users
        self._stage = stage
        self._clock = clock

    def account_of(self, email: str, visitor: Visitor) -> str:
        """Return the counter to which an attempt for this address is added: the counter for unknown browsers, or the counter
        that all known browsers of the address share (S-44, S-71).

        Call it once per request: if the browser seems to be known, this method reads the users table.
        """
        account = canonical_account(email)
        device = self._devices.recognise(visitor.device_cookie, account)
        known = device is not None and self._is_current(device)
        return _known(account) if known else account

    def is_known(self, account: str) -> bool:
        """Whether `account`, from `account_of`, is the counter of the account's known browsers."""
        return account.endswith(_KNOWN)

    def known_address(self, visitor: Visitor) -> str | None:
        """Return the address that this browser has signed in with before, according to its cookie, or None."""
        device = self._devices.read(visitor.device_cookie)
        return device.account if device is not None and self._is_current(device) else None

    def known_device(self, email: str, user_name: str) -> str:
        """Return the cookie value by which this browser is known for the address. `user_name` is the account's name in
        the pool."""
        return self._devices.remember(canonical_account(email), user_name)

    @contextmanager
    def guarded(self, kind: str, account: str | None, source: str) -> Iterator[None]:
        """Count one attempt, then run the `with` body, which calls Cognito. Raises TooManyAttempts.

        After an outage the attempt does not count. After a failed trigger it does, because Cognito has already checked the
        password.
        """
        try:
            self._take(kind, account, source)
        except TooManyAttempts:
            count_metric("ThrottledAttempts", self._stage, self._clock())
            raise
        try:
            yield
        except TriggerFault:
            raise
        except TemporarilyUnavailable:
            self._tidy(lambda: self._throttle.give_back(kind, account, source))
            if kind == MAIL:
                self._tidy(self._mails.give_back)
            raise

    @contextmanager
    def app_code_once(self, user_name: str, code: str) -> Iterator[None]:
        """Let the `with` body use an authenticator app's code, unless the person has already used the code (S-74). Raises
        InvalidCode.

        After any failure the code can be used again: neither a wrong code nor an outage blocks the person.
        """
        value = f"{key_of(user_name)}\0{code}"
        with self._once(_APP_CODE, value, _APP_CODE_SECONDS) as fresh:
            if not fresh:
                raise InvalidCode("this code of the authenticator app was already used")
            yield

    @contextmanager
    def step_once(self, session: str) -> Iterator[None]:
        """Let the `with` body answer a challenge, unless the challenge was already answered (S-74). Raises ChallengeExpired.

        `session` is Cognito's string for that step. If the answer is refused, or in an outage, the step can be answered
        again.
        """
        with self._once(_STEP, session, _STEP_SECONDS) as fresh:
            if not fresh:
                raise ChallengeExpired("this challenge was already answered")
            yield

    def failed(self) -> None:
        """Count a wrong password or code."""
        count_metric("FailedSignIns", self._stage, self._clock())

    def succeeded(self, kind: str, account: str | None, source: str) -> None:
        """Reset the account's counter of a kind, and do not count the last attempt for the source address."""
        self._tidy(lambda: self._throttle.succeeded(kind, account, source))

    def forget(self, kind: str, email: str) -> None:
        """Reset the counters of another `kind` for an address, both of unknown and of known browsers."""
        account = canonical_account(email)
        self._tidy(lambda: self._throttle.forget_account(kind, account))
        self._tidy(lambda: self._throttle.forget_account(kind, _known(account)))

    def counted(self, kind: str, account: str, source: str) -> tuple[int, int]:
        """Return the current number of attempts: of the account, and of the source."""
        return self._throttle.counted(kind, account, source)

    def _take(self, kind: str, account: str | None, source: str) -> None:
        self._throttle.take(kind, account, source)
        if kind != MAIL:
            return
        try:
            self._mails.take()
        except (TooManyAttempts, TemporarilyUnavailable) as error:
            self._tidy(lambda: self._throttle.give_back(kind, account, source))
            if isinstance(error, TooManyAttempts):
                log_event("mails_used_up", level="error", retry_after=error.retry_after)
                count_metric("MailsUsedUp", self._stage, self._clock())
            raise

    @contextmanager
    def _once(self, kind: str, value: str, seconds: int) -> Iterator[bool]:
        """Mark a value as used. The `with` body receives True at the first use; if the body raises an error, the mark is
        removed."""
        holder = self._marks.set(kind, value, seconds)
        try:
            yield holder is not None
        except BaseException:
            if holder is not None:
                self._tidy(lambda: self._marks.take_off(kind, value, holder))
            raise

    def _is_current(self, device: Device) -> bool:
        """Whether a device became known under the current password. If this cannot be found out, the device counts as
        unknown."""
        try:
            record = self._users.load(device.user_name)
        except TemporarilyUnavailable as error:
            log_event("device_not_checked", level="warning", detail=error.detail)
            return False
        if record is None:
            return False
        try:
            proved_at = datetime.fromisoformat(record.provedAt.replace("Z", "+00:00"))
        except ValueError:
            # No proof is recorded for this older account. The device counts as unknown if the account's sessions were
            # ended after the device became known.
            return record.provedAt == "" and not record.ends_tokens_of(device.issued_at // 1000)
        return device.issued_at >= round(proved_at.timestamp() * 1000)

    def _tidy(self, action: Callable[[], None]) -> None:
        """Change a counter, and ignore an outage: an uncorrected counter causes a pause at most, and must not prevent a
        sign-in."""
        try:
            action()
        except TemporarilyUnavailable as error:
            log_event("throttle_not_tidied", level="warning", detail=error.detail)


def _known(account: str) -> str:
    """Return the counter that all known browsers of an account share."""
    return f"{account}{_KNOWN}"
