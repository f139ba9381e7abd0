/** The view after a sign-in that failed outside this page. The view explains the failure and gives advice. */
import { texts } from './more-texts.js';
import { button, el, heading, icon } from './view.js';

/** @type {Record<string, {title: string, what: string, help: string}>} */
const errors = texts.errors;
/** Error codes after which the same attempt would fail again. */
const FINAL = ['account_disabled', 'login_used', 'not_found', 'sign_up_refused', 'unknown_provider'];

/**
 * @param {{code: string|null, blocked: boolean, retry: (event: any) => unknown}} options `blocked` is true if this browser
 * keeps no cookies
 */
export function failure({ code, blocked, retry }) {
  const { title, what, help } = code && Object.hasOwn(errors, code) ? errors[code] : errors.unknown;
  return [
    el('div', { class: 'sign' }, icon('alert')),
    heading(title),
    el('p', {}, blocked ? texts.cookiesBlocked : what),
    el('p', { class: 'quiet' }, blocked ? texts.cookiesBlockedMore : help),
    button(FINAL.includes(code ?? '') ? texts.backToSignIn : texts.tryAgain, retry),
  ];
}
