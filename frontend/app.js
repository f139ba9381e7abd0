/** Wires the session to the views: reads how the person arrived, asks who they are, shows the view that fits. */
import { createSession } from './session.js';
import { fill, texts } from './texts.js';
import * as view from './view.js';

const root = new URL(document.querySelector('meta[name=gatehouse-base]').content, location.href);
const session = createSession({ baseUrl: root });
const query = new URLSearchParams(location.search);
const arrival = {
  error: query.get('error'),
  signedOut: query.has('signed_out'),
  returned: query.has('returned'), // from an automatic sign-in
  stepped: history.state?.left === true, // back by the Back button
  asked: false, // the person pressed "try again"
};
history.replaceState(null, '', location.pathname + location.hash);

let config = null;
let configAsked = false;
let pause = 2000; // before the configuration is asked for again
let profile = null; // its module, once needed
let shown = ''; // what the view was made from
let warning = '';
let leaving = false;
let whole = 1; // the session's length, for the meter

async function loadConfig() {
  configAsked = true;
  try {
    const response = await fetch(new URL('auth/config', root));
    if (response.ok) config = await response.json();
  } catch {
    // offline; the retry below covers it
  }
  configAsked = false;
  if (!config) setTimeout(() => config ?? loadConfig().then(render), (pause = Math.min(pause * 2, 60000)));
}

function waysIn() {
  const ways = config.providers.map(({ name, label }) => [name, fill(texts.provider, { label }), 'key']);
  if (config.direct_sign_in !== 'off') ways.push(['COGNITO', texts.email, 'mail']);
  return ways.map(([provider, label, sign]) => ({
    label,
    sign,
    url: (remember) => session.signInUrl({ provider, remember }),
  }));
}

const labels = () => Object.fromEntries((config?.providers ?? []).map(({ name, label }) => [name, label]));

/** Starts the stage's automatic sign-in. The address to come back to says that it was tried. */
function leave() {
  const provider = config.auto_sign_in;
  const url = session.signInUrl({ provider, returnTo: `${root.pathname}?returned=1` });
  leaving = true;
  history.replaceState({ left: true }, '');
  view.show('leaving', view.leaving({ label: labels()[provider] ?? provider, url }));
  location.assign(url);
}

/** Never twice in a row: not after a sign-out, an error, a sign-in that left no session, or a step back. */
const mayLeave = (reason) =>
  arrival.asked || (reason === 'no_session' && !arrival.signedOut && !arrival.returned && !arrival.stepped);

function noticeFor(reason) {
  if (arrival.returned) return [texts.notKept];
  if (arrival.signedOut) return [texts.signedOut, texts.signedOutMore];
  if (reason === 'signed_out') return [texts.endedElsewhere];
  if (reason === 'session_expired') return [texts.sessionExpired];
  return undefined;
}

async function showProfile(user) {
  const module = import('./profile.js').catch(() => null);
  let record = null;
  let problem = null;
  let again = null;
  const response = await session.fetch('me').catch(() => null);
  if (response?.ok) record = await response.json();
  else if (response?.status === 401 || response?.status === 403) problem = texts.recordForbidden;
  else {
    problem = texts.recordFailed;
    again = () => showProfile(user);
  }
  profile ??= await module;
  if (session.user?.sub !== user.sub || shown !== user.sub || leaving) return;
  if (profile) view.show('profile', profile.profile({ user, record, problem, again, signOut, providers: labels() }));
  else view.show('unavailable', view.unavailable({ offline: !navigator.onLine, retry: () => showProfile(user) }));
  warning = '';
  render();
  tickClock();
}

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

async function retry({ currentTarget }) {
  currentTarget.setAttribute('aria-busy', 'true');
  arrival.error = null;
  arrival.asked = true;
  await Promise.all([config ?? loadConfig(), session.refresh()]);
  view.settle();
  render();
}

/** Name of the view that fits, a user's sub for the profile, or nothing while that is still open. */
function fitting({ status, user }) {
  if (arrival.error) return 'error';
  if (user) return user.sub;
  if (status === 'unknown' || (configAsked && !config)) return '';
  if (status === 'signed_out' && config) return 'choose';
  return navigator.onLine ? 'unavailable' : 'offline';
}

function render() {
  if (leaving) return;
  const { state } = session;
  const next = fitting(state);
  if (next && next !== shown) {
    shown = next;
    if (next === 'error') view.show(next, view.error({ code: arrival.error, retry }));
    else if (state.user) void showProfile(state.user);
    else if (next !== 'choose') view.show(next, view.unavailable({ offline: next === 'offline', retry }));
    else if (config.auto_sign_in && mayLeave(state.reason)) leave();
    else view.show(next, view.choose({ ways: waysIn(), notice: noticeFor(state.reason) }));
    if (next === 'choose' || state.user) arrival.asked = arrival.signedOut = arrival.returned = false;
  }
  warn(state);
}

/** What interrupts the signed-in view. */
function warn({ user, status, idleWarning }) {
  const next = user && (idleWarning ? 'idle' : status === 'unavailable' ? 'unavailable' : '');
  if (next === warning || shown !== user?.sub) return;
  warning = next;
  if (next === 'idle') view.announce(texts.idleTitle, texts.idleMore, { label: texts.stay, act: session.stay });
  else view.announce(next && texts.unavailable);
}

function tickClock() {
  const { idleExpiresAt, expiresAt, retryAt, user } = session.state;
  if (user) {
    const ends = Math.min(idleExpiresAt, expiresAt);
    const left = ends - Date.now();
    whole = Math.max(whole, left);
    profile?.showTimeLeft({ left, whole, ends, idle: idleExpiresAt < expiresAt });
  }
  view.showCountdown(retryAt && navigator.onLine ? Math.ceil((retryAt - Date.now()) / 1000) : null);
}

session.onChange(() => {
  render();
  tickClock();
});
setInterval(tickClock, 1000);
addEventListener('offline', render);
addEventListener('online', () => (config ? render() : loadConfig().then(render)));
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  leaving = false;
  arrival.stepped = true;
  shown = '';
  view.settle();
  void session.refresh().then(render);
});

await Promise.all([loadConfig(), session.refresh()]);
render();
