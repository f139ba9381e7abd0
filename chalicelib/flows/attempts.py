"""Guesses under the throttle: taken before Cognito is asked, given back where Cognito looked at nothing (S-41, S-62)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chalicelib.cognito.user_pool_api import Origin
from chalicelib.cognito.user_pool_calls import TriggerFault
from chalicelib.errors import TemporarilyUnavailable, TooManyAttempts
from chalicelib.log import count_metric, log_event
from chalicelib.session.devices import Devices
from chalicelib.store.throttle import ThrottleStore, canonical_account

#: The budgets: passwords, mailed codes, requests that send a mail, and answers to challenges. The last has its own because
#: only who knows the password can use it up: strangers must not be able to bar the second step.
SIGN_IN = "sign-in"
CODE = "code"
MAIL = "mail"
CHALLENGE = "challenge"
#: Which provider an address belongs to; counted per source only, since no account is concerned.
DISCOVERY = "discovery"
#: The same by way of `/auth/login`. Its own, because other sites can send a browser there: they must not bar the page.
LOGIN = "login"
#: Solved puzzles, counted per source: a vendor is asked about each, whoever made it up.
CAPTCHA = "captcha"


class Attempts:
    """The throttle with its metrics. `account` comes from `account_of`, or is a signed-in person's user name."""

    def __init__(
        self,
        throttle: ThrottleStore,
        devices: Devices,
        stage: str,
        clock: Callable[[], float],
    ) -> None:
        self._throttle = throttle
        self._devices = devices
        self._stage = stage
        self._clock = clock

    def account_of(self, email: str, origin: Origin) -> str:
        """Return whose budget an address uses: its own, or that of a device which is known to it (S-44)."""
        account = canonical_account(email)
        device = self._devices.recognise(origin.device_cookie, account)
        return account if device is None else f"{account}\n{device}"

    def known_device(self, email: str, origin: Origin) -> str:
        """Return the cookie value that makes this browser known to the address."""
        return self._devices.remember(origin.device_cookie, canonical_account(email))

    @contextmanager
    def guarded(self, kind: str, account: str | None, source: str) -> Iterator[None]:
        """Take one attempt, then let the body ask Cognito. Raises TooManyAttempts.

        An outage gives the attempt back; a trigger that failed does not, since by then the password was checked.
        """
        try:
            self._throttle.take(kind, account, source)
        except TooManyAttempts:
            count_metric("ThrottledAttempts", self._stage, self._clock())
            raise
        try:
            yield
        except TriggerFault:
            raise
        except TemporarilyUnavailable:
            self._tidy(lambda: self._throttle.give_back(kind, account, source))
            raise

    def failed(self) -> None:
        """Count a wrong password or code."""
        count_metric("FailedSignIns", self._stage, self._clock())

    def succeeded(self, kind: str, account: str | None, source: str) -> None:
        """Forget the account's attempts of a kind; the source gets back the one it took."""
        self._tidy(lambda: self._throttle.succeeded(kind, account, source))

    def forget(self, kind: str, account: str) -> None:
        """Forget the account's attempts of a kind that was not taken now."""
        self._tidy(lambda: self._throttle.forget_account(kind, account))

    def counted(self, kind: str, account: str, source: str) -> tuple[int, int]:
        """Return how many attempts count at the moment: of the account, and of the source."""
        return self._throttle.counted(kind, account, source)

    def _tidy(self, action: Callable[[], None]) -> None:
        """A counter that cannot be tidied costs somebody a pause, and must not cost a sign-in."""
        try:
            action()
        except TemporarilyUnavailable as error:
            log_event("throttle_not_tidied", level="warning", detail=error.detail)
