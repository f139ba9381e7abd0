/** The signed-in view: the person's record and how long the session lasts. */
import { texts } from './more-texts.js';
import { button, el, fill, heading, notice, way } from './view.js';

/** The reader's flavour of the page's language, so that dates look familiar. */
const { lang } = document.documentElement;
const locale = navigator.languages.find((language) => language.startsWith(lang)) ?? lang;

/** @param {number|Date} value @param {Intl.DateTimeFormatOptions} format */
const time = (value, format) => new Intl.DateTimeFormat(locale, format).format(value);
/** @param {string|undefined} iso @param {Intl.DateTimeFormatOptions} [format] */
const date = (iso, format) =>
  iso && Date.parse(iso) ? el('time', { datetime: iso }, time(new Date(iso), { dateStyle: 'long', ...format })) : null;

/** @param {number} ms */
function duration(ms) {
  const minutes = Math.max(0, Math.ceil(ms / 60000));
  /** @type {[number, string][]} */
  const parts = [[Math.floor(minutes / 1440), 'day'], [Math.floor(minutes / 60) % 24, 'hour'], [minutes % 60, 'minute']];
  const kept = parts.filter(([count]) => count).slice(0, 2);
  return (kept.length ? kept : parts.slice(2))
    .map(([value, unit]) =>
      new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value))
    .join(' ');
}

/** @type {Record<string, {title: string}>} */
const errors = texts.errors;

const initials = (name = '') =>
  name.split(/[\s@]+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join('');

/**
 * `record` is null when it could not be read, and `problem` says why: `forbidden` or `failed`.
 * @param {Object} options
 * @param {import('./session.js').User} options.user
 * @param {Record<string, any>|null} options.record
 * @param {string|null} options.problem
 * @param {(() => unknown)|null} options.again
 * @param {(event: any) => unknown} options.signOut
 * @param {string|false} options.twoStepLink
 * @param {string} [options.onward]
 * @param {string|false|null} options.failed
 * @param {boolean} options.lost
 * @param {Record<string, string>} options.providers label by name
 */
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
    [texts.groups, groups.length > 0 && el('ul', { class: 'chips' }, ...groups.map((/** @type {string} */ group) => el('li', {}, group)))],
  ].filter((/** @type {any[]} */ [, value]) => value);
  return [
    el('div', { class: 'who' },
      el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(full || email)),
      heading(given ? fill(texts.profileTitle, { name: given }) : texts.profileTitleNameless)),
    lost && notice(texts.cookiesBlocked, texts.onlyHere, 'alert'),
    failed && notice((Object.hasOwn(errors, failed) ? errors[failed] : errors.unknown).title, texts.stillIn),
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

/**
 * Keeps the time figures of the profile fresh.
 * @param {{left: number, whole: number, ends: number, idle: boolean}} options in milliseconds
 */
export function showTimeLeft({ left, whole, ends, idle }) {
  const box = document.getElementById('left');
  if (!box) return;
  const text = duration(left);
  if (box.textContent !== text) box.textContent = text;
  /** @type {any} */
  const meter = document.getElementById('meter');
  meter.value = Math.max(0, Math.min(1, left / whole));
  /** @type {any} */
  const note = document.getElementById('idle');
  note.textContent = fill(idle ? texts.idle : texts.ends, {
    time: time(ends, { timeStyle: 'short' }),
  });
}
