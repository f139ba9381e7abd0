"""Tests that containers share unpacked files, and that no container sees another container's changes."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from typing import Any

from tests.local_aws.cloud import _TRUST, Cloud

_APP = """
import os, pathlib
beside = pathlib.Path(__file__).with_name("data") / "words.txt"
links = os.stat(beside).st_nlink

def handler(event, context):
    said = beside.read_text()
    if event.get("write"):
        try:
            beside.write_text(event["write"])
        except OSError:
            pass  # only root can write to the file
    return {"links": links, "said": said}
"""


def _zip(words: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", _APP)
        archive.writestr("data/words.txt", words)
    return packed.getvalue()


def _function(cloud: Cloud, name: str, words: str) -> None:
    role = cloud.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST)
    )
    cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": _zip(words)},
        Timeout=20,
    )


def _invoked(cloud: Cloud, name: str, **event: str) -> dict[str, Any]:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    found: dict[str, Any] = json.load(answer["Payload"])
    return found


def test_containers_share_their_unpacked_files(cloud: Cloud) -> None:
    """Two functions share the file that is the same in both zips. A new zip for one function must not change the other
    function's file."""
    _function(cloud, "shared-one", "first")
    _function(cloud, "shared-two", "first")
    assert _invoked(cloud, "shared-one")["said"] == "first"
    assert _invoked(cloud, "shared-two")["links"] > 1
    cloud.client("lambda").update_function_code(FunctionName="shared-two", ZipFile=_zip("third"))
    assert _invoked(cloud, "shared-two")["said"] == "third"
    assert _invoked(cloud, "shared-one")["said"] == "first"


def test_a_new_container_has_the_zips_own_files(cloud: Cloud) -> None:
    """In the test, a function that runs as root changes one of its files. The old and the new text have the same
    length, so that the file's size does not reveal the change."""
    _function(cloud, "careless", "before")
    assert _invoked(cloud, "careless", write="after!")["said"] == "before"
    _function(cloud, "careful", "before")
    assert _invoked(cloud, "careful")["said"] == "before"
