/** The profile's link to two-step verification; it says whether that is on. */
import { texts } from './more-texts.js';
import { way } from './view.js';

/** @param {import('./profile.js').Own} own */
export function section({ native, session }) {
  if (!native) return [];
  const link = way(texts.twoStep, 'shield', '#two-step');
  const words = link.querySelector('span');
  void session.fetch('me/second-factor').then(async (response) => {
    if (response.ok && words) words.textContent = (await response.json()).on ? texts.twoStepIsOn : texts.twoStepIsOff;
  }, () => {});
  return [link];
}
