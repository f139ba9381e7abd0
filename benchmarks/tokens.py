"""Measures how much CPU time Gatehouse, PyJWT and joserfc need to verify an ID token with a cached key. RSA alone is
measured, too, and its cost is the minimum."""

import json
from collections.abc import Callable
from typing import Any

from benchmarks.figures import Headline, Section, Spread, Target, number, ratio
from benchmarks.processes import Lab

NAME = "tokens"
MAX_OF_PYJWT = 1.2

OURS, PYJWT, JOSERFC, RSA = "Gatehouse, every check", "PyJWT", "joserfc", "RSA alone (cryptography)"
_CALLS = 50
_NONCE = "n" * 43


def run(lab: Lab) -> list[Section]:
    """Measure blocks of 50 verifications. The subjects alternate from block to block. All blocks run in one process
    with the peers' interpreter."""
    blocks = 10 * lab.runs
    lab.tell(f"{blocks} blocks of {_CALLS}: ours, PyJWT, joserfc, RSA")
    program = f"from benchmarks.tokens import child; child({blocks})"
    samples: dict[str, list[float]] = json.loads(lab.program(program))
    spreads = {name: Spread.of(values, 1e6) for name, values in samples.items()}
    rows = [
        (name, spread.text(), ratio(spread.median, spreads[PYJWT].median))
        for name, spread in spreads.items()
    ]
    return [
        Section(
            "ID-token verification",
            "An ID token as Cognito issues it (RS256 with 2048 bits), verified with a cached key. PyJWT and "
            "joserfc check signature, times, issuer and audience. Gatehouse also checks `token_use`, `azp`, nonce "
            "and `at_hash`, and reads the person's claims.",
            ("", "µs", "to PyJWT"),
            rows,
            (
                Target(
                    "ID-token verification, compared with PyJWT's own decode",
                    spreads[OURS].median / spreads[PYJWT].median,
                    MAX_OF_PYJWT,
                ),
            ),
            headline=Headline(
                "verifying an ID token",
                f"{number(spreads[OURS].median)} µs",
                {name: number(spreads[name].median) for name in (PYJWT, JOSERFC)},
            ),
        )
    ]


def child(blocks: int) -> None:
    """Measure in the peers' virtual environment. For each subject, print a list with the CPU seconds of one
    verification."""
    import time

    subjects = _subjects()
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    for block in range(blocks + 1):
        for name, verify in subjects.items():
            began = time.process_time()
            for _ in range(_CALLS):
                verify()
            if block:
                samples[name].append((time.process_time() - began) / _CALLS)
    print("\n" + json.dumps(samples))


def _subjects() -> dict[str, Callable[[], Any]]:
    import base64
    import time

    import jwt
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256
    from joserfc import jwt as jose
    from joserfc.jwk import RSAKey

    from benchmarks.loopback_aws import CLIENT_ID, SCOPE, LoopbackAws
    from chalicelib.gatehouse.cognito.jwks import JwksCache
    from chalicelib.gatehouse.cognito.tokens import TokenVerifier
    from tests.doubles.cognito import ID_KID, Person
    from tests.doubles.signing import public_jwk, rsa_key

    cognito = LoopbackAws(0).cognito
    access = cognito.access_token(Person(), SCOPE)
    token = cognito.id_token(Person(), _NONCE, access)
    key = rsa_key(ID_KID).public_key()
    jose_key = RSAKey.import_key(public_jwk(rsa_key(ID_KID), ID_KID))
    registry = jose.JWTClaimsRegistry(
        iss={"essential": True, "value": cognito.issuer},
        aud={"essential": True, "value": CLIENT_ID},
        exp={"essential": True},
    )
    signed, _, encoded = token.rpartition(".")
    signature = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    signed_bytes = signed.encode()
    verifier = TokenVerifier(
        issuer=cognito.issuer,
        client_id=CLIENT_ID,
        keys=JwksCache(lambda: cognito.get("https://x.example/jwks"), time.time),
        clock=time.time,
    )
    options: Any = {"require": ["exp", "iat", "sub", "iss"]}

    def with_joserfc() -> None:
        registry.validate(jose.decode(token, jose_key, algorithms=["RS256"]).claims)

    return {
        OURS: lambda: verifier.verify_id_token(token, nonce=_NONCE, access_token=access),
        PYJWT: lambda: jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=CLIENT_ID,
            issuer=cognito.issuer,
            options=options,
        ),
        JOSERFC: with_joserfc,
        RSA: lambda: key.verify(signature, signed_bytes, padding.PKCS1v15(), SHA256()),
    }
