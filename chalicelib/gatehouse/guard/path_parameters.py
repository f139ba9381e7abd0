"""Decodes path parameters exactly once. A REST API of API Gateway does not decode path parameters: the app gets the
caller's text, for example `ada%40example.org`.

Chalice does not decode path parameters, for compatibility (aws/chalice #511, #688; serverless/serverless #5037). A second
decoding would turn the name `a%2Fb` into `a/b`. A plus sign stays a plus sign, because it has no special meaning in a
path (RFC 3986).
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

#: A percent sign that is not followed by two hexadecimal digits.
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_path_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the decoded parameters. Raises ValueError for values that are not percent-encoded UTF-8."""
    return {name: _decode(value) for name, value in parameters.items()}


def _decode(value: str) -> str:
    if _STRAY.search(value):
        raise ValueError("a percent sign is not followed by two hexadecimal digits")
    # For Latin-1, overlong forms and surrogates, `decode` raises UnicodeDecodeError, which is a ValueError.
    return unquote_to_bytes(value).decode("utf-8")
