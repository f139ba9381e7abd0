"""Tests of `ops rotate-keys` on a deployed stage: people stay signed in."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest

from ops import rotate
from ops.errors import OpsError
from ops.report import Reporter
from tests.ops_e2e.place import Place
from tests.ops_e2e.visitor import cookies, refresh, sign_in

SESSION = "__Host-gatehouse"


def keys(place: Place) -> dict[str, object]:
    """Return the stored sealing keys."""
    found = place.root("secretsmanager").get_secret_value(
        SecretId=place.variable("SEALING_KEYS_SECRET_ARN")
    )
    document: dict[str, object] = json.loads(found["SecretString"])
    return document


def forget_caches(place: Place) -> None:
    """Start new containers, so that the app reads the secrets again. On AWS, a running container also reads the secrets
    again after some minutes."""
    functions = place.root("lambda")
    name = place.stage.api_function
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    for variables in ({**before, "RESTART": "1"}, before):
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )


@pytest.mark.security("S-59")
def test_sessions_survive_a_new_sealing_key(place: Place) -> None:
    """Old cookies still work, and new cookies are sealed with the new key. After the deletion of the old key, the
    sessions of the old cookies end."""
    old = sign_in(place)
    assert refresh_name(old) == "k1"
    waited: list[float] = []
    made = rotate.rotate_sealing_keys(
        place.session, place.stage, Reporter(StringIO()), sleep=waited.append
    )
    assert made == "k2"
    assert waited == [rotate.SETTLE_SECONDS]
    assert waited[0] > 300, "longer than any container keeps a secret"
    assert keys(place)["current"] == "k2"
    forget_caches(place)
    renewed = refresh(place, old)
    assert renewed.status_code == 200, renewed.text
    new = cookies(renewed)
    assert refresh_name(new) == "k2"
    with pytest.raises(OpsError, match="Sessions with 'keep me signed in' last 30 days"):
        rotate.drop_old_sealing_keys(place.session, place.stage, Reporter(StringIO()))
    dropped = rotate.drop_old_sealing_keys(
        place.session, place.stage, Reporter(StringIO()), force=True
    )
    assert dropped == ["k1"]
    forget_caches(place)
    assert refresh(place, old).status_code == 401
    assert refresh(place, new).status_code == 200


def refresh_name(cookie: str) -> str:
    """Return the name of the key that sealed a session cookie."""
    found = re.search(rf"{SESSION}=([^.;]+)\.", cookie)
    assert found, cookie
    return found.group(1)


def test_local_aws_says_that_it_has_no_second_client_secret(place: Place) -> None:
    """The command says that the local AWS has no second client secret, and changes nothing."""
    with pytest.raises(OpsError, match="AddUserPoolClientSecret"):
        rotate.rotate_client_secrets(place.session, place.stage, Reporter(StringIO()))
