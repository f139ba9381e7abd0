"""Throttles attempts. An attempt is counted before the call to Cognito. The count is undone if Cognito did not check a
password or code (S-41, S-62)."""

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

#: The kinds of attempts, each with a separate counter: passwords, mailed codes, requests that send a mail, and answers
#: to challenges. Answers to challenges count separately, so that strangers cannot block the second step. To answer a
#: challenge, a person must know the password. So strangers cannot increase the counter of answers.
SIGN_IN = "sign-in"
CODE = "code"
MAIL = "mail"
CHALLENGE = "challenge"
#: Challenges for a passkey. Anybody who knows an address can request a challenge. An attacker cannot guess anything
#: with a challenge. The requests are counted nevertheless, because each request needs a call to Cognito.
PASSKEY = "passkey"
#: Challenges for autofill. In a known browser, the page requests such a challenge by itself. Challenges for autofill
#: are counted only per source.
AUTOFILL = "autofill"
#: Look-ups of an address's provider. Look-ups are counted only per source, because no account is involved.
DISCOVERY = "discovery"
#: Requests to `/auth/login`. These requests have a separate counter, because other sites can send a browser to
#: `/auth/login`. With a shared counter, requests from other sites could use up the page's own attempts.
LOGIN = "login"
#: Solutions of CAPTCHA puzzles, counted per source. Even an invented solution needs a call to the vendor.
CAPTCHA = "captcha"

#: The kinds of values that Gatehouse accepts only once. For each kind, the number says for how many seconds a used
#: value stays marked. Cognito accepts a code of an authenticator app for ninety seconds: in the code's own thirty
#: seconds, in the thirty seconds before, and in the thirty seconds after. A longer mark does no harm. A challenge's
#: cookie lasts fifteen minutes.
_APP_CODE, _APP_CODE_SECONDS = "totp", 300
_STEP, _STEP_SECONDS = "step", 1800
#: The suffix that turns an address into the key for known browsers. An address never contains a line break.
_KNOWN = "\nknown"


class Attempts:
    """The throttle, with metrics. `account` is a result of `account_of`, or a signed-in person's user name."""

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
        """Return the key of the counter for an attempt with this address. All unknown browsers share one counter, and
        all known browsers of the address share another counter (S-44, S-71).

        Call this method once per request, because the method reads the users table if the browser seems to be known.
        """
        account = canonical_account(email)
        device = self._devices.recognise(visitor.device_cookie, account)
        known = device is not None and self._is_current(device)
        return _known(account) if known else account

    def is_known(self, account: str) -> bool:
        """Whether `account`, a result of `account_of`, is the key of the counter of known browsers."""
        return account.endswith(_KNOWN)

    def known_address(self, visitor: Visitor) -> str | None:
        """Return the address of this browser's last sign-in, from the browser's cookie, or None."""
        device = self._devices.read(visitor.device_cookie)
        return device.account if device is not None and self._is_current(device) else None

    def known_device(self, email: str, user_name: str) -> str:
        """Return the cookie value that marks this browser as known for the address. `user_name` is the account's name
        in the pool."""
        return self._devices.remember(canonical_account(email), user_name)

    @contextmanager
    def guarded(self, kind: str, account: str | None, source: str) -> Iterator[None]:
        """Count one attempt, then run the `with` body, which calls Cognito. Raises TooManyAttempts.

        After an outage the attempt does not count. After a failed trigger the attempt counts, because Cognito has already
        checked the password.
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
        """Mark an authenticator app's code as used, then run the `with` body. Raises InvalidCode if the person has
        already used the code (S-74).

        After any failure the code can be used again, so a wrong code or an outage does not block the person.
        """
        value = f"{key_of(user_name)}\0{code}"
        with self._once(_APP_CODE, value, _APP_CODE_SECONDS) as fresh:
            if not fresh:
                raise InvalidCode("this code of the authenticator app was already used")
            yield

    @contextmanager
    def step_once(self, session: str) -> Iterator[None]:
        """Mark a challenge as answered, then run the `with` body. Raises ChallengeExpired if the challenge was already
        answered (S-74).

        `session` is Cognito's Session string of the challenge. After a refused answer or an outage, the challenge can be
        answered again.
        """
        with self._once(_STEP, session, _STEP_SECONDS) as fresh:
            if not fresh:
                raise ChallengeExpired("this challenge was already answered")
            yield

    def failed(self) -> None:
        """Count a wrong password or code in the metric `FailedSignIns`."""
        count_metric("FailedSignIns", self._stage, self._clock())

    def succeeded(self, kind: str, account: str | None, source: str) -> None:
        """After a success, reset the account's counter for attempts of this `kind`, and undo the count of the last
        attempt for the source address."""
        self._tidy(lambda: self._throttle.succeeded(kind, account, source))

    def forget(self, kind: str, email: str) -> None:
        """Reset the counters of a `kind` for an address: the counter of unknown browsers and the counter of known
        browsers."""
        account = canonical_account(email)
        self._tidy(lambda: self._throttle.forget_account(kind, account))
        self._tidy(lambda: self._throttle.forget_account(kind, _known(account)))

    def counted(self, kind: str, account: str, source: str) -> tuple[int, int]:
        """Return the current numbers of attempts for the account and for the source."""
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
        """Mark a value as used. The `with` body gets True at the first use. If the body raises an error, the mark is
        removed."""
        holder = self._marks.set(kind, value, seconds)
        try:
            yield holder is not None
        except BaseException:
            if holder is not None:
                self._tidy(lambda: self._marks.take_off(kind, value, holder))
            raise

    def _is_current(self, device: Device) -> bool:
        """Whether a device became known after the current password was set. If the users table does not answer, the
        device counts as unknown."""
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
            # In the record of an older account, `provedAt` may be empty. The device of such an account counts as
            # unknown if the account's sessions were ended after the device became known.
            return record.provedAt == "" and not record.ends_tokens_of(device.issued_at // 1000)
        return device.issued_at >= round(proved_at.timestamp() * 1000)

    def _tidy(self, action: Callable[[], None]) -> None:
        """Run `action`, a function that changes a counter, and ignore an outage. A wrong counter causes a pause at
        most, so an outage here must not prevent a sign-in."""
        try:
            action()
        except TemporarilyUnavailable as error:
            log_event("throttle_not_tidied", level="warning", detail=error.detail)


def _known(account: str) -> str:
    """Return the key of the counter that all known browsers of an account share."""
    return f"{account}{_KNOWN}"
