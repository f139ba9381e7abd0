/**
 * Connects the session to the views. Reads the page's URL, gets the signed-in person from the server, and shows the matching
 * view.
 *
 * @typedef {{direct_sign_in: 'embedded'|'managed'|'off', sign_up: boolean, discover: boolean, auto_sign_in: string|null,
 *   providers: {name: string, label: string}[], return_to?: string, session?: boolean|null, passkeys?: boolean}} Config the answer
 * of GET /auth/config
 * @typedef {import('./session.js').User} User
 */
import { createSession } from './session.js';
import { texts } from './texts.js';
import * as view from './view.js';

/** @type {HTMLMetaElement|null} */
const meta = document.querySelector('meta[name=gatehouse-base]');
const root = new URL(meta?.content ?? '', location.href);
const session = createSession({ baseUrl: root });
const query = new URLSearchParams(location.search);
const arrival = {
  error: query.get('error'),
  // the target that the URL requests; the configuration's `return_to` is this target only if the target is allowed
  wish: query.get('return_to'),
  signedOut: query.has('signed_out'),
  // whether the browser returned from an automatic sign-in
  returned: query.has('returned'),
  // whether a view for signed-out people has been shown
  shown: false,
  // whether the person used the Back button
  stepped: history.state?.left === true,
  // whether the person pressed "try again"
  asked: false,
};
const page = () => location.pathname + (arrival.wish ? `?${new URLSearchParams({ return_to: arrival.wish })}` : '');
history.replaceState(null, '', page() + location.hash);

/** @type {HTMLMetaElement|null} the configuration in the HTML, from the server; `session` is null if the HTML also has the likely first view */
const told = document.querySelector('meta[name=gatehouse-config]');
/** @type {Config} null until it has been loaded */
let config = told && JSON.parse(told.content);
let configAsked = false;
// the time in milliseconds before the configuration is requested again
let pause = 2000;
// modules that are loaded at their first use
/** @type {Awaited<ReturnType<typeof import('./profile.js').prepare>>|null} */
let profile = null;
/** @type {ReturnType<typeof import('./direct.js').createDirect>|null} */
let direct = null;
/** @type {Record<string, typeof import('./mfa.js')|typeof import('./confirm.js')|typeof import('./passkey-list.js')|null>} views for signed-in people, by the part of the URL after # */
const inner = {};
const choice = { remember: query.get('remember') === '1' };
// the name of the current view; for the profile, the person's `sub`
let shown = '';
let warning = '';
let leaving = false;
// the session's duration in milliseconds, for the progress bar, and the time at which the session ends
let whole = 1;
let ends = 0;

async function loadConfig() {
  configAsked = true;
  try {
    const url = new URL('auth/config', root);
    if (arrival.wish) url.searchParams.set('return_to', arrival.wish);
    const response = await fetch(url, { signal: AbortSignal.timeout(15000) });
    if (response.ok) config = await response.json();
  } catch {
    // offline; the retry below asks again
  }
  configAsked = false;
  if (!config) setTimeout(() => config ?? loadConfig().then(render), (pause = Math.min(pause * 2, 60000)));
}

/** @param {import('./session.js').SignIn} way */
const signInUrl = (way) => session.signInUrl({ returnTo: config?.return_to, ...way });
const embedded = () => config?.direct_sign_in === 'embedded';
const emailFirst = () => embedded() || config?.discover;

/** @returns {view.Way[]} */
function waysIn() {
  /** @type {[string, string, view.Sign][]} */
  const ways = config.providers.map(({ name, label }) => [name, view.fill(texts.provider, { label }), 'key']);
  if (config.direct_sign_in === 'managed' && !config.discover) ways.push(['COGNITO', texts.email, 'mail']);
  return ways.map(([provider, label, sign]) => ({
    label,
    sign,
    url: (/** @type {boolean|undefined} */ remember) => signInUrl({ provider, remember }),
  }));
}

/** @returns {view.Way[]} */
const emailWay = () => (emailFirst() ? [{ label: texts.email, sign: 'mail', url: () => '#email' }] : []);

/** The views of the direct sign-in. Each view has its own URL, so that Back, reload and bookmarks work. */
const DIRECT = ['email', 'password', 'sign-up', 'code', 'forgot', 'reset'];
const address = () => location.hash.slice(1);

/** @param {string} name */
function goTo(name) {
  if (address() !== name) history.pushState(null, '', page() + (name && `#${name}`));
  shown = '';
  render();
}

/** @returns {Record<string, string>} */
const labels = () => Object.fromEntries((config?.providers ?? []).map(({ name, label }) => [name, label]));

/** Starts the stage's automatic sign-in, and records the attempt in a parameter of the return URL. */
function leave() {
  const provider = config.auto_sign_in ?? '';
  const url = session.signInUrl({ provider, returnTo: config.return_to ?? `${root.pathname}?returned=1` });
  depart();
  view.show('leaving', view.leaving({ label: labels()[provider] ?? provider, url }));
  go(url);
}

// Resolves when the page has loaded. If a script opens another page earlier, browsers replace this page in their history, and
// Back skips this page.
const loaded = new Promise((resolve) => {
  addEventListener('load', () => setTimeout(resolve));
  setTimeout(resolve, 3000);
});
/** @param {string} url */
const go = (url) => loaded.then(() => location.assign(url));

/** Records that the browser leaves the page. After a return with the Back button, the page starts no automatic sign-in. */
function depart() {
  leaving = true;
  history.replaceState({ left: true }, '');
}

/**
 * Opens the target after a sign-in. The person's target has priority over the stage's target, which counts only after a
 * sign-in on this page.
 */
function moveOn() {
  if (arrival.stepped || !config?.return_to || !(arrival.wish || arrival.shown)) return false;
  depart();
  view.show('leaving', view.leaving({}));
  go(config.return_to);
  return true;
}

/**
 * Whether to start the automatic sign-in. The result is false if cookies are blocked. The result is also false after a
 * sign-out, an error, a sign-in that left no session, and a use of the Back button.
 * @param {string|null} reason
 */
const mayLeave = (reason) =>
  reason !== 'cookies_blocked' && (arrival.asked || (reason === 'no_session' && !arrival.signedOut && !arrival.returned && !arrival.stepped));

/** @param {string|null} reason @returns {view.Words|undefined} */
function noticeFor(reason) {
  if (reason === 'cookies_blocked') return [texts.cookiesBlocked, texts.cookiesBlockedMore, 'alert'];
  if (arrival.returned) return [texts.notKept];
  if (arrival.signedOut) return [texts.signedOut, config?.providers.length || config?.discover ? texts.signedOutMore : null];
  if (reason === 'signed_out') return [texts.endedElsewhere];
  // the session ended before both deadlines, so another browser or the server ended the session
  if (reason === 'session_expired' && profile && Date.now() < ends) return [...profile.ENDED, 'alert'];
  if (reason === 'session_expired') return [texts.sessionExpired];
  return undefined;
}

/**
 * Shows the view for an outage if a module could not be loaded.
 * @param {() => unknown} again
 */
const missing = (again) => view.show('unavailable', view.unavailable({ offline: !navigator.onLine, retry: again }));

/** @param {string} name @param {string|null} reason */
async function showDirect(name, reason) {
  const notice = noticeFor(reason);
  direct ??= await Promise.all([import('./direct.js'), import('./form.js'), import('./more-texts.js')]).then(
    ([module]) => module.createDirect({ session, choice, ways: waysIn, goTo, config, root, signInUrl }),
    () => null,
  );
  if (shown !== name || leaving) return;
  if (direct) direct.open(name, notice);
  else missing(() => showDirect(name, reason));
}

async function showFailure() {
  const module = await import('./failure.js').catch(() => null);
  if (shown !== 'error' || leaving) return;
  const blocked = session.state.reason === 'cookies_blocked';
  if (module) view.show('error', module.failure({ code: arrival.error, blocked, retry }));
  else missing(showFailure);
}

/** @param {User} user */
const mayTwoStep = (user) => embedded() && user.provider === 'COGNITO';

/** Views for people who are signed in with a password. */
const OWN = ['two-step', 'passkeys'];

// A call to a route that requires a recent authentication waits until the person has authenticated again on this page. Then
// the call is repeated.
const { fetch: send } = session;
/** @type {((confirmed: boolean) => void)|null} continues the waiting call */
let waiting = null;
const confirmHere = () => new Promise((/** @type {(confirmed: boolean) => void} */ resolve) => {
  waiting?.(false);
  waiting = resolve;
  goTo('confirm');
});
session.fetch = async (path, init) => {
  const response = await send(path, init);
  const stepUp = response.status === 401 && (await import('./step-up.js').catch(() => null));
  return stepUp ? stepUp.afterConfirming(response, () => send(path, init), confirmHere) : response;
};

/** @param {boolean} confirmed */
function endConfirming(confirmed) {
  const told = waiting;
  waiting = null;
  goTo('');
  told?.(confirmed);
}

/** @param {string} name @param {User} user */
async function showInner(name, user) {
  inner[name] ??= await (name === 'confirm' ? import('./confirm.js')
    : name === 'passkeys' ? import('./passkey-list.js') : import('./mfa.js')).catch(() => null);
  if (shown !== name || leaving) return;
  const [back, done] = [() => endConfirming(false), () => endConfirming(true)];
  if (inner[name]) inner[name].open({ session, user, back, config, labels: labels(), done });
  else missing(() => showInner(name, user));
}

/** @param {User} user */
async function showProfile(user) {
  const module = import('./profile.js').then(({ prepare }) => prepare(session, choice, mayTwoStep(user))).catch(() => null);
  let record = null;
  /** @type {string|null} */
  let problem = null;
  const response = await session.fetch('me').catch(() => null);
  if (response?.ok) record = await response.json();
  else if (response?.status === 401 || response?.status === 403) problem = 'forbidden';
  else problem = 'failed';
  profile = await module;
  if (session.user?.sub !== user.sub || shown !== user.sub || leaving) return;
  if (profile) {
    const onward = config?.return_to;
    const failed = arrival.error !== 'login_used' && arrival.error;
    const lost = session.state.reason === 'cookies_blocked';
    arrival.error = null;
    view.show('profile', profile.profile({
      session, user, record, problem, signOut, onward, failed, lost,
      native: mayTwoStep(user), passkeys: config?.passkeys, providers: labels(), reload: () => showProfile(user),
    }));
  } else missing(() => showProfile(user));
  warning = '';
  render();
  tickClock();
}

/** @param {{currentTarget: Element}} event */
async function signOut({ currentTarget }) {
  currentTarget.setAttribute('aria-busy', 'true');
  leaving = true;
  try {
    await session.signOut();
    view.show('leaving', view.leaving({}));
  } catch {
    leaving = false;
    view.settle();
    view.announce(texts.signOutFailed);
  }
}

/** @param {{currentTarget: Element}} event */
async function retry({ currentTarget }) {
  currentTarget.setAttribute('aria-busy', 'true');
  arrival.error = null;
  arrival.asked = true;
  await Promise.all([config ?? loadConfig(), session.refresh()]);
  view.settle();
  render();
}

/**
 * Returns the name of the matching view, or an empty string if the view is still unknown. The name of the profile is the
 * person's `sub`.
 * @param {import('./session.js').State} state
 */
function fitting({ status, user }) {
  if (user) return address() === 'confirm' || (OWN.includes(address()) && mayTwoStep(user)) ? address() : user.sub;
  // the session is checked first, because a signed-in person need not see the error
  if (arrival.error && status === 'signed_out') return 'error';
  if (status === 'unknown' || (configAsked && !config)) return '';
  if (status === 'signed_out' && config) {
    if (DIRECT.includes(address()) && (embedded() || (config.discover && address() === 'email'))) return address();
    return emailFirst() && !config.providers.length && !config.auto_sign_in ? 'email' : 'choose';
  }
  return navigator.onLine ? 'unavailable' : 'offline';
}

function render() {
  if (leaving) return;
  const { state } = session;
  const next = fitting(state);
  if (next && next !== shown) {
    shown = next;
    if (state.user && next !== 'confirm' && moveOn()) return;
    if (state.user && DIRECT.includes(address())) history.replaceState(null, '', page());
    if (state.status === 'signed_out') arrival.shown = true;
    if (next === 'error') void showFailure();
    else if (state.user) void (next === state.user.sub ? showProfile(state.user) : showInner(next, state.user));
    else if (DIRECT.includes(next)) void showDirect(next, state.reason);
    else if (next !== 'choose') view.show(next, view.unavailable({ offline: next === 'offline', retry }));
    else if (config.auto_sign_in && mayLeave(state.reason)) leave();
    else showChoice(noticeFor(state.reason));
    if (state.status !== 'unavailable' && next !== 'error') arrival.asked = arrival.signedOut = arrival.returned = false;
  }
  warn(state);
}

const choices = () => [...waysIn(), ...emailWay()];
const described = () => JSON.stringify(choices().map(({ label, url }) => [label, url()]));
// the ways to sign in that the HTML's own view shows; empty after the script has drawn a view
let inPage = '';

/** @param {view.Words} [notice] */
function showChoice(notice) {
  if (notice || described() !== inPage || document.body.dataset.view !== 'choose') view.show('choose', view.choose({ ways: choices(), choice, notice }));
  inPage = '';
}

/**
 * Shows or removes the message that interrupts the signed-in view.
 * @param {import('./session.js').State} state
 */
function warn({ user, status, idleWarning }) {
  const next = user && (idleWarning ? 'idle' : status === 'unavailable' ? 'unavailable' : '');
  if (next === warning || !user || (shown !== user.sub && !OWN.includes(shown))) return;
  warning = next ?? '';
  if (next === 'idle') view.announce(texts.idleTitle, texts.idleMore, { label: texts.stay, act: session.stay });
  else view.announce(next ? texts.unavailable : '');
}

function tickClock() {
  const { idleExpiresAt, expiresAt, retryAt, user } = session.state;
  if (user) {
    ends = Math.min(idleExpiresAt ?? Infinity, expiresAt ?? Infinity);
    const left = ends - Date.now();
    whole = Math.max(whole, left);
    profile?.showTimeLeft({ left, whole, ends, idle: ends !== expiresAt });
  }
  view.showCountdown(retryAt && navigator.onLine ? Math.ceil((retryAt - Date.now()) / 1000) : null);
}

session.onChange(() => {
  render();
  tickClock();
});
setInterval(tickClock, 1000);
addEventListener('hashchange', render);
addEventListener('offline', render);
addEventListener('online', () => (config ? render() : loadConfig().then(render)));
// The browser may keep this page for the Back button. After a return, the page must ask the server before it shows personal
// data.
addEventListener('pagehide', () => {
  leaving = true;
  direct = null;
  view.blank();
});
addEventListener('pageshow', async ({ persisted }) => {
  if (!persisted) return;
  arrival.stepped = true;
  shown = '';
  view.settle();
  await session.refresh();
  leaving = false;
  render();
});

// If a session is certain or likely according to the HTML's configuration, the page asks for the session at once. Otherwise
// the page waits for the configuration, which the browser requests together with the scripts. The configuration shows whether
// the browser may have a session, so a first visitor does not wait for a second answer. If the configuration is slow, the page
// asks for the session at the same time. A view in the HTML stays, unless the URL names another view.
if (config?.session === null) {
  view.adopt(choices(), choice, !address());
  if (!address()) inPage = described();
}
if (!config || config.session === null) {
  const late = setTimeout(session.refresh, 1000);
  await loadConfig();
  clearTimeout(late);
}
if (config?.session === false && session.state.status === 'unknown') session.nobody();
else await session.refresh();
render();
