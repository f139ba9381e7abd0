"""A patch that adds /inbox, a page with the mails and text messages that the local AWS has sent. MiniStack itself shows
these messages only as JSON.

On AWS, people get such messages in their mailboxes and on their phones. If a program requests /inbox and accepts
`application/json`, it gets the JSON of `/_ministack/ses/messages`. The page shows each mail in a sandboxed frame, so
that a mail's scripts do not run.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from html import escape
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

PATH = "/inbox"
_SHOWN = 50
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Inbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif}
article{margin:1rem 0;padding:1rem;border:1px solid #8888;border-radius:8px}h2{margin:0;font-size:1.1rem}
p{margin:.25rem 0;overflow-wrap:anywhere}.about{opacity:.75}
iframe{width:100%;height:24rem;margin-top:.5rem;border:0;border-radius:4px;background:#fff;color-scheme:light}</style></head>
<body><h1>Inbox</h1>
<p class="about">Mails that the local AWS has sent, newest first, and text messages below.
Reload this page to see new messages.</p>
"""


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.app, "_handle_ses_messages_request", lambda handle: _page(emulator, handle))


def _page(
    emulator: Emulator, handle: Callable[..., Awaitable[Response | None]]
) -> Callable[..., Awaitable[Response | None]]:
    async def answer(
        method: str, path: str, headers: Mapping[str, str], query: Any
    ) -> Response | None:
        if path != PATH or method != "GET":
            return await handle(method, path, headers, query)
        mails = await handle(method, "/_ministack/ses/messages", headers, query)
        if mails is None or "application/json" in headers.get("accept", ""):
            return mails
        texts = await emulator.app._handle_sns_sms_messages_request(
            method, emulator.app._SNS_SMS_PATH, headers, {}
        )
        return 200, dict(_HEADERS), _written(json.loads(mails[2]), json.loads(texts[2])).encode()

    return answer


def _written(mails: Mapping[str, Any], texts: Mapping[str, Any]) -> str:
    """Return the page as HTML. A text message has no time on the page, because MiniStack does not keep the time."""
    newest = sorted(
        (mail for every in mails["messages"].values() for mail in every),
        key=lambda mail: float(mail["Timestamp"]),
        reverse=True,
    )
    articles = [_mail(mail) for mail in newest[:_SHOWN]]
    for phone, every in texts["sms_messages"].items():
        articles += [_text(phone, text) for text in every[: -_SHOWN - 1 : -1]]
    return _PAGE + ("".join(articles) or "<p>Nothing has been sent yet.</p>") + "</body></html>"


def _mail(mail: Mapping[str, Any]) -> str:
    if mail.get("BodyHtml"):
        body = f'<iframe sandbox title="Mail" srcdoc="{escape(mail["BodyHtml"])}"></iframe>'
    else:
        body = f"<p>{escape(str(mail['BodyText']))}</p>"
    moment = datetime.fromtimestamp(mail["Timestamp"], timezone.utc)
    about = f"To {', '.join(mail['To'])} from {mail['Source']}, {moment:%Y-%m-%d at %H:%M:%S} UTC"
    return _article(str(mail["Subject"]), about, body)


def _text(phone: str, text: Mapping[str, Any]) -> str:
    body = f"<p>{escape(str(text.get('Message', '')))}</p>"
    return _article("Text message", f"To {phone}", body)


def _article(title: str, about: str, body: str) -> str:
    return f'<article><h2>{escape(title)}</h2><p class="about">{escape(about)}</p>{body}</article>'
