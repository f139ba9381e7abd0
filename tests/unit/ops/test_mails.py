"""Tests of the mails of a stage: name, language, colour, and a code that can be copied."""

import re
from html import unescape
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.mails import PARAMETER_BYTES, SUBJECT_CHARACTERS, build_mails
from ops.stages import brand_folder


def test_a_mail_has_the_stages_name_language_and_colour() -> None:
    """The language is the first of LANGUAGES. The code is alone on its line, so that people copy only the code."""
    mails = build_mails({"APP_TITLE": "Hafen", "LANGUAGES": "de,en", "BRAND_ACCENT": "#9d174d"})
    assert mails["CodeSubject"] == "Ihr Code für Hafen"
    assert mails["InviteSubject"] == "Ihre Einladung zu Hafen"
    for name, secrets in (("CodeMessage", ["{####}"]), ("InviteMessage", ["{username}", "{####}"])):
        message = mails[name]
        assert 'lang="de"' in message
        assert "background:#9d174d" in message
        assert re.findall(r'user-select:all">([^<]*)</p>', message) == secrets
        assert message.count("{") == len(secrets)
    assert build_mails({})["CodeSubject"] == "Your code for Gatehouse"


@pytest.mark.security("S-54")
def test_a_name_is_text_and_no_placeholder() -> None:
    """The app's name cannot add HTML. Braces in the name do not become one of Cognito's placeholders."""
    mails = build_mails({"APP_TITLE": "<b>{####}{username}</b>"})
    assert "<b>" not in mails["CodeMessage"]
    assert mails["CodeMessage"].count("{####}") == 1
    assert "{username}" not in mails["CodeMessage"]
    assert "<b>{####}{username}</b>" in unescape(mails["CodeMessage"])
    assert "{" not in mails["CodeSubject"]


def test_cognitos_and_cloudformations_limits_are_kept(tmp_path: Path) -> None:
    """A long subject is cut. If a message is too long, the error names the texts to shorten."""
    mails = build_mails({"APP_TITLE": "x" * 200})
    assert len(mails["CodeSubject"]) == SUBJECT_CHARACTERS
    (tmp_path / "texts.en.json").write_text(
        '{"mail": {"codeLead": "%s"}}' % ("x" * PARAMETER_BYTES)
    )
    with pytest.raises(OpsError, match="shorten the texts under `mail`"):
        build_mails({}, tmp_path)


def test_a_teams_own_words_are_in_chalicelib_brand(tmp_path: Path) -> None:
    """A project that mounts the wheel has no frontend folder, so the folder for texts is in chalicelib."""
    assert brand_folder(tmp_path) is None
    folder = tmp_path / "chalicelib" / "brand"
    folder.mkdir(parents=True)
    (folder / "texts.en.json").write_text('{"mail": {"codeSubject": "{title}: code"}}')
    assert build_mails({"APP_TITLE": "Acme"}, brand_folder(tmp_path))["CodeSubject"] == "Acme: code"
