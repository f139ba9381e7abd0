/** The profile's list of sessions, with buttons that end a session. The list is loaded when the person opens the section. */
import { date } from './moments.js';
import { texts } from './more-texts.js';
import { button, el, fill, notice } from './view.js';

/**
 * @typedef {{id: string, device: string, provider: string, provider_label: string, started_at: string, last_used_at: string,
 *   current: boolean}} Listed
 */

/** @param {import('./profile.js').Own} own */
export function section({ session }) {
  const list = el('div', { class: 'sessions' });
  const said = el('p', { role: 'status', class: 'quiet' });

  /** @param {string} text a text that contains `{time}` @param {string} iso @param {string} [label] */
  const moment = (text, iso, label) => {
    const [before, after] = fill(text, { label, time: '\n' }).split('\n');
    return el('p', { class: 'quiet' }, before, date(iso, { dateStyle: 'medium', timeStyle: 'short' }), after);
  };

  /** @param {Listed} one */
  const entry = (one) => {
    const device = one.device || texts.unknownDevice;
    const label = one.provider === 'COGNITO' ? texts.emailProvider : one.provider_label;
    const end = button(texts.endSession, (event) => act(event, `me/sessions/${one.id}`, 'DELETE', texts.sessionEnded), 'small');
    end.setAttribute('aria-label', fill(texts.endSessionOf, { device }));
    return el('li', {},
      el('div', {},
        el('p', {}, el('b', {}, device)),
        moment(texts.sessionBy, one.started_at, label),
        moment(texts.sessionUsed, one.last_used_at)),
      one.current ? el('span', { class: 'chip' }, texts.thisBrowser) : end);
  };

  async function load() {
    const response = await session.fetch('me/sessions').catch(() => null);
    if (!response?.ok) {
      list.replaceChildren(notice(texts.sessionsFailed, null, 'alert'), button(texts.tryAgain, load, 'small'));
      return;
    }
    /** @type {Listed[]} */
    const sessions = (await response.json()).sessions;
    const others = sessions.some(({ current }) => !current);
    const here = sessions.some(({ current }) => current);
    list.replaceChildren(
      el('ul', {}, ...sessions.map(entry)),
      others && here
        ? button(texts.endOthers, (event) => act(event, 'me/sessions/end-others', 'POST', texts.othersEnded), 'small')
        : el('p', { class: 'quiet' }, others ? '' : texts.noOthers));
  }

  /** @param {{currentTarget: Element}} event @param {string} path @param {string} method @param {string|undefined} done */
  async function act({ currentTarget }, path, method, done) {
    if (currentTarget.hasAttribute('aria-busy')) return;
    currentTarget.setAttribute('aria-busy', 'true');
    said.textContent = '';
    const response = await session.fetch(path, { method }).catch(() => null);
    // the status 404 means that the session had already ended
    const ended = response?.ok || response?.status === 404;
    if (ended) await load();
    currentTarget.removeAttribute('aria-busy');
    said.textContent = (ended ? done : texts.sessionFailed) ?? '';
    // the button that had the focus was removed
    if (ended) summary.focus();
  }

  const summary = el('summary', {}, texts.sessions);
  const ontoggle = () => {
    if (box.open) void load();
  };
  const box = el('details', { class: 'section', ontoggle }, summary, said, list);
  return [box];
}
