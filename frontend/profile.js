/**
 * The view for a signed-in person: the person's data, sections for changes, and the remaining time of the session.
 *
 * @typedef {import('./profile-two-step.js').Factor} Factor
 * @typedef {Object} Own the data of the view; each section gets this data
 * @property {import('./session.js').Session} session for calls
 * @property {import('./session.js').User} user
 * @property {Record<string, any>|null} record null if the record could not be read
 * @property {boolean} native whether the person enters a password on this page
 * @property {boolean|undefined} passkeys whether the stage has passkeys
 * @property {HTMLElement[]} [offer] the nodes of the offer to set up a passkey
 * @property {Promise<Factor|null>} [asked] the request for the state of the second factor
 * @property {Factor|null} [factor] the answer to `asked`, if the answer came before the view was drawn
 * @property {Record<string, string>} providers the providers' labels, by the provider's name
 * @property {() => unknown} reload shows the profile again, with new data from the server
 */
import { date, duration, time } from './moments.js';
import { texts } from './more-texts.js';
import { findOffer } from './profile-passkeys.js';
import { askFactor } from './profile-two-step.js';
import { sheet } from './sheet.js';
import { button, el, fill, heading, notice, way } from './view.js';

const styled = sheet('profile.css');
/**
 * The sections, in their order on the page. The function `section` of each module returns the nodes for a person.
 * @type {{section: (own: Own) => import('./view.js').Child[]}[]}
 */
const sections = await Promise.all([
  import('./profile-account.js'),
  import('./profile-sessions.js'),
  import('./profile-two-step.js'),
  import('./profile-passkeys.js'),
]);
await styled;

/** @type {Record<string, {title: string}>} */
const errors = texts.errors;

/**
 * The two lines of text in the next view after another browser or the server has ended the session.
 * @type {[string, string]}
 */
const ENDED = [texts.endedEarly, texts.endedEarlyMore];

const initials = (name = '') =>
  name.split(/[\s@]+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join('');

/** The view's maximum wait for answers, in milliseconds. The content of a later answer moves the buttons below it. */
const PATIENCE = 1000;
/** @type {Pick<Own, 'offer'|'asked'|'factor'>} the answers for the view that is drawn next */
let answers = {};

/**
 * Requests the data of some sections, and returns the functions and texts that the page uses from this module.
 * @param {import('./session.js').Session} session @param {import('./view.js').Choice} choice
 * @param {boolean} native whether the person enters a password on this page
 */
export async function prepare(session, choice, native) {
  /** @type {typeof answers} */
  const next = native ? { asked: askFactor(session) } : {};
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
  const offer = findOffer(session, choice).then((found) => { next.offer = found; });
  const factor = next.asked?.then((found) => { next.factor = found; });
  await Promise.race([Promise.all([offer, factor]), late]);
  answers = { ...next };
  return { profile, showTimeLeft, ENDED };
}

/**
 * Returns the nodes of the view. `problem` is the reason why the record is missing: `forbidden` or `failed`.
 * @param {Own & {problem: string|null, signOut: (event: any) => unknown, onward?: string, failed: string|false|null,
 *   lost: boolean}} options
 */
function profile({ problem, signOut, onward, failed, lost, ...given }) {
  const own = { ...given, ...answers };
  const { user, record, providers } = own;
  const first = record?.given_name || user.given_name;
  const full = [first, record?.family_name || user.family_name].filter(Boolean).join(' ');
  const email = record?.Email || user.email;
  const provider = record?.provider || user.provider;
  const groups = record?.groups ?? user.groups ?? [];
  /** @type {{name: string, label: string}[]} */
  const leading = record?.providers ?? [];
  const known = leading.find(({ name }) => name === provider)?.label;
  const label = provider === 'COGNITO' ? texts.emailProvider : (known ?? providers[provider] ?? provider);
  const linked = provider === 'COGNITO' ? leading.map((each) => each.label).join(', ') : '';
  const rows = [
    [texts.name, full],
    [texts.mail, email],
    [texts.signedInWith, label],
    [texts.linked, linked],
    [texts.since, date(record?.createdAt)],
    [texts.previousSignIn, date(record?.previousSignInAt, { dateStyle: 'medium', timeStyle: 'short' })],
    [texts.groups, groups.length > 0 && el('ul', { class: 'chips' }, ...groups.map((/** @type {string} */ group) => el('li', {}, group)))],
  ].filter((/** @type {any[]} */ [, value]) => value);
  return [
    el('div', { class: 'who' },
      el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(full || email)),
      heading(first ? fill(texts.profileTitle, { name: first }) : texts.profileTitleNameless)),
    lost && notice(texts.cookiesBlocked, texts.onlyHere, 'alert'),
    failed && notice((Object.hasOwn(errors, failed) ? errors[failed] : errors.unknown).title, texts.stillIn),
    problem && notice(problem === 'forbidden' ? texts.recordForbidden : texts.recordFailed, null, 'alert'),
    problem === 'failed' && button(texts.tryAgain, own.reload, 'small'),
    el('dl', {}, ...rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
    el('div', { class: 'left' },
      el('p', {}, el('label', { for: 'meter' }, texts.timeLeft), el('b', { id: 'left' })),
      el('progress', { id: 'meter', max: '1', value: '1' }),
      el('p', { class: 'quiet', id: 'idle' })),
    onward && way(texts.goOn, 'key', onward, 'primary'),
    ...sections.flatMap(({ section }) => section(own)),
    button(texts.signOut, signOut, '', 'out'),
  ];
}

/**
 * Updates the times in the profile.
 * @param {{left: number, whole: number, ends: number, idle: boolean}} options in milliseconds
 */
function showTimeLeft({ left, whole, ends, idle }) {
  const box = document.getElementById('left');
  if (!box) return;
  const text = duration(left);
  if (box.textContent !== text) box.textContent = text;
  /** @type {any} */
  const meter = document.getElementById('meter');
  meter.value = Math.max(0, Math.min(1, left / whole));
  /** @type {any} */
  const note = document.getElementById('idle');
  const today = new Date(ends).toDateString() === new Date().toDateString();
  const words = today ? (idle ? texts.idle : texts.ends) : (idle ? texts.idleOn : texts.endsOn);
  note.textContent = fill(words, { time: time(ends, { dateStyle: today ? undefined : 'medium', timeStyle: 'short' }) });
}
