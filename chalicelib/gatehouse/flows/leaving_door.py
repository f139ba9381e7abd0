"""Where a provider's signals come in: who is speaking is proved, what is said is put into the queue (S-77 … S-80).

Nobody is signed out here. What is refused is counted, so that an alarm hears of a wrong secret, or of somebody who tries.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..cognito.provider_people import ProviderPeople
from ..errors import GatehouseError, InvalidToken, NotFound, TemporarilyUnavailable, Unauthorized
from ..log import count_metric, log_event
from ..okta.events import parse_events
from ..okta.revocation import Keys, Proof, parse_subject, verify_token
from ..signals import ENDED, Signal, SignalQueue, timestamp
from ..store.marks import MarkStore
from ..store.providers import Provider, ProviderStore
from ..store.subjects import SubjectStore

#: A mark outlives its token by the leeway of clocks.
_MARK_SECONDS_MORE = 60


class LeavingDoor:
    """Takes signals. `load_secret(arn, renew)` gives a provider's secret; `renew` asks past the cache.

    `load_keys` gives the keys of a JWKS URL; `clock` Unix seconds.
    """

    def __init__(
        self,
        *,
        providers: ProviderStore,
        subjects: SubjectStore,
        people: ProviderPeople,
        queue: SignalQueue,
        marks: MarkStore,
        load_secret: Callable[[str, bool], Mapping[str, object]],
        load_keys: Callable[[str], Keys],
        stage: str,
        clock: Callable[[], float],
    ) -> None:
        self._providers = providers
        self._subjects = subjects
        self._people = people
        self._queue = queue
        self._marks = marks
        self._load_secret = load_secret
        self._load_keys = load_keys
        self._stage = stage
        self._clock = clock

    def take_events(
        self, name: str, secret: str, load_body: Callable[[], Mapping[str, Any]]
    ) -> None:
        """Take one request of an event hook. `secret` is what it says; `load_body` is asked only once that is right.

        Raises Unauthorized, InvalidRequest, and TemporarilyUnavailable, after which Okta sends it once more.
        """
        with self._counted(name):
            provider = self._find(name)
            self._verify_secret(provider, secret)
            events = parse_events(
                load_body(),
                provider=provider.name,
                app_id=provider.leaving.app_id,
                now=self._clock(),
            )
        self._queue.send(events.signals)
        log_event(
            "leaving_taken",
            provider=provider.name,
            signals=len(events.signals),
            ignored=events.ignored,
            unreadable=events.unreadable,
        )

    def revoke(
        self, name: str, token: str, audience: str, load_body: Callable[[], Mapping[str, Any]]
    ) -> None:
        """Take one request of Universal Logout. `audience` is this endpoint's own URL.

        Raises NotFound for an unknown person too, as the draft asks; else as `take_events` does.
        """
        with self._counted(name):
            provider = self._find(name)
            issuer = provider.leaving.issuer
            if not issuer:
                raise Unauthorized("the provider has no Universal Logout here")
            try:
                proof = verify_token(
                    token,
                    issuer=issuer,
                    audience=audience,
                    keys=self._load_keys(provider.leaving.keys_url),
                    clock=self._clock,
                )
            except InvalidToken as error:
                raise Unauthorized(error.detail) from None
            subject = parse_subject(load_body(), {issuer, provider.issuer})
            mark = self._take_once(provider, proof)
        try:
            subjects = (
                (subject.subject,)
                if subject.subject and self._knows(provider, subject.subject)
                else self._people.subjects_of(provider.name, subject.email)
                if subject.email
                else ()
            )
            at = timestamp(self._clock())
            self._queue.send(
                [Signal(provider.name, each, ENDED, at, proof.id) for each in subjects]
            )
        except TemporarilyUnavailable:
            self._marks.take_off("revocation", *mark)
            raise
        log_event("leaving_taken", provider=provider.name, signals=len(subjects), ignored=0)
        if not subjects:
            raise NotFound("nobody of that provider has this name")

    def _knows(self, provider: Provider, subject: str) -> bool:
        row = self._subjects.load(provider.name, subject)
        return self._people.find(provider.name, subject, row.user_name) is not None

    def _take_once(self, provider: Provider, proof: Proof) -> tuple[str, str]:
        value = f"{provider.name}\0{proof.id}"
        seconds = int(proof.expires_at - self._clock()) + _MARK_SECONDS_MORE
        holder = self._marks.set("revocation", value, seconds)
        if holder is None:
            raise Unauthorized("the token has served already")
        return value, holder

    def _verify_secret(self, provider: Provider, told: str) -> None:
        """A secret that was rotated a moment ago is looked up anew; the one before it counts while it is kept."""
        arn = provider.leaving.secret_arn
        if not arn:
            raise Unauthorized("the provider has no event hook here")
        for renew in (False, True):
            kept = self._load_secret(arn, renew)
            known = [kept.get(which) for which in ("current", "previous")]
            # Every one is compared, so that the time says nothing of which was nearly right.
            matches = [
                hmac.compare_digest(told.encode(), each.encode())
                for each in known
                if isinstance(each, str) and each
            ]
            if any(matches):
                return
        raise Unauthorized("not the event hook's secret")

    def _find(self, name: str) -> Provider:
        """Raises Unauthorized, as for a wrong secret: the names of providers may be those of customers."""
        found = self._providers.find(name)
        if found is None:
            raise Unauthorized("no such provider")
        return found

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        try:
            yield
        except GatehouseError as error:
            if error.status < 500:
                log_event(
                    "leaving_refused",
                    level="warning",
                    provider=name[:64],
                    code=error.code,
                    detail=error.detail,
                )
                count_metric("RefusedLeavingSignals", self._stage, self._clock())
            raise
