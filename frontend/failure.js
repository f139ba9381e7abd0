/** The view of a sign-in that failed elsewhere: what happened, and what helps. */
import { texts } from './more-texts.js';
import { button, el, heading, icon } from './view.js';

/** @param {{code: string, blocked: boolean, retry: () => void}} options `blocked`: this browser keeps no cookies */
export function failure({ code, blocked, retry }) {
  const { title, what, help } = Object.hasOwn(texts.errors, code) ? texts.errors[code] : texts.errors.unknown;
  return [
    el('div', { class: 'sign' }, icon('alert')),
    heading(title),
    el('p', {}, blocked ? texts.cookiesBlocked : what),
    el('p', { class: 'quiet' }, blocked ? texts.cookiesBlockedMore : help),
    button(texts.tryAgain, retry),
  ];
}
