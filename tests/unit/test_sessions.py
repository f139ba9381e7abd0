"""Tests of sessions and login transactions as values: deadlines, individual fields, printing."""

from dataclasses import replace

import pytest

from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from chalicelib.gatehouse.cognito.oauth import TokenSet
from chalicelib.gatehouse.cognito.tokens import AccessClaims, IdentityClaims
from chalicelib.gatehouse.errors import LoginExpired, LoginUnknown, NoSession, SessionExpired
from chalicelib.gatehouse.flows.hosted_sign_in import CallbackQuery, LoginStart, SignedIn
from chalicelib.gatehouse.flows.session_flow import Refreshed
from chalicelib.gatehouse.sealed.sealing import KeyRing, Sealer
from chalicelib.gatehouse.sealed.transactions import LoginTransactions, cookie_name
from chalicelib.gatehouse.session.sessions import Session, Sessions
from chalicelib.gatehouse.settings import SessionLifetimes
from tests.doubles.clock import Clock

SEALER = Sealer(lambda renew: KeyRing("k1", {"k1": "a" * 64}))
SECRET = "canary-secret-value"


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(
        SEALER, clock, SessionLifetimes(1800, 43_200), SessionLifetimes(86_400, 864_000)
    )


@pytest.fixture
def transactions(clock: Clock) -> LoginTransactions:
    return LoginTransactions(SEALER, clock)


def begin(sessions: Sessions, remember: bool = False) -> Session:
    return sessions.begin(refresh_token=SECRET, sub="s", username="u", remember=remember)


def test_a_session_comes_back_as_it_was(sessions: Sessions) -> None:
    """Sealing and opening a session keeps every field."""
    session = begin(sessions)
    assert sessions.open(sessions.seal(session)) == session


@pytest.mark.security("S-34")
def test_renewing_moves_the_idle_deadline_and_never_the_absolute_one(
    sessions: Sessions, clock: Clock
) -> None:
    """The idle deadline is never later than the absolute deadline."""
    session = begin(sessions)
    clock.advance(1000)
    renewed = sessions.renew(session, "next")
    assert renewed.refresh_token == "next"
    assert renewed.idle_expires_at == session.idle_expires_at + 1000
    assert renewed.expires_at == session.expires_at
    clock.advance(42_000)
    assert sessions.renew(session, "next").idle_expires_at == session.expires_at


def test_deadlines_end_a_session_to_the_second(sessions: Sessions, clock: Clock) -> None:
    """The session has ended at the deadline, but not one second before the deadline."""
    session = begin(sessions)
    value = sessions.seal(session)
    clock.now = session.idle_expires_at - 1
    assert sessions.open(value) == session
    clock.now = session.idle_expires_at
    with pytest.raises(SessionExpired):
        sessions.open(value)
    long_idle = sessions.seal(replace(session, idle_expires_at=session.expires_at + 9))
    clock.now = session.expires_at
    with pytest.raises(SessionExpired):
        sessions.open(long_idle)
    assert sessions.open_even_expired(value) == session


def test_max_age_is_for_remembered_sessions_only(sessions: Sessions, clock: Clock) -> None:
    """Max-Age never exceeds the session's deadline."""
    assert begin(sessions).cookie_max_age(clock()) is None
    remembered = begin(sessions, remember=True)
    assert remembered.cookie_max_age(clock()) == 86_400
    assert remembered.cookie_max_age(clock() + 10**7) == 0


@pytest.mark.parametrize(
    "payload", [b"{}", b"[]", b"null", b"x", b'{"refresh_token": "a"}', b'{"unknown": 1}', b"\xff"]
)
def test_a_sealed_value_of_another_shape_is_no_session(sessions: Sessions, payload: bytes) -> None:
    """The sealed value may come from an older or newer release. Then the person must sign in again, but the app does
    not crash."""
    with pytest.raises(NoSession):
        sessions.open(SEALER.seal("session", payload))


@pytest.mark.security("S-03")
def test_a_transaction_has_three_independent_secrets(transactions: LoginTransactions) -> None:
    """Each secret has 256 bits, and the verifier uses the alphabet of RFC 7636."""
    made = [transactions.begin(return_to="/", provider=None, remember=False) for _ in range(20)]
    # A state begins with the time, which is not secret.
    secrets = {secret for t in made for secret in (t.state[8:], t.nonce, t.code_verifier)}
    assert len(secrets) == 60
    assert all(len(secret) == 43 for secret in secrets)


@pytest.mark.security("S-02")
def test_the_challenge_is_the_rfcs(transactions: LoginTransactions) -> None:
    """The test uses the example in RFC 7636, appendix B."""
    begun = transactions.begin(return_to="/", provider=None, remember=False)
    known = replace(begun, code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert known.code_challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.security("S-11")
def test_a_transaction_is_found_by_its_state_alone(
    transactions: LoginTransactions, clock: Clock
) -> None:
    """If the cookie is absent, broken, or has another state, the transaction is unknown. If the cookie is too old, the
    app has a separate error."""
    one, two = (transactions.begin(return_to="/", provider=None, remember=False) for _ in range(2))
    sealed = transactions.seal(one)
    assert transactions.load({one.cookie_name: sealed}, one.state) == one
    for cookies, state in (
        ({}, one.state),
        ({one.cookie_name: "k1.junk"}, one.state),
        ({two.cookie_name: sealed}, two.state),
        ({one.cookie_name: SEALER.seal("session", b"{}")}, one.state),
        ({one.cookie_name: SEALER.seal("login", b"{}")}, one.state),
    ):
        with pytest.raises(LoginUnknown):
            transactions.load(cookies, state)
    clock.now = one.expires_at
    with pytest.raises(LoginExpired):
        transactions.load({one.cookie_name: sealed}, one.state)


def test_surplus_is_the_oldest_and_then_the_dead_four_at_most(
    transactions: LoginTransactions, clock: Clock
) -> None:
    """The browser has at most four transactions afterwards, including the new login, however many cookies the request
    had. The response deletes the cookies of all other transactions."""
    jar: dict[str, str] = {"other": "x"}
    names = []
    for _ in range(5):
        begun = transactions.begin(return_to="/", provider=None, remember=False)
        jar[begun.cookie_name] = transactions.seal(begun)
        names.append(begun.cookie_name)
        clock.advance(1)
    broken = cookie_name("broken")
    jar[broken] = "junk"
    assert transactions.surplus(jar) == [names[0], names[1], broken]
    clock.advance(700)
    cleared = transactions.surplus(jar)
    assert len(cleared) == 4
    rest = {name: value for name, value in jar.items() if name not in cleared}
    assert {*cleared, *transactions.surplus(rest)} == {broken, *names}


def test_a_cookie_name_is_eight_hex_digits_of_the_states_hash() -> None:
    """The name's format is part of the documented contract."""
    assert cookie_name("abc") == "__Host-gatehouse-login-ba7816bf"


@pytest.mark.security("S-61")
def test_values_that_hold_secrets_do_not_print_them(
    transactions: LoginTransactions, sessions: Sessions
) -> None:
    """repr and str hide the secret of every value with a token, code, verifier, cookie or key."""
    begun = transactions.begin(return_to="/", provider=None, remember=False)
    begun = replace(begun, state=SECRET, nonce=SECRET, code_verifier=SECRET)
    session = begin(sessions)
    access = AccessClaims("s", "u", "openid", 1, 1)
    identity = IdentityClaims("s", "u", "e", "g", "f", (), "Okta")
    values = [
        begun,
        session,
        TokenSet(SECRET, SECRET, SECRET),
        HttpAnswer(200, {"access_token": SECRET}),
        LoginStart(f"https://x/?state={SECRET}", begun, SECRET),
        CallbackQuery(code=SECRET, error_description=SECRET),
        SignedIn(session, SECRET, "/"),
        Refreshed(SECRET, access, identity, session, SECRET),
        KeyRing("k1", {"k1": SECRET}),
    ]
    for value in values:
        assert SECRET not in repr(value) + str(value), type(value)
