"""Home-realm discovery: which identity provider an e-mail address belongs to, by its domain alone.

The list of domains is a list of customers, so nobody may read it off by trying: misses count against the source. Hits do
not, or the people of one office would use up each other's attempts. No account is looked at: an address that exists and
one that does not get the same answer (S-40).
"""

from chalicelib.errors import ConfigurationError
from chalicelib.flows.attempts import DISCOVERY, Attempts
from chalicelib.store.providers import Provider, ProviderStore


class Discovery:
    """Finds providers for the sign-in page. `attempts` is None where the stage has no throttle table."""

    def __init__(self, *, providers: ProviderStore, attempts: Attempts | None) -> None:
        self._providers = providers
        self._attempts = attempts

    def find(self, email: str, source: str) -> Provider | None:
        """Return the provider of the address's domain, or None. Raises TooManyAttempts and TemporarilyUnavailable."""
        if self._attempts is None:
            raise ConfigurationError("THROTTLE_TABLE is missing: `ops provision` writes it")
        with self._attempts.guarded(DISCOVERY, None, source):
            found = self._providers.find_by_email(email)
        if found is not None:
            self._attempts.succeeded(DISCOVERY, None, source)
        return found
