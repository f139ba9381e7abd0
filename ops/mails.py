"""This module builds the mails that Cognito sends. The mails have the title, the language and the colour of the stage.

The mails are templates in the pool's settings. The pool has no custom-message trigger, so codes arrive even if
Gatehouse's functions fail. But without this trigger, all mails of a stage are in one language, the first language
in `LANGUAGES`. Cognito replaces `{####}` with the code. A subject may have up to 140 characters, and a message up to
20,000:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerificationMessageTemplateType.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_MessageTemplateType.html
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.colours import build_palette
from chalicelib.gatehouse.page.catalogue import load_catalogue
from chalicelib.gatehouse.page.static_files import FRONTEND
from chalicelib.gatehouse.settings import Settings

from .errors import OpsError

CODE, ADDRESS = "{####}", "{username}"
SUBJECT_CHARACTERS = 140
#: The maximum size of a parameter of a CloudFormation template, in bytes.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
PARAMETER_BYTES = 4096
#: The page's default accent, as in frontend/styles.css.
_ACCENT = "#0b6b62"
_MONOSPACE = "ui-monospace,Menlo,Consolas,monospace"


def build_mails(environment: Mapping[str, str], own: Path | None = None) -> dict[str, str]:
    """Return the template's parameters for two mails: the mail with a code, and the invitation. Each mail has a subject
    and a message.

    `environment` has a stage's variables, which were already checked. `own` is the folder with the team's texts, or
    None. Raises OpsError if a text is too long.
    """
    brand, _ = Brand.read(environment)
    title = environment.get("APP_TITLE") or str(Settings.app_title.default)
    words = load_catalogue(FRONTEND, brand.languages[0], own)["mail"]
    palette = build_palette(brand.accent or _ACCENT, "light")

    def mail(kind: str, *secrets: str) -> tuple[str, str]:
        subject = _plain(str(words[f"{kind}Subject"]).replace("{title}", title))
        told = {
            part: escape(str(words[f"{kind}{part}"]).replace("{title}", title))
            for part in ("Title", "Lead", "Note")
        }
        shown = "".join(_copied(secret) for secret in secrets)
        return subject[:SUBJECT_CHARACTERS], (
            f'<div lang="{brand.languages[0]}" style="max-width:32em;margin:0 auto;padding:16px;'
            'font:16px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif">'
            f'<p style="margin:0;padding:12px 16px;border-radius:8px;background:{palette["accent"]};'
            f'color:{palette["on-accent"]};font-weight:600">{_safe(escape(title))}</p>'
            f'<h1 style="font-size:20px;line-height:1.3">{_safe(told["Title"])}</h1>'
            f"<p>{_safe(told['Lead'])}</p>{shown}"
            f'<p style="font-size:14px">{_safe(told["Note"])}</p></div>'
        )

    code_subject, code = mail("code", CODE)
    invite_subject, invite = mail("invite", ADDRESS, CODE)
    parameters = {
        "CodeSubject": code_subject,
        "CodeMessage": code,
        "InviteSubject": invite_subject,
        "InviteMessage": invite,
    }
    for name, value in parameters.items():
        if len(value.encode()) > PARAMETER_BYTES:
            raise OpsError(
                f"{name} has {len(value.encode())} bytes, more than CloudFormation accepts ({PARAMETER_BYTES}): "
                f"shorten the texts under `mail` in texts/{brand.languages[0]}.json."
            )
    return parameters


def _copied(secret: str) -> str:
    """Return HTML with the code on a separate line, so that one tap selects the code without other text."""
    return (
        f'<p style="margin:16px 0;font:600 24px/1.3 {_MONOSPACE};overflow-wrap:anywhere;'
        f'-webkit-user-select:all;user-select:all">{secret}</p>'
    )


def _safe(text: str) -> str:
    """Escape the braces in a name or text, so that Cognito does not take a part of the text for a placeholder."""
    return text.replace("{", "&#123;").replace("}", "&#125;")


def _plain(text: str) -> str:
    """Return a subject without braces. A subject is plain text, so its braces cannot be escaped."""
    return " ".join(text.replace("{", "").replace("}", "").split())
