/** The profile's way to two-step verification. */
import { texts } from './more-texts.js';
import { way } from './view.js';

/** @param {import('./profile.js').Own} own */
export const section = ({ native }) => [native && way(texts.twoStep, 'shield', '#two-step')];
