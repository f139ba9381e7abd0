/**
 * Gets the signed-in person from the server, and makes calls with that person's access token. Any front end can load or copy
 * this file, because the file has no imports and does not use the DOM.
 *
 * The access token is only in a closure of this file. The refresh token never reaches JavaScript. Each answer contains
 * `session.now`. With `session.now`, the server's times are converted to this machine's clock, so a wrong clock does no harm.
 * Every decision compares the converted times with now(). So after the machine has slept, the next check is late but correct.
 *
 * @typedef {{sub: string, username: string, email: string, given_name: string, family_name: string,
 *   groups: string[], provider: string}} User
 * @typedef {Object} State
 * @property {'unknown'|'signed_in'|'signed_out'|'unavailable'} status
 * @property {User|null} user
 * @property {string|null} reason `no_session`, `cookies_blocked`, `session_expired`, `signed_out`, `network`,
 *   `temporarily_unavailable`. While `signed_in`, the only possible reason is `cookies_blocked`; then the session ends when
 *   this page closes
 * @property {number|null} idleExpiresAt the idle deadline of the session, in milliseconds of this machine's clock
 * @property {number|null} expiresAt the absolute deadline of the session
 * @property {boolean} idleWarning whether inactivity will soon end the session. An input or stay() extends the session.
 * @property {number|null} retryAt the time of the next attempt after a failure
 * @typedef {{provider?: string, email?: string, returnTo?: string, remember?: boolean}} SignIn
 * @typedef {ReturnType<typeof createSession>} Session
 * @typedef {{value: string, bornAt: number, renewAt: number, expiresAt: number}} Token times of this machine's clock
 * @typedef {{access_token: string, expires_in: number, user: User, session: {now: number, idle_expires_at: number, expires_at:
 *   number}}} Tokens the server's answer; times are seconds of the server's clock
 */

/**
 * The browser's functions that tests can replace.
 * @typedef {Object} Surroundings
 * @property {(url: string|URL, init?: RequestInit) => Promise<Response>} [fetch]
 * @property {() => number} [now] milliseconds
 * @property {Pick<LockManager, 'request'>} [locks]
 * @property {Pick<BroadcastChannel, 'postMessage'|'close'|'onmessage'>|null} [channel] null means that no channel exists
 * @property {Pick<EventTarget, 'addEventListener'|'removeEventListener'>} [events]
 * @property {(work: () => void, ms: number) => any} [setTimer]
 * @property {(timer: any) => void} [clearTimer]
 * @property {(url: string) => void} [navigate]
 * @property {() => number} [random]
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const REQUEST_TIMEOUT = 20 * SECOND;
// the maximum wait for the lock, because a frozen tab may keep the lock for ever; the server's grace period allows two
// refreshes at once
const LOCK_WAIT = 25 * SECOND;
const LONGEST_PAUSE = MINUTE;
const LONGEST_RETRY_AFTER = 300;
const SHORTEST_TIMER = 50;
// the longest timer, because timers may stop while the machine sleeps
const LONGEST_TIMER = 30 * SECOND;
// a token of at most this age has not expired, so a 401 has another reason, such as the scope
const JUST_BORN = 10 * SECOND;
// the shortest time between two checks of the session
const LOOK_PAUSE = 10 * SECOND;
const INPUT = ['pointerdown', 'keydown'];
const WAKING = ['visibilitychange', 'focus', 'pageshow'];

/**
 * Whether this browser keeps a cookie like the session's cookie. Browsers keep no such cookie if cookies are blocked, or if
 * the page is in a frame of another site. WebKit keeps no `Secure` cookie on http, even on localhost. Without a document,
 * cookies cannot be tested, so the result is true.
 */
function cookiesWork() {
  // the name is unique, so that another tab cannot clear the cookie
  const test = `__Host-gatehouse-test-${Math.random()}=`;
  /** @param {number} seconds */
  const put = (seconds) => { document.cookie = `${test}; Path=/; Secure; SameSite=Strict; Max-Age=${seconds}`; };
  try {
    put(9);
    const kept = document.cookie.includes(test);
    put(0);
    return kept;
  } catch {
    return !globalThis.document;
  }
}

/**
 * @param {{baseUrl: string|URL, prefix?: string} & Surroundings} options `baseUrl` is the root of the API. `prefix` is the
 *   path of Gatehouse below the root, such as `/account`. The other options are for tests.
 */
export function createSession({
  baseUrl,
  prefix = '',
  fetch: send = (url, init) => globalThis.fetch(url, init),
  now = Date.now,
  locks = globalThis.navigator?.locks,
  channel,
  events = globalThis,
  setTimer = (work, ms) => setTimeout(work, ms),
  clearTimer = (timer) => clearTimeout(timer),
  navigate = (url) => location.assign(url),
  random = Math.random,
}) {
  const here = globalThis.location;
  const base = new URL(baseUrl, here?.href);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const own = new URL(prefix ? `${prefix.replace(/^\/|\/$/g, '')}/` : '', base);
  const name = `gatehouse ${own}`;
  try {
    channel ??= channel === null ? null : new BroadcastChannel(name);
  } catch {
    // Firefox has no channel if storage is blocked, so this tab cannot notify other tabs
  }

  /** @type {Readonly<State>} */
  let state = Object.freeze({
    status: 'unknown', user: null, reason: null, idleExpiresAt: null, expiresAt: null, idleWarning: false, retryAt: null,
  });
  /** @type {Set<(state: Readonly<State>) => void>} */
  const listeners = new Set();
  /** @type {Token|null} */
  let token = null;
  let warnAt = Infinity;
  // whether the person made an input or the page made a call since the last refresh
  let active = false;
  let failures = 0;
  let lookedAt = -Infinity;
  /** @type {Promise<Readonly<State>>|null} */
  let refreshing = null;
  /** @type {any} */
  let timer;

  /** @param {Partial<State>} patch */
  function change(patch) {
    state = Object.freeze({ ...state, ...patch });
    for (const listener of [...listeners]) listener(state);
  }

  /** The end of the session: the earlier of the two deadlines. */
  const end = () => Math.min(state.idleExpiresAt ?? Infinity, state.expiresAt ?? Infinity) + SECOND;

  function schedule() {
    clearTimer(timer);
    const moments = [];
    if (state.retryAt !== null) moments.push(state.retryAt);
    else if (state.status === 'signed_in') {
      moments.push(end());
      if (active && token) moments.push(token.renewAt);
      if (!state.idleWarning) moments.push(warnAt);
    }
    const next = Math.min(...moments);
    if (next < Infinity) timer = setTimer(tick, Math.min(Math.max(next - now(), SHORTEST_TIMER), LONGEST_TIMER));
  }

  function tick() {
    const time = now();
    if (refreshing) return;
    if (state.retryAt !== null) {
      if (time >= state.retryAt) return void refresh();
    } else if (state.status === 'signed_in') {
      if (time >= end()) {
        token = null;
        // ask the server, because another origin may have extended the session
        return void refresh();
      }
      if (active && time >= Math.min(token?.renewAt ?? 0, warnAt)) return void refresh();
      if (!state.idleWarning && time >= warnAt) change({ idleWarning: true });
    }
    schedule();
  }

  /** Records activity. Activity right after a refresh is ignored, because the same activity caused the refresh. */
  const touch = () => {
    active ||= !token || now() - token.bornAt > JUST_BORN || state.idleWarning;
  };
  const onInput = () => {
    touch();
    tick();
  };
  const onOnline = () => (state.retryAt === null ? tick() : void refresh());
  for (const type of INPUT) events.addEventListener(type, onInput, { capture: true, passive: true });
  const onWaking = () => {
    tick();
    void look();
  };
  for (const type of WAKING) events.addEventListener(type, onWaking);
  events.addEventListener('online', onOnline);

  /**
   * Runs one piece of work at a time in all tabs of this origin.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async function locked(work) {
    let started = false;
    const run = () => {
      started = true;
      return work();
    };
    if (!locks) return run();
    try {
      return await locks.request(name, { signal: AbortSignal.timeout(LOCK_WAIT) }, run);
    } catch (error) {
      if (started) throw error;
      return run();
    }
  }

  /** @param {string} path @param {RequestInit} [init] */
  const request = (path, init) => send(new URL(path, own), {
    credentials: base.origin === here?.origin ? 'same-origin' : 'include',
    cache: 'no-store',
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    ...init,
  });

  /** @param {string} path @param {object} [body] */
  async function post(path, body = {}) {
    const response = await request(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Gatehouse': '1' },
      body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    return { response, answer };
  }

  /** @param {Tokens} answer @param {number} asked */
  function began(answer, asked) {
    /** @param {number} seconds */
    const local = (seconds) => seconds * SECOND + now() - answer.session.now * SECOND;
    const life = answer.expires_in * SECOND;
    token = {
      value: answer.access_token,
      bornAt: now(),
      renewAt: asked + life - Math.min(MINUTE, life / 5),
      expiresAt: asked + life,
    };
    failures = 0;
    const idleExpiresAt = local(answer.session.idle_expires_at);
    const expiresAt = local(answer.session.expires_at);
    warnAt = idleExpiresAt < expiresAt ? idleExpiresAt - Math.min(2 * MINUTE, (idleExpiresAt - now()) / 4) : Infinity;
    change({
      status: 'signed_in', user: answer.user, reason: cookiesWork() ? null : 'cookies_blocked',
      idleExpiresAt, expiresAt, idleWarning: false, retryAt: null,
    });
    channel?.postMessage({ sub: answer.user.sub, idleExpiresAt, expiresAt, warnAt });
  }

  /** @param {string} why */
  function ended(why) {
    const reason = why === 'signed_out' || cookiesWork() ? why : 'cookies_blocked';
    token = null;
    failures = 0;
    change({
      status: 'signed_out', user: null, reason, idleExpiresAt: null, expiresAt: null, idleWarning: false, retryAt: null,
    });
  }

  /** @param {string} reason @param {string|null} [retryAfter] */
  function failed(reason, retryAfter) {
    active = true;
    const pause = Math.min(SECOND * 2 ** failures++, LONGEST_PAUSE) * (0.5 + random() / 2);
    change({
      status: usable() ? 'signed_in' : 'unavailable', reason, retryAt: now() + Math.max(pause, Math.min(Number(retryAfter), LONGEST_RETRY_AFTER) * SECOND || 0),
    });
  }

  async function ask() {
    const asked = now();
    const known = state.user;
    active = false;
    try {
      const { response, answer } = await post('auth/refresh');
      if (response.ok && answer.access_token) began(answer, asked);
      else if (response.status === 401 && /^(no_session|session_expired)$/.test(answer.error)) {
        ended(known ? 'session_expired' : answer.error);
        if (known) channel?.postMessage({ ended: 'session_expired' });
      } else failed('temporarily_unavailable', response.headers.get('Retry-After'));
    } catch {
      failed('network');
    }
  }

  /**
   * Gets the signed-in person from the server. Call this function once at the start. Calls during a request share the
   * request's result.
   * @returns {Promise<Readonly<State>>} never rejects
   */
  function refresh() {
    refreshing ??= locked(ask).then(() => {
      refreshing = null;
      schedule();
      return state;
    });
    return refreshing;
  }

  /**
   * Asks the server whether the session is still active, when the person returns to the page. This check does not extend an
   * idle session. If the session is over, a refresh gets the reason.
   */
  async function look() {
    const asked = now();
    if (state.status !== 'signed_in' || refreshing || globalThis.document?.hidden) return;
    if (asked - Math.max(lookedAt, token?.bornAt ?? 0) < LOOK_PAUSE) return;
    lookedAt = asked;
    try {
      const response = await request('auth/session');
      if (response.ok && (await response.json()).goes_on === false) await refresh();
    } catch {
      // offline; the next check, call or refresh gets the state
    }
  }

  if (channel) {
    channel.onmessage = (/** @type {MessageEvent} */ { data }) => {
      if (data.ended) {
        if (state.user) ended(data.ended);
      } else if (state.user?.sub === data.sub) {
        warnAt = data.warnAt;
        change({ idleExpiresAt: data.idleExpiresAt, expiresAt: data.expiresAt, idleWarning: false });
      } else return void refresh();
      schedule();
    };
  }

  const usable = () => (token !== null && now() < token.expiresAt ? token : null);

  /** @param {URL} url @param {RequestInit} init @param {Token} used */
  const call = (url, init, used) => {
    const headers = new Headers(init.headers);
    headers.set('Authorization', `Bearer ${used.value}`);
    return send(url, { redirect: 'error', ...init, headers });
  };

  /**
   * Works like fetch, and sends the access token, but never to other origins. Paths are below the API root, with or without a
   * leading slash. Without a session the answer is 401. In an outage the answer is 503. This module itself makes the 401 and
   * the 503, in the API's error format. By default, redirects are refused.
   * @param {string|URL} path
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async function authorizedFetch(path, init = {}) {
    const url = new URL(String(path).replace(/^\/(?!\/)/, ''), base);
    if (url.origin !== base.origin) return send(url, init);
    touch();
    const mayAsk = state.status !== 'signed_out' && !((state.retryAt ?? 0) > now());
    if (!usable() && mayAsk) await refresh();
    const used = usable();
    if (!used) {
      return Response.json(
        { error: state.reason ?? 'no_session', message: 'There is no usable session.' },
        { status: state.status === 'signed_out' ? 401 : 503 },
      );
    }
    schedule();
    const response = await call(url, init, used);
    if (response.status !== 401 || init.body instanceof ReadableStream) return response;
    if (token === used && now() - used.bornAt > JUST_BORN) await refresh();
    return token && token !== used ? call(url, init, token) : response;
  }

  /**
   * Returns the URL that starts a sign-in, for a link. Without `provider` and `email`, the person can choose between all ways
   * to sign in.
   * @param {SignIn} [choice] `returnTo` is a path below the API root or a URL of an allowed origin
   */
  function signInUrl({ provider, email, returnTo, remember } = {}) {
    const url = new URL('auth/login', own);
    const query = { provider, email, return_to: returnTo, remember: remember ? '1' : '' };
    for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value);
    return url.href;
  }

  /**
   * Ends the session on the server, in every tab, and at Cognito. For Cognito, the browser opens Cognito's page.
   * @param {{returnTo?: string}} [choice] the target after the sign-out, as in `signInUrl`; the default is the sign-in page
   * @returns {Promise<void>} rejects if the server cannot be reached; the session then continues
   */
  async function signOut({ returnTo } = {}) {
    const { response, answer } = await locked(() => post('auth/logout', { return_to: returnTo }));
    if (!response.ok && response.status !== 401) throw new Error(answer.error ?? `HTTP ${response.status}`);
    ended('signed_out');
    channel?.postMessage({ ended: 'signed_out' });
    navigate(answer.logout_url ?? `${prefix ? own.href.slice(0, -1) : own}?signed_out=1`);
  }

  return {
    /** @returns {User|null} */
    get user() {
      return state.user;
    },
    get state() {
      return state;
    },
    fetch: authorizedFetch,
    refresh,
    /**
     * Sets the state to signed out. Call this function instead of `refresh` if this browser has no session (`session` in
     * auth/config).
     */
    nobody: () => ended('no_session'),
    /**
     * Posts to one of Gatehouse's own routes. An answer with a token starts the session, like a refresh.
     * @param {string} path
     * @param {object} [body]
     * @returns {Promise<{response: Response, answer: any}>} rejects if the server cannot be reached
     */
    async post(path, body) {
      const asked = now();
      const result = await locked(() => post(path, body));
      if (result.answer.access_token) {
        began(result.answer, asked);
        active = false;
        schedule();
      }
      return result;
    },
    /** Extends an idle session, as input does. */
    stay: onInput,
    signInUrl,
    /** @param {SignIn} [choice] */
    signIn: (choice) => navigate(signInUrl(choice)),
    signOut,
    /**
     * @param {(state: Readonly<State>) => void} listener
     * @returns {() => void} stops listening
     */
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Stops timers and listeners. The session itself continues. */
    close() {
      clearTimer(timer);
      listeners.clear();
      channel?.close();
      for (const type of INPUT) events.removeEventListener(type, onInput, { capture: true });
      for (const type of WAKING) events.removeEventListener(type, onWaking);
      events.removeEventListener('online', onOnline);
    },
  };
}
