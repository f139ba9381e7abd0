/** A feature behind a sign-in, on its own origin. session.js handles all tokens. */
import { createSession } from './session.js';

/** @type {any} the elements of index.html */
const element = (/** @type {string} */ id) => document.getElementById(id);
/** @type {HTMLMetaElement|null} */
const meta = document.querySelector('meta[name=gatehouse]');
const session = createSession({ baseUrl: meta?.content ?? '' });
const say = (/** @type {string} */ text) => (element('message').textContent = text);
/** @type {string|null} */
let shownFor = null;

/**
 * Keeps a person's notes in this browser. A team's own route would keep the notes on the server.
 * @param {string} sub
 */
const storage = (sub) => ({
  /** @returns {string[]} */
  read: () => JSON.parse(localStorage.getItem(`notes ${sub}`) ?? '[]'),
  /** @param {string} text */
  add(text) {
    localStorage.setItem(`notes ${sub}`, JSON.stringify([...this.read(), text]));
  },
});

/** @param {string} sub */
function list(sub) {
  const items = storage(sub).read().map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  });
  element('list').replaceChildren(...items);
}

/** @param {import('./session.js').User} user */
async function open(user) {
  const response = await session.fetch('me').catch(() => null);
  const record = await response?.json();
  if (shownFor !== user.sub) return;
  if (!response?.ok) return void say(record?.message ?? 'The server cannot be reached.');
  element('title').textContent = `Notes of ${record.given_name || record.Email}`;
  list(user.sub);
  element('notes').hidden = false;
}

/** @param {import('./session.js').State} state */
function render({ status, user, reason, idleWarning }) {
  element('sign-in').hidden = status !== 'signed_out';
  if (idleWarning) say('Are you still there? You will soon be signed out.');
  else if (status === 'unavailable') say('The server cannot be reached. Trying again …');
  else say(reason === 'session_expired' ? 'Your session ended.' : '');
  if (user?.sub === shownFor) return;
  shownFor = user?.sub ?? null;
  element('title').textContent = 'Notes';
  element('list').replaceChildren();
  element('notes').hidden = true;
  if (user) void open(user);
}

session.onChange(render);
const here = location.origin + location.pathname;
element('sign-in').addEventListener('click', () => session.signIn({ provider: 'Okta', returnTo: here }));
element('sign-out').addEventListener('click', () => session.signOut().catch(() => say('Signing out did not work.')));
element('add').addEventListener('submit', (/** @type {any} */ event) => {
  event.preventDefault();
  if (!session.user) return;
  storage(session.user.sub).add(element('text').value);
  event.target.reset();
  list(session.user.sub);
});
await session.refresh();
