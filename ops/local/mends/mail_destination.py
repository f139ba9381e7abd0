"""A patch of SignUp's response. AWS masks the address to which the code was sent, for example as `j***@e***`.

MiniStack masks the address for every operation except SignUp.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CodeDeliveryDetailsType.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_sign_up", lambda run: _mask(emulator, run))


def _mask(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def sign_up(data: Mapping[str, Any]) -> Response:
        status, headers, body = run(data)
        answer = json.loads(body or b"{}")
        details = answer.get("CodeDeliveryDetails")
        if status == 200 and details:
            details["Destination"] = emulator.cognito._masked_destination(details["Destination"])
            body = json.dumps(answer).encode()
        return status, headers, body

    return sign_up
