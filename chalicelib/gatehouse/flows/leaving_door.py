"""Receives a provider's signals about people: authenticates the sender, and puts the signals into the queue (S-77 …
S-80).

The function `leaving` acts on the signals later. Refused requests are counted, so that an alarm reports a wrong secret or an
attack.
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

#: The number of seconds for which the table keeps a used token's entry after the token has expired. The additional time
#: is needed because clocks differ.
_MARK_SECONDS_MORE = 60


class LeavingDoor:
    """Receives signals. `load_secret(arn, renew)` returns a provider's secret. `renew=True` bypasses the cache.

    `load_keys` returns the public keys that a JWKS URL provides. `clock` returns Unix seconds.
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
        """Receive one request of an event hook. `secret` is the secret in the request. `load_body` is called only if the
        secret is correct.

        Raises Unauthorized, InvalidRequest, and TemporarilyUnavailable. After TemporarilyUnavailable, Okta repeats the
        request once.
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
        """Receive one request of Universal Logout. `audience` is this endpoint's own URL.

        Raises the same errors as `take_events`. Raises NotFound for an unknown person, because the draft of Global
        Token Revocation requires NotFound.
        """
        with self._counted(name):
            provider = self._find(name)
            issuer = provider.leaving.issuer
            if not issuer:
                raise Unauthorized("Universal Logout is not set up for this provider")
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
            raise NotFound("the pool has no person with this subject of the provider")

    def _knows(self, provider: Provider, subject: str) -> bool:
        row = self._subjects.load(provider.name, subject)
        return self._people.find(provider.name, subject, row.user_name) is not None

    def _take_once(self, provider: Provider, proof: Proof) -> tuple[str, str]:
        value = f"{provider.name}\0{proof.id}"
        seconds = int(proof.expires_at - self._clock()) + _MARK_SECONDS_MORE
        holder = self._marks.set("revocation", value, seconds)
        if holder is None:
            raise Unauthorized("the token was already used")
        return value, holder

    def _verify_secret(self, provider: Provider, told: str) -> None:
        """Check that the request's secret is the stored current or previous secret. After a mismatch, load the stored
        secrets again without the cache, because the secrets may have been rotated."""
        arn = provider.leaving.secret_arn
        if not arn:
            raise Unauthorized("the event hook is not set up for this provider")
        for renew in (False, True):
            kept = self._load_secret(arn, renew)
            known = [kept.get(which) for which in ("current", "previous")]
            # Compare with every secret, so that the duration of the comparison reveals nothing about a secret.
            matches = [
                hmac.compare_digest(told.encode(), each.encode())
                for each in known
                if isinstance(each, str) and each
            ]
            if any(matches):
                return
        raise Unauthorized("the secret is not the event hook's secret")

    def _find(self, name: str) -> Provider:
        """Return the provider. An unknown name gets the same Unauthorized as a wrong secret. Otherwise a caller could
        test names, and a provider's name may reveal a customer."""
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
