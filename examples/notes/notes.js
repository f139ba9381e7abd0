/** A feature behind a sign-in, on an origin of its own. Everything about tokens is in session.js. */
import { createSession } from './session.js';

const session = createSession({ baseUrl: document.querySelector('meta[name=gatehouse]').content });
const element = (id) => document.getElementById(id);
const say = (text) => (element('message').textContent = text);
let shownFor = null;

/** Keeps a person's notes in this browser; a team's own route would keep them on the server. */
const storage = (sub) => ({
  read: () => JSON.parse(localStorage.getItem(`notes ${sub}`) ?? '[]'),
  add(text) {
    localStorage.setItem(`notes ${sub}`, JSON.stringify([...this.read(), text]));
  },
});

function list() {
  const items = storage(session.user.sub).read().map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  });
  element('list').replaceChildren(...items);
}

async function open(user) {
  const response = await session.fetch('me').catch(() => null);
  const record = await response?.json();
  if (shownFor !== user.sub) return;
  if (!response?.ok) return void say(record?.message ?? 'The server cannot be reached.');
  element('title').textContent = `Notes of ${record.given_name || record.Email}`;
  list();
  element('notes').hidden = false;
}

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
element('add').addEventListener('submit', (event) => {
  event.preventDefault();
  storage(session.user.sub).add(element('text').value);
  event.target.reset();
  list();
});
await session.refresh();
