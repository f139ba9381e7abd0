/** The signed-in view: the person's record and how long the session lasts. */
import { texts } from './more-texts.js';
import { button, el, fill, heading, notice, way } from './view.js';

/** The reader's flavour of the page's language, so that dates look familiar. */
const { lang } = document.documentElement;
const locale = navigator.languages.find((language) => language.startsWith(lang)) ?? lang;

const time = (value, format) => new Intl.DateTimeFormat(locale, format).format(value);
const date = (iso, format) =>
  Date.parse(iso) ? el('time', { datetime: iso }, time(new Date(iso), { dateStyle: 'long', ...format })) : null;

/** @param {number} ms */
function duration(ms) {
  const minutes = Math.max(0, Math.ceil(ms / 60000));
  const parts = [[Math.floor(minutes / 1440), 'day'], [Math.floor(minutes / 60) % 24, 'hour'], [minutes % 60, 'minute']];
  const kept = parts.filter(([count]) => count).slice(0, 2);
  return (kept.length ? kept : [[0, 'minute']])
    .map(([value, unit]) =>
      new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value))
    .join(' ');
}

const initials = (name = '') =>
  name.split(/[\s@]+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join('');

/** @returns the nodes; `record` is null when it could not be read, and `problem` says why: `forbidden` or `failed` */
export function profile({ user, record, problem, again, signOut, twoStepLink, onward, failed, lost, providers }) {
  const given = record?.given_name || user.given_name;
  const full = [given, record?.family_name || user.family_name].filter(Boolean).join(' ');
  const email = record?.Email || user.email;
  const provider = record?.provider || user.provider;
  const groups = record?.groups ?? user.groups ?? [];
  const label = provider === 'COGNITO' ? texts.emailProvider : (providers[provider] ?? provider);
  const rows = [
    [texts.name, full],
    [texts.mail, email],
    [texts.signedInWith, label],
    [texts.since, date(record?.createdAt)],
    [texts.lastSignIn, date(record?.lastSignInAt, { dateStyle: 'medium', timeStyle: 'short' })],
    [texts.groups, groups.length > 0 && el('ul', { class: 'chips' }, ...groups.map((group) => el('li', {}, group)))],
  ].filter(([, value]) => value);
  return [
    el('div', { class: 'who' },
      el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(full || email)),
      heading(given ? fill(texts.profileTitle, { name: given }) : texts.profileTitleNameless)),
    lost && notice(texts.cookiesBlocked, texts.onlyHere, 'alert'),
    failed && notice((Object.hasOwn(texts.errors, failed) ? texts.errors[failed] : texts.errors.unknown).title, texts.stillIn),
    problem && notice(problem === 'forbidden' ? texts.recordForbidden : texts.recordFailed, null, 'alert'),
    problem && again && button(texts.tryAgain, again, 'small'),
    el('dl', {}, ...rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
    el('div', { class: 'left' },
      el('p', {}, el('label', { for: 'meter' }, texts.timeLeft), el('b', { id: 'left' })),
      el('progress', { id: 'meter', max: '1', value: '1' }),
      el('p', { class: 'quiet', id: 'idle' })),
    onward && way(texts.goOn, 'key', onward, 'primary'),
    twoStepLink && way(texts.twoStep, 'shield', twoStepLink),
    button(texts.signOut, signOut, '', 'out'),
  ];
}

/** Keeps the time figures of the profile fresh. */
export function showTimeLeft({ left, whole, ends, idle }) {
  const box = document.getElementById('left');
  if (!box) return;
  const text = duration(left);
  if (box.textContent !== text) box.textContent = text;
  document.getElementById('meter').value = Math.max(0, Math.min(1, left / whole));
  document.getElementById('idle').textContent = fill(idle ? texts.idle : texts.ends, {
    time: time(ends, { timeStyle: 'short' }),
  });
}
