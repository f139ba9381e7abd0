/**
 * The profile's link to two-step verification. The link's text shows whether two-step verification is on.
 *
 * @typedef {{on: boolean, recovery_codes: {left: number, used_at: string|null}|null}} Factor the answer of GET /me/second-factor
 */
import { date } from './moments.js';
import { texts } from './more-texts.js';
import { el, fill, way } from './view.js';

/** @param {import('./session.js').Session} session @returns {Promise<Factor|null>} null if the state is unknown */
export const askFactor = (session) =>
  session.fetch('me/second-factor').then((response) => (response.ok ? response.json() : null)).catch(() => null);

/** @param {import('./profile.js').Own} own */
export function section({ native, session, factor, asked = native ? askFactor(session) : undefined }) {
  if (!native) return [];
  const link = way(texts.twoStep, 'shield', '#two-step');
  const codes = el('p', { class: 'quiet' });
  /** @param {Factor|null} state */
  const show = (state) => {
    const words = link.querySelector('span');
    if (!state || !words) return;
    words.textContent = state.on ? texts.twoStepIsOn : texts.twoStepIsOff;
    const recovery = state.recovery_codes;
    if (!recovery) return;
    const [before, after] = fill(texts.recoveryLastUsed, { time: '\n' }).split('\n');
    codes.append(
      recovery.left || recovery.used_at ? fill(texts.recoveryLeft, { left: recovery.left }) : texts.recoveryNone,
      ...(recovery.used_at ? [' ', before, date(recovery.used_at, { dateStyle: 'medium', timeStyle: 'short' }), after].map((part) => part ?? '') : []));
  };
  if (factor) show(factor);
  else void asked?.then(show);
  return [link, codes];
}
