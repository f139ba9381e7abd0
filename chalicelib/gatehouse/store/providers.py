"""Reads the data that Cognito does not store about a stage's identity providers: label, domains and trust.

`ops provider` writes the rows. A container caches the rows for a minute, because the rows are few and change rarely. If
the table does not answer, the container uses the last copy.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from ..email_domains import email_domain, parse_domain
from ..errors import TemporarilyUnavailable
from ..log import log_event
from ..workers import Ahead
from .dynamodb import DynamoDB, Item, read_text, translated_errors

CACHE_SECONDS = 60
#: Rules for the profile of a person who is deactivated at the provider. SIGN_OUT ends the sessions. DISABLE ends the
#: sessions and disables the profile. NOTHING leaves the profile unchanged, and is allowed only for linked accounts.
SIGN_OUT = "sign-out"
DISABLE = "disable"
NOTHING = "nothing"


@dataclass(frozen=True)
class LeavingRules:
    """The rules for people who leave: how the provider reports that a person left, and what Gatehouse then does. If the
    provider sends no such reports, every field has its default value."""

    #: The rule for the provider's own profiles: SIGN_OUT or DISABLE.
    gone: str = DISABLE
    #: The rule for accounts that have a password and are linked to the provider: SIGN_OUT, DISABLE or NOTHING.
    linked: str = SIGN_OUT
    #: Our app's id at the provider. If a signal says that a person was unassigned from another app, Gatehouse ignores
    #: the signal.
    app_id: str = ""
    #: The ARN of the event hook's secret.
    secret_arn: str = ""
    #: The issuer that signs requests of Universal Logout, and the URL of the issuer's keys.
    issuer: str = ""
    keys_url: str = ""

    @classmethod
    def from_item(cls, item: Item) -> "LeavingRules":
        told = {name: read_text(item, name) for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in told.items() if value})

    def to_item(self) -> dict[str, dict[str, str]]:
        """Return the rules as a map in DynamoDB's format."""
        return {name: {"S": getattr(self, name)} for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Provider:
    """One identity provider. `domains` are the e-mail domains of the provider's people. The domains are private.

    If `native_sign_up` is true, people of these domains may also create accounts with a password.
    """

    name: str
    label: str
    domains: tuple[str, ...] = ()
    trusted: bool = False
    link: bool = False
    groups_claim: str = ""
    native_sign_up: bool = False
    #: The provider's exact issuer, which the provider sends at the start of a sign-in. Rows of earlier releases lack this
    #: field.
    issuer: str = ""
    leaving: LeavingRules = LeavingRules()

    @classmethod
    def from_item(cls, item: Item) -> "Provider":
        name = read_text(item, "name")
        return cls(
            name=name,
            label=read_text(item, "label") or name,
            domains=_domains(item),
            trusted=item.get("trusted", {}).get("BOOL") is True,
            link=item.get("link", {}).get("BOOL") is True,
            groups_claim=read_text(item, "groups_claim"),
            native_sign_up=item.get("native_sign_up", {}).get("BOOL") is True,
            issuer=read_text(item, "issuer"),
            leaving=LeavingRules.from_item(item.get("leaving", {}).get("M", {})),
        )


class ProviderStore:
    """Reads the providers table. `clock` returns Unix seconds."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._cached: tuple[Provider, ...] | None = None
        self._cached_at = float("-inf")
        self._ahead: Ahead[tuple[Provider, ...]] | None = None

    def begin(self) -> None:
        """Start reading the table in another thread if the cached copy is old. The next call that needs the providers
        waits for the result."""
        if (self._cached is None or self._is_old()) and self._ahead is None:
            self._ahead = Ahead(self._scan)

    def settle(self) -> None:
        """Store the result of `begin`, unless another call has already stored the result."""
        if self._ahead is not None:
            with suppress(TemporarilyUnavailable):
                self.all()

    def all(self) -> tuple[Provider, ...]:
        """Return all providers, sorted by name. Raises TemporarilyUnavailable if this container has never read the
        table."""
        if self._cached is None or self._is_old():
            ahead, self._ahead = self._ahead, None
            try:
                self._cached = ahead.take() if ahead is not None else self._scan()
            except TemporarilyUnavailable as error:
                if self._cached is None:
                    raise
                log_event("providers_stale", level="warning", detail=error.detail)
            self._cached_at = self._clock()
        return self._cached

    def _is_old(self) -> bool:
        return self._clock() - self._cached_at >= CACHE_SECONDS

    def listed(self) -> tuple[Provider, ...]:
        """Return the public providers. Providers with domains are left out, because a list of these providers would be
        a list of customers."""
        return tuple(provider for provider in self.all() if not provider.domains)

    def find(self, name: str) -> Provider | None:
        """Return the provider with that exact name, or None."""
        return next((provider for provider in self.all() if provider.name == name), None)

    def find_by_issuer(self, issuer: str) -> Provider | None:
        """Return the provider with that issuer, or None. A trailing slash makes no difference."""
        wanted = issuer.rstrip("/")
        return next((each for each in self.all() if wanted and each.issuer == wanted), None)

    def find_ignoring_case(self, name: str) -> Provider | None:
        """Return the provider with that name, or None. The search ignores case, because a pool that ignores case
        converts the names of federated people to lower case."""
        folded = name.casefold()
        return next((each for each in self.all() if each.name.casefold() == folded), None)

    def tells_groups(self, names: Iterable[str]) -> bool:
        """Return whether one of the providers in `names` has a groups claim. The names may be in upper or lower
        case."""
        found = [self.find_ignoring_case(name) for name in names]
        return any(provider is not None and provider.groups_claim for provider in found)

    def find_by_email(self, email: str) -> Provider | None:
        """Return the provider with the domain of `email`, or None."""
        domain = email_domain(email)
        return next((provider for provider in self.all() if domain in provider.domains), None)

    def refuse_address(self, email: str, names: Collection[str]) -> str | None:
        """Return the reason why people of the providers in `names` must not have this address. The reason is a text for
        the log. Return None for an allowed address.

        If a provider has domains, the provider's people must have addresses of these domains. People of other providers
        must not have such addresses. Otherwise, a tenant's administrators could create people of another tenant. The
        names may be in upper or lower case.
        """
        if names and email and not email_domain(email):
            return "the address's domain is unclear"
        theirs = [found for name in names if (found := self.find_ignoring_case(name))]
        owner = self.find_by_email(email)
        if names and owner is not None and owner not in theirs:
            return "the address belongs to another provider"
        if owner is None and theirs and all(provider.domains for provider in theirs):
            return "the address is not in one of the provider's domains"
        return None

    def refuse_native(self, email: str) -> str | None:
        """Return the reason why this address must not have an account with a password. The reason is a text for the
        log. Return None for an allowed address."""
        if not email_domain(email):
            return "the address's domain is unclear"
        owner = self.find_by_email(email)
        if owner is not None and not owner.native_sign_up:
            return "the address belongs to a provider"
        return None

    def _scan(self) -> tuple[Provider, ...]:
        found: list[Provider] = []
        start: dict[str, object] = {}
        while True:
            with translated_errors("Scan"):
                page = self._client.scan(TableName=self._table, **start)
            found += [Provider.from_item(item) for item in page.get("Items", [])]
            if not page.get("LastEvaluatedKey"):
                return tuple(sorted(found, key=lambda provider: provider.name))
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _domains(item: Item) -> tuple[str, ...]:
    attribute = item.get("domains", {})
    listed = attribute.get("SS") or [entry.get("S", "") for entry in attribute.get("L", [])]
    # Convert the domains, because an earlier release of `ops provider` did not write domains in ASCII.
    return tuple(parse_domain(domain) or domain for domain in listed if domain)
