"""Routes that want a recent proof of who calls (S-93 … S-95)."""

from tests.soak.defence import Defence, answering, defence, nothing, reading, value

_TIME = "chalicelib.gatehouse.cognito.authentication_time"
_AGE = f"{_TIME}:verify_age"
_GUARD = "chalicelib.gatehouse.guard.authorization:ScopedAuthorizer.verify_age"
_TOKENS = "chalicelib.gatehouse.triggers.token_claims:_proof"
_INBOUND = "chalicelib.gatehouse.triggers.inbound_federation:_note"
_PROVIDER = "chalicelib.gatehouse.cognito.provider_claims:read_auth_time"

STEP_UP: tuple[Defence, ...] = (
    defence("step-up", "S-93", "max_age asks nothing", (_GUARD, nothing)),
    defence(
        "step-up-old-proofs",
        "S-93",
        "a proof never gets too old",
        (_AGE, reading(("now - proved_at > max_age", "False"))),
    ),
    defence(
        "step-up-of-the-future",
        "S-93",
        "a proof from the future is fresh for as long as it likes",
        (_AGE, reading(("proved_at > now + LEEWAY_SECONDS", "False"))),
    ),
    defence(
        "step-up-unreadable-claims",
        "S-93",
        "what nobody can read counts as now",
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
        "a proof in one browser makes sessions in all others fresh",
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
        "a silent sign-in at managed login counts as the password that another browser gave a moment ago",
        (_TOKENS, reading(("source != _MANAGED_LOGIN", "True"))),
    ),
    defence(
        "step-up-sensible-ages",
        "S-93",
        "max_age=0 loads, and nobody ever passes",
        (f"{_TIME}:refuse_age", answering(None)),
        tests=("tests/component/test_step_up.py",),
    ),
    defence(
        "step-up-by-the-providers-time",
        "S-94",
        "a silent single sign-on counts as a proof of now",
        (
            _INBOUND,
            reading(('read_auth_time(_mapping(request.get("attributes")))', "proofs.now()")),
        ),
    ),
    defence(
        "step-up-forgets-at-each-sign-in",
        "S-94",
        "a provider that stops saying when leaves the last time standing",
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
        "userinfo tells when somebody signed in",
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
        "managed login's cookie proves that somebody is there",
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
        "the API's sign-in of a provider's person is a proof",
        (
            _TOKENS,
            reading(
                ("        return None  # somebody", "        names.append(user_name)  # somebody")
            ),
        ),
    ),
    defence(
        "step-up-goes-on-without-the-table",
        "S-95",
        "a table that is out keeps people out",
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
        "a broken row stops every refresh of that person",
        (
            "chalicelib.gatehouse.store.proofs:ProofStore._load",
            reading(("except (KeyError, ValueError, TypeError)", "except ZeroDivisionError")),
        ),
    ),
    defence(
        "step-up-leeway",
        "S-93",
        "a provider whose clock is an hour ahead makes people fresh for an hour more",
        (f"{_TIME}:LEEWAY_SECONDS", value(3600)),
        tests=("tests/component/test_step_up.py",),
    ),
)
