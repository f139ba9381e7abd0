"""Functions that turn a case of tests/data/cookie_tampering.json into a cookie value."""

import base64
import json
import math
import zlib
from typing import Any

from chalicelib.gatehouse.sealed.sealing import KeyRing, Sealer
from tests.component.world import SEALING_KEY

_NONCE, _TAG = 12, 16
#: The purposes of those cookies whose content the server compresses before it seals the cookie.
DEFLATED = ("challenge", "mfa-enrolment")


def sealer(secret: str = SEALING_KEY, kid: str = "k1") -> Sealer:
    """A sealer with the given key and key id."""
    return Sealer(lambda renew: KeyRing(kid, {kid: secret}))


def regions(value: str) -> dict[str, bytes]:
    """Split a sealed value into its parts, by name."""
    raw = _decode(value.partition(".")[2])
    return {"nonce": raw[:_NONCE], "text": raw[_NONCE:-_TAG], "tag": raw[-_TAG:]}


def tamper(case: dict[str, Any], value: str, other: str, purpose: str) -> str:
    """Return a tampered copy of `value`, which is a cookie of `purpose`. `other` is a cookie of the same purpose that
    belongs to another person."""
    kid, _, body = value.partition(".")
    parts = regions(value)
    kind = case["kind"]
    if kind == "cut":
        return value[case["start"] :] if "start" in case else value[: case["keep"]]
    if kind == "stretch":
        return value.ljust(case["size"], "A")
    if kind == "text":
        return _rewritten(case["template"], kid, body)
    if kind == "splice":
        mixed = {**regions(other), **{name: parts[name] for name in case["first"]}}
        return _joined(kid, mixed)
    if kind == "sealed":
        return sealer(case["secret"], case["kid"]).seal(purpose, _payload(value, purpose))
    if kind == "purpose":
        return sealer().seal(case["purpose"], _payload(value, purpose))
    if kind == "payload":
        text = b"\xff\xfe" if case["payload"] is None else case["payload"].encode()
        return sealer().seal(purpose, _packed(text, purpose))
    if kind == "fields":
        fields = json.loads(_unpacked(_payload(value, purpose), purpose))
        fields.update(case.get("set", {}))
        fields.pop(case.get("drop"), None)
        return sealer().seal(purpose, _packed(json.dumps(fields).encode(), purpose))
    region = bytearray(parts[case["region"]])
    if kind == "flip":
        at = len(region) // 2 if case["byte"] == "middle" else case["byte"]
        region[at] ^= 1 << case["bit"]
    elif kind == "zero":
        region = bytearray(len(region))
    elif kind == "invert":
        region = bytearray(byte ^ 0xFF for byte in region)
    elif kind == "reverse":
        region.reverse()
    else:
        raise AssertionError(kind)
    return _joined(kid, {**parts, case["region"]: bytes(region)})


def is_foreign(case: dict[str, Any], purpose: str) -> bool:
    """Return False if the case sets the purpose that the cookie already has. Otherwise return True."""
    return not (case["kind"] == "purpose" and case["purpose"] == purpose)


def _rewritten(template: str, kid: str, body: str) -> str:
    raw = _decode(body)
    return template.format(
        value=f"{kid}.{body}",
        kid=kid,
        body=body,
        standard=base64.b64encode(raw).decode() + "=",
        hex=raw.hex(),
        base32=base64.b32encode(raw).decode(),
        again=base64.urlsafe_b64encode(body.encode()).decode(),
        ascii85=base64.b85encode(raw).decode(),
        backwards=body[::-1],
        upper=body.upper(),
        lower=body.lower(),
    )


def _joined(kid: str, parts: dict[str, bytes]) -> str:
    raw = parts["nonce"] + parts["text"] + parts["tag"]
    return f"{kid}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def _payload(value: str, purpose: str) -> bytes:
    return sealer().open(purpose, value)


def _packed(text: bytes, purpose: str) -> bytes:
    return zlib.compress(text) if purpose in DEFLATED else text


def _unpacked(payload: bytes, purpose: str) -> bytes:
    return zlib.decompress(payload) if purpose in DEFLATED else payload


def _decode(body: str) -> bytes:
    return base64.urlsafe_b64decode(body + "=" * (math.ceil(len(body) / 4) * 4 - len(body)))
