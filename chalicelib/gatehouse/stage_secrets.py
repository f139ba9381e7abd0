"""Provides a stage's secrets: client secrets, sealing keys, the throttle's pepper (S-59)."""

import hashlib
import hmac
from collections.abc import Mapping

from .errors import ConfigurationError
from .sealed.sealing import KeyRing
from .settings import Settings
from .store.secrets import SecretStore


class StageSecrets:
    """Reads secrets from `store`, which caches the values. `renew=True` bypasses the cache."""

    def __init__(self, store: SecretStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def client_secret(self, renew: bool) -> str:
        """Return the secret of the app client that issues the tokens for browsers."""
        return self._text(self._settings.client_secret_arn, "client_secret", renew)

    def begin(self) -> None:
        """Start reading the app client's secret in another thread. Meanwhile, the sign-in's callback can read its other
        data."""
        self._store.begin(self._settings.client_secret_arn)

    def settle(self) -> None:
        """Store the result of `begin`, unless another call has already stored the result."""
        self._store.settle(self._settings.client_secret_arn)

    def mfa_client_secret(self, renew: bool) -> str:
        """Return the secret of the server-only client."""
        return self._text(self._settings.mfa_client_secret_arn, "client_secret", renew)

    def captcha_secret(self) -> str:
        """Return the CAPTCHA vendor's secret."""
        return self._text(self._settings.captcha_secret_arn, "secret", False)

    def leaving_secret(self, arn: str, renew: bool) -> Mapping[str, object]:
        """Return the secrets that Gatehouse accepts from a provider's event hook. The keys are `current` and, during a
        rotation, `previous`."""
        return self._store.read(arn, renew=renew)

    def key_ring(self, renew: bool) -> KeyRing:
        """Return the sealing keys."""
        return KeyRing.parse(self._store.read(self._settings.sealing_keys_secret_arn, renew=renew))

    def pepper(self) -> bytes:
        """Return the key for the throttle's HMACs, which replace addresses in the table. The key is derived from the
        current sealing key, so a rotation of the sealing keys resets the throttle's counters."""
        ring = self.key_ring(False)
        secret = ring.secrets[ring.current].encode()
        return hmac.new(secret, b"gatehouse/throttle", hashlib.sha256).digest()

    def _text(self, arn: str, name: str, renew: bool) -> str:
        value = self._store.read(arn, renew=renew).get(name)
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"a secret has no `{name}`")
        return value
