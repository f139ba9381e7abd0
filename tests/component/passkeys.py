"""A test stage with passkeys, and Grace's device."""

from typing import Any

from tests.component.direct import EMAIL, PASSWORD, Direct
from tests.doubles.authenticator import Authenticator, Passkey
from tests.doubles.browser import Answer, Browser

DOMAIN = "app.example.org"
NEW_PASSWORD = "another horse 34"


class Passkeys:
    """Grace's actions on a stage with passkeys for app.example.org. Tests can let her device send false data."""

    def __init__(self, direct: Direct) -> None:
        self.direct = direct
        self.device = Authenticator()
        direct.pool.relying_party = DOMAIN
        direct.restart(passkey_domain=DOMAIN)

    def post(self, path: str, browser: Browser | None = None, **body: Any) -> Answer:
        return self.direct.post(path, browser, **body)

    def open(self, **more: Any) -> Answer:
        """Sign in, and open the list of passkeys."""
        self.direct.sign_in()
        return self.post("passkeys/open", password=PASSWORD, **more)

    def set_up(self) -> Passkey:
        """Sign Grace in, add a passkey to her account, close the list of passkeys, and sign Grace out."""
        assert self.open().status == 200
        self.add()
        self.post("passkeys/close")
        return self.device.passkeys[-1]

    def reset(self, password: str = NEW_PASSWORD) -> Answer:
        """Set a new password in a new browser, with a mailed code. Then let one second pass, so that later sign-ins
        have a later time."""
        elsewhere = self.direct.world.browser()
        self.post("direct/forgot-password", elsewhere, email=EMAIL)
        code = self.direct.pool.last_code("reset")
        body = {"email": EMAIL, "code": code, "password": password}
        answer = self.post("direct/reset-password", elsewhere, **body)
        self.direct.world.clock.advance(1)
        return answer

    def add(self) -> Answer:
        options = self.post("passkeys/setup").json()["options"]
        return self.post("passkeys/verify", credential=self.device.create(options))

    def ask(self, email: str | None = EMAIL, browser: Browser | None = None, **more: Any) -> Answer:
        named = {} if email is None else {"email": email}
        return self.post("direct/passkey", browser, **named, **more)

    def answer(self, credential: dict[str, Any], browser: Browser | None = None) -> Answer:
        return self.direct.challenge("WEB_AUTHN", browser, credential=credential)

    def sign_in(self, browser: Browser | None = None, email: str = EMAIL, **lies: Any) -> Answer:
        """Request a challenge and send the response of Grace's device. `lies` contains wrong values for the
        response."""
        options = self.ask(email, browser).json()["challenge"]["options"]
        return self.answer(self.device.get(options, **lies), browser)
