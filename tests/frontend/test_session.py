"""Tests of session.js without the page, in Chromium. The tests control the clock, the network, the locks and the
tabs."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from .fake_api import ASSETS, Answer, FakeApi

WORLD = (Path(__file__).parent / "world.js").read_text("utf-8")


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    api = FakeApi()
    api.answers["GET /world.js"] = Answer(200, WORLD, {"Content-Type": "text/javascript"})
    api.answers["GET /blank"] = Answer(200, "<!doctype html>", {"Content-Type": "text/html"})
    page = browser.new_page()
    page.goto(f"{api.url}blank")
    yield page
    page.close()
    api.close()


@pytest.fixture
def run(blank: Page) -> Any:
    """Return a function that runs JavaScript and returns the result. The JavaScript is the body of an async function
    that can use `world` and a first tab, `a`."""

    def run(body: str, options: str = "{}") -> Any:
        return blank.evaluate(
            f"""async () => {{
              const {{ createSession }} = await import('.{ASSETS}session.js');
              const {{ makeWorld }} = await import('./world.js');
              const world = makeWorld(createSession, {options});
              const a = world.tab();
              {body}
            }}"""
        )

    return run


@pytest.mark.parametrize("prefix", ["/account", "account", "/account/"])
def test_below_a_prefix_only_gatehouses_own_addresses_have_it(run: Any, prefix: str) -> None:
    """The team's routes are below the API's root. The page's address has no trailing slash."""
    assert run(f"""
        world.answers['account/auth/refresh'] = () => world.ok();
        world.answers['account/auth/logout'] = () => world.respond(401, {{error: 'no_session'}});
        const b = world.tab({{ prefix: {prefix!r}, channel: null }});
        await b.session.refresh();
        await b.session.fetch('/orders');
        const link = b.session.signInUrl({{ provider: 'Okta' }});
        await b.session.signOut();
        return [world.calls.map(({{url}}) => url), link, world.navigated];
    """) == [
        [
            "https://api.example.com/api/account/auth/refresh",
            "https://api.example.com/api/orders",
            "https://api.example.com/api/account/auth/logout",
        ],
        "https://api.example.com/api/account/auth/login?provider=Okta",
        ["https://api.example.com/api/account?signed_out=1"],
    ]


def test_refresh_finds_out_who_is_signed_in(run: Any) -> None:
    assert run("""
        const seen = [];
        a.session.onChange((state) => seen.push(state.status));
        const before = a.session.state.status;
        await a.session.refresh();
        return [before, seen, a.session.user, Object.isFrozen(a.session.state)];
    """) == ["unknown", ["signed_in"], {"sub": "ada"}, True]


def test_no_session_is_no_error(run: Any) -> None:
    assert run("""
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'no_session'});
        const state = await a.session.refresh();
        const response = await a.session.fetch('me');
        return [state.status, state.reason, response.status, await response.json(), world.count('me')];
    """)[:3] == ["signed_out", "no_session", 401]


def test_calls_carry_the_token_and_stay_below_the_root(run: Any) -> None:
    assert run("""
        await a.session.fetch('/me');
        await a.session.fetch('notes/1', {method: 'PUT', headers: {'X-Own': '1'}});
        return world.calls.slice(1).map(({url, token, init}) =>
          [url, token, new Headers(init.headers).get('X-Own'), init.redirect]);
    """) == [
        ["https://api.example.com/api/me", "token-1", None, "error"],
        ["https://api.example.com/api/notes/1", "token-1", "1", "error"],
    ]


@pytest.mark.security("S-32")
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "/\\\\evil.example",
        "http://api.example.com/api/me",
        "https://api.example.com:444/api/me",
        "https://api.example.com@evil.example/",
        "https://api.example.com.evil.example/",
        "/https://evil.example/",
        "data:,x",
    ],
)
def test_the_token_goes_to_its_own_origin_only(run: Any, address: str) -> None:
    url, token = run(f"""
        await a.session.refresh();
        await a.session.fetch('{address}');
        const {{url, token}} = world.calls.at(-1);
        return [url, token];
    """)
    assert token is None or url.startswith("https://api.example.com/")


def test_an_expired_token_is_renewed_before_the_call(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        world.sleep(700);
        await a.session.fetch('me');
        return [world.count('auth/refresh'), world.calls.at(-1).token];
    """) == [2, "token-2"]


def test_a_401_is_answered_by_one_renewal_and_one_repetition(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        await world.pass(60);
        world.answers.me = ({token}) => world.respond(token === 'token-1' ? 401 : 200);
        const response = await a.session.fetch('me');
        return [response.status, world.count('auth/refresh'), world.count('me')];
    """) == [200, 2, 2]


def test_a_lasting_401_does_not_loop(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        await world.pass(60);
        world.answers.me = () => world.respond(401);
        const first = await a.session.fetch('me');
        const second = await a.session.fetch('me');
        return [first.status, second.status, world.count('auth/refresh'), world.count('me')];
    """) == [401, 401, 2, 3]


def test_many_calls_share_one_refresh(run: Any) -> None:
    assert run("""
        await Promise.all(Array.from({length: 20}, () => a.session.fetch('me')));
        return [world.count('auth/refresh'), world.count('me')];
    """) == [1, 20]


def test_tabs_refresh_one_after_the_other(run: Any) -> None:
    """With rotation, Cognito would treat two parallel refreshes of one token family as theft."""
    assert run("""
        const b = world.tab(), c = world.tab();
        for (let round = 0; round < 50; round += 1) {
          world.sleep(700);
          await Promise.all([a, b, c].map((tab) => tab.session.fetch('me')));
        }
        return [world.overlap, [a, b, c].map((tab) => tab.session.state.status)];
    """) == [0, ["signed_in"] * 3]


def test_a_lock_held_by_a_frozen_tab_is_not_waited_for_for_ever(run: Any) -> None:
    """A real tab waits 25 seconds for the lock (AbortSignal.timeout). In this test the wait ends at once."""
    assert (
        run("""
        const locks = {request: async () => { throw new DOMException('waited', 'TimeoutError'); }};
        const b = world.tab({locks});
        return (await b.session.refresh()).status;
    """)
        == "signed_in"
    )


def test_a_browser_without_locks_or_channel_works(run: Any) -> None:
    assert (
        run("""
        const b = world.tab({locks: null, channel: null});
        return (await b.session.refresh()).status;
    """)
        == "signed_in"
    )


def test_active_people_are_renewed_ahead(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        await world.pass(300);
        a.input();
        await world.pass(239);
        const before = world.count('auth/refresh');
        await world.pass(2);
        return [before, world.count('auth/refresh')];
    """) == [1, 2]


def test_idle_people_are_not_renewed(run: Any) -> None:
    """Neither waiting nor the call that opened the page extends the session."""
    assert run("""
        await a.session.refresh();
        await a.session.fetch('me');
        await world.pass(1500);
        return [world.count('auth/refresh'), a.session.state.status];
    """) == [1, "signed_in"]


def test_idle_is_warned_of_and_input_keeps_the_session(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        await world.pass(1679);
        const early = a.session.state.idleWarning;
        await world.pass(2);
        const late = a.session.state.idleWarning;
        a.input();
        await world.settle();
        return [early, late, a.session.state.idleWarning, world.count('auth/refresh')];
    """) == [False, True, False, 2]


def test_an_idle_session_ends(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        await world.pass(1790);
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'session_expired'});
        await world.pass(12);
        return [a.session.state.status, a.session.state.reason, a.session.user];
    """) == ["signed_out", "session_expired", None]


def test_activity_in_one_tab_keeps_the_other_from_warning(run: Any) -> None:
    assert run("""
        const b = world.tab();
        await Promise.all([a.session.refresh(), b.session.refresh()]);
        for (let minute = 0; minute < 40; minute += 1) { await world.pass(60); a.input(); await world.settle(); }
        return [b.session.state.idleWarning, b.session.state.status, b.session.state.idleExpiresAt > world.now()];
    """) == [False, "signed_in", True]


@pytest.mark.parametrize("skew", [-86_400_000, -90_000, 90_000, 86_400_000])
def test_a_wrong_clock_does_no_harm(run: Any, skew: int) -> None:
    """If the clock is a day fast or slow, the warning still comes 28 minutes after the refresh."""
    early, late, left = run(
        """
        await a.session.refresh();
        const left = (a.session.state.idleExpiresAt - world.now()) / 1000;
        await world.pass(1670);
        const early = a.session.state.idleWarning;
        await world.pass(15);
        return [early, a.session.state.idleWarning, left];
        """,
        f"{{skew: {skew}}}",
    )
    assert (early, late) == (False, True)
    assert left == pytest.approx(1800, abs=1)


def test_a_clock_set_back_costs_one_401(run: Any) -> None:
    assert (
        run("""
        await a.session.refresh();
        await world.pass(60);
        world.sleep(-7200);
        world.answers.me = ({token}) => world.respond(token === 'token-1' ? 401 : 200);
        world.sleep(7300);
        return (await a.session.fetch('me')).status;
    """)
        == 200
    )


def test_sleep_is_noticed_on_waking(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'session_expired'});
        world.sleep(8 * 3600);
        const asleep = a.session.state.status;
        a.wake();
        await world.settle();
        return [asleep, a.session.state.status];
    """) == ["signed_in", "signed_out"]


@pytest.mark.security("S-99")
def test_a_look_at_the_page_notices_a_session_that_was_ended(run: Any) -> None:
    """Every tab notices the end. As long as the session exists, no tab refreshes the session."""
    assert run("""
        const b = world.tab();
        world.answers['auth/session'] = () => world.respond(200, {goes_on: true});
        await Promise.all([a.session.refresh(), b.session.refresh()]);
        await world.pass(60);
        a.wake();
        await world.settle();
        const living = [world.count('auth/session'), world.count('auth/refresh')];
        world.answers['auth/session'] = () => world.respond(200, {goes_on: false});
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'session_expired'});
        await world.pass(60);
        a.wake();
        await world.settle();
        return [...living, ...[a, b].map((tab) => [tab.session.state.status, tab.session.state.reason])];
    """) == [1, 2, ["signed_out", "session_expired"], ["signed_out", "session_expired"]]


@pytest.mark.security("S-99")
def test_looking_is_no_use_of_the_session_and_asks_once_in_a_while(run: Any) -> None:
    """If the person returns to the page every second, the page sends one request in ten seconds and never refreshes the
    session. The session ends after the idle time."""
    asked, refreshed, status = run("""
        world.answers['auth/session'] = () => world.respond(200, {goes_on: true});
        await a.session.refresh();
        for (let second = 0; second < 1790; second += 1) { a.wake(); await world.pass(1); }
        const counts = [world.count('auth/session'), world.count('auth/refresh')];
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'session_expired'});
        await world.pass(12);
        return [...counts, a.session.state.status];
    """)
    assert 170 < asked < 181
    assert (refreshed, status) == (1, "signed_out")


@pytest.mark.parametrize(
    "answer",
    [
        "new Error('offline')",
        "() => world.respond(503, {error: 'temporarily_unavailable'})",
        "() => world.respond(404, {error: 'not_found'})",
        "() => world.respond(200, {})",
    ],
)
def test_a_look_without_an_answer_changes_nothing(run: Any, answer: str) -> None:
    """If the server does not answer, the page keeps the session. If there is no session, the page sends no request."""
    assert run(f"""
        world.answers['auth/session'] = {answer};
        a.wake();
        await world.settle();
        const before = world.count('auth/session');
        await a.session.refresh();
        await world.pass(60);
        a.wake();
        await world.settle();
        return [before, world.count('auth/session'), world.count('auth/refresh'), a.session.state.status];
    """) == [0, 1, 1, "signed_in"]


def test_sleep_is_noticed_without_any_event(run: Any) -> None:
    assert (
        run("""
        await a.session.refresh();
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'session_expired'});
        world.sleep(8 * 3600);
        await world.pass(30);
        return a.session.state.status;
    """)
        == "signed_out"
    )


def test_an_outage_of_a_minute_costs_nobody_the_session(run: Any) -> None:
    """The token is still valid when the outage starts. As soon as the API works again, the session works again."""
    statuses, tries, end = run("""
        await a.session.refresh();
        await world.pass(500); a.input();
        world.answers['auth/refresh'] = () => world.respond(503, {error: 'temporarily_unavailable'});
        await world.pass(160);
        const during = [a.session.state.status, a.session.user?.sub];
        const tries = world.count('auth/refresh') - 1;
        delete world.answers['auth/refresh'];
        await world.pass(61);
        return [during, tries, a.session.state.status];
    """)
    assert statuses == ["unavailable", "ada"]
    assert 5 <= tries <= 9, "the pauses must grow: 1, 2, 4 … seconds"
    assert end == "signed_in"


def test_calls_during_the_pause_do_not_reach_the_server(run: Any) -> None:
    assert run("""
        world.answers['auth/refresh'] = () => world.respond(503, {error: 'temporarily_unavailable'}, {'Retry-After': '30'});
        await a.session.refresh();
        const response = await a.session.fetch('me');
        await world.pass(29);
        const during = world.count('auth/refresh');
        await world.pass(2);
        return [response.status, (await response.json()).error, during, world.count('auth/refresh')];
    """) == [503, "temporarily_unavailable", 1, 2]


@pytest.mark.security("S-35")
@pytest.mark.parametrize(
    "answer",
    [
        "world.respond(500)",
        "world.respond(502, {message: 'Internal server error'})",
        "world.respond(403, {error: 'csrf'})",
        "world.respond(401, {message: 'a proxy'})",
        "world.respond(200, {})",
        "({ok: true, status: 200, headers: new Headers(), json: async () => { throw new SyntaxError('html') }})",
    ],
)
def test_only_the_servers_own_word_ends_a_session(run: Any, answer: str) -> None:
    assert run(f"""
        await a.session.refresh();
        world.sleep(650);
        world.answers['auth/refresh'] = () => {answer};
        const state = await a.session.refresh();
        return [state.status, state.user?.sub];
    """) == ["unavailable", "ada"]


def test_the_network_back_is_used_at_once(run: Any) -> None:
    assert run("""
        world.answers['auth/refresh'] = new TypeError('Failed to fetch');
        const {status, reason} = await a.session.refresh();
        delete world.answers['auth/refresh'];
        a.online();
        await world.settle();
        return [status, reason, a.session.state.status];
    """) == ["unavailable", "network", "signed_in"]


@pytest.mark.security("S-38")
def test_signing_out_empties_every_tab(run: Any) -> None:
    assert run("""
        const b = world.tab();
        await Promise.all([a.session.refresh(), b.session.refresh()]);
        world.answers['auth/logout'] = () => world.respond(200, {logout_url: 'https://cognito.example/logout'});
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'no_session'});
        await a.session.signOut();
        await world.settle();
        const response = await b.session.fetch('me');
        return [world.navigated, a.session.user, b.session.state.status, b.session.state.reason,
                response.status, world.count('me')];
    """) == [["https://cognito.example/logout"], None, "signed_out", "signed_out", 401, 0]


def test_a_sign_out_that_did_not_arrive_is_not_pretended(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        world.answers['auth/logout'] = () => world.respond(503, {error: 'temporarily_unavailable'});
        const outcome = await a.session.signOut().then(() => 'done', (error) => error.message);
        return [outcome, a.session.state.status, world.navigated];
    """) == ["temporarily_unavailable", "signed_in", []]


def test_a_session_gone_already_can_be_signed_out_of(run: Any) -> None:
    assert run("""
        world.answers['auth/logout'] = () => world.respond(401, {error: 'no_session'});
        await a.session.signOut();
        return world.navigated;
    """) == ["https://api.example.com/api/?signed_out=1"]


def test_another_person_in_another_tab_takes_over_everywhere(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        world.answers['auth/refresh'] = () => world.ok('bob');
        const b = world.tab();
        await b.session.refresh();
        await world.settle();
        return [a.session.user.sub, b.session.user.sub, world.count('auth/refresh')];
    """) == ["bob", "bob", 3]


def test_signing_in_is_a_navigation(run: Any) -> None:
    assert run("""
        a.session.signIn({provider: 'Okta', email: 'a+b@example.com', returnTo: '/api/x?y=1', remember: true});
        a.session.signIn();
        return world.navigated;
    """) == [
        "https://api.example.com/api/auth/login?provider=Okta&email=a%2Bb%40example.com"
        "&return_to=%2Fapi%2Fx%3Fy%3D1&remember=1",
        "https://api.example.com/api/auth/login",
    ]


def test_a_cross_origin_front_end_sends_the_cookie(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        const {init} = world.calls[0];
        return [init.credentials, init.headers['X-Gatehouse'], init.redirect, init.cache];
    """) == ["include", "1", "error", "no-store"]


def test_close_leaves_nothing_running(run: Any) -> None:
    assert (
        run("""
        await a.session.refresh();
        await world.pass(300);
        a.session.close();
        a.input();
        await world.pass(7200);
        return world.count('auth/refresh');
    """)
        == 1
    )


@pytest.mark.security("S-32")
def test_the_token_is_out_of_reach(run: Any) -> None:
    """The session object, its state and the messages to other tabs do not contain the token."""
    assert (
        run("""
        const said = [];
        const channel = {postMessage: (data) => said.push(data), close() {}};
        const b = world.tab({channel});
        await b.session.refresh();
        return JSON.stringify([b.session, b.session.state, said]).includes('token-');
    """)
        is False
    )


def test_an_answer_with_a_token_starts_the_session(run: Any) -> None:
    """After a direct sign-in the session works as after a refresh, also in other tabs. The page renews the token in
    time, and not earlier."""
    assert run("""
        const b = world.tab();
        world.answers['auth/refresh'] = () => world.respond(401, {error: 'no_session'});
        await Promise.all([a.session.refresh(), b.session.refresh()]);
        world.answers['auth/direct/sign-in'] = () => world.ok();
        delete world.answers['auth/refresh'];
        a.input();
        const {response} = await a.session.post('auth/direct/sign-in', {email: 'e', password: ' p '});
        await world.settle();
        const sent = world.calls.find(({path}) => path === 'auth/direct/sign-in').init;
        await a.session.fetch('me');
        const before = world.count('auth/refresh');
        await world.pass(1500);
        return [response.status, JSON.parse(sent.body), sent.headers['X-Gatehouse'], a.session.user, b.session.user,
                world.calls.filter(({path}) => path === 'me').map(({token}) => token), before,
                world.count('auth/refresh')];
    """) == [
        200,
        {"email": "e", "password": " p "},
        "1",
        {"sub": "ada"},
        {"sub": "ada"},
        ["token-1"],
        3,
        3,
    ]


@pytest.mark.security("S-47")
def test_a_direct_sign_in_and_a_refresh_do_not_overlap(run: Any) -> None:
    """The sign-in replaces the session. A parallel refresh of the old session could delete the new cookie."""
    assert run("""
        const order = [];
        world.answers['auth/refresh'] = () => (order.push('refresh'), world.ok('old'));
        world.answers['auth/direct/sign-in'] = () => (order.push('sign-in'), world.ok('new'));
        const first = a.session.refresh();
        const second = a.session.post('auth/direct/sign-in', {});
        await Promise.all([first, second]);
        return [order, a.session.user.sub, world.overlap];
    """) == [["refresh", "sign-in"], "new", 0]


def test_an_answer_without_a_token_changes_nothing(run: Any) -> None:
    assert run("""
        await a.session.refresh();
        world.answers['auth/mfa/setup'] = () => world.respond(401, {error: 'invalid_credentials'});
        const before = a.session.state;
        const {response, answer} = await a.session.post('auth/mfa/setup', {password: 'x'});
        world.answers['auth/y'] = new TypeError('Failed to fetch');
        return [response.status, answer.error, a.session.state === before,
                await a.session.post('auth/y').catch(() => 'rejects')];
    """) == [401, "invalid_credentials", True, "rejects"]


def test_session_js_is_small_and_alone(frontend: Path) -> None:
    """session.js has at most 3.4 kB without comments and after gzip. session.js imports no module, so that people can
    copy the file."""
    text = (frontend / "session.js").read_text("utf-8")
    assert not re.search(r"^\s*import\b|\bimport\(", text, re.MULTILINE)
    bare = re.sub(r"/\*\*.*?\*/|(?<=\s)//[^\n]*", "", text, flags=re.DOTALL)
    assert len(gzip.compress(bare.encode(), 9)) <= 3.4 * 1024
