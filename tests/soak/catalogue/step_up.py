"""Catalogue entries: routes that require a recent proof of the caller's identity (S-93 … S-95)."""

from tests.soak.defence import Defence, answering, defence, nothing, reading, value

_TIME = "chalicelib.gatehouse.cognito.authentication_time"
_AGE = f"{_TIME}:verify_age"
_GUARD = "chalicelib.gatehouse.guard.authorization:ScopedAuthorizer.verify_age"
_TOKENS = "chalicelib.gatehouse.triggers.token_claims:_proof"
_INBOUND = "chalicelib.gatehouse.triggers.inbound_federation:_note"
_PROVIDER = "chalicelib.gatehouse.cognito.provider_claims:read_auth_time"

STEP_UP: tuple[Defence, ...] = (
    defence("step-up", "S-93", "max_age is not checked", (_GUARD, nothing)),
    defence(
        "step-up-old-proofs",
        "S-93",
        "a proof never expires",
        (_AGE, reading(("now - proved_at > max_age", "False"))),
    ),
    defence(
        "step-up-of-the-future",
        "S-93",
        "a proof with a future time counts as recent for any time",
        (_AGE, reading(("proved_at > now + LEEWAY_SECONDS", "False"))),
    ),
    defence(
        "step-up-unreadable-claims",
        "S-93",
        "an unreadable time counts as the present",
        (
            _AGE,
            reading(
                (
                    'parse_moment(claims.get("auth_time"))\n',
                    'parse_moment(claims.get("auth_time"))\n'
                    "    proved_at = int(now) if proved_at is None else proved_at\n",
                )
            ),
        ),
    ),
    defence(
        "step-up-of-this-sign-in",
        "S-93 S-94",
        "a proof in one browser also counts for the person's other browsers",
        (
            _AGE,
            reading(
                ("not seen_at - BEFORE_SECONDS <= signed_in_at <= seen_at + AFTER_SECONDS", "False")
            ),
        ),
    ),
    defence(
        "managed-logins-cookie-proves-nothing",
        "S-94",
        "a sign-in at managed login without a password counts as a proof if another browser has just given one",
        (_TOKENS, reading(("source != _MANAGED_LOGIN", "True"))),
    ),
    defence(
        "step-up-sensible-ages",
        "S-93",
        "max_age=0 is accepted, although no proof could be recent enough",
        (f"{_TIME}:refuse_age", answering(None)),
        tests=("tests/component/test_step_up.py",),
    ),
    defence(
        "step-up-by-the-providers-time",
        "S-94",
        "a single sign-on without a login page counts as a new proof",
        (
            _INBOUND,
            reading(('read_auth_time(_mapping(request.get("attributes")))', "proofs.now()")),
        ),
    ),
    defence(
        "step-up-forgets-at-each-sign-in",
        "S-94",
        "if a provider no longer sends auth_time, the previous time stays",
        (
            _INBOUND,
            reading(
                (
                    "        proofs.note(",
                    '        if read_auth_time(_mapping(request.get("attributes"))):\n            proofs.note(',
                )
            ),
        ),
    ),
    defence(
        "step-up-by-the-id-token",
        "S-94",
        "the time of the sign-in is taken from userinfo",
        (
            _PROVIDER,
            reading(
                (
                    "{**id_token, **exact}",
                    '{**_mapping(attributes.get("userInfo")), **id_token, **exact}',
                )
            ),
        ),
    ),
    defence(
        "step-up-managed-login",
        "S-94",
        "a sign-in through managed login's cookie counts as a proof",
        (
            _TOKENS,
            reading(
                ("in _CHECKED_NOW:\n            return proofs", "!= '':\n            return proofs")
            ),
        ),
    ),
    defence(
        "step-up-no-password-of-a-providers-person",
        "S-94",
        "an API sign-in for a provider's person, who has no password, counts as a proof",
        (
            _TOKENS,
            reading(
                (
                    "        return None  # a provider",
                    "        names.append(user_name)  # a provider",
                )
            ),
        ),
    ),
    defence(
        "step-up-goes-on-without-the-table",
        "S-95",
        "if the table fails, people cannot sign in",
        (
            _TOKENS,
            reading(
                ("except TemporarilyUnavailable as error", "except ZeroDivisionError as error")
            ),
        ),
    ),
    defence(
        "step-up-rows-that-nobody-can-read",
        "S-95",
        "an unreadable row makes every refresh of that person fail",
        (
            "chalicelib.gatehouse.store.proofs:ProofStore._load",
            reading(("except (KeyError, ValueError, TypeError)", "except ZeroDivisionError")),
        ),
    ),
    defence(
        "step-up-leeway",
        "S-93",
        "if a provider's clock is an hour fast, proofs count for an hour longer",
        (f"{_TIME}:LEEWAY_SECONDS", value(3600)),
        tests=("tests/component/test_step_up.py",),
    ),
)
