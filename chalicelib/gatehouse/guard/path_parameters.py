"""Path parameters, decoded exactly once: a REST API hands them on as the caller wrote them, `ada%40example.org`.

Chalice leaves them so for compatibility (aws/chalice #511, #688; serverless/serverless #5037). A second decoding would make
`a/b` of the name `a%2Fb`. A plus sign is a plus sign: RFC 3986 knows no other meaning of it in a path.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

#: A percent sign that begins no octet.
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_path_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters as names say them. Raises ValueError for what is not percent-encoded UTF-8."""
    return {name: _decode(value) for name, value in parameters.items()}


def _decode(value: str) -> str:
    if _STRAY.search(value):
        raise ValueError("a percent sign begins no octet")
    # UnicodeDecodeError is a ValueError: Latin-1, overlong forms and surrogates are no text.
    return unquote_to_bytes(value).decode("utf-8")
