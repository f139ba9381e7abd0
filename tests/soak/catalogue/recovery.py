"""Catalogue entries: recovery codes in place of an authenticator app (S-105 … S-108)."""

from tests.soak.defence import Defence, defence, nothing, reading, value

_STORE = "chalicelib.gatehouse.store.recovery_codes"
_FLOW = "chalicelib.gatehouse.flows.recovery_codes:RecoveryCodes"

RECOVERY: tuple[Defence, ...] = (
    defence(
        "recovery-codes-only-for-the-app",
        "S-105",
        "a recovery code is accepted at any challenge, even before the person has chosen a password",
        (f"{_FLOW}.use", reading(("challenge.name != TOTP", "False"))),
    ),
    defence(
        "recovery-codes-not-after-the-end",
        "S-105",
        "a recovery code completes a sign-in that began before the person's sessions were ended",
        (f"{_FLOW}.use", reading(("self._load_new_sessions().refuse_ended", "(lambda *_: None)"))),
    ),
    defence(
        "recovery-codes-against-both-factors",
        "S-105",
        "recovery codes can be created while two-step verification is off",
        (f"{_FLOW}.make", reading(("if not asked", "if False"))),
    ),
    defence(
        "recovery-codes-are-used-up",
        "S-106",
        "a recovery code works more than once",
        (
            f"{_STORE}:RecoveryCodeStore.spend",
            reading(("if each != digest", "if each")),
        ),
    ),
    defence(
        "recovery-codes-atomic",
        "S-106",
        "two containers can use the same recovery code at the same time",
        (
            f"{_STORE}:RecoveryCodeStore.spend",
            reading(
                ("self._write(user_name, after, before)", "self._write(user_name, after, None)")
            ),
        ),
    ),
    defence(
        "recovery-codes-come-back-after-an-outage",
        "S-106",
        "an outage uses up a recovery code",
        (f"{_STORE}:RecoveryCodeStore.restore", nothing),
    ),
    defence(
        "recovery-codes-go-with-the-app",
        "S-106",
        "codes for an app that was turned off still work for the next app",
        (f"{_STORE}:RecoveryCodeStore.remove", nothing),
    ),
    defence(
        "recovery-codes-as-hashes",
        "S-107",
        "the table contains the codes in plain text",
        (f"{_STORE}:CodeSet.digest_of", value(lambda self, code: code)),
    ),
    defence(
        "recovery-codes-throttled",
        "S-108",
        "guesses at recovery codes are counted separately from guesses at the app's code",
        (f"{_FLOW}.use", reading(("guarded(CHALLENGE", "guarded('recovery'"))),
    ),
)
