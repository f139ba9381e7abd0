/** The profile's link to two-step verification; it shows whether two-step verification is on. */
import { date } from './moments.js';
import { texts } from './more-texts.js';
import { el, fill, way } from './view.js';

/** @param {import('./profile.js').Own} own */
export function section({ native, session }) {
  if (!native) return [];
  const link = way(texts.twoStep, 'shield', '#two-step');
  const words = link.querySelector('span');
  const codes = el('p', { class: 'quiet' });
  void session.fetch('me/second-factor').then(async (response) => {
    if (!response.ok || !words) return;
    const { on, recovery_codes: recovery } = await response.json();
    words.textContent = on ? texts.twoStepIsOn : texts.twoStepIsOff;
    if (!recovery) return;
    const [before, after] = fill(texts.recoveryLastUsed, { time: '\n' }).split('\n');
    codes.append(
      recovery.left || recovery.used_at ? fill(texts.recoveryLeft, recovery) : texts.recoveryNone,
      ...(recovery.used_at ? [' ', before, date(recovery.used_at, { dateStyle: 'medium', timeStyle: 'short' }), after].map((part) => part ?? '') : []));
  }, () => {});
  return [link, codes];
}
