"""A virtual authenticator of Chromium (Chrome DevTools Protocol, WebAuthn domain)."""

from typing import Any

from playwright.sync_api import CDPSession, Page


class Device:
    """A tab's virtual authenticator, which confirms each request without a person."""

    def __init__(self, page: Page, **options: Any) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable", {"enableUI": False})
        made = self.cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                    **options,
                }
            },
        )
        self.id = str(made["authenticatorId"])

    def send(self, command: str, **more: Any) -> dict[str, Any]:
        return dict(self.cdp.send(f"WebAuthn.{command}", {"authenticatorId": self.id, **more}))

    def keys(self) -> list[dict[str, Any]]:
        return list(self.send("getCredentials")["credentials"])

    def put(self, key: dict[str, Any]) -> None:
        self.send("addCredential", credential=key)
