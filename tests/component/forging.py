"""Functions that make a forged token from a valid token. tests/data/token_forgeries.json describes one forgery in each
case."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.doubles.cognito import ACCESS_KID, ID_KID
from tests.doubles.signing import b64url, public_jwk, rsa_key

KIDS = {"id": ID_KID, "access": ACCESS_KID}
HASHES: dict[str, HashAlgorithm] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}


def forge(case: dict[str, Any], kind: str, token: str, other: str, now: int) -> str:
    """Return the forged token. `other` is a token of the same kind that belongs to another person. `now` is the time in
    seconds."""
    header, claims = (decoded(part) for part in token.split(".")[:2])
    words = {"@kid": KIDS[kind], "@other-kid": KIDS["access" if kind == "id" else "id"]}
    words |= {"@KID": KIDS[kind].upper(), "@token": token, "@jwks-url": "https://x.example/jwks"}
    for name, value in case.get("header", {}).items():
        header[name] = filled(value, words)
    for name in case.get("drop_header", ()):
        del header[name]
    claims.update(case.get("claims", {}))
    raw = mutated(claims, case.get("mutate"), now)
    if "pad" in case:
        claims["pad"] = "x" * case["pad"]
    claims_text = raw or json.dumps(claims)
    h = encoded(case.get("header_text"), json.dumps(header), case.get("header_encoding", "utf-8"))
    p = encoded(case.get("claims_text"), claims_text, case.get("encoding", "utf-8"))
    s = signature(case, kind, h, p, claims)
    return written(case, h, p, s, token, other)


def decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """Replace the placeholders of a case with values of the valid token or of the attacker."""
    if isinstance(value, list):
        return [filled(entry, words) for entry in value]
    if not isinstance(value, str) or not value.startswith(("@", " @")):
        return value
    if value.startswith("@jwk:"):
        return attackers_jwk(value[5:])
    if value.startswith("@x5c:"):
        return base64.b64encode(der(value[5:])).decode()
    for word in sorted(words, key=len, reverse=True):
        value = value.replace(word, words[word])
    return value


def mutated(claims: dict[str, Any], change: dict[str, Any] | None, now: int) -> str | None:
    """Change one claim of the token. If JSON cannot represent the new value, return the claims as text."""
    if change is None:
        return None
    name, how, value = change["claim"], change["how"], change.get("with")
    right = claims.get(name, now if name == "nbf" else "x")
    changes = {
        "set": lambda: value,
        "in a list": lambda: [right],
        "twice in a list": lambda: [right, right],
        "in an object": lambda: {"value": right},
        "suffix": lambda: f"{right}{value}",
        "prefix": lambda: f"{value}{right}",
        "shortened": lambda: str(right)[:-1],
        "in capitals": lambda: str(right).swapcase(),
        "backwards": lambda: str(right)[::-1],
        "past": lambda: now - value,
        "future": lambda: now + value,
    }
    if how == "removed":
        claims.pop(name, None)
        return None
    if how == "raw":
        claims[name] = "@raw"
        return json.dumps(claims).replace('"@raw"', str(value))
    claims[name] = changes[how]()
    return None


def encoded(template: str | None, text: str, encoding: str) -> str:
    """Return a part of the token in base64url."""
    if template is not None:
        words = {
            **{"{claims}": text, "{header}": text, "{cut}": text[:-1], "{header_cut}": text[:-1]},
            **{"{open}": text[:-1], "{header_open}": text[:-1], "{header_inner}": text[1:]},
            "{single}": text.replace('"', "'"),
            "{escaped}": text.replace("\\", "\\\\").replace('"', '\\"'),
            "{ascii}": text.replace("sub", "\\u0073ub").replace("iss", "\\u0069ss"),
        }
        for word, meant in words.items():
            template = template.replace(word, meant)
        text = template
        if text.startswith("@b64:"):
            text = base64.b64encode(text[5:].encode()).decode()
    name, _, extra = encoding.partition(" ")
    return b64url((text[:-1] + f',"x":"{extra}"}}' if extra else text).encode(name))


def signature(case: dict[str, Any], kind: str, h: str, p: str, claims: dict[str, Any]) -> bytes:
    """Sign the token as the case describes, with a valid or an invalid signature."""
    how, key = case.get("sign", "RS256"), case.get("key", "own")
    text = {
        "other-bytes": b"something else",
        "payload-only": p.encode(),
        "with-newline": f"{h}.{p}\n".encode(),
    }.get(how, f"{h}.{p}".encode())
    own = rsa_key(KIDS[kind])
    good = own.sign(text, padding.PKCS1v15(), SHA256())
    fixed = {
        "none": b"",
        "zeros": bytes(256),
        "byte": b"\x01",
        "longer": good + b"\x00",
        "shorter": good[:-1],
        "text": b"RS256",
        "modulus": own.public_key().public_numbers().n.to_bytes(256, "big"),
        "one": (1).to_bytes(256, "big"),
    }
    if how in fixed:
        return fixed[how]
    digest = HASHES.get(how[2:], SHA256())
    if how.startswith("HS"):
        secret = hmac_secret(key, kind, claims)
        return hmac.new(secret, text, getattr(hashlib, f"sha{how[2:]}")).digest()
    signer = private_key(key, kind)
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return signer.sign(text)
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(signer.sign(text, ec.ECDSA(digest)))
        size = (signer.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if how.startswith("PS"):
        return signer.sign(text, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return signer.sign(text, padding.PKCS1v15(), digest)


def private_key(name: str, kind: str) -> Any:
    if name in ("own", "other"):
        return rsa_key(KIDS[kind if name == "own" else {"id": "access", "access": "id"}[kind]])
    return attackers_key(name)


@cache
def attackers_key(name: str) -> Any:
    curves = {"ec": ec.SECP256R1(), "ec384": ec.SECP384R1(), "ec521": ec.SECP521R1()}
    if name in curves:
        return ec.generate_private_key(curves[name])
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa_key(name, 1024 if name == "weak" else 2048)


def attackers_jwk(name: str) -> dict[str, Any]:
    key = attackers_key(name)
    if isinstance(key, rsa.RSAPrivateKey):
        return public_jwk(key, "attacker")
    raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"kty": "EC", "crv": "P-256", "x": b64url(raw[-64:-32]), "y": b64url(raw[-32:])}


def der(name: str) -> bytes:
    key: Any = attackers_key(name)
    data: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def hmac_secret(name: str, kind: str, claims: dict[str, Any]) -> bytes:
    """Return a symmetric key that an attacker could try. Most of the keys are public data about the pool."""
    public = rsa_key(KIDS[kind]).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "pem": pem,
        "pem-without-newline": pem.rstrip(),
        "pem-pkcs1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(public_jwk(rsa_key(KIDS[kind]), KIDS[kind])).encode(),
        "modulus": public.public_numbers().n.to_bytes(256, "big"),
        "kid": KIDS[kind].encode(),
        "empty": b"",
        "client-id": str(claims.get("client_id") or claims.get("aud")).encode(),
        "issuer": str(claims["iss"]).encode(),
        "attacker-secret": b"attacker",
    }[name]


def written(case: dict[str, Any], h: str, p: str, s: bytes, token: str, other: str) -> str:
    """Join the token's parts as the case describes."""
    template = case.get("token", "{h}.{p}.{s}")
    text, half, third = b64url(s), len(b64url(s)) // 2, len(p) // 3
    other_parts = other.split(".")
    words = {
        **{"token": token, "h": h, "p": p, "s": text},
        **{"s_a": text[:half], "s_b": text[half:], "p_a": p[:third], "p_b": p[third:]},
        **{"h_a": h[:5], "h_b": h[5:]},
        **{"other_h": other_parts[0], "other_p": other_parts[1], "other_s": other_parts[2]},
        "s_standard": base64.b64encode(s).decode(),
        "s_hex": s.hex(),
        "s_again": b64url(text.encode()),
        "s_back": text[::-1],
        "s_upper": text.upper(),
        "s_spare": text[:-1] + chr(ord(text[-1]) + 1) if text else "",
        "s_cut": text[:-1],
    }
    return str(template.format(**words))
