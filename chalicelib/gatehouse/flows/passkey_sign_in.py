"""Signs people in with a passkey instead of a password: provides the challenge that the browser's authenticator answers
(docs/passkeys.md).

Cognito issues a challenge (USER_AUTH) only if the request contains an address. For every address, the browser gets a
challenge of the same form, whether or not an account or a passkey exists (S-89). If Cognito issued no challenge, the
browser gets an invented challenge. All answers must take the same time. Therefore the code always invents a challenge,
reads real and invented challenges in the same way, and always logs one line.

The ids of an account's passkeys are sent only to a browser that has signed in to the account before. Other browsers do
not need the ids: Cognito's passkeys are discoverable (`residentKey` required), so the authenticator offers all passkeys
that are stored for this site. flows/direct_sign_in.py checks the answers to real and invented challenges. Sources:
Amazon Cognito API reference, "AdminInitiateAuth" (USER_AUTH); W3C Web Authentication Level 3, 14.6.2 (username
enumeration), 14.6.3 (privacy leak via credential IDs).
"""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from ..cognito.user_pool_api import Step, UserPoolApi, Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import TemporarilyUnavailable, TooManyAttempts
from ..log import log_event
from ..sealed.challenges import Challenge, Challenges
from ..store.passkey_notes import PasskeyNotes
from .attempts import AUTOFILL, PASSKEY, Attempts
from .challenge_steps import WEB_AUTHN
from .direct_sign_in import Challenged

#: The length of Cognito's challenges in bytes, from Cognito's documentation. Web Authentication requires at least 16
#: bytes.
_CHALLENGE_BYTES = 32
#: The length of an invented Session string, in characters. After Cognito has returned a real Session string, the length
#: of the real string is used instead. The content of an invented string does not matter, because the string is sealed.
_SESSION_LENGTH = 1024
_TIMEOUT_MILLISECONDS = 60_000
_TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})


class PasskeySignIn:
    """Requests challenges from Cognito. `domain` is the relying party of the stage's passkeys."""

    def __init__(
        self,
        *,
        api: UserPoolApi,
        challenges: Challenges,
        attempts: Attempts,
        notes: PasskeyNotes,
        domain: str,
    ) -> None:
        self._api = api
        self._challenges = challenges
        self._attempts = attempts
        self._notes = notes
        self._domain = domain
        # An invented Session string has as many characters as Cognito's last real Session string. Otherwise the
        # cookie's size, or the time of the sealing, would show which Session strings are invented.
        self._session_length = _SESSION_LENGTH

    def ask(self, *, email: str, remember: bool, visitor: Visitor) -> Challenged | None:
        """Return the challenge for an address. If the browser is known and the account has no passkey, return None.

        Raises TooManyAttempts and TemporarilyUnavailable.
        """
        account = self._attempts.account_of(email, visitor)
        with self._attempts.guarded(PASSKEY, account, visitor.ip):
            step = self._step(email, visitor)
        known = self._attempts.is_known(account)
        return self._challenged(step, email, remember, known=known)

    def ask_known(self, *, remember: bool, visitor: Visitor) -> Challenged | None:
        """Return the challenge for autofill. The challenge is for the account of this browser's last sign-in. Without
        such an account, return None.

        The page requests this challenge without any action by the person. Therefore too many attempts do not cause an
        error: the result is None, and the page offers no autofill.
        """
        email = self._attempts.known_address(visitor)
        if email is None:
            return None
        try:
            with self._attempts.guarded(AUTOFILL, None, visitor.ip):
                step = self._step(email, visitor)
        except TooManyAttempts:
            return None
        return self._challenged(step, email, remember, known=True)

    def _step(self, email: str, visitor: Visitor) -> Step:
        try:
            return self._api.begin_passkey(email, visitor)
        except Refused as refused:
            # The person is unknown, federated, unconfirmed or disabled. The answer must be the same in all these cases.
            return Step(challenge=refused.code)

    def _challenged(
        self, step: Step, email: str, remember: bool, *, known: bool
    ) -> Challenged | None:
        """Return the challenge of `step`. If `step` contains no challenge, an unknown browser gets an invented
        challenge."""
        invented = self._invented()
        log_event("passkey_asked", detail=step.challenge[:40])
        options = self._options(step)
        if options is not None:
            self._session_length = len(step.session)
        username = step.parameters.get("USER_ID_FOR_SRP") or email
        listed = self._listed(options, username) if options is not None and known else []
        usable = options or self._options(invented)
        if usable is None or (known and not listed):
            return None
        challenge = Challenge(
            name=WEB_AUTHN,
            session=step.session or invented.session,
            username=username,
            email=email,
            remember=remember,
            expires_at=self._challenges.deadline(),
        )
        told = {
            "challenge": usable["challenge"],
            "rpId": self._domain,
            "timeout": _TIMEOUT_MILLISECONDS,
            "userVerification": "required",
            "allowCredentials": listed,
        }
        body = {"name": WEB_AUTHN, "options": told}
        return Challenged(body, challenge, self._challenges.seal(challenge, even=True))

    def _invented(self) -> Step:
        """Return an invented step in the form of Cognito's step for an account with a passkey."""
        options = {
            "challenge": secrets.token_urlsafe(_CHALLENGE_BYTES),
            "timeout": _TIMEOUT_MILLISECONDS,
            "rpId": self._domain,
            "allowCredentials": [],
            "userVerification": "required",
        }
        return Step(
            challenge=WEB_AUTHN,
            session=secrets.token_urlsafe(self._session_length * 3 // 4),
            parameters={"CREDENTIAL_REQUEST_OPTIONS": json.dumps(options)},
        )

    def _listed(self, options: Mapping[str, Any], user_name: str) -> list[dict[str, Any]]:
        """Return the account's passkeys for a known browser. Cognito still lists the passkeys from before the last
        password reset by mail, but the result does not contain them (S-102)."""
        listed = _passkeys(options)
        try:
            notes = self._notes.load(user_name)
        except TemporarilyUnavailable as error:
            log_event("record_not_read", level="warning", user=user_name, detail=error.detail)
            return listed
        return [each for each in listed if not notes.has_ended(each["id"])]

    def _options(self, step: Step) -> Mapping[str, Any] | None:
        """Return Cognito's options, or None if the step contains no readable passkey challenge for our domain."""
        if step.challenge != WEB_AUTHN or not step.session:
            return None
        try:
            options = json.loads(step.parameters.get("CREDENTIAL_REQUEST_OPTIONS", ""))
            challenge, domain = options["challenge"], options["rpId"]
            base64.urlsafe_b64decode(challenge + "==")
        except (ValueError, KeyError, TypeError):
            log_event("passkey_options_unusable", level="error")
            return None
        if domain != self._domain:
            log_event("passkey_domain_differs", level="error", detail=str(domain)[:80])
            return None
        found: Mapping[str, Any] = options
        return found


def _passkeys(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the passkeys in `allowCredentials`. Each passkey keeps only the members that the browser needs."""
    listed = options.get("allowCredentials")
    return [
        {
            "type": "public-key",
            "id": str(each["id"]),
            "transports": [name for name in each.get("transports") or () if name in _TRANSPORTS],
        }
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping) and isinstance(each.get("id"), str)
    ]
